"""What each of SES's error answers becomes."""

from __future__ import annotations

import pickle

import pytest

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    UnexpectedResponse,
)
from mailcore_ses.aws import AwsResponse
from mailcore_ses.errors import error_of


CASES = [
    # status, code, message, class, category, retryable
    (429, "TooManyRequestsException", "Too many", RateLimited, "sending_rate", True),
    (400, "Throttling", "Maximum sending rate exceeded.", RateLimited, "sending_rate", True),
    (400, "ThrottlingException", "Maximum sending rate exceeded.", RateLimited, "sending_rate", 1),
    (400, "Throttling", "Daily message quota exceeded.", QuotaExceeded, "daily_quota", False),
    (400, "ThrottlingException", "Daily message quota exceeded", QuotaExceeded, "daily_quota", 0),
    (429, "TooManyRequestsException", "Daily message quota exceeded.", QuotaExceeded, "", False),
    (400, "LimitExceededException", "Limit", QuotaExceeded, "account_limit", False),
    (400, "AccountSuspendedException", "x", AuthenticationFailed, "account_suspended", False),
    (400, "SendingPausedException", "x", AuthenticationFailed, "sending_paused", False),
    (400, "MessageRejected", "Address blacklisted.", MessageRejected, "message_rejected", False),
    (
        400,
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region "
        "EU-WEST-1: ada@example.net",
        MessageRejected,
        "identity_not_verified",
        False,
    ),
    (400, "BadRequestException", "Missing final '@domain'", MessageRejected, "bad_request", False),
    (400, "MailFromDomainNotVerifiedException", "x", MessageRejected, "", False),
    (404, "NotFoundException", "Configuration set <x>", MessageRejected, "not_found", False),
    (403, "AccessDeniedException", "not authorized", AuthenticationFailed, "access_denied", False),
    (403, "UnrecognizedClientException", "token", AuthenticationFailed, "credentials", False),
    (403, "InvalidSignatureException", "signature", AuthenticationFailed, "credentials", False),
    (403, "ExpiredTokenException", "expired", AuthenticationFailed, "credentials_expired", False),
    (500, "InternalFailure", "x", ProviderUnavailable, "provider_unavailable", True),
    (503, "SomethingNew", "x", ProviderUnavailable, "provider_unavailable", True),
    (429, "SomethingNew", "x", RateLimited, "sending_rate", True),
    (403, "SomethingNew", "x", AuthenticationFailed, "access_denied", False),
    (413, "413", "Request Entity Too Large", MessageRejected, "too_large", False),
    (418, "SomethingNew", "x", MessageRejected, "message_rejected", False),
    (302, "Moved", "x", UnexpectedResponse, "unexpected_response", False),
]


@pytest.mark.parametrize(
    ("status_code", "code", "message", "expected_class", "category", "retryable"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{index}" for index, case in enumerate(CASES)],
)
def test_error_answer(status_code, code, message, expected_class, category, retryable):
    """An error answer becomes the class, category and retryability of the table in ses.md."""
    error = error_of(AwsResponse(status_code=status_code, error_code=code, error_message=message))

    assert expected_class is type(error)
    assert bool(retryable) is error.retryable
    assert (code, status_code) == (error.code, error.status_code)
    assert not error.maybe_accepted
    if category:
        assert category == error.category


def test_text_names_no_address():
    """SES's words are quoted with the addresses in them redacted."""
    words = "Email address is not verified: ada.lovelace@example.net"
    error = error_of(
        AwsResponse(status_code=400, error_code="MessageRejected", error_message=words)
    )

    assert "ada.lovelace" not in str(error)
    assert "a***@example.net" in str(error)


def test_text_says_what_to_do():
    """A sandbox refusal says what to verify."""
    answer = AwsResponse(
        status_code=400, error_code="MessageRejected", error_message="Email address is not verified"
    )

    assert "verify the sender's domain" in str(error_of(answer))


@pytest.mark.parametrize(("value", "expected"), [("7", 7.0), ("soon", None), ("", None)])
def test_retry_after(value, expected):
    """The Retry-After header in seconds is passed on; anything else is not."""
    answer = AwsResponse(
        status_code=429, error_code="TooManyRequestsException", headers={"retry-after": value}
    )

    assert expected == error_of(answer).retry_after_seconds


def test_pickle():
    """An error travels between processes with all its attributes."""
    error = error_of(AwsResponse(status_code=429, error_code="TooManyRequestsException"))
    copy = pickle.loads(pickle.dumps(error))

    assert vars(error) == vars(copy)
    assert str(error) == str(copy)
