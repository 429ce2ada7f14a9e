"""What SES's answers mean for each recipient of a batch."""

from __future__ import annotations

import json

from datetime import datetime, timezone

import pytest

from mailcore import Mailer, Message, RecipientsRefused, SendStatus
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    NetworkError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.testing.script import Script
from mailcore_ses import AwsResponse, SesProvider


OK = ("SUCCESS", "")
ADA, BOB, EVE = "ada@example.net", "bob@example.net", "eve@example.net"


def answer(*results: tuple[str, str]) -> AwsResponse:
    """An answer with these statuses and texts; who is accepted gets an id by position."""
    entries = [
        {"Status": status, "MessageId": f"id-{position}"}
        if status == "SUCCESS"
        else {"Status": status, "Error": text}
        for position, (status, text) in enumerate(results)
    ]
    return AwsResponse(status_code=200, body={"BulkEmailEntryResults": entries})


def send(*answers: object, to: list[str] | None = None, **fields: object):
    """Send a batch; each call gets the next answer."""
    message = Message(
        from_email="shop@example.com",
        to=to or [ADA, BOB],
        template_id="t",
        merge_data={},
        **fields,
    )
    return Mailer(SesProvider(), transport=Script(answers)).send(message)


def test_mixed_result():
    """59: each recipient has their own status, id and reason, by position."""
    result = send(answer(OK, ("TEMPLATE_NOT_FOUND", "no such")))

    ada, bob = result.recipients[ADA], result.recipients[BOB]
    assert (SendStatus.QUEUED, "id-0") == (ada.status, ada.message_id)
    assert (SendStatus.FAILED, None) == (bob.status, bob.message_id)
    assert ("TEMPLATE_NOT_FOUND", "no such") == (bob.code, bob.detail)
    assert ("id-0",) == result.message_ids


STATUSES = [
    # status of the entry, status for us, retryable, error if all have it
    ("MESSAGE_REJECTED", SendStatus.REJECTED, False, MessageRejected, "message_rejected"),
    (
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        SendStatus.FAILED,
        False,
        MessageRejected,
        "mail_from_domain_not_verified",
    ),
    (
        "CONFIGURATION_SET_NOT_FOUND",
        SendStatus.FAILED,
        False,
        MessageRejected,
        "configuration_set_not_found",
    ),
    (
        "CONFIGURATION_SET_DOES_NOT_EXIST",
        SendStatus.FAILED,
        False,
        MessageRejected,
        "configuration_set_not_found",
    ),
    ("TEMPLATE_NOT_FOUND", SendStatus.FAILED, False, MessageRejected, "template_not_found"),
    ("ACCOUNT_SUSPENDED", SendStatus.FAILED, False, AuthenticationFailed, "account_suspended"),
    ("ACCOUNT_THROTTLED", SendStatus.FAILED, True, RateLimited, "sending_rate"),
    ("ACCOUNT_DAILY_QUOTA_EXCEEDED", SendStatus.FAILED, False, QuotaExceeded, "daily_quota"),
    (
        "INVALID_SENDING_POOL_NAME",
        SendStatus.FAILED,
        False,
        MessageRejected,
        "sending_pool_not_found",
    ),
    ("ACCOUNT_SENDING_PAUSED", SendStatus.FAILED, False, AuthenticationFailed, "sending_paused"),
    (
        "CONFIGURATION_SET_SENDING_PAUSED",
        SendStatus.FAILED,
        False,
        AuthenticationFailed,
        "configuration_set_paused",
    ),
    ("INVALID_PARAMETER", SendStatus.FAILED, False, MessageRejected, "bad_request"),
    ("INVALID_PARAMETER_VALUE", SendStatus.FAILED, False, MessageRejected, "bad_request"),
    ("TRANSIENT_FAILURE", SendStatus.FAILED, True, ProviderUnavailable, "provider_unavailable"),
    ("FAILED", SendStatus.FAILED, False, MessageRejected, "failed"),
    ("SOMETHING_NEW", SendStatus.FAILED, False, MessageRejected, "failed"),
]


@pytest.mark.parametrize(
    ("status", "expected", "retryable", "_error", "_category"),
    STATUSES,
    ids=[row[0] for row in STATUSES],
)
def test_status_of_one_entry(status, expected, retryable, _error, _category):
    """115: every documented status, and those that are not, with SES's word and text kept."""
    found = send(answer(OK, (status, "because"))).recipients[BOB]

    assert (expected, status, "because") == (found.status, found.code, found.detail)
    assert retryable is found.retryable


@pytest.mark.parametrize(
    ("status", "_expected", "retryable", "error_class", "category"),
    STATUSES,
    ids=[row[0] for row in STATUSES],
)
def test_all_entries_fail_alike(status, _expected, retryable, error_class, category):
    """60, 115: the same reason for all is one error with SES's text."""
    response = answer((status, "because"), (status, "because"))

    with pytest.raises(SendError, match=f"{status}: because") as caught:
        send(response)

    assert (200, response) == (caught.value.status_code, caught.value.raw)
    assert error_class is type(caught.value)
    assert category == caught.value.category
    assert (status, retryable) == (caught.value.code, caught.value.retryable)


