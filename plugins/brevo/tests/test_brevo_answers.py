"""What becomes of recipients, by Brevo's answers: accepted, had before, refused, not understood."""

from __future__ import annotations

import json

import pytest

from mailcore import HttpRequest, HttpResponse, Mailer, Message, SendStatus
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.testing.script import Script
from mailcore_brevo import BrevoProvider
from mailcore_brevo.errors import BY_CODE, words_of


KEY = "xkeysib-0123456789abcdef-invented"
PLAIN = {
    "from_email": "shop@example.com",
    "to": ["ada@example.net", "bob@example.net"],
    "subject": "Hi",
    "text": "Hello",
}
ID = "<202611301241.1@smtp-relay.mailin.fr>"


def answered(status_code, document=None, *, body=b"", **headers):
    """An answer of Brevo's."""
    given = {"content-type": "application/json", **headers}
    content = body if document is None else json.dumps(document).encode()
    return HttpResponse(status_code=status_code, headers=given, body=content)


def sent(*answers, **fields):
    """The result of a message that gets these answers."""
    mailer = Mailer(BrevoProvider(api_key=KEY), transport=Script(list(answers)))
    return mailer.send(Message(**{**PLAIN, **fields}))


def refused(answer, **fields):
    """The error that an answer becomes."""
    with pytest.raises(SendError) as caught:
        sent(answer, **fields)
    return caught.value


@pytest.mark.parametrize("status_code", [200, 201, 202])
def test_a_message_has_one_id(status_code):
    """For all recipients, sent now or scheduled."""
    result = sent(answered(status_code, {"messageId": ID, "batchId": "x"}))

    assert {ID} == {status.message_id for status in result.recipients.values()}
    assert {SendStatus.QUEUED} == {status.status for status in result.recipients.values()}


def test_an_id_without_brackets_gets_them():
    """So that ids of sends and of events are the same text."""
    result = sent(answered(201, {"messageId": ID.strip("<>")}))

    assert ID == result.recipients["ada@example.net"].message_id


def test_each_mail_of_a_batch_has_its_id():
    """By position; who gets a copy of every mail has the first one's."""
    ids = ["<1@a.b>", "<2@a.b>"]
    result = sent(answered(201, {"messageIds": ids}), cc=["cy@example.org"], merge_data={})

    assert [*ids, ids[0]] == [status.message_id for status in result.recipients.values()]


def test_a_batch_of_one_may_have_one_id():
    """Whether Brevo lists it or not."""
    for document in ({"messageId": ID}, {"messageIds": [ID]}):
        result = sent(answered(201, document), to=["ada@example.net"], merge_data={})

        assert ID == result.recipients["ada@example.net"].message_id


@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}])
def test_a_key_that_brevo_had_is_an_acceptance(batch):
    """The first call sent it; under which id, nobody says."""
    answer = answered(400, {"code": "duplicate_parameter", "message": "idempotencyKey is used"})
    result = sent(answer, idempotency_key="order-42", **batch)

    for status in result.recipients.values():
        assert (SendStatus.QUEUED, None, "duplicate_parameter") == (
            status.status,
            status.message_id,
            status.code,
        )


def test_without_a_key_a_duplicate_is_a_refusal():
    """Whatever it is that is there twice."""
    error = refused(answered(400, {"code": "duplicate_parameter", "message": "No."}))

    assert (MessageRejected, "duplicate", False) == (
        type(error),
        error.category,
        error.maybe_accepted,
    )


# Of the codes of `errorModel`: status, class, category.
CODES = {
    "invalid_parameter": (400, MessageRejected, "invalid_request"),
    "missing_parameter": (400, MessageRejected, "invalid_request"),
    "out_of_range": (400, MessageRejected, "out_of_range"),
    "campaign_processing": (400, MessageRejected, "not_an_error_of_sending"),
    "campaign_sent": (400, MessageRejected, "not_an_error_of_sending"),
    "document_not_found": (404, MessageRejected, "not_found"),
    "reseller_permission_denied": (403, AuthenticationFailed, "access_denied"),
    "not_enough_credits": (402, QuotaExceeded, "no_credits"),
    "permission_denied": (403, AuthenticationFailed, "access_denied"),
    "duplicate_parameter": (400, MessageRejected, "duplicate"),
    "duplicate_request": (400, MessageRejected, "duplicate"),
    "method_not_allowed": (405, UnexpectedResponse, "not_found"),
    "unauthorized": (401, AuthenticationFailed, "authentication"),
    "account_under_validation": (400, AuthenticationFailed, "account_not_approved"),
    "not_acceptable": (406, MessageRejected, "bad_request"),
    "bad_request": (400, MessageRejected, "bad_request"),
    "unprocessable_entity": (422, MessageRejected, "invalid_request"),
}


