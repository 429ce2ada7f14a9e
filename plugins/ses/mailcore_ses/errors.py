"""
What SES's error answers mean: which exception, whether to retry, what to do.

Sources: the sesv2 service model of botocore 1.44.5 (exceptions and HTTP codes);
https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html and
https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html (read 2026-11-21).
SES API v1 names some of the same things otherwise; both names are here.
"""

from __future__ import annotations

import re

from collections.abc import Sequence
from dataclasses import replace

from mailcore.address import address_key
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
)
from mailcore.http import Meaning, meaning_of_status, send_error
from mailcore_ses.aws.call import AwsResponse


_THROTTLED = Meaning(RateLimited, "sending_rate", "send more slowly, or ask AWS for a higher rate")
_DAILY_QUOTA = Meaning(
    QuotaExceeded, "daily_quota", "wait until the 24 hours are over, or ask AWS for a higher quota"
)
_CREDENTIALS = Meaning(
    AuthenticationFailed, "credentials", "check the AWS access key, its secret and the clock"
)
_ACCESS = Meaning(
    AuthenticationFailed, "access_denied", "allow the action in the IAM policy of these credentials"
)
_UNAVAILABLE = Meaning(ProviderUnavailable)
_SUSPENDED = Meaning(
    AuthenticationFailed, "account_suspended", "AWS has suspended sending: see its e-mail to you"
)
_PAUSED = Meaning(
    AuthenticationFailed,
    "sending_paused",
    "sending is paused for the account: find out why, then resume it",
)
_SET_PAUSED = Meaning(
    AuthenticationFailed,
    "configuration_set_paused",
    "sending is paused for the configuration set: resume it, or use another",
)
_NO_SET = Meaning(
    MessageRejected,
    "configuration_set_not_found",
    "check configuration_set_name, and that the set is in this region",
)
_NO_TEMPLATE = Meaning(
    MessageRejected,
    "template_not_found",
    "check template_id, and that the template is in this region",
)
_NO_TENANT = Meaning(
    MessageRejected, "tenant_not_found", "check tenant_name, and that the tenant is in this region"
)
_NO_LIST = Meaning(
    MessageRejected, "contact_list_not_found", "check contact_list_name and topic_name"
)
_MAIL_FROM = Meaning(
    MessageRejected, "mail_from_domain_not_verified", "verify the custom MAIL FROM domain"
)
_BAD_REQUEST = Meaning(MessageRejected, "bad_request")
_TOO_LARGE = Meaning(
    MessageRejected, "too_large", "SES takes 40 MB after encoding, API v1 takes 10 MB"
)
_SENDER = Meaning(
    MessageRejected,
    "identity_not_verified",
    "verify the sender's domain or address in this region; in the sandbox the recipients' too",
)
_SANDBOX = Meaning(
    MessageRejected,
    "sandbox_recipient_not_verified",
    "the account is in the sandbox: verify the recipient, or ask AWS for production access",
)

# Without the "Exception" at the end, which one API has and the other has not.
_BY_CODE = {
    "TooManyRequests": _THROTTLED,
    "Throttling": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "LimitExceeded": Meaning(QuotaExceeded, "account_limit", "ask AWS for a higher quota"),
    "AccountSuspended": _SUSPENDED,
    "SendingPaused": _PAUSED,
    "AccountSendingPaused": _PAUSED,
    "ConfigurationSetSendingPaused": _SET_PAUSED,
    "MessageRejected": Meaning(MessageRejected),
    "MailFromDomainNotVerified": _MAIL_FROM,
    "BadRequest": _BAD_REQUEST,
    "InvalidParameterValue": _BAD_REQUEST,
    "Validation": _BAD_REQUEST,
    "ValidationError": _BAD_REQUEST,
    "NotFound": Meaning(
        MessageRejected, "not_found", "check the names of configuration set, template and tenant"
    ),
    "ConfigurationSetDoesNotExist": _NO_SET,
    "TemplateDoesNotExist": _NO_TEMPLATE,
    "Conflict": Meaning(ProviderUnavailable, "conflict"),
    "AccessDenied": _ACCESS,
    "NotAuthorized": _ACCESS,
    "UnrecognizedClient": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignature": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "MissingAuthenticationToken": _CREDENTIALS,
    "ExpiredToken": Meaning(AuthenticationFailed, "credentials_expired", "renew the session"),
    "RequestExpired": Meaning(AuthenticationFailed, "clock", "set the clock of this machine"),
    "OptInRequired": _ACCESS,
    "InternalFailure": _UNAVAILABLE,
    "InternalServiceError": _UNAVAILABLE,
    "InternalServerError": _UNAVAILABLE,
    "ServiceUnavailable": _UNAVAILABLE,
}


