"""Requests of providers with an HTTP API."""

from __future__ import annotations

import json

from base64 import b64decode
from email import message_from_bytes
from email.policy import HTTP
from urllib.parse import parse_qsl

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.errors import SerializationError
from mailcore.flow import HttpRequest
from mailcore.http import (
    FormFile,
    HttpTransport,
    basic_authorization,
    form_request,
    json_request,
)
from mailcore.testing.form_data import FormPart, read_form_data


URL = "https://api.example.com/v1/send"
NO_HEADERS: dict[str, str] = {}
# A lone surrogate is no text.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


def form_parts(request: HttpRequest) -> list[FormPart]:
    """Fields and files, as a server reads them."""
    parts = read_form_data(request.body, request.headers["Content-Type"])
    assert parts is not None
    return parts


@given(JSON)
def test_json_comes_back(payload: object) -> None:
    """What goes into a JSON body comes out, in ASCII."""
    request = json_request(URL, payload, headers=NO_HEADERS)

    assert payload == json.loads(request.body)
    assert request.body.isascii()


def test_requests_say_what_they_are() -> None:
    """Method, address, type, recipients and patience are those given; headers are added."""
    request = json_request(
        URL,
        {},
        headers={"Authorization": "Bearer key"},
        recipients=("ada@example.net",),
        timeout_seconds=5.0,
        method="PUT",
    )

    assert ("PUT", URL, 5.0) == (request.method, request.url, request.timeout_seconds)
    assert ("ada@example.net",) == request.recipients
    assert {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Authorization": "Bearer key",
    } == dict(request.headers)


@pytest.mark.parametrize("make", [json_request, form_request])
def test_given_headers_win(make) -> None:
    """A provider that wants another type says so."""
    request = make(URL, {}, headers={"Accept": "text/plain"})

    assert "text/plain" == request.headers["Accept"]


def nested(levels: int) -> list[object]:
    """A list in a list, and so on."""
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "payload",
    [{"key": object()}, {"key": b"secret-bytes"}, [float("nan")], [float("inf")], nested(100_000)],
    ids=["object", "bytes", "NaN", "infinity", "deep"],
)
def test_what_json_cannot_hold(payload: object) -> None:
    """A value that JSON has no form for is a MessageError that does not repeat it."""
    with pytest.raises(SerializationError) as error:
        json_request(URL, payload, headers=NO_HEADERS)

    assert "secret-bytes" not in str(error.value)
    assert ("in `key`" in str(error.value)) is isinstance(payload, dict)
    assert "give texts" in str(error.value)


@given(st.lists(st.tuples(TEXT, TEXT)))
def test_form_fields_come_back(fields: list[tuple[str, str]]) -> None:
    """Names and values of a form come back in order, repeated ones too."""
    request = form_request(URL, fields, headers=NO_HEADERS)

    assert "application/x-www-form-urlencoded" == request.headers["Content-Type"]
    read = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, max_num_fields=None)
    assert fields == read


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    # Written as browsers do: a reader cannot tell such a text from an escape.
    lambda text: "%" not in text
)


@given(
    st.lists(st.tuples(NAMES, TEXT), max_size=3),
    st.lists(
        st.builds(
            FormFile,
            name=NAMES,
            filename=NAMES,
            content=st.binary(),
            content_type=st.sampled_from(["image/png", "text/plain", "message/rfc822"]),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_files_of_a_form_come_back(fields: list[tuple[str, str]], files: list[FormFile]) -> None:
    """Fields and files come back: names in any script, with quotes and line ends, any bytes."""
    request = form_request(URL, fields, files, headers=NO_HEADERS)

    expected = [FormPart(name=name, content=value.encode()) for name, value in fields]
    expected += [
        FormPart(
            name=file.name,
            filename=file.filename,
            content=file.content,
            content_type=file.content_type,
        )
        for file in files
    ]
    assert expected == form_parts(request)


def test_another_reader_of_forms() -> None:
    """The standard library reads the same form."""
    file = FormFile(
        name="file", filename="a.png", content=b"\x89PNG\r\n\xff", content_type="image/png"
    )
    request = form_request(URL, [("to", "ada@example.net")], [file], headers=NO_HEADERS)

    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    to, image = message_from_bytes(head + request.body, policy=HTTP).iter_parts()
    assert "ada@example.net" == to.get_content().rstrip("\r\n")
    assert "to" == to.get_param("name", header="content-disposition")
    assert ("a.png", "image/png") == (image.get_filename(), image.get_content_type())
    assert b"\x89PNG\r\n\xff" == image.get_payload(decode=True)


@pytest.mark.parametrize(
    "hostile", ['a"; filename="b', "a\r\nX-Evil: 1\r\n\r\nb", "a\nb", "Ü\r", 'x" \\']
)
def test_names_stay_within_their_header(hostile: str) -> None:
    """No name ends its quotes or its line."""
    file = FormFile(name=hostile, filename=hostile, content=b"x", content_type=hostile)
    request = form_request(URL, [(hostile, "value")], [file], headers=NO_HEADERS)

    field, read = form_parts(request)
    assert (hostile, hostile, hostile) == (field.name, read.name, read.filename)
    assert b"\nX-Evil" not in request.body
    assert [b"value", b"x"] == [field.content, read.content]


@pytest.mark.parametrize("with_file", [False, True])
def test_what_is_no_text(with_file: bool) -> None:  # pytest gives it
    """Half of a surrogate pair cannot be sent, and is a MessageError."""
    files = [FormFile(name="a", filename="b", content=b"")] if with_file else []

    with pytest.raises(SerializationError):
        form_request(URL, [("text", "\ud800")], files, headers=NO_HEADERS)


def test_boundaries_are_drawn_anew() -> None:
    """Nobody who knows one form can end a part of the next one."""
    file = FormFile(name="a", filename="b", content=b"")
    types = {
        form_request(URL, [], [file], headers=NO_HEADERS).headers["Content-Type"] for _ in range(3)
    }

    assert 3 == len(types)


def test_a_form_arrives_over_http(site) -> None:
    """The transport sends a form as a server reads it."""
    site.pages["/ok"] = lambda handler: handler.answer()
    file = FormFile(name="datei", filename="Übersicht.pdf", content=b"x")
    request = form_request(f"{site.url}/ok", [("an", "ada")], [file], headers=NO_HEADERS)
    transport = HttpTransport()
    try:
        transport.exchange(request)
    finally:
        transport.close()

    [seen] = site.seen
    parts = read_form_data(seen["body"], seen["headers"]["content-type"]) or []
    assert [("an", None), ("datei", "Übersicht.pdf")] == [(p.name, p.filename) for p in parts]


@pytest.mark.parametrize(
    ("username", "password"), [("api", "key-1"), ("", "x"), ("grüße", "日本:x"), ("a", "")]
)
def test_basic_authorization(username: str, password: str) -> None:
    """Name and password in base64, as UTF-8 (RFC 7617)."""
    scheme, _, credentials = basic_authorization(username, password).partition(" ")

    assert ("Basic", f"{username}:{password}") == (scheme, b64decode(credentials).decode())


def test_reprs_hide_what_is_sent() -> None:
    """Bodies, headers and files stay out of logs."""
    file = FormFile(name="a", filename="b", content=b"secret")
    request = form_request(URL, [("a", "secret")], [file], headers={"X-Key": "secret"})

    assert "secret" not in repr(file) + repr(request)