@pytest.mark.parametrize("code", CODES)
def test_documented_codes(code):
    """Each becomes its class, with the code and Brevo's words, and asks for no repetition."""
    status_code, kind, category = CODES[code]

    error = refused(answered(status_code, {"code": code, "message": "Some words"}))

    assert (kind, category, code) == (type(error), error.category, error.code)
    assert "Some words" in str(error)
    assert not error.retryable
    assert error.maybe_accepted is (code == "duplicate_request")


def test_the_table_is_complete():
    """No code without its row."""
    assert set(CODES) == set(BY_CODE)


HTML = {"body": b"<html>Bad gateway</html>", "content-type": "text/html"}
BROKEN = {
    "HTML, 401": (answered(401, **HTML), AuthenticationFailed, False, False),
    "a wrong key": (
        answered(401, {"message": "Key not found", "code": "unauthorized"}),
        AuthenticationFailed,
        False,
        False,
    ),
    "HTML, 402": (answered(402, **HTML), QuotaExceeded, False, False),
    "HTML, 403": (answered(403, **HTML), AuthenticationFailed, False, False),
    "HTML, 404": (answered(404, **HTML), UnexpectedResponse, False, False),
    "HTML, 413": (answered(413, **HTML), MessageRejected, False, False),
    "HTML, 429": (answered(429, **HTML), RateLimited, True, False),
    "a code, 429": (answered(429, {"code": "bad_request"}), RateLimited, True, False),
    "nothing, 500": (answered(500), ProviderUnavailable, False, True),
    "a code, 500": (answered(500, {"code": "bad_request"}), ProviderUnavailable, False, True),
    "HTML, 502": (answered(502, **HTML), ProviderUnavailable, False, True),
    "HTML, 503": (answered(503, **HTML), ProviderUnavailable, True, False),
    "a redirect": (answered(301, location="https://x.example"), UnexpectedResponse, False, False),
    "see other": (answered(303), UnexpectedResponse, False, True),
    "a sentence as code": (
        answered(400, {"code": "Invalid headers", "message": "x"}),
        MessageRejected,
        False,
        False,
    ),
    "a code that is no text": (answered(400, {"code": 7}), MessageRejected, False, False),
    "HTML, 200": (answered(200, **HTML), UnexpectedResponse, False, True),
    "cut off": (answered(201, body=b'{"messageId": "<1'), UnexpectedResponse, False, True),
    "nothing, 201": (answered(201), UnexpectedResponse, False, True),
    "no id": (answered(201, {"messageId": ""}), UnexpectedResponse, False, True),
    "an id that is no text": (answered(201, {"messageId": 5}), UnexpectedResponse, False, True),
    "an error, 200": (
        answered(200, {"code": "unauthorized", "message": "x"}),
        AuthenticationFailed,
        False,
        False,
    ),
    "an unknown error, 200": (
        answered(200, {"code": "strange", "message": "x"}),
        UnexpectedResponse,
        False,
        True,
    ),
    "ids that are no list": (answered(201, {"messageIds": "<1>"}), UnexpectedResponse, False, True),
    "too many ids": (
        answered(201, {"messageIds": ["<1@a>", "<2@a>"]}),
        UnexpectedResponse,
        False,
        True,
    ),
}


@pytest.mark.parametrize(("answer", "kind", "retryable", "maybe"), BROKEN.values(), ids=BROKEN)
def test_other_answers(answer, kind, retryable, maybe):
    """By their status; nothing that was not understood is an acceptance, or a refusal."""
    error = refused(answer)

    assert (kind, retryable, maybe) == (type(error), error.retryable, error.maybe_accepted)


def test_too_few_ids_of_a_batch_leave_it_open():
    """By position is the only way to tell whose id it is."""
    error = refused(answered(201, {"messageIds": ["<1@a.b>"]}), merge_data={})

    assert error.maybe_accepted


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-sib-ratelimit-reset": "12"}, 12.0),
        ({"x-sib-ratelimit-reset": "0.5"}, 0.5),
        ({"x-sib-ratelimit-reset": "soon"}, None),
        ({"x-sib-ratelimit-reset": "12", "retry-after": "3"}, 3.0),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers, expected):
    """By Brevo's own header, which has the time that is left."""
    error = refused(answered(429, {"code": "bad_request"}, **headers))

    assert expected == error.retry_after_seconds


