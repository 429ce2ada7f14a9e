"""The log of requests and answers: real HTTP on loopback, redacted, bounded, and off by default."""

from __future__ import annotations

import base64
import json
import logging

import pytest
import requests

from hypothesis import given
from hypothesis import strategies as st

from mailcore import HttpRequest, HttpResponse, NetworkError
from mailcore.http import (
    FormFile,
    HttpTransport,
    RequestsTransport,
    basic_authorization,
    form_request,
    json_request,
    wire,
)
from mailcore.http.wire_http import answer_text, request_text, secrets_of
from mailcore.http.wire_text import MAX_RECORD_CHARACTERS, Sheet
from mailcore.testing.faults import closed_port


TOKEN = "sk_live_51Hq/T0kEn9x=="
PASSWORD = "hunter2pass"
SECRETS = {
    "token": TOKEN,
    "token with a control": f"{TOKEN}\x1b[31m\n",
    "token with spaces": f"{TOKEN} {TOKEN}",
    "long token": TOKEN * 200,
    "address": "victim.name@private.example",
    "address among words": "to victim.name@private.example, or so",
    "two addresses": "victim.name@private.example victim.name@private.example",
    "broken address": "victim.name@private..example",
    "quoted address": '"victim.name x"@private.example>',
    "URL": f"see https://user:{PASSWORD}@shop.example/reset/{TOKEN}?address=victim.name",
}
HIDDEN = (
    TOKEN[:12],
    "T0kEn9x",
    "victim.name",
    PASSWORD,
    "One-time code",
    base64.b64encode(f"api:{PASSWORD}".encode()).decode(),
)


@pytest.fixture
def records(caplog):
    """What the log of the wire says, once it is on."""
    wire.logger.setLevel(logging.DEBUG)
    yield caplog
    wire.logger.setLevel(logging.NOTSET)


@pytest.fixture
def echo(site, monkeypatch):
    """A server that answers with all that it was told, in each of the ways that services have."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def as_it_came(handler):
        kind = handler.headers.get("Content-Type", "text/plain")
        handler.answer(200, handler.body, Content_Type=kind, X_Request_Id="4711")

    def as_error(handler):
        words = f"Invalid token {handler.headers.get('X-Server-Token')} for victim.name@x.example"
        body = json.dumps({"Message": words, "Errors": [dict(handler.headers.items())]}).encode()
        handler.answer(401, body, Content_Type="application/json", Retry_After="7")

    def as_text(handler):
        words = f"Forbidden: {handler.headers.get('Authorization')} {handler.path}"
        handler.answer(403, words.encode(), Content_Type="text/plain")

    site.pages |= {"/echo": as_it_came, "/error": as_error, "/text": as_text}
    return site


def bodies(url, secret, headers):
    """Requests with a secret in every place that a message has."""
    printable = "".join(char for char in secret if char.isprintable())
    document = {
        "From": secret,
        "to": [{"email": secret, "name": secret}],
        "Tag": secret,
        "Subject": "One-time code 123456",
        "TextBody": "One-time code",
        "html": "One-time code",
        "content": [{"type": "text/html", "value": "One-time code"}],
        "Metadata": {printable: secret},
        "Headers": [{"Name": "X-Auth-Token", "Value": "One-time code"}],
        "pairs": [["Subject", "One-time code"]],
        "TemplateModel": {"name": "One-time code", "deep": [{"x": "One-time code"}]},
        "api_key": "One-time code",
        "Attachments": [{"Name": "a.txt", "Content": base64.b64encode(b"x" * 999).decode()}],
        "note": secret,
    }
    yield json_request(url, document, headers=headers)
    fields = [
        ("from", secret),
        ("subject", "One-time code"),
        ("h:Reply-To", secret),
        (f"v:{printable}", secret),
        (
            "recipient-variables",
            json.dumps({"victim.name@private.example": {"a": "One-time code"}}),
        ),
    ]
    yield form_request(url, fields, headers=headers)
    yield form_request(
        url,
        fields,
        [FormFile(name="a", filename=printable, content=b"One-time code")],
        headers=headers,
    )
    yield HttpRequest(method="POST", url=url, headers=headers, body=secret.encode())
    yield HttpRequest(method="POST", url=url, headers=headers, body=b"\xff\xfe" + secret.encode())


@pytest.mark.parametrize("page", ["/echo", "/error", "/text"])
@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_seen(records, echo, kind, page):
    """Neither of the request, nor of an answer that repeats it; in headers, URL and body."""
    secret = SECRETS[kind]
    header_secrets = {
        "Authorization": basic_authorization("api", PASSWORD),
        "X-Server-Token": PASSWORD,
        "X-Other": TOKEN,
    }
    host = echo.url.removeprefix("http://")
    url = f"http://user:{PASSWORD}@{host}{page}?token={TOKEN}&to=victim.name%40x.example&page=2"
    transport = HttpTransport()
    for request in bodies(url, secret, header_secrets):
        transport.exchange(request)
    transport.close()

    assert len(records.messages) == 10
    for record in records.messages:
        assert not [hidden for hidden in HIDDEN if hidden in record], record
        assert record.isprintable()


def test_what_is_seen(records, echo):
    """Method, URL, status, structure, short values, ids and the service's own words."""
    request = json_request(
        f"{echo.url}/echo?limit=50",
        {
            "From": "Shop <shop@example.com>",
            "Subject": "Welcome",
            "Tag": "welcome-2026",
            "TrackOpens": True,
            "Count": 7,
            "HtmlBody": "<p>Hello",
            "Link": "https://shop.example/orders/7",
            "Message": "short",
        },
        headers={"X-Server-Token": PASSWORD},
    )
    transport = HttpTransport()
    answer = transport.exchange(request)
    transport.close()

    asked, answered = records.messages
    number = asked.partition(" ")[0]
    assert (
        f"{number} POST {echo.url}/echo?limit=50 | Accept: application/json"
        f" | Content-Type: application/json | X-Server-Token: <11 characters> | "
        '{"From": "Shop <s***@example.com>", "Subject": <7 characters>, "Tag": "welcome-2026", '
        '"TrackOpens": true, "Count": 7, "HtmlBody": <8 characters>, '
        '"Link": "https://shop.example/…", "Message": <5 characters>}'
    ) == asked
    assert answered.startswith(f"{number} after 0.")
    assert " s 200 | server: " in answered
    assert "x-request-id: 4711" in answered
    assert '"Message": "short"' in answered
    assert answer.body == request.body


