"""Finding texts in requests, however they are wrapped."""

from __future__ import annotations

import json

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any
from urllib.parse import urlencode

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Message
from mailcore.builtin.memory import MemoryProvider
from mailcore.flow import HttpRequest, Request
from mailcore.http import FormFile, form_request
from mailcore.testing.canaries import token
from mailcore.testing.decoding import decode_request


TOKEN = token("needle")


def mime(text: str, subtype: str = "plain") -> bytes:
    """A message in quoted-printable or base64, as the library chooses."""
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message["To"] = "ada@example.net"
    message.set_content(f"é {text}\n", subtype=subtype)
    message.add_alternative(f"<p>é {text}</p>", subtype="html")
    return message.as_bytes()


def subject(text: str) -> bytes:
    """A message with a text in an encoded header."""
    message = EmailMessage()
    message["Subject"] = f"Grüße, {text} 日本"
    message.set_content("body")
    return message.as_bytes()


def file_name(text: str) -> bytes:
    """A message with a text in the name of a file (RFC 2231)."""
    message = EmailMessage()
    message["Subject"] = "a"
    message.set_content("body")
    message.add_attachment(b"\xff", "application", "pdf", filename=f"Übersicht {text}.pdf")
    return message.as_bytes()


def attachment(text: str) -> bytes:
    """A message with a text in a file that is no text."""
    message = EmailMessage()
    message["Subject"] = "a"
    message.add_attachment(b"\xff\xfe" + text.encode(), "application", "pdf")
    return message.as_bytes()


def form_data(text: str) -> HttpRequest:
    """A multipart form with a text in a field."""
    lines = [
        "--b",
        'Content-Disposition: form-data; name="o:tag"',
        "",
        text,
        "--b",
        'Content-Disposition: form-data; name="attachment"; filename="Übersicht.pdf"',
        "Content-Type: application/pdf",
        "",
        "%PDF",
        "--b--",
        "",
    ]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    body = "\r\n".join(lines).encode()
    return HttpRequest(method="POST", url="https://a.example/", headers=headers, body=body)


def uploaded(field: str, filename: str, content: bytes, content_type: str) -> HttpRequest:
    """A form with a file, as the core makes it."""
    file = FormFile(name=field, filename=filename, content=content, content_type=content_type)
    return form_request("https://a.example/", [("to", "é")], [file], headers={})


def form_fields(**fields: str) -> HttpRequest:
    """A form without files, as the core makes it."""
    return form_request("https://a.example/", fields.items(), headers={})


@dataclass(frozen=True, kw_only=True)
class Call(Request):
    params: dict[str, Any]


class Plain:
    """Neither a dataclass nor a mapping."""

    def __init__(self, value: object) -> None:
        self.value = value


def http(**fields: Any) -> HttpRequest:
    """An HTTP request."""
    return HttpRequest(**{"method": "POST", "url": "https://a.example/", **fields})