def test_all_entries_fail_for_different_reasons():
    """115: nobody was accepted, and the error has each one's reason."""
    with pytest.raises(RecipientsRefused) as caught:
        send(answer(("ACCOUNT_THROTTLED", "slow"), ("TRANSIENT_FAILURE", "later")))

    statuses = caught.value.result.recipients
    assert ["slow", "later"] == [statuses[ADA].detail, statuses[BOB].detail]
    assert caught.value.retryable


def test_sandbox_recipient_in_a_batch():
    """An entry for an address that is not verified says what to do."""
    with pytest.raises(MessageRejected) as caught:
        send(answer(("MESSAGE_REJECTED", f"Email address is not verified: {ADA}")), to=[ADA])

    assert "sandbox_recipient_not_verified" == caught.value.category


TO = [f"user{n}@example.net" for n in range(120)]


@pytest.mark.parametrize(
    ("later", "code", "retryable", "maybe_accepted"),
    [
        (
            AwsResponse(status_code=429, error_code="TooManyRequestsException"),
            "TooManyRequestsException",
            True,
            False,
        ),
        (NetworkError("lost", retryable=False, maybe_accepted=True), "network", False, True),
        (answer(*[("ACCOUNT_THROTTLED", "x")] * 50), "ACCOUNT_THROTTLED", True, False),
        (AwsResponse(status_code=200, body={}), "unexpected_response", False, True),
    ],
    ids=["throttled", "lost", "entries throttled", "garbled"],
)
def test_later_calls_never_lose_earlier_ids(later, code, retryable, maybe_accepted):
    """112: what the first call sent stays; the second is as it is, the third was not attempted."""
    result = send(answer(*[OK] * 50), later, to=TO)

    assert TO[:50] == list(result.accepted)
    assert [f"id-{n}" for n in range(50)] == list(result.message_ids)
    second = result.recipients[TO[50]]
    assert (code, retryable, maybe_accepted) == (
        second.code,
        second.retryable,
        second.maybe_accepted,
    )
    third = result.recipients[TO[100]]
    assert ("not_attempted", True) == (third.code, third.retryable)


def test_refused_entries_can_be_sent_again_alone():
    """What is retryable is a list of addresses, ready for the next message."""
    result = send(answer(OK, ("ACCOUNT_THROTTLED", "")))

    assert (BOB,) == result.retryable


def test_message_refusal_does_not_stop_the_batch():
    """A call that is refused for its content is no reason not to make the next one."""
    rejected = AwsResponse(status_code=400, error_code="BadRequestException", error_message="x")
    result = send(rejected, answer(*[OK] * 50), answer(*[OK] * 20), to=TO)

    assert TO[50:] == list(result.accepted)


def test_status_of_copies():
    """113: a copied address is accepted if any of the mails of its call is."""
    result = send(answer(("FAILED", "x"), OK), cc=[EVE])

    assert (SendStatus.QUEUED, "id-1") == (
        result.recipients[EVE].status,
        result.recipients[EVE].message_id,
    )


def test_status_of_copies_if_nobody_knows():
    """66: if one mail was refused and of another nobody knows, a copy may be on its way."""
    entries = [{"Status": "FAILED", "Error": "x"}, {}]
    response = AwsResponse(status_code=200, body={"BulkEmailEntryResults": entries})
    eve = send(response, cc=[EVE]).recipients[EVE]

    assert (SendStatus.UNKNOWN, True) == (eve.status, eve.maybe_accepted)


@pytest.mark.parametrize(
    "results",
    [None, {}, [], [{"Status": "SUCCESS", "MessageId": "a"}], [{}, {}, {}]],
    ids=["none", "no list", "empty", "too few", "too many"],
)
def test_answers_without_positions(results):
    """66: without one result for each entry nobody can say whose is whose."""
    with pytest.raises(UnexpectedResponse) as caught:
        send(AwsResponse(status_code=200, body={"BulkEmailEntryResults": results}))

    assert caught.value.maybe_accepted


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"Status": 5},
        {"Status": []},
        None,
        {"MessageId": 5},
        {"Status": "SUCCESS"},
        {"Status": "SUCCESS", "MessageId": ""},
    ],
)
def test_entry_that_cannot_be_read(result):
    """66: one odd result leaves the others, and may have been accepted."""
    body = {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "a"}, result]}
    found = send(AwsResponse(status_code=200, body=body)).recipients

    assert "a" == found[ADA].message_id
    assert (SendStatus.UNKNOWN, True) == (found[BOB].status, found[BOB].maybe_accepted)


@pytest.mark.parametrize("fields", [{"template_id": "t", "merge_data": {}}, {"text": "t"}])
@pytest.mark.parametrize("body", [[], None, 7, "yes", b"x", [["deep"]], {"MessageId": {}}])
def test_body_that_is_no_object(fields, body):
    """A success of whatever shape may have been accepted."""
    provider = SesProvider()
    (call,) = provider.build(Message(from_email="shop@example.com", to=[ADA], **fields))

    with pytest.raises(UnexpectedResponse) as caught:
        provider.parse(call, AwsResponse(status_code=200, body=body))

    assert caught.value.maybe_accepted


