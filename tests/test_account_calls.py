"""Calls that look after an account: how they are written, repeated, read, and what is no answer."""

from __future__ import annotations

import json

import pytest

from mailcore import HttpResponse, MessageRejected, RateLimited, SendError, UnexpectedResponse
from mailcore.account import AccountCalls
from mailcore.http import Meaning, error_answer, meaning_of_status
from mailcore.testing import Script, drive


def answered(status_code: int, document: object = None) -> HttpResponse:
    """An answer with JSON."""
    return HttpResponse(status_code=status_code, body=json.dumps(document).encode())


def error_of(response: HttpResponse) -> SendError:
    """What the service means by its status."""
    return error_answer(response, meaning_of_status(response.status_code), "no")


def error_in(response: HttpResponse) -> SendError | None:
    """A service that says no with 200."""
    refused = b"refused" in response.body
    return error_answer(response, Meaning(MessageRejected), "no") if refused else None


def calls_of(**options: object) -> AccountCalls:
    """Calls of an invented service."""
    made = {"error_of": error_of, "timeout_seconds": 7.0, **options}
    return AccountCalls("acme", "https://api.acme.example/v1", {"X-Key": "k"}, **made)


@pytest.mark.parametrize(
    ("path", "payload", "query", "url", "headers", "body"),
    [
        (
            "/list",
            None,
            {"limit": 3, "at": "a b"},
            "https://api.acme.example/v1/list?limit=3&at=a+b",
            {"Accept": "application/json", "X-Key": "k"},
            b"",
        ),
        (
            "https://api.acme.example/v1/list?page=2",
            None,
            None,
            "https://api.acme.example/v1/list?page=2",
            {"Accept": "application/json", "X-Key": "k"},
            b"",
        ),
        (
            "/list",
            [],
            {},
            "https://api.acme.example/v1/list",
            {"Accept": "application/json", "Content-Type": "application/json", "X-Key": "k"},
            b"[]",
        ),
    ],
)
def test_a_call_is_written_so(path, payload, query, url, headers, body):
    """With a body only where there is a document, be it empty; the credentials always."""
    script = Script([answered(200)])
    drive(calls_of().ask("PUT", path, payload, query=query), script)

    (request,) = script.requests
    assert ("PUT", url, headers, body, 7.0) == (
        request.method,
        request.url,
        request.headers,
        request.body,
        request.timeout_seconds,
    )


@pytest.mark.parametrize(
    ("response", "options", "error"),
    [
        (answered(200), {}, None),
        (answered(204), {}, None),
        (answered(300), {}, UnexpectedResponse),
        (answered(404), {}, MessageRejected),
        (answered(500), {}, SendError),
        (answered(200, "refused"), {}, None),
        (answered(200, "refused"), {"error_in": error_in}, MessageRejected),
        (answered(200, "taken"), {"error_in": error_in}, None),
    ],
)
def test_what_is_an_error(response, options, error):
    """By its status, and by its text where the service has such; nothing is left open."""
    flow = calls_of(**options).ask("GET", "/list")
    if error is None:
        assert response == drive(flow, Script([response]))
        return
    with pytest.raises(error) as caught:
        drive(flow, Script([response]))

    assert "acme" == caught.value.provider
    assert not caught.value.maybe_accepted


@pytest.mark.parametrize(
    ("response", "options", "found"),
    [
        (answered(200), {}, True),
        (answered(404), {}, False),
        (answered(410), {"is_absent": lambda response: response.status_code == 410}, False),
    ],
)
def test_what_need_not_be_there(response, options, found):
    """None if the answer says that it is not."""
    result = drive(calls_of(**options).find("GET", "/list/a"), Script([response]))

    assert found is (result is not None)


def test_what_is_absent_is_an_error_where_it_is_not_looked_for():
    """And another status is, where it is."""
    with pytest.raises(MessageRejected):
        drive(calls_of().ask("GET", "/list/a"), Script([answered(404)]))
    with pytest.raises(MessageRejected):
        drive(calls_of().find("GET", "/list/a"), Script([answered(409)]))


def test_one_call_too_many_is_made_again():
    """After a pause, which the clock of the test spends."""
    script = Script([answered(429), answered(200, {"a": 1})])

    assert {"a": 1} == calls_of().read_object(drive(calls_of().ask("GET", "/list"), script))
    with pytest.raises(RateLimited):
        drive(calls_of().ask("GET", "/list"), Script(otherwise=answered(429)))


READINGS = {
    "json": lambda calls, response: calls.read(response),
    "object": lambda calls, response: calls.read_object(response),
    "objects": lambda calls, response: calls.objects(calls.read(response), "is none", response),
}


@pytest.mark.parametrize(
    ("read", "body"),
    [
        ("json", b"<html>"),
        ("object", b"[]"),
        ("object", b"nothing"),
        ("objects", b"{}"),
        ("objects", b"[1]"),
        ("objects", b"[{}, null]"),
    ],
)
def test_an_answer_that_is_something_else(read, body):
    """It is not understood, and leaves nothing open."""
    with pytest.raises(UnexpectedResponse) as caught:
        READINGS[read](calls_of(), HttpResponse(status_code=302, body=body))

    assert ("acme", False) == (caught.value.provider, caught.value.maybe_accepted)
