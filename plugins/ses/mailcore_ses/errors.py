"""
What SES's error answers mean: which exception, whether to retry, what to do.

Sources: the sesv2 service model of botocore 1.44.5 (exceptions and HTTP codes);
https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html and
https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html (read 2026-11-21).
"""

from __future__ import annotations

from dataclasses import dataclass

from mailcore.address import redact
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore_ses.aws import AwsResponse


@dataclass(frozen=True)
class _Meaning:
    error: type[SendError]
    category: str = ""
    hint: str = ""


_THROTTLED = _Meaning(RateLimited, "sending_rate", "send more slowly, or ask AWS for a higher rate")
_DAILY_QUOTA = _Meaning(
    QuotaExceeded, "daily_quota", "wait until the 24 hours are over, or ask AWS for a higher quota"
)
_CREDENTIALS = _Meaning(
    AuthenticationFailed, "credentials", "check the AWS access key, its secret and the clock"
)
_ACCESS = _Meaning(
    AuthenticationFailed, "access_denied", "allow the action in the IAM policy of these credentials"
)
_UNAVAILABLE = _Meaning(ProviderUnavailable)

_BY_CODE = {
    "TooManyRequestsException": _THROTTLED,
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "LimitExceededException": _Meaning(
        QuotaExceeded, "account_limit", "ask AWS for a higher quota"
    ),
    "AccountSuspendedException": _Meaning(
        AuthenticationFailed,
        "account_suspended",
        "AWS has suspended sending: see its e-mail to you",
    ),
    "SendingPausedException": _Meaning(
        AuthenticationFailed,
        "sending_paused",
        "resume sending for the account or the configuration set",
    ),
    "MessageRejected": _Meaning(MessageRejected),
    "MailFromDomainNotVerifiedException": _Meaning(
        MessageRejected, "mail_from_domain_not_verified", "verify the custom MAIL FROM domain"
    ),
    "BadRequestException": _Meaning(MessageRejected, "bad_request"),
    "InvalidParameterValue": _Meaning(MessageRejected, "bad_request"),
    "ValidationException": _Meaning(MessageRejected, "bad_request"),
    "NotFoundException": _Meaning(
        MessageRejected, "not_found", "check the names of configuration set, template and tenant"
    ),
    "ConflictException": _Meaning(ProviderUnavailable, "conflict"),
    "AccessDenied": _ACCESS,
    "AccessDeniedException": _ACCESS,
    "NotAuthorized": _ACCESS,
    "UnrecognizedClientException": _CREDENTIALS,
    "UnrecognizedClient": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "MissingAuthenticationToken": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "ExpiredToken": _Meaning(AuthenticationFailed, "credentials_expired", "renew the session"),
    "ExpiredTokenException": _Meaning(
        AuthenticationFailed, "credentials_expired", "renew the session"
    ),
    "RequestExpired": _Meaning(AuthenticationFailed, "clock", "set the clock of this machine"),
    "OptInRequired": _ACCESS,
    "InternalFailure": _UNAVAILABLE,
    "InternalServiceErrorException": _UNAVAILABLE,
    "InternalServerError": _UNAVAILABLE,
    "ServiceUnavailable": _UNAVAILABLE,
    "ServiceUnavailableException": _UNAVAILABLE,
}


def error_of(response: AwsResponse) -> SendError:
    """The exception for an error answer; its text says what to do, where SES's does not."""
    meaning = _meaning(response)
    words = redact(" ".join(response.error_message.split()))[:500] or "no message"
    text = f"{response.error_code or response.status_code}: {words}"
    if meaning.hint:
        text = f"{text} ({meaning.hint})"
    return meaning.error(
        text,
        category=meaning.category,
        status_code=response.status_code,
        code=response.error_code,
        retry_after_seconds=_retry_after(response),
        raw=response,
    )


def _meaning(response: AwsResponse) -> _Meaning:
    # botocore gives the code of some services as "com.amazonaws…#Code".
    code = response.error_code.rpartition("#")[2]
    words = response.error_message.lower()
    meaning = _BY_CODE.get(code)
    if meaning is _THROTTLED and "quota exceeded" in words:
        # Same code, another remedy: only the text tells them apart.
        return _DAILY_QUOTA
    if code == "MessageRejected":
        return _rejection(words)
    if meaning is not None:
        return meaning
    if response.status_code == 429:
        return _THROTTLED
    if response.status_code >= 500:
        return _UNAVAILABLE
    if response.status_code in (401, 403):
        return _ACCESS
    if response.status_code == 413:
        return _Meaning(MessageRejected, "too_large", "SES takes 40 MB after encoding")
    if 400 <= response.status_code < 500:
        return _Meaning(MessageRejected)
    return _Meaning(UnexpectedResponse)


def _rejection(words: str) -> _Meaning:
    if "not verified" in words:
        return _Meaning(
            MessageRejected,
            "identity_not_verified",
            "verify the sender's domain or address in this region; "
            "in the sandbox the recipients' too",
        )
    if "sending paused" in words or "sending is paused" in words:
        return _BY_CODE["SendingPausedException"]
    return _Meaning(MessageRejected)


def _retry_after(response: AwsResponse) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