def test_lost_connections_are_told(records, monkeypatch):
    """The record after the request has the error, and the error goes on."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with closed_port() as url, pytest.raises(NetworkError):
        HttpTransport().exchange(HttpRequest(method="GET", url=url))

    assert 2 == len(records.messages)
    assert " s NetworkError: cannot connect to 127.0.0.1:" in records.messages[1]


def test_a_session_of_your_own_is_told_of(records, echo):
    """Requests through it are in the log as well, with their answers."""
    with requests.Session() as session:
        answer = RequestsTransport(session).exchange(
            HttpRequest(method="POST", url=f"{echo.url}/echo")
        )

    assert 200 == answer.status_code
    asked, answered = records.messages
    assert f"POST {echo.url}/echo" in asked
    assert " s 200 | " in answered


@pytest.mark.parametrize(
    ("own", "parents", "on"),
    [
        (logging.NOTSET, logging.DEBUG, False),
        (logging.NOTSET, logging.WARNING, False),
        (logging.INFO, logging.DEBUG, False),
        (logging.DEBUG, logging.WARNING, True),
    ],
)
def test_it_is_on_only_when_asked_for_by_name(caplog, echo, own, parents, on):
    """All debug output of a program does not bring every mail into its log."""
    caplog.set_level(parents)
    caplog.set_level(parents, "mailcore")
    caplog.set_level(own, "mailcore.wire")
    transport = HttpTransport()
    transport.exchange(HttpRequest(method="POST", url=f"{echo.url}/echo"))
    transport.close()

    found = [record for record in caplog.records if record.name == "mailcore.wire"]
    assert on == wire.is_on()
    assert (2 if on else 0) == len(found)


def test_off_it_looks_at_nothing(monkeypatch, echo):
    """Nothing is written down, and not even imported, for a log that nobody reads."""
    monkeypatch.setattr(wire, "http_logged", None)
    transport = HttpTransport()

    assert 200 == transport.exchange(HttpRequest(method="POST", url=f"{echo.url}/echo")).status_code
    transport.close()


@pytest.mark.parametrize(
    "request_of",
    [
        lambda many: json_request("https://x.example/", {"to": many}, headers={}),
        lambda many: json_request("https://x.example/", dict.fromkeys(many, 1), headers={}),
        lambda many: form_request(
            "https://x.example/", [("to", each) for each in many], headers={}
        ),
        lambda many: form_request(
            "https://x.example/", [("to", each) for each in many], headers={}, multipart=True
        ),
        lambda many: HttpRequest(
            method="GET", url="https://x.example/", headers=dict.fromkeys(many, "x")
        ),
        lambda many: HttpRequest(method="GET", url=f"https://x.example/{'/'.join(many)}"),
        lambda many: HttpRequest(method="POST", url="https://x.example/", body=b"[" * 100_000),
        lambda many: HttpRequest(method="POST", url="https://x.example/", body=b"x" * 20_000_000),
    ],
    ids=["list", "mapping", "form", "multipart", "headers", "path", "deep", "large"],
)
def test_records_are_bounded(request_of):
    """Whatever is sent, a record has a few thousand characters."""
    many = [f"ada{number}@example.net" for number in range(5_000)]
    request = request_of(many)

    assert len(request_text(request, ())) <= MAX_RECORD_CHARACTERS + 1


def test_a_fault_of_the_log_ends_no_send(records, echo, monkeypatch):
    """What cannot be described is told as such."""
    monkeypatch.setattr("mailcore.http.wire_http._add_body", lambda *_: 1 / 0)
    transport = HttpTransport()
    answer = transport.exchange(HttpRequest(method="POST", url=f"{echo.url}/echo"))
    transport.close()

    assert 200 == answer.status_code
    assert 2 == sum("cannot be shown (ZeroDivisionError)" in each for each in records.messages)


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("ada@example.net", "to", '"a***@example.net"'),
        ("a\nb", "note", "<3 characters>"),
        (b"abc", "Data", "<3 bytes>"),
        ({"a": [1, None, True]}, "", '{"a": [1, null, true]}'),
        ("x", "password", "<hidden>"),
        ({"a": "b"}, "client_secret", "<hidden>"),
        (None, "token", "null"),
        (123456, "variables", "<number>"),
        ({"x": {"y": "code"}}, "t:variables", '{"x": {"y": <4 characters>}}'),
        ("batchWithTemplates", "path", '"batchWithTemplates"'),
        ("0a129aee-e1cd-480d-b08d-4f48548ff48d", "MessageID", "<36 characters>"),
        ("2026-11-30T08:00:00Z", "SubmittedAt", '"2026-11-30T08:00:00Z"'),
        ("mail1.example-host.com", "domain", '"mail1.example-host.com"'),
    ],
)
def test_values(value, name, expected):
    """By name and by kind: see the module's own words."""
    expected = f'"<{expected[1:-1]}>"' if name == "MessageID" else expected
    sheet = Sheet()
    sheet.value(value, name)

    assert expected.replace('"<<', '"<').replace('>>"', '>"') == sheet.text


