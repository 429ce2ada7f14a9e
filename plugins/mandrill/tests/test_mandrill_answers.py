"""What Mandrill answers, and what callers see of it."""

from __future__ import annotations

import json

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    AuthenticationFailed,
    HttpRequest,
    HttpResponse,
    Mailer,
    Message,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
    SendError,
    SendStatus,
    UnexpectedResponse,
)
from mailcore.http import Meaning
from mailcore.testing import Script
from mailcore_mandrill import MandrillProvider
from mailcore_mandrill.answers import statuses_of
from mailcore_mandrill.errors import ERRORS, REFUSED_SENDERS, error_of


ADA, BOB = "Ada@example.net", "bob@bücher.example"
MESSAGE = Message(from_email="shop@example.com", to=[ADA, BOB], text="Hello")
FIELDS = {"reject_reason": None, "queued_reason": None}


def sent(response: HttpResponse, **options: str):
    """Send the message to a Mandrill that answers so."""
    provider = MandrillProvider(api_key="md-1nvented")
    return Mailer(provider, transport=Script([response]), **options).send(MESSAGE)


def items(first: dict, second: dict | None = None) -> list[dict]:
    """The results of both recipients, as Mandrill spells their addresses."""
    return [
        {"email": "ada@example.net", "_id": "m-1", **FIELDS, **first},
        {"email": "bob@xn--bcher-kva.example", "_id": "m-2", **FIELDS, **(second or first)},
    ]


STATUSES = [
    ({"status": "sent"}, (SendStatus.SENT, "sent", "", False)),
    ({"status": "queued"}, (SendStatus.QUEUED, "queued", "", False)),
    ({"status": "scheduled"}, (SendStatus.QUEUED, "scheduled", "", False)),
    (
        {"status": "queued", "queued_reason": "hourly-quota-exhausted"},
        (SendStatus.QUEUED, "queued", "hourly-quota-exhausted", False),
    ),
    (
        {"status": "rejected", "reject_reason": "hard-bounce"},
        (SendStatus.REJECTED, "hard-bounce", "", False),
    ),
    ({"status": "rejected"}, (SendStatus.REJECTED, "rejected", "", False)),
    ({"status": "invalid"}, (SendStatus.INVALID, "invalid", "", False)),
    (
        {"status": "rejected", "reject_reason": "unsigned"},
        (SendStatus.FAILED, "unsigned", REFUSED_SENDERS["unsigned"].hint, False),
    ),
    ({"status": "delayed"}, (SendStatus.UNKNOWN, "delayed", "", True)),
    ({"status": 7}, (SendStatus.UNKNOWN, "", "", True)),
    ({}, (SendStatus.UNKNOWN, "", "", True)),
]


@pytest.mark.parametrize(("item", "expected"), STATUSES)
def test_each_recipient_has_a_status(item, expected, answer):
    """And a message id of its own, which events bring back."""
    result = sent(answer(200, items(item, {"status": "sent"})))

    ada = result.recipients[ADA]
    assert expected == (ada.status, ada.code, ada.detail, ada.maybe_accepted)
    assert ["m-1", "m-2"] == [result.recipients[each].message_id for each in (ADA, BOB)]


@pytest.mark.parametrize("message_id", [None, "", 7])
def test_refused_recipient_may_have_no_id(message_id, answer):
    """As users of django-anymail saw it."""
    item = {"status": "invalid", "_id": message_id}

    result = sent(answer(200, items(item, {"status": "sent"})))

    assert result.recipients[ADA].message_id is None


def test_everybody_is_rejected(answer):
    """With reasons that are about the recipients, it is they who are refused."""
    first = {"status": "rejected", "reject_reason": "spam"}

    with pytest.raises(RecipientsRefused) as caught:
        sent(answer(200, items(first, {"status": "invalid"})))

    assert ["spam", "invalid"] == [each.code for each in caught.value.result.recipients.values()]


@pytest.mark.parametrize("reason", REFUSED_SENDERS)
def test_the_sender_is_refused(reason, answer):
    """A reason that is about the message is its error, if all have it; else a status."""
    refused = {"status": "rejected", "reject_reason": reason}

    with pytest.raises(REFUSED_SENDERS[reason].error) as caught:
        sent(answer(200, items(refused)))

    error = caught.value
    assert (reason, REFUSED_SENDERS[reason].category) == (error.code, error.category)
    assert not error.maybe_accepted
    result = sent(answer(200, items(refused, {"status": "queued"})))
    assert [SendStatus.FAILED, SendStatus.QUEUED] == [
        each.status for each in result.recipients.values()
    ]


def test_recipients_that_are_not_named_are_unknown(answer):
    """And strangers among the results are nobody's."""
    stranger = {"email": "eve@example.org", "_id": "m-3", "status": "sent"}

    result = sent(answer(200, [items({"status": "sent"})[0], stranger]))

    assert [SendStatus.SENT, SendStatus.UNKNOWN] == [
        each.status for each in result.recipients.values()
    ]


