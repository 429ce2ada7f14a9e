"""What each of SES's error answers becomes."""

from __future__ import annotations

import pickle
import time

import pytest

from mailcore import Message
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    UnexpectedResponse,
)
from mailcore_ses import SesProvider
from mailcore_ses.aws import AwsCall, AwsResponse
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
        "Email address is not verified. The following identities failed the check: a@b.cd",
        MessageRejected,
        "identity_not_verified",
        False,
    ),
    (400, "BadRequestException", "Missing final '@domain'", MessageRejected, "bad_request", False),
    (400, "MailFromDomainNotVerifiedException", "x", MessageRejected, "", False),
    (404, "NotFoundException", "x", MessageRejected, "not_found", False),
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
    (300, "Choices", "x", UnexpectedResponse, "redirected", False),
    (301, "Moved", "x", UnexpectedResponse, "redirected", False),
    (304, "NotModified", "x", UnexpectedResponse, "redirected", False),
]


@pytest.mark.parametrize(
    ("status_code", "code", "message", "expected_class", "category", "retryable"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{index}" for index, case in enumerate(CASES)],
)
def test_error_answer(status_code, code, message, expected_class, category, retryable):
    """An error answer becomes the class, category and retryability of the table in ses.md."""
    answer = AwsResponse(status_code=status_code, error_code=code, error_message=message)

    error = error_of(answer)

    assert expected_class is type(error)
    assert answer is error.raw
    assert bool(retryable) is error.retryable
    assert (code, status_code) == (error.code, error.status_code)
    assert not error.maybe_accepted
    if category:
        assert category == error.category


MORE = [
    # code, message, category
    ("NotFoundException", "Configuration set <x> does not exist.", "configuration_set_not_found"),
    ("NotFoundException", "Template x does not exist", "template_not_found"),
    ("NotFoundException", "Tenant template does not exist", "tenant_not_found"),
    ("NotFoundException", "List with name x doesn't exist. contact list", "contact_list_not_found"),
    ("NotFoundException", "ConfigurationSet x does not exist", "configuration_set_not_found"),
    ("NotFoundException", "Topic x does not exist", "contact_list_not_found"),
    ("NotFoundException", "Tenant a has no template of tenant a", "tenant_not_found"),
    ("ConfigurationSetDoesNotExist", "x", "configuration_set_not_found"),
    ("TemplateDoesNotExist", "x", "template_not_found"),
    ("SendingPausedException", "Sending is paused for this account", "sending_paused"),
    (
        "SendingPausedException",
        "Email sending is paused for configuration set x",
        "configuration_set_paused",
    ),
    ("AccountSendingPausedException", "x", "sending_paused"),
    ("ConfigurationSetSendingPausedException", "x", "configuration_set_paused"),
    ("MessageRejected", "Sending paused for this account.", "sending_paused"),
    ("BadRequestException", "Message length is more than 41943040 bytes long: '5'.", "too_large"),
    ("InvalidParameterValue", "Message length is more than 10485760 bytes long: '5'.", "too_large"),
    ("com.amazonaws.ses#TooManyRequestsException", "x", "sending_rate"),
]


@pytest.mark.parametrize(
    ("code", "message", "category"), MORE, ids=[f"{m[0]}-{m[2]}" for m in MORE]
)
def test_category_by_name(code, message, category):
    """What is missing, paused or too large has a category of its own, in both APIs."""
    error = error_of(AwsResponse(status_code=400, error_code=code, error_message=message))

    assert category == error.category
    assert "(" in str(error)


@pytest.mark.parametrize(
    ("words", "sender", "category"),
    [
        ("shop@example.com", "shop@example.com", "identity_not_verified"),
        ("Ada@example.net", "shop@example.com", "sandbox_recipient_not_verified"),
        ("ada@example.net, bob@example.net", "", "sandbox_recipient_not_verified"),
        ("shop@example.com, ada@example.net", "shop@example.com", "identity_not_verified"),
        ("Ada <ada@example.net>", "", "sandbox_recipient_not_verified"),
        ("ada@example.net", "ada@example.net", "identity_not_verified"),
        ("eve@example.org", "shop@example.com", "identity_not_verified"),
        ("", "", "identity_not_verified"),
    ],
)
def test_sender_or_sandbox_recipient(words, sender, category):
    """SES says the same of both: the address tells a sender from a recipient in the sandbox."""
    said = f"Email address is not verified. The following identities failed the check: {words}"
    answer = AwsResponse(status_code=400, error_code="MessageRejected", error_message=said)

    error = error_of(answer, sender=sender, recipients=["ada@example.net", "bob@example.net"])

    assert category == error.category


@pytest.mark.parametrize("fields", [{"template_id": "t"}, {"subject": "x", "text": "y"}])
def test_who_is_meant_is_read_from_the_call(fields):
    """Sender and recipients are those of the call, whatever it is."""
    provider = SesProvider()
    message = Message(
        from_email="Me <me@example.com>", to=["me@example.com", "ada@example.net"], **fields
    )
    (call,) = provider.build(message)

    def category(address):
        words = f"Email address is not verified: {address}"
        with pytest.raises(MessageRejected) as caught:
            provider.parse(
                call,
                AwsResponse(status_code=400, error_code="MessageRejected", error_message=words),
            )
        return caught.value.category

    assert "identity_not_verified" == category("me@example.com")
    assert "sandbox_recipient_not_verified" == category("ada@example.net")


@pytest.mark.parametrize(
    "params",
    [
        {"RawMessage": {"Data": b"From: Me <me@example.com>\r\n\r\nx"}},
        {"RawMessage": {"Data": b"from: me@example.com\r\n\r\nx"}},
        {"Content": {"Raw": {"Data": b"From: Me <me@example.com>\r\n\r\nx"}}},
        {"Content": {"Simple": {}}, "FromEmailAddress": "Me <me@example.com>"},
        {"Content": {"Simple": {}}, "FromEmailAddress": "me@example.com"},
        {"Source": "Me <me@example.com> "},
    ],
)
def test_the_sender_of_each_kind_of_call(params):
    """Both APIs, raw and not: an address of the sender's is no recipient of the sandbox."""
    call = AwsCall(service="s", operation="o", params=params, recipients=("me@example.com",))
    words = "Email address is not verified: me@example.com"
    answer = AwsResponse(status_code=400, error_code="MessageRejected", error_message=words)

    with pytest.raises(MessageRejected) as caught:
        SesProvider().parse(call, answer)

    assert "identity_not_verified" == caught.value.category


@pytest.mark.parametrize("params", [{}, {"RawMessage": {"Data": b"To: a@b.example\r\n\r\nx"}}])
def test_a_call_without_a_sender(params):
    """Leaves the recipient as the one who is meant."""
    call = AwsCall(service="s", operation="o", params=params, recipients=("me@example.com",))
    words = "Email address is not verified: me@example.com"
    answer = AwsResponse(status_code=400, error_code="MessageRejected", error_message=words)

    with pytest.raises(MessageRejected) as caught:
        SesProvider().parse(call, answer)

    assert "sandbox_recipient_not_verified" == caught.value.category


def test_text_names_no_address():
    """SES's words are quoted with the addresses in them redacted."""
    words = "Email address is not verified: ada.lovelace@example.net"
    error = error_of(
        AwsResponse(status_code=400, error_code="MessageRejected", error_message=words)
    )

    assert "ada.lovelace" not in str(error)
    assert "a***@example.net" in str(error)


def test_long_words_of_a_refusal():
    """A message of the service is read in passing, whatever it is."""
    words = "Email address is not verified: " + "a" * 300_000 + "@" * 100_000 + "." * 100_000
    started = time.process_time()

    error = error_of(
        AwsResponse(status_code=400, error_code="MessageRejected", error_message=words)
    )

    assert "identity_not_verified" == error.category
    assert time.process_time() - started < 5


def test_text_says_what_to_do():
    """A sandbox refusal says what to verify."""
    answer = AwsResponse(
        status_code=400, error_code="MessageRejected", error_message="Email address is not verified"
    )

    assert "verify the sender's domain" in str(error_of(answer))


@pytest.mark.parametrize(
    ("status_code", "code", "retryable", "maybe_accepted"),
    [
        (500, "InternalFailure", True, False),
        (500, "500", False, True),
        (500, "SomethingNew", False, True),
        (502, "InternalFailure", False, True),
        (504, "ServiceUnavailable", False, True),
        (502, "TooManyRequestsException", False, True),
        (524, "524", False, True),
        (503, "503", True, False),
        (302, "302", False, True),
        (303, "303", False, True),
        (307, "307", False, False),
        (408, "408", True, False),
        (425, "425", True, False),
    ],
)
def test_what_a_status_leaves_open(status_code, code, retryable, maybe_accepted):
    """SES's names for what is safe to send again win over the status, but not over a gateway's."""
    error = error_of(AwsResponse(status_code=status_code, error_code=code))

    assert (retryable, maybe_accepted) == (error.retryable, error.maybe_accepted)


@pytest.mark.parametrize("status_code", [300, 302, 307])
def test_redirects_name_the_option(status_code):
    """The endpoint is what is wrong."""
    error = error_of(AwsResponse(status_code=status_code, error_code=str(status_code)))

    assert "check endpoint_url" in str(error)


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