def test_ids_of_answers_are_seen():
    """They are what one looks for; those of requests are somebody's."""
    body = b'{"MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d", "to": "ada@example.net"}'

    text = answer_text(HttpResponse(status_code=200, body=body), ())

    assert '{"MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d", "to": "a***@example.net"}' in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.text(),
)
def test_any_value_can_be_shown(value, name):
    """It never raises, stays on a line, and has no address in it."""
    sheet = Sheet(limit=300)
    sheet.value({name: value, "to": "victim.name@private.example"})

    assert sheet.text.isprintable() or "\u200c" in sheet.text or "\u200d" in sheet.text
    assert len(sheet.text) <= 301
    assert "victim.name" not in sheet.text


@given(st.text(), st.dictionaries(st.text(), st.text()), st.binary())
def test_any_request_can_be_shown(url, headers, body):
    """Also one that no transport would send."""
    request = HttpRequest(method="POST", url=url, headers=headers, body=body)

    assert request_text(request, secrets_of(request)).startswith("POST ")


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ({"config": json.dumps({"api_key": "hunter"})}, "<hidden>"),
        ({"config": json.dumps({"a": {"subject": "hunter"}})}, "<6 characters>"),
        ({"config": json.dumps([json.dumps({"token": "hunter"})])}, "<hidden>"),
        ({"parameters": [{"key": "password", "value": "hunter"}]}, '"value": <hidden>'),
    ],
)
def test_json_within_texts_is_read(value, seen):
    """Names tell what is secret, wherever they stand."""
    sheet = Sheet()
    sheet.value(value)
    assert "hunter" not in sheet.text
    assert seen in sheet.text


@pytest.mark.parametrize("name", ["name=text", "name*=utf-8''text", ""])
def test_parts_without_a_readable_name_are_told_by_their_size(name):
    """What they are cannot be known."""
    head = f"Content-Disposition: form-data; {name}"
    body = f"--b\r\n{head}\r\n\r\nOne-time code\r\n--b--\r\n".encode()
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    text = request_text(HttpRequest(method="POST", url="https://x/", headers=kind, body=body), ())
    assert "One-time" not in text
    assert "<13 bytes>" in text
