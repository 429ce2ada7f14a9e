"""Answers of providers with an HTTP API."""

from __future__ import annotations

import json
import pickle
import time

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse
from mailcore.http import (
    Meaning,
    error_answer,
    headers_with_reset,
    json_or_none,
    may_be_accepted,
    meaning_of_status,
    not_understood,
    read_json,
    retry_after_seconds,
    seconds_until_reset,
    send_error,
    text_in,
    unexplained_error,
)


@pytest.mark.parametrize(
    ("status_code", "kind", "retryable", "maybe_accepted"),
    [
        *((400, MessageRejected, False, False), (401, AuthenticationFailed, False, False)),
        *((403, AuthenticationFailed, False, False), (404, MessageRejected, False, False)),
        *((408, ProviderUnavailable, True, False), (413, MessageRejected, False, False)),
        *((422, MessageRejected, False, False), (425, ProviderUnavailable, True, False)),
        *((429, RateLimited, True, False), (499, MessageRejected, False, False)),
        *((500, ProviderUnavailable, False, True), (501, ProviderUnavailable, False, False)),
        *((502, ProviderUnavailable, False, True), (503, ProviderUnavailable, True, False)),
        *((504, ProviderUnavailable, False, True), (505, ProviderUnavailable, False, False)),
        *((520, ProviderUnavailable, False, True), (521, ProviderUnavailable, True, False)),
        *((522, ProviderUnavailable, False, True), (523, ProviderUnavailable, True, False)),
        *((524, ProviderUnavailable, False, True), (525, ProviderUnavailable, True, False)),
        *((526, ProviderUnavailable, False, False), (599, ProviderUnavailable, False, True)),
        *((300, UnexpectedResponse, False, True), (301, UnexpectedResponse, False, False)),
        *((302, UnexpectedResponse, False, True), (303, UnexpectedResponse, False, True)),
        *((307, UnexpectedResponse, False, False), (308, UnexpectedResponse, False, False)),
        *((100, UnexpectedResponse, False, True), (101, UnexpectedResponse, False, True)),
        *((200, UnexpectedResponse, False, True), (299, UnexpectedResponse, False, True)),
        *((204, UnexpectedResponse, False, True), (999, ProviderUnavailable, False, True)),
        (0, UnexpectedResponse, False, True),
    ],
)
def test_statuses(
    status_code: int, kind: type[SendError], retryable: bool, maybe_accepted: bool
) -> None:
    """Each status says whose fault it is, whether waiting helps, and whether it is a "no"."""
    error = send_error(meaning_of_status(status_code), "no", status_code=status_code)

    assert (kind, retryable, maybe_accepted) == (
        type(error),
        error.retryable,
        error.maybe_accepted,
    )
    assert status_code == error.status_code
    assert maybe_accepted == may_be_accepted(status_code)


@pytest.mark.parametrize("status_code", [301, 302, 303, 307, 308])
def test_redirects_say_what_to_look_at(status_code: int) -> None:
    """They are not followed: the address of the API is not the one that was given."""
    error = send_error(meaning_of_status(status_code), "moved", status_code=status_code)

    assert "base_url" in str(error)
    assert "redirected" == error.category


def test_an_error_says_everything() -> None:
    """Words, code, hint, category, waiting time and answer are those given."""
    response = HttpResponse(status_code=422)
    error = send_error(
        Meaning(MessageRejected, "not_verified", hint="verify the domain", retryable=True),
        "Sender   is\nnot verified",
        status_code=422,
        code="E-17",
        headers={"retry-after": "30"},
        raw=response,
    )

    assert "E-17: Sender is not verified (verify the domain)" == str(error)
    assert ("not_verified", True, "E-17") == (error.category, error.retryable, error.code)
    assert (30.0, response) == (error.retry_after_seconds, error.raw)
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # our own bytes


