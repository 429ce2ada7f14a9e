"""Every documented error: which exception it becomes, whether to retry, what it says to do."""

from __future__ import annotations

import json

import pytest

from mailcore import (
    AuthenticationFailed,
    ConfigurationError,
    HttpResponse,
    Message,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    UnexpectedResponse,
)
from mailcore.mailer import Mailer
from mailcore.testing.script import Script
from mailcore_postmark import PostmarkProvider
from mailcore_postmark.errors import errors_of, meaning_of, status_error
from mailcore_postmark.webhooks import WebhookTrust


TO = ["ada@example.net", "bob@example.net"]


def error_of(response: HttpResponse, **fields):
    """What a send raises that is answered so."""
    message = Message(**{"from_email": "shop@example.com", "to": TO, "text": "Hi", **fields})
    mailer = Mailer(PostmarkProvider(server_token="token"), transport=Script([response]))
    with pytest.raises(Exception) as caught:
        mailer.send(message)
    return caught.value


def answer(status_code: int, code: int, words: str = "words") -> HttpResponse:
    """An error answer as Postmark gives it."""
    body = json.dumps({"ErrorCode": code, "Message": words}).encode()
    return HttpResponse(status_code=status_code, headers={}, body=body)


# https://postmarkapp.com/developer/api/overview#error-codes (as of 2026-11-21).
CODES = [
    # HTTP status, ErrorCode, exception, category, retryable
    (401, 10, AuthenticationFailed, "authentication", False),
    (422, 11, MessageRejected, "multiple_errors", False),
    (422, 14, AuthenticationFailed, "access_denied", False),
    (503, 100, ProviderUnavailable, "maintenance", True),
    (422, 300, MessageRejected, "invalid_request", False),
    (422, 400, MessageRejected, "sender_not_verified", False),
    (422, 401, MessageRejected, "sender_not_verified", False),
    (422, 402, MessageRejected, "invalid_json", False),
    (422, 403, MessageRejected, "invalid_fields", False),
    (422, 405, QuotaExceeded, "no_credits", False),
    (422, 406, MessageRejected, "inactive_recipient", False),
    (422, 409, MessageRejected, "bad_request", False),
    (422, 410, MessageRejected, "too_many_messages", False),
    (422, 411, MessageRejected, "attachment_type", False),
    (422, 412, MessageRejected, "account_pending", False),
    (422, 413, AuthenticationFailed, "account_not_approved", False),
    (422, 422, AuthenticationFailed, "invalid_server", False),
    (429, 429, RateLimited, "rate_limited", True),
    (422, 612, MessageRejected, "invalid_track_links", False),
    (422, 614, QuotaExceeded, "plan_limit", False),
    (422, 1101, MessageRejected, "template_not_found", False),
    (422, 1105, QuotaExceeded, "template_limit", False),
    (422, 1109, MessageRejected, "template_invalid", False),
    (422, 1120, MessageRejected, "template_invalid", False),
    (422, 1121, MessageRejected, "template_invalid", False),
    (422, 1122, MessageRejected, "template_invalid", False),
    (422, 1123, MessageRejected, "template_invalid", False),
    (422, 1131, MessageRejected, "template_invalid", False),
    (422, 1221, MessageRejected, "message_stream_cannot_send", False),
    (422, 1222, MessageRejected, "message_stream_not_found", False),
    (422, 1226, MessageRejected, "message_stream_not_found", False),
    (422, 1227, MessageRejected, "message_stream_not_found", False),
    (422, 1235, MessageRejected, "message_stream_not_found", False),
    (422, 1236, MessageRejected, "message_stream_cannot_send", False),
    (422, 1480, AuthenticationFailed, "ip_not_allowed", False),
    # Documented, and of other APIs of Postmark's.
    *(
        (422, code, MessageRejected, "not_an_error_of_sending", False)
        for code in (
            *(12, 13, *range(500, 509), *range(510, 517), *range(520, 524)),
            *(*range(600, 612), 613, 615, 700, 701, 702, 703, 709),
            *(800, 801, 803, 808, 809, 810, 811, 812, 813, 900, 1000, 1001, 1002, 1003),
            *(1100, 1124, 1125, 1130, 1220, 1223, 1224, 1225, *range(1228, 1235)),
            *(*range(1237, 1242), 1300, 1301, 1302, *range(1350, 1365), *range(1400, 1412)),
            *(*range(1450, 1461), 1500, 1501, 1502),
        )
    ),
    # Not documented: the status decides.
    (422, 9999, MessageRejected, "message_rejected", False),
    (200, 9999, MessageRejected, "message_rejected", False),
    (401, 9999, AuthenticationFailed, "authentication", False),
    (503, 9999, ProviderUnavailable, "maintenance", True),
    (422, -1, MessageRejected, "message_rejected", False),
]


