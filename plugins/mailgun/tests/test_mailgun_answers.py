"""Mailgun's answers → statuses and errors; each documented form, and each that users report."""

from __future__ import annotations

import json
import time

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    AuthenticationFailed,
    HttpRequest,
    HttpResponse,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    SendStatus,
    UnexpectedResponse,
)
from mailcore_mailgun import MailgunProvider


PROVIDER = MailgunProvider(api_key="key-secret")
REQUEST = HttpRequest(
    method="POST",
    url="https://api.mailgun.net/v3/example.com/messages",
    recipients=("ada@example.net", "bob@example.net"),
)
REFUSED = "Domain example.com is not allowed to send: "


def answer(status_code: int, body: object, **headers: str) -> HttpResponse:
    """An answer: bytes and texts as they are, all else as JSON."""
    content = body if isinstance(body, bytes) else None
    if isinstance(body, str):
        content = body.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if content is None:
        content, named = json.dumps(body).encode(), {"content-type": "application/json", **named}
    return HttpResponse(status_code=status_code, headers=named, body=content)


def error(response: HttpResponse) -> SendError:
    """What is raised for an answer."""
    with pytest.raises(SendError) as caught:
        PROVIDER.parse(REQUEST, response)
    return caught.value


@pytest.mark.parametrize("message_id", ["<20261121.1@example.com>", "20261121.1@example.com"])
@pytest.mark.parametrize("status_code", [200, 299])
def test_accepted(message_id, status_code):
    """Every recipient is queued, under the id that its events have."""
    response = answer(status_code, {"id": message_id, "message": "Queued. Thank you."})

    statuses = PROVIDER.parse(REQUEST, response)

    assert set(REQUEST.recipients) == set(statuses)
    for status in statuses.values():
        assert SendStatus.QUEUED is status.status
        assert "<20261121.1@example.com>" == status.message_id