WRAPPINGS: dict[str, Callable[[str], object]] = {
    "mapping": lambda text: {"a": [{"b": (text,)}]},
    "key": lambda text: {text: 1},
    "dataclass": lambda text: Call(params={"a": text}),
    "object": Plain,
    "bytes": lambda text: text.encode(),
    "JSON": lambda text: json.dumps({"a": text}),
    "JSON bytes": lambda text: json.dumps([{text: None}]).encode(),
    "JSON in JSON": lambda text: json.dumps({"a": json.dumps({"b": text})}),
    "form": lambda text: urlencode({"a": "é", "b": text}),
    "form key": lambda text: urlencode({text: "é"}),
    "base64": lambda text: b64encode(f"é {text}".encode()).decode(),
    "base64 in lines": lambda text: "\r\n".join(_lines(b64encode(f"é {text * 9}".encode()))),
    "base64 for URLs": lambda text: urlsafe_b64encode(f"é??? {text}".encode()).decode(),
    "base64 without padding": lambda text: b64encode(f"é {text}".encode()).decode().rstrip("="),
    "base64 of a file": lambda text: b64encode(b"\xff\xfe" + text.encode()).decode(),
    "RFC 2047 words": lambda text: f"=?utf-8?b?{b64encode(f'é {text}'.encode()).decode()}?=",
    "MIME body": mime,
    "MIME text": lambda text: mime(text).decode(),
    "MIME header": subject,
    "MIME file name": file_name,
    "MIME file": attachment,
    "MIME in base64": lambda text: {"Raw": b64encode(mime(text)).decode()},
    "MIME in MIME": lambda text: forwarded(mime(text)),
    "URL query": lambda text: http(url=f"https://a.example/?{urlencode({'a': f'é {text}'})}"),
    "URL path": lambda text: http(url=f"https://a.example/%C3%A9{text}"),
    "URL in JSON": lambda text: {"u": f"https://a.example/?{urlencode({'q': f'é {text}'})}"},
    "HTTP header": lambda text: http(headers={"X-A": text}),
    "HTTP header name": lambda text: http(headers={f"X-{text}": "a"}),
    "basic authentication": lambda text: http(
        headers={"Authorization": f"Basic {b64encode(f'é:{text}'.encode()).decode()}"}
    ),
    "HTTP body in JSON": lambda text: http(body=json.dumps({"a": f"é {text}"}).encode()),
    "HTTP body in a form": lambda text: http(body=urlencode({"a": f"é {text}"}).encode()),
    "multipart form": form_data,
    "form field": lambda text: form_fields(a="é", b=f"é {text}"),
    "field name": lambda text: form_fields(**{f"v:{text}": "é"}),
    "JSON in a form": lambda text: form_fields(
        **{"recipient-variables": json.dumps({"ada@example.net": {"name": text}})}
    ),
    "JSON key in a form": lambda text: form_fields(variables=json.dumps({text: 1})),
    "MIME in a form": lambda text: form_fields(message=mime(text).decode()),
    "file name in a form": lambda text: uploaded("file", f'Übersicht "{text}".pdf', b"", "a/b"),
    "file in a form": lambda text: uploaded("file", "a.pdf", b"\xff\0" + text.encode(), "a/b"),
    "text file in a form": lambda text: uploaded("file", "a.txt", text.encode(), "text/plain"),
    "message in a form": lambda text: uploaded("file", "a.eml", mime(text), "message/rfc822"),
    "MIME upload": lambda text: uploaded("message", "message.mime", mime(text), "text/plain"),
    "multipart file in a form": lambda text: uploaded("a", "a", text.encode(), "multipart/mixed"),
    "type of a file in a form": lambda text: uploaded("a", "a", b"", f"application/{text}"),
    "base64 of a file in JSON": lambda text: {
        "attachments": [{"content": b64encode(b"%PDF\xff\xfe" + text.encode()).decode()}]
    },
}


def _lines(data: bytes) -> list[str]:
    text = data.decode()
    return [text[start : start + 76] for start in range(0, len(text), 76)]


def forwarded(inner: bytes) -> bytes:
    """A message with another in it, in base64, which the library would not do."""
    outer = MIMEMultipart()
    outer["Subject"] = "forwarded"
    part = MIMEText(inner.decode(), "x-message", "utf-8")
    outer.attach(part)
    return outer.as_bytes()


def texts(request: object) -> list[str]:
    """What is found, without the places."""
    return [finding.text for finding in decode_request(request)]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrapped_texts_are_found(wrapping) -> None:
    """A text is found in whatever it is wrapped, and nothing is found where it is not."""
    wrap = WRAPPINGS[wrapping]

    assert any(TOKEN in text for text in texts(wrap(TOKEN)))
    assert not any(TOKEN in text for text in texts(wrap("other")))


@pytest.mark.parametrize("text", ["Grüße, 日本 🎉", "a=b&c", '{"a": 1}', "x" * 80])
def test_texts_are_found_as_they_were(text) -> None:
    """Encodings are undone completely: what is found is what was put in."""
    assert f"Grüße, {text} 日本" in texts(subject(text))
    assert f"Übersicht {text}.pdf" in texts(file_name(text))


def body_of_message(text: str) -> str:
    """A message with a text as its base64 body."""
    return MIMEText(text, "plain", "utf-8").as_string()


NESTABLE: dict[str, Callable[[str], str]] = {
    "JSON": lambda text: json.dumps({"a": text}),
    "list": lambda text: json.dumps([text]),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "form": lambda text: urlencode({"a": text}),
    "MIME": body_of_message,
}