@pytest.mark.parametrize("code", ["", "E-17"])
def test_the_error_of_an_answer(code: str) -> None:
    """Status, waiting time and answer are the answer's; a code is the provider's, if it has one."""
    response = HttpResponse(status_code=429, headers={"retry-after": "30"})
    error = error_answer(
        response, Meaning(RateLimited), "slow down", **{"code": code} if code else {}
    )

    assert f"{code or 429}: slow down" == str(error)
    assert (429, code, 30.0, response) == (
        error.status_code,
        error.code,
        error.retry_after_seconds,
        error.raw,
    )


def test_an_error_may_be_open_by_its_case() -> None:
    """Whatever the meaning says; without either, it is a "no"."""
    meaning = Meaning(MessageRejected)

    assert send_error(meaning, "x", status_code=400, maybe_accepted=True).maybe_accepted
    assert not send_error(meaning, "x", status_code=400).maybe_accepted


@pytest.mark.parametrize("words", ["", " \n "])
def test_an_error_without_words(words: str) -> None:
    """A provider that says nothing gives an error that says so, with the status."""
    error = send_error(meaning_of_status(500), words, status_code=500)

    assert "500: no message" == str(error)


def test_a_providers_words_are_redacted_and_short() -> None:
    """Addresses in what a provider says stay out of logs, and so do pages of HTML."""
    words = f"ada.lovelace@example.net is unknown {'x' * 10_000}"
    error = send_error(meaning_of_status(400), words, status_code=400)

    assert "ada.lovelace" not in str(error)
    assert len("400: ") + 500 == len(str(error))