REFUSALS = [
    # The section on errors of the API's overview, and the quickstart guide's table of responses.
    (400, {"message": "from parameter is missing"}, MessageRejected, "invalid_parameter", False),
    (401, "Forbidden", AuthenticationFailed, "credentials", False),
    (401, {"message": "Invalid private key"}, AuthenticationFailed, "credentials", False),
    (402, {"message": "Request failed"}, MessageRejected, "request_failed", False),
    (403, "Forbidden", AuthenticationFailed, "access_denied", False),
    (404, {"message": "Not found"}, UnexpectedResponse, "wrong_url", False),
    (404, "404 page not found", UnexpectedResponse, "wrong_url", False),
    (406, {"message": "no"}, MessageRejected, "message_rejected", False),
    (408, "", ProviderUnavailable, "provider_unavailable", True),
    (413, "<html>413</html>", MessageRejected, "too_large", False),
    (429, {"message": "Too Many Requests"}, RateLimited, "rate_limited", True),
    (429, {"message": "Rate limit exceeded"}, RateLimited, "rate_limited", True),
    (
        429,
        {
            "message": "Domain example.com is not allowed to send: account-requests-per-sec limit "
            "exceeded, try again after 120 seconds"
        },
        RateLimited,
        "rate_limited",
        True,
    ),
    (429, {"message": "Domain not found: example.com"}, RateLimited, "rate_limited", True),
    (429, {"message": "Account disabled"}, RateLimited, "rate_limited", True),
    (429, {"message": "template not found"}, RateLimited, "rate_limited", True),
    (429, {"message": "You are sending too fast"}, RateLimited, "sending_rate", True),
    (
        403,
        {"message": "Domain a.example is not allowed to send: domain-requests-per-sec limit"},
        RateLimited,
        "rate_limited",
        True,
    ),
    (401, {"message": "Domain not found: example.com"}, AuthenticationFailed, "credentials", False),
    (413, {"message": "account disabled"}, MessageRejected, "too_large", False),
    (500, {"message": "Internal Server Error"}, ProviderUnavailable, "provider_unavailable", False),
    (502, "<html>502</html>", ProviderUnavailable, "gateway", False),
    (503, "", ProviderUnavailable, "provider_unavailable", True),
    (504, "", ProviderUnavailable, "gateway", False),
    (301, "", UnexpectedResponse, "redirected", False),
    (307, "", UnexpectedResponse, "redirected", False),
    # The section on sending by HTTP of the user manual.
    (
        400,
        {"message": "'to' parameter is not a valid address. please check documentation"},
        MessageRejected,
        "invalid_recipient",
        False,
    ),
    (400, {"message": "cc parameter is not a valid address"}, MessageRejected, "invalid_recipient",
     False),
    (
        400,
        {"message": "'from' parameter is not a valid address. please check documentation"},
        MessageRejected,
        "invalid_sender",
        False,
    ),
    # What users report.
    (
        400,
        {"message": "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters"},
        MessageRejected,
        "no_content",
        False,
    ),
    (404, {"message": "Domain not found: example.com"}, MessageRejected, "domain_not_found", False),
    (403, {"message": f"{REFUSED}Account disabled"}, AuthenticationFailed, "account_disabled",
     False),
    (403, {"message": f"{REFUSED}domain disabled"}, AuthenticationFailed, "account_disabled",
     False),
    (403, {"message": f"{REFUSED}Account Inactivity"}, AuthenticationFailed, "account_disabled",
     False),
    (403, {"message": f"{REFUSED}something new"}, AuthenticationFailed, "account_disabled", False),
    (
        403,
        {"message": f"{REFUSED}Please activate your Mailgun account. Check your inbox"},
        AuthenticationFailed,
        "account_not_activated",
        False,
    ),
    (
        403,
        {"message": f"{REFUSED}Sandbox subdomains are for test purposes only. Please add your own"},
        MessageRejected,
        "sandbox_recipient_not_authorized",
        False,
    ),
    (
        400,
        {"message": "Free accounts are for test purposes only. Please upgrade or add the address"},
        MessageRejected,
        "sandbox_recipient_not_authorized",
        False,
    ),
    (
        400,
        {"message": f"{REFUSED}recipient limit exceeded"},
        QuotaExceeded,
        "recipient_limit",
        False,
    ),
    (420, {"message": "limit exceeded"}, QuotaExceeded, "recipient_limit", False),
    (420, {"message": "Enhance your calm"}, RateLimited, "rate_limited", True),
    (
        400,
        {"message": f"{REFUSED}You are sending too fast. Your account is on probation"},
        RateLimited,
        "sending_rate",
        True,
    ),
    (
        400,
        {"message": "Rejected: Only 10 recipients per request is allowed on probation."},
        MessageRejected,
        "too_many_recipients",
        False,
    ),
    # Words of these meanings, whatever else Mailgun says.
    (400, {"message": "template 'x' not found"}, MessageRejected, "template_not_found", False),
    (400, {"message": "o:deliverytime is too far"}, MessageRejected, "delivery_time", False),
    (400, {"message": "Message is too big"}, MessageRejected, "too_large", False),
    (400, {"message": "Something new"}, MessageRejected, "message_rejected", False),
    (400, {"Error": "Something new"}, MessageRejected, "message_rejected", False),
    (400, {"error": "Something new"}, MessageRejected, "message_rejected", False),
    (400, '"Something new"', MessageRejected, "message_rejected", False),
    (404, {"message": "template does not exist"}, MessageRejected, "template_not_found", False),
    (400, {"message": "template is broken"}, MessageRejected, "message_rejected", False),
    (400, {"message": "it does not exist"}, MessageRejected, "message_rejected", False),
    (400, {"message": "a delivery time is missing"}, MessageRejected, "delivery_time", False),
    (400, {"message": "It cannot be scheduled"}, MessageRejected, "delivery_time", False),
    (400, {"message": "Message too large"}, MessageRejected, "too_large", False),
    (400, {"message": "above the Size Limit"}, MessageRejected, "too_large", False),
    # Words decide where it is the request that is at fault.
    (300, {"message": "domain not found"}, UnexpectedResponse, "unexpected_response", False),
    (399, {"message": "domain not found"}, UnexpectedResponse, "unexpected_response", False),
    (499, {"message": "domain not found"}, MessageRejected, "domain_not_found", False),
    (500, {"message": "domain not found"}, ProviderUnavailable, "provider_unavailable", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status_code", "body", "expected", "category", "retryable"),
    REFUSALS,
    ids=[f"{code}-{str(body)[:60]}" for code, body, *_ in REFUSALS],
)
def test_refusals(status_code, body, expected, category, retryable):
    """Each has its exception, its category, and whether to send again."""
    response = answer(status_code, body)
    found = error(response)

    assert response is found.raw
    assert expected is type(found)
    assert category == found.category
    assert retryable is found.retryable
    assert status_code == found.status_code
    assert (status_code in (300, 399, 500, 502, 504)) is found.maybe_accepted
    words = body.strip('"') if isinstance(body, str) else next(iter(body.values()))
    if words and not words.startswith("<"):
        assert words[:40] in str(found)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no message"),
        (b"<h1>No</h1>", "no message"),
        (b'{"message": "cut o', "no message"),
        (b'["cut o', "no message"),
        (b'{"message": 5}', "no message"),
        (b"[]", "no message"),
        (b" \n No \xff!\n", "No \ufffd!"),
    ],
)
def test_words_of_a_refusal(body, told):
    """Only what is meant for people is told."""
    assert f"400: {told}" == str(error(answer(400, body)))


@pytest.mark.parametrize("before", [977, 978])
def test_the_welcome_page_says_so_at_its_start(before):
    """What a long answer quotes further down is no welcome."""
    found = error(answer(200, b" " * before + b"Mailgun Magnificent API"))

    assert (before > 977) is found.maybe_accepted