@pytest.mark.parametrize(
    ("status_code", "code", "error", "category", "retryable"),
    CODES,
    ids=[f"{row[1]} with {row[0]}" for row in CODES],
)
def test_codes(status_code, code, error, category, retryable):
    """Each becomes its exception, for a message and for a batch as a whole."""
    for batch in ({}, {"merge_data": {}}):
        raised = error_of(answer(status_code, code, "Some <eve@example.org> words"), **batch)

        assert (error, category) == (type(raised), raised.category), batch
        assert (retryable, False) == (raised.retryable, raised.maybe_accepted), batch
        assert (str(code), status_code) == (raised.code, raised.status_code), batch
        assert ("postmark", False) == (raised.provider, "eve@example.org" in str(raised)), batch
        assert f"{code}: Some" in str(raised), batch


STATUSES = [
    # HTTP status → exception, category, retryable, maybe_accepted
    (301, UnexpectedResponse, "redirected", False, False),
    (302, UnexpectedResponse, "redirected", False, True),
    (307, UnexpectedResponse, "redirected", False, False),
    (400, MessageRejected, "message_rejected", False, False),
    (401, AuthenticationFailed, "authentication", False, False),
    (403, ProviderUnavailable, "blocked", False, False),
    (404, UnexpectedResponse, "not_found", False, False),
    (405, MessageRejected, "message_rejected", False, False),
    (413, MessageRejected, "too_large", False, False),
    (415, MessageRejected, "message_rejected", False, False),
    (422, MessageRejected, "message_rejected", False, False),
    (429, RateLimited, "rate_limited", True, False),
    # "In most cases the message is lost", says Postmark of 500.
    (500, ProviderUnavailable, "outcome_unknown", False, True),
    (502, ProviderUnavailable, "gateway", False, True),
    (503, ProviderUnavailable, "maintenance", True, False),
    (504, ProviderUnavailable, "gateway", False, True),
    (507, ProviderUnavailable, "provider_unavailable", False, True),
    (520, ProviderUnavailable, "gateway", False, True),
    (521, ProviderUnavailable, "gateway", True, False),
]
BODIES = {
    "nothing": b"",
    "html": b"<html>\r\n<head><title>Forbidden</title></head></html>",
    "truncated": b'{"ErrorCode": 300, "Mess',
    "an empty object": b"{}",
    "null": b"null",
    "a list": b"[]",
    "a code of another type": b'{"ErrorCode": "300", "Message": 7}',
    "a code that says nothing": b'{"ErrorCode": 0, "Message": "Internal Server Error"}',
    "not UTF-8": b"\xff\xfe",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(
    ("status_code", "error", "category", "retryable", "maybe_accepted"),
    STATUSES,
    ids=[str(row[0]) for row in STATUSES],
)
def test_statuses(status_code, error, category, retryable, maybe_accepted, body):
    """Without an ErrorCode the status says what it is, whatever the body is."""
    headers = {"content-type": "text/html; charset=utf-8"}

    raised = error_of(HttpResponse(status_code=status_code, headers=headers, body=body))

    assert (error, category) == (type(raised), raised.category)
    assert (retryable, maybe_accepted) == (raised.retryable, raised.maybe_accepted)
    assert (status_code, "") == (raised.status_code, raised.code)
    assert "Forbidden" not in str(raised)
    assert "text/html" in str(raised)


@pytest.mark.parametrize(
    ("value", "expected"), [("7", 7.0), ("0.5", 0.5), ("soon", None), (None, None)]
)
def test_how_long_to_wait_is_told(value, expected):
    """Of a rate limit and of maintenance alike."""
    headers = {} if value is None else {"retry-after": value}
    for status_code, body in ((429, b"slow down"), (503, b'{"ErrorCode": 100}')):
        raised = error_of(HttpResponse(status_code=status_code, headers=headers, body=body))

        assert (expected, True) == (raised.retry_after_seconds, raised.retryable)


def test_the_answer_is_kept_for_a_debugger():
    """In `raw`, and not in the text."""
    response = answer(422, 300, "Invalid 'From' address: 'eve@example.org'.")

    raised = error_of(response)

    assert response is raised.raw
    assert "eve@example.org" not in str(raised)
    assert "confirm the sender" in str(raised)


def multiple(status_code: int, *errors: object, words: str = "Multiple errors") -> HttpResponse:
    """An answer with several errors."""
    body = json.dumps({"ErrorCode": 11, "Message": words, "Errors": list(errors)}).encode()
    return HttpResponse(status_code=status_code, headers={}, body=body)


@pytest.mark.parametrize(
    ("errors", "error", "category", "maybe_accepted"),
    [
        ([{"ErrorCode": 300, "Message": "a"}, {"ErrorCode": 300, "Message": "b"}],
         MessageRejected, "invalid_request", False),
        ([{"ErrorCode": 300, "Message": "a"}, {"ErrorCode": 411, "Message": "b"}],
         MessageRejected, "multiple_errors", False),
        ([{"ErrorCode": 300, "Message": "a"}, {"ErrorCode": 101, "Message": "b"}],
         ProviderUnavailable, "outcome_unknown", True),
        ([{"ErrorCode": 405, "Message": "a"}, "b"], MessageRejected, "multiple_errors", False),
        ([{"ErrorCode": 405, "Message": "a b"}], QuotaExceeded, "no_credits", False),
        ([{"ErrorCode": "x", "Message": 7}, 5, None], MessageRejected, "multiple_errors", False),
        ([], MessageRejected, "multiple_errors", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch", [{}, {"merge_data": {}}], ids=["one", "batch"])
def test_several_errors_at_once(errors, error, category, maybe_accepted, batch):
    """Each is told; they mean what all of them mean, and are open if one of them is."""
    raised = error_of(multiple(422, *errors), **batch)

    assert (error, category, maybe_accepted) == (
        type(raised),
        raised.category,
        raised.maybe_accepted,
    )
    assert ("11", False) == (raised.code, raised.retryable)
    assert "Multiple errors" in str(raised)
    assert all(e["Message"] in str(raised) for e in errors if isinstance(e, dict) and "a" in e)


@pytest.mark.parametrize("status_code", [200, 422, 500])
def test_an_internal_error_leaves_the_outcome_open(status_code):
    """Code 101: nobody knows how far it got, so nothing is sent again by itself."""
    raised = error_of(answer(status_code, 101, "Internal error"))

    assert ProviderUnavailable is type(raised)
    assert ("outcome_unknown", True, False) == (
        raised.category,
        raised.maybe_accepted,
        raised.retryable,
    )


def test_an_internal_error_of_one_mail_of_a_batch_is_its_own():
    """The others were accepted, and that one may have been."""
    items = [
        {"ErrorCode": 0, "Message": "OK", "MessageID": "m1"},
        {"ErrorCode": 101, "Message": "Internal error"},
    ]
    response = HttpResponse(status_code=200, headers={}, body=json.dumps(items).encode())
    message = Message(from_email="shop@example.com", to=TO, text="Hi", merge_data={})
    mailer = Mailer(PostmarkProvider(server_token="token"), transport=Script([response]))

    result = mailer.send(message)

    assert ["queued", "unknown"] == [str(each.status) for each in result.recipients.values()]
    assert result.recipients[TO[1]].maybe_accepted


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"Errors": [{"ErrorCode": 405, "Message": "a"}]}, [(405, "a")]),
        ({"Errors": [{"Code": 405, "Message": "a"}]}, [(405, "a")]),
        ({"Errors": ["a"]}, [(0, "a")]),
        ({"Errors": [{"ErrorCode": "405", "Message": 5}, 7]}, [(0, "")]),
        ({"Errors": "a"}, []),
        ({}, []),
    ],
)
def test_single_errors_among_several(item, expected):
    """Each with its code, if it has one, and its words."""
    assert expected == errors_of(item)