def test_words_are_redacted():
    """An address in Brevo's words is shortened."""
    error = refused(answered(400, {"code": "bad_request", "message": "ada@example.net is bad"}))

    assert "ada@example.net" not in str(error)


def test_codes_that_are_sentences_are_cut():
    """A code is no place for a text of any length."""
    error = refused(answered(400, {"code": "x" * 500, "message": "No."}))

    assert "x" * 60 == error.code


def test_a_later_call_of_a_batch_fails():
    """Those of the first keep their ids."""
    to = [f"a{n}@example.net" for n in range(1001)]
    first = answered(201, {"messageIds": [f"<{n}@a.b>" for n in range(1000)]})
    result = sent(first, answered(402, {"code": "not_enough_credits"}), to=to, merge_data={})

    assert "<999@a.b>" == result.recipients["a999@example.net"].message_id
    assert SendStatus.FAILED == result.recipients["a1000@example.net"].status


HTML = {"body": b"<html>", "content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (answered(300, {"messageId": ID}), "an answer without Brevo's code (application/json)"),
        (answered(400, **HTML), "an answer without Brevo's code (text/html)"),
        (answered(400, body=b"", **{"content-type": ""}), "an answer without Brevo's code"),
        (answered(400, ["x"]), "an answer without Brevo's code (application/json)"),
        (answered(400, {"code": "bad_request", "message": 5}), "bad_request"),
        (answered(400, {"code": "bad_request", "message": "Wrong name"}), "Wrong name"),
        (answered(429, {"code": "too_many_requests"}), "too_many_requests"),
        (answered(200, {"code": "news", "message": "Well"}), "Well"),
        (answered(299, {"code": "news", "message": "Well"}), "Well"),
        (answered(200, []), "is no result"),
        (answered(200, {"messageIds": 5}), "messageIds that are no list"),
        (answered(200, {"messageIds": []}), "not one id for each version"),
        (answered(200, {"messageId": 5}), "has no messageId"),
        (answered(200, {"messageId": " <> "}), "has no messageId"),
    ],
)
def test_an_error_holds_its_answer(answer, text):
    """With its status and its words; nothing else stands in the text."""
    error = refused(answer)

    assert answer is error.raw
    assert answer.status_code == error.status_code
    assert text in str(error)
    assert (answer.status_code <= 300) is error.maybe_accepted


def test_a_repeated_key_says_what_brevo_said():
    """Why there is no id."""
    answer = answered(400, {"code": "duplicate_parameter", "message": "Already there"})

    result = sent(answer, idempotency_key="order-1")

    assert {"Already there"} == {status.detail for status in result.recipients.values()}


def test_only_calls_that_are_too_many_are_told_when_to_try_again():
    """The time until the limit is reset says nothing of other errors."""
    answer = answered(400, {"code": "bad_request"}, **{"x-sib-ratelimit-reset": "7"})

    assert refused(answer).retry_after_seconds is None


def test_a_call_of_ones_own_has_one_id():
    """Whoever makes a request has no versions in it."""
    request = HttpRequest(method="POST", url="https://api.brevo.com/", recipients=("a@x.org",))

    statuses = BrevoProvider(api_key=KEY).parse(request, answered(201, {"messageId": ID}))

    assert ID == statuses["a@x.org"].message_id


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (answered(400, {"code": "bad_request", "message": 7}), "bad_request", ": no message"),
        (answered(400, {"message": "No."}), "", "without Brevo's code (application/json)"),
        (answered(400, **{"content-type": ""}), "", "without Brevo's code"),
        (
            answered(400, **{"content-type": f"text/{'x' * 60}; a=b"}),
            "",
            f"without Brevo's code (text/{'x' * 55})",
        ),
        (answered(300, {"code": "strange", "message": "No."}), "strange", "strange: No."),
    ],
)
def test_what_errors_say(answer, code, words):
    """Code and words as Brevo has them; what is none is left out."""
    error = refused(answer)

    assert code == error.code
    assert str(error).endswith(words)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"message": ["No."]}])
def test_words_are_those_of_an_object(document):
    """Anything else has none."""
    assert "" == words_of(document)


def test_an_answer_of_no_kind():
    """Has none in its text."""
    error = refused(HttpResponse(status_code=500, headers={}, body=b""))

    assert str(error).startswith("brevo: 500: an answer without Brevo's code (the message may")