NAMED = [
    # name, status, exception, category, retryable, maybe_accepted
    ("Invalid_Key", 401, AuthenticationFailed, "authentication", False, False),
    ("Invalid_Key", 500, AuthenticationFailed, "authentication", False, False),
    ("PaymentRequired", 402, QuotaExceeded, "payment_required", False, False),
    ("ValidationError", 422, MessageRejected, "invalid_request", False, False),
    ("ValidationError", 500, MessageRejected, "invalid_request", False, False),
    ("Unknown_Template", 404, MessageRejected, "template_not_found", False, False),
    ("Invalid_Template", 500, MessageRejected, "template_invalid", False, False),
    ("Unknown_Subaccount", 404, MessageRejected, "subaccount_not_found", False, False),
    ("Unknown_Sender", 500, MessageRejected, "sender_not_verified", False, False),
    ("Invalid_Tag_Name", 500, MessageRejected, "invalid_tag", False, False),
    ("Metadata_FieldLimit", 500, MessageRejected, "metadata_limit", False, False),
    ("Unknown_Message", 404, MessageRejected, "not_an_error_of_sending", False, False),
    ("RequestLimitExceeded", 429, RateLimited, "rate_limited", True, False),
    ("ServiceUnavailable", 503, ProviderUnavailable, "provider_unavailable", True, False),
    ("GeneralError", 500, ProviderUnavailable, "outcome_unknown", False, True),
    ("New_Error", 422, MessageRejected, "message_rejected", False, False),
    ("New_Error", 500, ProviderUnavailable, "outcome_unknown", False, True),
    ("New_Error", 503, ProviderUnavailable, "provider_unavailable", True, False),
    ("New_Error", 200, MessageRejected, "message_rejected", False, False),
    ("ValidationError", 200, MessageRejected, "invalid_request", False, False),
]


@pytest.mark.parametrize(
    ("name", "status_code", "error", "category", "retryable", "maybe_accepted"), NAMED
)
def test_errors_say_what_to_do(
    name, status_code, error, category, retryable, maybe_accepted, answer
):
    """The name decides, whatever the status: client errors came as 500 for years."""
    document = {"status": "error", "code": -2, "name": name, "message": f"Not for {ADA}"}

    with pytest.raises(SendError) as caught:
        sent(answer(status_code, document))

    found = caught.value
    assert (error, category) == (type(found), found.category)
    assert (retryable, maybe_accepted) == (found.retryable, found.maybe_accepted)
    assert (name, status_code) == (found.code, found.status_code)
    assert ADA not in str(found)


HTML = b"<html><body>504 Gateway Time-out</body></html>"
PAGES = [
    (301, UnexpectedResponse, "redirected", False, False),
    (302, UnexpectedResponse, "redirected", False, True),
    (400, MessageRejected, "message_rejected", False, False),
    (401, AuthenticationFailed, "authentication", False, False),
    (402, QuotaExceeded, "payment_required", False, False),
    (403, AuthenticationFailed, "access_denied", False, False),
    (404, UnexpectedResponse, "not_found", False, False),
    (413, MessageRejected, "too_large", False, False),
    (429, RateLimited, "rate_limited", True, False),
    (500, ProviderUnavailable, "outcome_unknown", False, True),
    (502, ProviderUnavailable, "gateway", False, True),
    (503, ProviderUnavailable, "provider_unavailable", True, False),
    (504, ProviderUnavailable, "gateway", False, True),
]


@pytest.mark.parametrize(
    "body", [HTML, b'{"status": "err', b"[]", b'{"status": "ok"}', b"", b"\xff"]
)
@pytest.mark.parametrize(("status_code", "error", "category", "retryable", "maybe_accepted"), PAGES)
def test_what_stands_before_mandrill_answers(
    status_code, error, category, retryable, maybe_accepted, body
):
    """HTML for JSON, truncated JSON, no error in it: then the status says what is known."""
    headers = {"content-type": "text/html; charset=utf-8"}

    with pytest.raises(SendError) as caught:
        sent(HttpResponse(status_code=status_code, headers=headers, body=body))

    found = caught.value
    assert (error, category) == (type(found), found.category)
    assert (retryable, maybe_accepted) == (found.retryable, found.maybe_accepted)
    assert "text/html" in str(found)
    assert "without Mandrill's error" in str(found)


BROKEN = [
    (HTML, "is not JSON"),
    (b'[{"email": "ada@exa', "is not JSON"),
    (b"[" * 100_000, "is not JSON"),
    (b"[]", "is no list of recipients"),
    (b"{}", "is no list of recipients"),
    (b'{"status": "sent"}', "is no list of recipients"),
    (b"null", "is no list of recipients"),
    (b"[7]", "a recipient without an address"),
    (b'[{"status": "sent"}]', "a recipient without an address"),
    (b'[{"email": 7, "status": "sent"}]', "a recipient without an address"),
    (b'[{"email": "eve@example.org", "status": "sent"}]', "names other recipients"),
]