@pytest.mark.parametrize(
    "body",
    [
        b"Mailgun Magnificent API",
        b'"Mailgun Magnificent API"\n',
        b"<h1>Mailgun Magnificent API</h1>",
    ],
)
def test_welcome_page_is_no_acceptance(body):
    """Mailgun answers a path that leads nowhere with 200 and its welcome: nothing was sent."""
    found = error(answer(200, body))

    assert UnexpectedResponse is type(found)
    assert ("wrong_url", False, False) == (found.category, found.maybe_accepted, found.retryable)
    assert "base_url and the sender domain" in str(found)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"<html>Login</html>",
        b'{"id": "<20261121.1@exam',
        b"\xff\xfe",
        b"[" * 100_000,
        None,
        [],
        "text",
        7,
        {},
        {"message": "Queued. Thank you."},
        {"id": None, "message": "Queued. Thank you."},
        {"id": "", "message": "Queued. Thank you."},
        {"id": "<>", "message": "Queued. Thank you."},
        {"id": 7, "message": "Queued. Thank you."},
        {"id": ["<a@example.com>"], "message": "Queued. Thank you."},
        {"id": "<a@example.com>"},
        {"id": "<a@example.com>", "message": None},
        {"id": "<a@example.com>", "message": "Not so fast"},
    ],
    ids=lambda each: str(each)[:60],
)
@pytest.mark.parametrize("status_code", [200, 202])
def test_success_that_is_not_understood_may_be_accepted(status_code, body):
    """Nobody knows what became of the message, so nobody may send it again by itself."""
    found = error(answer(status_code, body))

    assert UnexpectedResponse is type(found)
    assert (True, False) == (found.maybe_accepted, found.retryable)
    assert found.raw is not None


def test_errors_do_not_repeat_addresses():
    """What Mailgun quotes of the message is redacted."""
    words = "'to' parameter is not a valid address: ada.lovelace@example.net"

    assert "ada.lovelace" not in str(error(answer(400, {"message": words})))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "17"}, 17),
        ({"retry_after": "17", "x_ratelimit_reset": "99"}, 17),
        ({"x_ratelimit_reset": "30"}, 30),
        ({"x_ratelimit_reset": "tomorrow"}, None),
        ({"x_ratelimit_reset": ""}, None),
        ({"x_ratelimit_limit": "300", "x_ratelimit_remaining": "0"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status_code", [420, 429])
def test_how_long_to_wait(headers, expected, status_code):
    """Retry-After counts, else the end of the rate limit's window."""
    found = error(answer(status_code, {"message": "slow"}, **headers))

    assert expected == found.retry_after_seconds


def test_the_window_is_that_of_a_rate_limit():
    """No other refusal is over when the window ends."""
    assert error(answer(400, {}, x_ratelimit_reset="30")).retry_after_seconds is None


@pytest.mark.parametrize("factor", [1, 1000], ids=["seconds", "milliseconds"])
def test_end_of_the_window_as_a_moment(factor):
    """X-RateLimit-Reset as a time since 1970, in either unit."""
    reset = str(int((time.time() + 60) * factor))

    found = error(answer(429, {}, x_ratelimit_reset=reset)).retry_after_seconds

    assert found == pytest.approx(60, abs=5)


def test_end_of_a_limit_in_words():
    """A limit of which Mailgun tells the end is over by itself then."""
    end = datetime.now(timezone.utc) + timedelta(minutes=10)
    when = format_datetime(end, usegmt=True).replace("GMT", "UTC")

    found = error(
        answer(400, {"message": f"{REFUSED}request limit exceeded, try again after {when}"})
    )

    assert QuotaExceeded is type(found)
    assert found.retryable
    assert found.retry_after_seconds == pytest.approx(600, abs=5)


@given(
    status_code=st.integers(100, 599),
    body=st.binary(max_size=40)
    | st.from_regex(rb'\{"(message|id)": "?[a-z]*"?\}?', fullmatch=True),
    reset=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
def test_any_answer_is_a_send_error_or_statuses(status_code, body, reset):
    """Whatever stands between here and Mailgun answers, no other exception is raised."""
    response = HttpResponse(
        status_code=status_code, headers={"x-ratelimit-reset": reset}, body=body
    )
    outcome = {"statuses": None, "error": None}
    try:
        outcome["statuses"] = PROVIDER.parse(REQUEST, response)
    except SendError as found:
        outcome["error"] = found

    if outcome["error"] is None:
        assert set(REQUEST.recipients) == set(outcome["statuses"])
    else:
        assert not (outcome["error"].retryable and outcome["error"].maybe_accepted)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("limit exceeded, try again after 120 seconds", 120.0),
        ("Try again in 1 second.", 1.0),
        ("try again after 2 minutes", 120.0),
        ("try again after 1.5h", 5400.0),
        ("try again after 30s", 30.0),
        ("try again after lunch", None),
        ("try again after 3 mistakes", None),
    ],
)
def test_the_wait_is_read_from_the_words(words, expected):
    """Where no header says it, Mailgun's words do."""
    assert expected == error(answer(429, {"message": words})).retry_after_seconds