@given(st.lists(st.sampled_from(sorted(NESTABLE)), max_size=5))
def test_any_nesting_is_opened(names) -> None:
    """Encodings inside encodings, in any order, are all undone."""
    text = TOKEN
    for name in names:
        text = NESTABLE[name](text)

    assert any(TOKEN in found for found in texts({"payload": text}))


@given(
    st.one_of(
        st.binary(),
        st.text(),
        st.recursive(
            st.none() | st.text() | st.binary(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_nothing_makes_it_fail(value) -> None:
    """Whatever a request holds, decoding it gives texts and no exception."""
    assert all(isinstance(text, str) for text in texts(value))


@pytest.mark.parametrize(
    "body",
    [
        b"Subject: a\r\nContent-Type: text/plain; charset=no-such\r\n\r\nbody",
        b"Subject: =?no-such?b?AAAA?=\r\n\r\nbody",
        b"Subject: =?utf-8?b?A?=\r\n\r\nbody",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff\xff=",
        b"Content-Disposition: attachment; filename*=no-such''%FF\r\nSubject: a\r\n\r\n",
        b"https://[::1/?a=b",
        b"[" * 100_000,
    ],
)
def test_broken_encodings_stay_as_they_are(body) -> None:
    """What cannot be decoded is found undecoded."""
    assert texts({"a": body})


def test_a_value_inside_itself_ends() -> None:
    """A value that holds itself is not followed for ever."""
    value: dict[str, object] = {"text": TOKEN}
    value["self"] = value

    assert TOKEN in texts(value)


def test_places_say_where() -> None:
    """The path names each step, with what was decoded on the way."""
    request = http(body=json.dumps({"to": [{"email": TOKEN}]}).encode())
    [found] = [finding for finding in decode_request(request) if finding.text == TOKEN]

    assert ("body", "json", "to", "[0]", "email") == found.path
    assert ("body", "json", "to", "email") == found.field
    assert "body > json > to > [0] > email" == found.place
    assert not found.in_mime


def test_places_in_mime_are_told_apart() -> None:
    """What stands in a MIME message is seen by recipients; fields of a form are not."""
    in_mime = [finding for finding in decode_request({"raw": mime(TOKEN)}) if TOKEN in finding.text]
    in_form = [finding for finding in decode_request(form_data(TOKEN)) if TOKEN in finding.text]

    assert [True, True] == [finding.in_mime for finding in in_mime]
    assert [("body", "form", "o:tag", "[0]")] == [finding.path for finding in in_form]
    assert [False] == [finding.in_mime for finding in in_form]


def test_files_of_a_form_are_found_as_they_were() -> None:
    """Names with quotes, line ends and letters outside ASCII come back; so does a message."""
    found = texts(uploaded("inline", 'Größe "A4"\n.png', b"\x89PNG\r\n\xff", "image/png"))

    assert 'Größe "A4"\n.png' in found
    assert b"\x89PNG\r\n\xff".decode("latin-1") in found
    assert "image/png" in found


def test_a_message_in_a_form_is_seen_by_recipients() -> None:
    """MIME that is uploaded is MIME, whatever its field is called; other fields are not."""
    request = uploaded("message", "mime", mime(TOKEN), "message/rfc822")
    found = [finding for finding in decode_request(request) if TOKEN in finding.text]

    assert {True} == {finding.in_mime for finding in found}
    assert {("body", "form", "message")} == {finding.field[:3] for finding in found}


def test_what_mailcore_notes_is_not_what_is_sent() -> None:
    """`recipients` of a request is left out, wherever else an address stands."""
    request = Call(params={"to": "bob@example.net"}, recipients=("ada@example.net",))

    assert ["to", "bob@example.net"] == texts(request)


def test_messages_as_requests_are_read() -> None:
    """A request that is the message itself is read like any other."""
    moment = datetime(2031, 3, 7, tzinfo=timezone.utc)
    message = Message(from_email="a@example.com", to=[f"{TOKEN}@example.net"], send_at=moment)
    [request] = MemoryProvider().build(message)
    found = texts(request)

    assert f"{TOKEN}@example.net" in found
    assert str(moment) in found