# Statuses of the entries of a bulk call. The keys are those of both APIs and those of the
# documents' prose, without "_" and in lower case.
_BY_STATUS = {
    "messagerejected": Meaning(MessageRejected),
    "mailfromdomainnotverified": _MAIL_FROM,
    "configurationsetnotfound": _NO_SET,
    "configurationsetdoesnotexist": _NO_SET,
    "templatenotfound": _NO_TEMPLATE,
    "templatedoesnotexist": _NO_TEMPLATE,
    "accountsuspended": _SUSPENDED,
    "accountthrottled": _THROTTLED,
    "accountdailyquotaexceeded": _DAILY_QUOTA,
    "invalidsendingpoolname": Meaning(
        MessageRejected, "sending_pool_not_found", "check the dedicated IP pool of the set"
    ),
    "accountsendingpaused": _PAUSED,
    "configurationsetsendingpaused": _SET_PAUSED,
    "invalidparameter": _BAD_REQUEST,
    "invalidparametervalue": _BAD_REQUEST,
    "transientfailure": _UNAVAILABLE,
}
# A status says nothing more of what is not here, such as FAILED: not to be repeated by itself.
_FAILED = Meaning(MessageRejected, "failed")


def error_of(
    response: AwsResponse, *, sender: str = "", recipients: Sequence[str] = ()
) -> SendError:
    """
    The exception for an error answer; its text says what to do, where SES's does not.

    Args:
        response: The answer that is no success.
        sender: The address that the message comes from. SES refuses an unverified sender and, in
            the sandbox, an unverified recipient in the same words: only the address tells.
        recipients: The recipients of the message.
    """
    return send_error(
        _meaning(response, sender, recipients),
        response.error_message,
        status_code=response.status_code,
        code=response.error_code,
        headers=response.headers,
        raw=response,
    )


def entry_error(
    status: str, words: str, response: AwsResponse, *, sender: str, recipients: Sequence[str]
) -> SendError:
    """The exception for a bulk call in which all entries ended with the same status."""
    meaning = entry_meaning(status)
    if status.replace("_", "").lower() == "messagerejected":
        meaning = _rejection(words, sender, recipients)
    return send_error(meaning, words, status_code=response.status_code, code=status, raw=response)


def is_retryable(status: str) -> bool:
    """Whether an entry of a bulk call that ended so may be sent again."""
    return entry_meaning(status).error.default_retryable


def entry_meaning(status: str) -> Meaning:
    """What a status of a bulk entry means."""
    return _BY_STATUS.get(status.replace("_", "").lower(), _FAILED)


def _meaning(response: AwsResponse, sender: str, recipients: Sequence[str]) -> Meaning:
    status_code = response.status_code
    if status_code in _GATEWAYS:
        # Whatever it repeats: it does not know what became of the request behind it.
        return meaning_of_status(status_code)
    if 300 <= status_code < 400:
        return _moved(status_code)
    # botocore gives the code of some services as "com.amazonaws…#Code".
    code = response.error_code.rpartition("#")[2].removesuffix("Exception")
    words = response.error_message.lower()
    meaning = _BY_CODE.get(code)
    if meaning is _THROTTLED and "quota exceeded" in words:
        # Same code, another remedy: only the text tells them apart.
        return _DAILY_QUOTA
    if code == "MessageRejected":
        return _rejection(response.error_message, sender, recipients)
    if code == "NotFound":
        return _missing(words) or _BY_CODE[code]
    if code == "SendingPaused" and "configuration set" in words:
        return _SET_PAUSED
    if meaning is _BAD_REQUEST and "message length is more than" in words:
        return _TOO_LARGE
    if meaning is None:
        return meaning_of_status(status_code, _BY_HTTP_STATUS)
    return meaning


_GATEWAYS = frozenset({502, 504, 520, 522, 524})


def _moved(status_code: int) -> Meaning:
    return replace(
        meaning_of_status(status_code),
        category="redirected",
        hint="SES redirects nobody: check endpoint_url",
        # Some servers redirect to a page that says what became of a request (RFC 9110, 15.4.4).
        maybe_accepted=status_code in (302, 303),
    )


# Where SES has a more exact word than the status.
_BY_HTTP_STATUS = {429: _THROTTLED, 401: _ACCESS, 403: _ACCESS, 413: _TOO_LARGE}


def _missing(words: str) -> Meaning | None:
    """What SES does not find, by the first word that says what it is."""
    kinds = {
        "configuration set": _NO_SET,
        "configurationset": _NO_SET,
        "template": _NO_TEMPLATE,
        "tenant": _NO_TENANT,
        "contact list": _NO_LIST,
        "topic": _NO_LIST,
    }
    places = {words.find(kind): meaning for kind, meaning in kinds.items() if kind in words}
    return places[min(places)] if places else None


# Only whole words are tried: from each of its characters on, a long one takes quadratic time.
_ADDRESS = re.compile(r"(?<![^\s,<>:;])[^\s,<>:;]+@[^\s,<>:;]*[^\s,<>:;.]")


def _rejection(words: str, sender: str, recipients: Sequence[str]) -> Meaning:
    said = words.lower()
    if "not verified" in said:
        refused = {address_key(address) for address in _ADDRESS.findall(words)}
        known = {address_key(recipient) for recipient in recipients}
        if refused & known and address_key(sender) not in refused:
            return _SANDBOX
        return _SENDER
    if "sending paused" in said or "sending is paused" in said:
        return _PAUSED
    return Meaning(MessageRejected)