NOW = datetime(2026, 11, 20, 11, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Fri, 20 Nov 2026 11:02:00 GMT", 120.0),
        ("Friday, 20-Nov-26 11:02:00 GMT", 120.0),
        ("Fri, 20 Nov 2026 12:02:00 +0100", 120.0),
        ("Fri, 20 Nov 2026 11:02:00 -0000", 120.0),
        ("Fri, 20 Nov 2026 10:00:00 GMT", 0.0),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("1e9", None),
        ("٣", None),
        ("9" * 5_000, None),
        ("Fri, 99 Nov 2026 11:02:00 GMT", None),
        ("Fri, 20 Nov 99999 11:02:00 GMT", None),
        ("Fri, 20 Nov 2026 11:02:00 +99999999999999999999", None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_waiting_times(value: str, seconds: float | None) -> None:
    """Seconds and the three forms of HTTP dates are read; what is neither is no hint."""
    assert seconds == retry_after_seconds({"retry-after": value}, now=NOW)


def test_no_waiting_time() -> None:
    """Most answers do not say."""
    assert retry_after_seconds({}) is None


def test_waiting_until_a_time_of_the_clock() -> None:
    """Without a time, now is now; a date is of UTC, wherever this machine stands."""
    soon = datetime.now(timezone.utc) + timedelta(seconds=600)

    for written in (format_datetime(soon), format_datetime(soon.replace(tzinfo=None))):
        assert 500 < (retry_after_seconds({"retry-after": written}) or 0) <= 600


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone cannot be set here")
def test_a_date_of_no_time_zone_is_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110, section 5.6.7: HTTP dates are of UTC, whatever the clock of this machine shows."""
    monkeypatch.setenv("TZ", "Etc/GMT-3")
    time.tzset()
    try:
        seconds = retry_after_seconds({"retry-after": "Fri, 20 Nov 2026 11:02:00 -0000"}, now=NOW)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert 120.0 == seconds


@given(st.text())
def test_any_waiting_time(value: str) -> None:
    """No header raises or gives a negative time."""
    seconds = retry_after_seconds({"retry-after": value})

    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("document", [{"a": [1, None]}, [], "text", 7, None, True])
def test_json_is_read(document: object) -> None:
    """Any JSON is read, whatever the status."""
    body = json.dumps(document).encode()

    assert document == read_json(HttpResponse(status_code=422, body=body))


@pytest.mark.parametrize("status_code", [200, 202, 301, 404, 500])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"a": ', b"\xff\xfe", b"[" * 200_000, b'{"a": ' + b"9" * 5_000 + b"}"],
    ids=lambda body: repr(body)[:20],
)
def test_what_is_no_json(status_code: int, body: bytes) -> None:
    """HTML, nothing, half a document: not understood, and open unless the status says no."""
    headers = {"content-type": "text/html; charset=utf-8"}
    response = HttpResponse(status_code=status_code, headers=headers, body=body)

    with pytest.raises(UnexpectedResponse) as error:
        read_json(response)

    assert (status_code in (200, 202, 500)) is error.value.maybe_accepted
    assert f"the answer (text/html) with status {status_code} is not JSON" == str(error.value)
    assert response == error.value.raw


def test_doubt_is_never_retryable() -> None:
    """An answer that is not understood after a success must not be sent again by itself."""
    error = not_understood("has no id", HttpResponse(status_code=200))

    assert (True, False, 200) == (error.maybe_accepted, error.retryable, error.status_code)
    assert "the answer with status 200 has no id" == str(error)


@pytest.mark.parametrize("body", [b'{"id": 1}', b"[]", b"null", b'"x"'])
def test_an_answer_reads_as_json(body):
    """`result.raw` and `error.raw` are looked into without knowing whose they are."""
    assert json.loads(body) == HttpResponse(status_code=422, body=body).json()


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_json(body):
    """It is named as what it is."""
    with pytest.raises(UnexpectedResponse, match="is not JSON"):
        HttpResponse(status_code=200, body=body).json()


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("30", 30.0),
        (" 0.5 ", 0.5),
        ("1796035230", 30.0),
        ("1796035230000", 30.0),
        ("1796035100", 0.0),
        ("1796035100000", 0.0),
        *(("1000000000", 1e9), ("1000000001", 0.0), ("100000000000", 1e11 - 1796035200.0)),
        ("Mon, 30 Nov 2026 10:40:30 GMT", 30.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 15, None),
    ],
)
def test_a_reset_is_a_moment_or_a_duration(reset, expected):
    """Seconds or milliseconds since 1970, seconds from now, or a date; never negative."""
    assert expected == seconds_until_reset(reset, now=1796035200.0)


def test_a_reset_counts_from_the_clock():
    """Whoever names no moment means now."""
    reset = time.time() + 3600

    assert seconds_until_reset(f"{reset:.3f}") == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"x-ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-reset": "30", "retry-after": "5"}, 5.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-other": "30"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_may_stand_elsewhere(headers, waits):
    """A Retry-After counts more; the other headers stay."""
    response = HttpResponse(status_code=429, headers={"a": "b", **headers})
    error = error_answer(
        response, meaning_of_status(429), "no", headers=headers_with_reset(response)
    )

    assert waits == error.retry_after_seconds
    assert response is error.raw
    assert response.headers.items() <= headers_with_reset(response).items()


def test_an_answer_without_the_services_words():
    """It says so, with the kind of document that came instead, and what its status means here."""
    known = {402: Meaning(QuotaExceeded, "no_credits", "buy some")}
    page = HttpResponse(status_code=402, headers={"content-type": "text/html; charset=x"})
    error = unexplained_error(page, meaning_of_status(402, known), "Acme's code")

    assert "402: an answer without Acme's code (text/html) (buy some)" == str(error)
    assert (QuotaExceeded, "no_credits") == (type(error), error.category)
    assert RateLimited is meaning_of_status(429, known).error


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"code": 5}', {"code": 5}),
        (b"null", None),
        (b"", None),
        (b"<html>", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
    ids=["object", "null", "empty", "page", "no UTF-8", "deep"],
)
def test_an_answer_that_need_not_be_json(body, expected):
    """Whatever is not JSON is nothing, and no error."""
    assert expected == json_or_none(HttpResponse(status_code=502, headers={}, body=body))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"message": "too many"}, "too many"),
        ({"message": None}, ""),
        ({"message": ["too many"]}, ""),
        ({}, ""),
        ([{"message": "too many"}], ""),
        ("message", ""),
        (None, ""),
    ],
    ids=["text", "null", "array", "missing", "no object", "text alone", "nothing"],
)
def test_a_text_of_an_answer(document, expected):
    """What is no text is an empty one."""
    assert expected == text_in(document, "message")