@pytest.mark.parametrize("words", [["a"], 5, None, {"a": 1}])
@pytest.mark.parametrize("status_code", [400, 503])
def test_words_that_are_no_text(words, status_code):
    """A refusal is one, whatever it says."""
    provider = SesProvider()
    (call,) = provider.build(Message(from_email="shop@example.com", to=[ADA], text="t"))

    with pytest.raises(SendError) as caught:
        provider.parse(
            call,
            AwsResponse(
                status_code=status_code, error_code=words, error_message=words, headers=words
            ),
        )

    assert not caught.value.maybe_accepted


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            AwsResponse(
                status_code=200,
                body={
                    "MessageId": "1",
                    "ResponseMetadata": {"RequestId": "r"},
                    "At": datetime(2026, 11, 30, tzinfo=timezone.utc),
                    "Body": b"abc",
                    "Results": ({"Status": "SUCCESS", "N": 1, "None": None},),
                },
            ),
            {
                "MessageId": "1",
                "At": "2026-11-30T00:00:00+00:00",
                "Body": "<3 bytes>",
                "Results": [{"Status": "SUCCESS", "N": 1, "None": None}],
            },
        ),
        (
            AwsResponse(status_code=400, error_code="MessageRejected", error_message="no"),
            {"Code": "MessageRejected", "Message": "no"},
        ),
    ],
    ids=["success", "error"],
)
def test_an_answer_reads_as_json(response, expected):
    """`result.raw` of SES reads like those of providers with an HTTP API."""
    assert expected == response.json()
    assert json.dumps(response.json())


@pytest.mark.parametrize(
    ("entry", "status", "maybe_accepted", "detail"),
    [
        ({"Status": "SUCCESS", "MessageId": "m-1"}, SendStatus.QUEUED, False, ""),
        ({"MessageId": "m-1"}, SendStatus.QUEUED, False, ""),
        ({"Status": "SUCCESS", "MessageId": ""}, SendStatus.UNKNOWN, True, "no MessageId"),
        ({"Status": "SUCCESS", "MessageId": 5}, SendStatus.UNKNOWN, True, "no MessageId"),
        ({"Status": None, "MessageId": ""}, SendStatus.UNKNOWN, True, "no status"),
        ({"Status": 5, "MessageId": "m-1"}, SendStatus.UNKNOWN, True, "no status"),
        ("SUCCESS", SendStatus.UNKNOWN, True, "no status"),
        # An id beside a refusal is none of an accepted mail.
        ({"Status": "MESSAGE_REJECTED", "MessageId": "m-1"}, SendStatus.REJECTED, False, ""),
        ({"Status": "TRANSIENT_FAILURE", "MessageId": "m-1"}, SendStatus.FAILED, False, ""),
    ],
)
def test_status_and_id_of_an_entry(entry, status, maybe_accepted, detail):
    """What was accepted has both, or an id alone; anything else is refused, or nobody knows."""
    first = {"Status": "SUCCESS", "MessageId": "m-0"}
    body = {"BulkEmailEntryResults": [first, entry]}

    found = send(AwsResponse(status_code=200, body=body)).recipients[BOB]

    assert (status, maybe_accepted) == (found.status, found.maybe_accepted)
    assert detail in found.detail
    assert bool(detail) is bool(found.detail)


def test_one_id_for_all_recipients_of_a_call():
    """A mail that is one call has one id, and each of its recipients has it."""
    provider = SesProvider()
    message = Message(from_email="shop@example.com", to=[ADA], cc=[BOB], text="t")
    (call,) = provider.build(message)

    found = provider.parse(call, AwsResponse(status_code=200, body={"MessageId": "m-1"}))

    assert [ADA, BOB] == list(found)
    assert {(SendStatus.QUEUED, "m-1")} == {
        (each.status, each.message_id) for each in found.values()
    }


@pytest.mark.parametrize("body", [{}, {"MessageId": None}, {"MessageId": ""}, {"MessageId": 5}])
def test_an_accepted_call_without_an_id(body):
    """It may have been accepted; the text says what is missing, and the answer is kept."""
    provider = SesProvider()
    (call,) = provider.build(Message(from_email="shop@example.com", to=[ADA], text="t"))
    answer = AwsResponse(status_code=200, body=body)

    with pytest.raises(UnexpectedResponse, match="gave no MessageId") as caught:
        provider.parse(call, answer)

    assert caught.value.maybe_accepted
    assert (200, answer) == (caught.value.status_code, caught.value.raw)


@pytest.mark.parametrize(
    ("entry", "code"),
    [({"Status": "SUCCESS"}, "SUCCESS"), ({"MessageId": 5}, ""), ({"Status": 5}, "")],
)
def test_the_code_of_an_entry_without_an_id(entry, code):
    """SES's word is kept where it said one."""
    first = {"Status": "SUCCESS", "MessageId": "m-0"}
    response = AwsResponse(status_code=200, body={"BulkEmailEntryResults": [first, entry]})

    assert code == send(response).recipients[BOB].code