def test_the_words_of_each_error_are_told():
    """With their codes, where there are some."""
    raised = error_of(multiple(422, {"ErrorCode": 405, "Message": "first"}, "second"))

    assert "405: first; second" in str(raised)
    assert "0: second" not in str(raised)


@pytest.mark.parametrize(
    ("status_code", "error_class"),
    [(422, MessageRejected), (200, MessageRejected), (300, UnexpectedResponse)],
)
def test_codes_that_are_not_documented(status_code, error_class):
    """The status says what they mean."""
    assert error_class is meaning_of(99_999, status_code).error


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"content-type": "text/html; charset=utf-8"}, "ErrorCode (text/html)"),
        ({}, "ErrorCode (the message may be on its way"),
    ],
)
def test_the_kind_of_an_answer_without_a_code(headers, told):
    """Such as the page of a proxy."""
    error = status_error(HttpResponse(status_code=500, headers=headers))

    assert f"an answer without Postmark's {told}" in str(error)
    assert "charset" not in str(error)


def test_single_errors_that_are_not_documented():
    """The status says what they mean, as it does for an error that comes alone."""
    raised = error_of(multiple(422, {"ErrorCode": 99_999, "Message": "a"}))

    assert MessageRejected is type(raised)
    assert "99999: a" in str(raised)


def test_a_secret_that_is_none_names_the_provider():
    """In front of what is wrong."""
    with pytest.raises(ConfigurationError, match=r"^postmark: each secret is"):
        WebhookTrust(["x"])