@pytest.mark.parametrize(("body", "reason"), BROKEN)
def test_success_that_is_not_understood_may_be_one(body, reason):
    """After a success that cannot be read nobody knows: sending again could send twice."""
    with pytest.raises(UnexpectedResponse, match=reason) as caught:
        sent(HttpResponse(status_code=200, headers={}, body=body))

    assert caught.value.maybe_accepted
    assert not caught.value.retryable


def test_retry_after_is_passed_on(answer):
    """Mandrill documents no such header; what stands before it may send one."""
    document = {"status": "error", "code": 429, "name": "RequestLimitExceeded", "message": "Slow"}

    with pytest.raises(RateLimited) as caught:
        sent(answer(429, document, **{"retry-after": "7"}))

    assert caught.value.retry_after_seconds == 7.0


@pytest.mark.parametrize("field", ["name", "message", "code"])
@pytest.mark.parametrize("value", [None, 7, ["a"], {"a": 1}])
def test_errors_with_odd_fields(field, value, answer):
    """Are errors all the same."""
    document = {"status": "error", "code": -1, "name": "New_Error", "message": "No", field: value}

    with pytest.raises(MessageRejected):
        sent(answer(400, document))


def test_each_name_of_an_error_is_in_the_table():
    """Those of Mandrill's own client, which no page lists any more."""
    assert len(ERRORS) == 31
    assert all(not meaning.maybe_accepted or not meaning.retryable for meaning in ERRORS.values())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "name", "email", "_id", "reject_reason"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from([200, 202, 400, 401, 404, 422, 500, 503]))
def test_any_json_is_an_answer_or_a_send_error(document, status_code):
    """Nothing else is raised, whatever Mandrill or a stranger in between makes of it."""
    request = HttpRequest(
        method="POST", url="https://mandrillapp.com/", headers={}, body=b"", recipients=(ADA, BOB)
    )
    response = HttpResponse(status_code=status_code, headers={}, body=json.dumps(document).encode())

    try:
        statuses = statuses_of(request, response)
    except SendError:
        return

    assert statuses


def refusal(status_code, body, **headers):
    """The exception for an answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(SendError) as caught:
        sent(HttpResponse(status_code=status_code, headers=headers, body=content))
    return caught.value


def test_no_status_beyond_200_is_a_success():
    """Whatever stands in the answer."""
    for body in (items({"status": "sent"}), {"status": "error", "name": "New_Error"}):
        assert isinstance(refusal(300, body), UnexpectedResponse)


def test_who_gets_copies_has_a_status():
    """Copies of mails of one's own stand in the answer as everybody does."""
    request = HttpRequest(
        method="POST", url="https://mandrillapp.com/", body=b"", recipients=(ADA,), copied=(BOB,)
    )
    body = json.dumps(items({"status": "sent"})).encode()

    statuses = statuses_of(request, HttpResponse(status_code=200, headers={}, body=body))

    assert 2 == len(statuses)


@pytest.mark.parametrize(
    ("item", "status", "code"),
    [
        ({"status": ["sent"]}, SendStatus.UNKNOWN, ""),
        ({"status": "rejected", "reject_reason": 7}, SendStatus.REJECTED, "rejected"),
    ],
)
def test_statuses_of_no_type(item, status, code, answer):
    """Are as if they were not there."""
    ada = sent(answer(200, items(item, {"status": "sent"}))).recipients[ADA]

    assert (status, code) == (ada.status, ada.code)


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        ({"name": "New_Error", "message": "Not today"}, "New_Error", "New_Error: Not today"),
        ({"name": "New_Error", "message": 7}, "New_Error", "New_Error: no message"),
        ({"name": 7, "message": "Not today"}, "", "400: Not today"),
        ({"name": "x" * 150, "message": "No"}, "x" * 100, "x" * 100 + ": No"),
    ],
)
def test_what_errors_say(document, code, words):
    """Name and words as Mandrill has them; what is none is left out."""
    found = refusal(400, {"status": "error", **document})

    assert (code, f"mandrill: {words}") == (found.code, str(found))


def test_names_of_another_call_have_meanings_of_their_own():
    """What an account is asked has other errors than a send."""
    known = {"Unknown_Thing": Meaning(MessageRejected, "no_such_thing")}
    body = b'{"status": "error", "name": "Unknown_Thing", "message": "No"}'

    found = error_of(HttpResponse(status_code=500, headers={}, body=body), known)

    assert "no_such_thing" == found.category


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"content-type": "text/html; charset=utf-8"}, "error (text/html)"),
        ({"content-type": f"text/{'x' * 60}"}, f"error (text/{'x' * 55})"),
        ({}, "error"),
    ],
)
def test_the_kind_of_a_page_is_told(headers, told):
    """As far as it is short, and without its parameters."""
    assert str(refusal(400, HTML, **headers)).endswith(f"without Mandrill's {told}")
