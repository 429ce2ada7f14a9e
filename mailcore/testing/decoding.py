"""
Everything that is said in a request, however it is wrapped, with the place where it is said.

A provider may put a value into JSON, a form, a query, a header or a MIME message, and encode it as
base64, quoted-printable or RFC 2047 words. :func:`decode_request` opens all of these, any number
of them inside each other, so that a test can ask whether a value got there, and where.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import unicodedata

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as MimeMessage
from email.utils import collapse_rfc2231_value
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from mailcore.flow import HttpRequest, Request
from mailcore.testing.form_data import is_form_data, read_form_data


MIME = "mime"
"""The step of a path that enters an RFC 5322 message."""
HEADER = "header:"
"""How the step of a path into a header field begins; its name follows in lower case."""

_MAX_DEPTH = 24
_MIME_START = re.compile(
    rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*?"
    rb"(?:from|to|subject|date|mime-version|content-type)[ \t]*:",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_FORM = re.compile(r"[^\s=&]+=[^\s=&]*(?:&[^\s=&]+=[^\s=&]*)*")
_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True)
class Finding:
    """
    One text in a request.

    Args:
        path: The steps from the request to it: field names, keys, ``[n]`` for list items, what was
            decoded on the way (``json``, ``form``, ``base64``, ``mime``), ``header:name``.
        text: The text, decoded. Numbers and the like as Python writes them.
    """

    path: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        """The path for people."""
        return " > ".join(self.path)

    @property
    def field(self) -> tuple[str, ...]:
        """The path without positions in lists: what all items of a list have in common."""
        return tuple(step for step in self.path if not step.startswith("["))

    @property
    def in_mime(self) -> bool:
        """Whether it stands in a MIME message, which recipients get to see."""
        return MIME in self.path


def decode_request(request: object) -> list[Finding]:
    """
    Every text in a request, in the order of its fields.

    Takes any value: dataclasses, mappings, sequences, objects. What mailcore itself notes in
    ``recipients`` of a request is left out: it is not sent.
    """
    return list(_walk(request, (), 0))


def contains(findings: list[Finding], text: str) -> bool:
    """Whether a text is in any of them, whatever its case and normal form."""
    wanted = unicodedata.normalize("NFC", text).casefold()
    return any(
        wanted in unicodedata.normalize("NFC", finding.text).casefold() for finding in findings
    )


def innermost(findings: list[Finding], text: str) -> list[Finding]:
    """Where a text stands once everything around it is decoded."""
    found = [finding for finding in findings if text in finding.text.casefold()]
    around = {finding.path[:length] for finding in found for length in range(len(finding.path))}
    return [finding for finding in found if finding.path not in around]


def _walk(value: object, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    if value is None or depth > _MAX_DEPTH:
        return
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        yield from _text(value, path, depth)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        yield from _octets(bytes(value), path, depth)
    elif isinstance(value, (bool, int, float, date)):
        yield Finding(path, str(value))
    elif isinstance(value, HttpRequest):
        yield from _http(value, path, depth)
    else:
        yield from _parts(value, path, depth)


def _parts(value: object, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield Finding((*path, str(key), "key"), str(key))
            yield from _walk(item, (*path, str(key)), depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for position, item in enumerate(value):
            yield from _walk(item, (*path, f"[{position}]"), depth + 1)
    else:
        for name, item in _attributes(value):
            yield from _walk(item, (*path, name), depth + 1)


def _attributes(value: object) -> Iterator[tuple[str, Any]]:
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if not (isinstance(value, Request) and field.name == "recipients"):
                yield field.name, getattr(value, field.name)
    elif not isinstance(value, type) and not callable(value):
        yield from getattr(value, "__dict__", {}).items()


def _http(request: HttpRequest, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    yield Finding((*path, "method"), request.method)
    yield from _url(request.url, (*path, "url"), depth)
    content_type = ""
    for name, text in request.headers.items():
        place = (*path, f"{HEADER}{name.lower()}")
        yield Finding((*place, "name"), name)
        yield from _text(text, place, depth)
        scheme, _, credentials = text.partition(" ")
        if scheme.lower() == "basic":
            yield from _base64(credentials, place, depth)
        if name.lower() == "content-type":
            content_type = text
    body = (*path, "body")
    if is_form_data(content_type):
        yield from _form_data(request.body, content_type, body, depth)
    else:
        yield from _octets(request.body, body, depth)


def _url(url: str, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    yield Finding(path, url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if unquote(parts.path) != parts.path:
        yield Finding((*path, "path"), unquote(parts.path))
    yield from _pairs(parts.query, (*path, "query"), depth)


def _pairs(query: str, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    for position, (name, item) in enumerate(parse_qsl(query, keep_blank_values=True)):
        yield Finding((*path, name, f"[{position}]", "key"), name)
        yield from _walk(item, (*path, name, f"[{position}]"), depth + 1)


def _form_data(
    body: bytes, content_type: str, path: tuple[str, ...], depth: int
) -> Iterator[Finding]:
    """Fields of RFC 7578: MIME in form, but nothing that a recipient sees."""
    parts = read_form_data(body, content_type)
    if parts is None:
        yield from _octets(body, path, depth)
        return
    for position, part in enumerate(parts):
        place = (*path, "form", part.name, f"[{position}]")
        yield Finding((*place, "key"), part.name)
        if part.filename is not None:
            yield Finding((*place, "filename"), part.filename)
        if part.content_type:
            yield Finding((*place, "content-type"), part.content_type)
        yield from _octets(part.content, place, depth + 1)


def _octets(data: Any, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    if not isinstance(data, bytes) or depth > _MAX_DEPTH:
        return
    if _MIME_START.match(data):
        yield from _mime(message_from_bytes(data), (*path, MIME), depth + 1)
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        # A file: its ASCII parts can still be found.
        yield Finding(path, data.decode("latin-1"))
        return
    yield from _text(text, path, depth)


def _text(text: str, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    yield Finding(path, text)
    bare = text.strip()
    if depth > _MAX_DEPTH or not bare:
        return
    if bare[0] in "{[":
        try:
            document = json.loads(bare)
        except (ValueError, RecursionError):
            pass
        else:
            yield from _walk(document, (*path, "json"), depth + 1)
            return
    if "=?" in bare:
        words = _words(bare)
        if words != bare:
            yield Finding((*path, "words"), words)
    if bare.startswith(("https://", "http://")) and "?" in bare and len(bare.split()) == 1:
        yield from _url(bare, (*path, "url"), depth + 1)
    elif _FORM.fullmatch(bare):
        yield from _pairs(bare, (*path, "form"), depth)
    elif _MIME_START.match(bare.encode("utf-8", "replace")) and "\n" in bare:
        data = bare.encode("utf-8", "surrogateescape")
        yield from _mime(message_from_bytes(data), (*path, MIME), depth + 1)
    yield from _base64(bare, path, depth)


def _base64(text: str, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    joined = "".join(text.split())
    if not _BASE64.fullmatch(joined):
        return
    padded = joined.rstrip("=")
    padded += "=" * (-len(padded) % 4)
    try:
        data = base64.b64decode(padded.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        return
    yield from _octets(data, (*path, "base64"), depth + 1)


def _mime(part: MimeMessage, path: tuple[str, ...], depth: int) -> Iterator[Finding]:
    if depth > _MAX_DEPTH:
        return
    for position, (name, value) in enumerate(part.items()):
        place = (*path, f"{HEADER}{name.lower()}", f"[{position}]")
        unfolded = _FOLD.sub("", str(value))
        yield Finding((*place, "name"), name)
        yield from _text(unfolded, place, depth + 1)
        yield from _parameters(part, name, place)
    payload = part.get_payload()
    if isinstance(payload, list):
        for position, child in enumerate(payload):
            yield from _mime(child, (*path, f"[{position}]"), depth + 1)
        return
    data = part.get_payload(decode=True)
    charset = str(part.get_content_charset("utf-8"))
    try:
        text = data.decode(charset) if isinstance(data, bytes) else ""
    except (LookupError, UnicodeDecodeError):
        yield from _octets(data, (*path, "payload"), depth)
    else:
        yield from _text(text, (*path, "payload"), depth)


def _parameters(part: MimeMessage, header: str, path: tuple[str, ...]) -> Iterator[Finding]:
    """Parameters such as filename, joined and decoded (RFC 2231)."""
    if header.lower() not in ("content-type", "content-disposition"):
        return
    for name, value in (part.get_params(header=header) or [])[1:]:
        try:
            text = collapse_rfc2231_value(value)
        except (LookupError, ValueError):
            text = str(value)
        yield Finding((*path, name.lower()), _words(text))


def _words(text: str) -> str:
    """Decode RFC 2047 words."""
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeDecodeError, ValueError):
        return text
