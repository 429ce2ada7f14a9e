"""HTTP requests and answers as the wire's log shows them: see :mod:`mailcore.http.wire_text`."""

from __future__ import annotations

import base64
import json
import re

from collections.abc import Collection, Iterator, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from mailcore.flow import HttpRequest, HttpResponse
from mailcore.foundation.redaction import shown_size
from mailcore.http.wire_text import MAX_TEXT_CHARACTERS, Sheet
from mailcore.message.content_type import parameters_of


MAX_READ_BYTES = 16 * 1024 * 1024
"""A larger body is told by its size."""

# What a header may say that no secret does; of all others the size is told.
_SHOWN_HEADERS = re.compile(
    r"accept|content-(?:type|length|encoding)|date|retry-after|server|user-agent|via"
    r"|(?:x-)?(?:[a-z]+-)?request-?id|(?:x-)?ratelimit-[a-z-]+"
)
_SEGMENT = re.compile(r"[A-Za-z0-9._@~,!-]{1,60}")
_NUMBER = re.compile(r"\d{1,12}")


def secrets_of(request: HttpRequest) -> frozenset[str]:
    """What a request brings that must not be seen anywhere: in the answer, say, that repeats it."""
    found: set[str] = set()
    for name, value in request.headers.items():
        if not _SHOWN_HEADERS.fullmatch(name.lower()):
            found.add(value)
            found.update(_credentials(value))
    try:
        parts = urlsplit(request.url)
        found.update(filter(None, (parts.username, parts.password)))
    except ValueError:
        pass
    found |= {unquote(each) for each in found}
    return frozenset(found)


def _credentials(value: str) -> Iterator[str]:
    scheme, _, rest = value.strip().partition(" ")
    if not rest:
        return
    yield rest.strip()
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except ValueError:
            return
        yield from (user, password)


def request_text(request: HttpRequest, secrets: Collection[str]) -> str:
    """A request in one line: method, URL, headers, body."""
    sheet = Sheet(secrets)
    sheet.write(f"{request.method} {_url(request.url, sheet)}")
    _add_headers(sheet, request.headers)
    _add_body(sheet, request.headers, request.body)
    return sheet.text


def answer_text(answer: HttpResponse, secrets: Collection[str]) -> str:
    """An answer in one line: status, headers, body."""
    sheet = Sheet(secrets, of_answer=True)
    sheet.write(f"{answer.status_code}")
    _add_headers(sheet, answer.headers)
    _add_body(sheet, answer.headers, answer.body)
    return sheet.text


def _url(url: str, sheet: Sheet) -> str:
    """The URL without user, password and the values of its query; ids in the path by their size."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return f"<{shown_size(url)}>"
    segments = []
    for segment in map(unquote, parts.path.split("/")):
        shown = sheet.shortened(segment)
        fits = shown != segment or not segment or _SEGMENT.fullmatch(segment)
        segments.append(shown if fits else f"<{shown_size(segment)}>")
    values = []
    for name, value in query:
        shown = value if _NUMBER.fullmatch(value) else f"<{shown_size(value)}>"
        values.append(f"{sheet.name(name)}={shown}")
    shown_query = f"?{'&'.join(values)}" if values else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{'/'.join(segments)}{shown_query}"


def _add_headers(sheet: Sheet, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        shown = f"<{shown_size(value)}>"
        if _SHOWN_HEADERS.fullmatch(name.lower()) and len(value) <= MAX_TEXT_CHARACTERS:
            shown = sheet.shortened(value, is_id=True)
        sheet.write(f" | {sheet.name(name)}: {shown}")


def _add_body(sheet: Sheet, headers: Mapping[str, str], body: bytes) -> None:
    if not body:
        return
    sheet.write(" | ")
    content_type = next((v for n, v in headers.items() if n.lower() == "content-type"), "")
    kind = content_type.partition(";")[0].strip().lower()
    if len(body) > MAX_READ_BYTES:
        sheet.write(f"<{shown_size(body)}>")
    elif kind == "application/x-www-form-urlencoded":
        _add_fields(sheet, parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif kind == "multipart/form-data":
        _add_fields(sheet, _parts(body, parameters_of(content_type).get("boundary", "")))
    else:
        _add_json(sheet, body)


def _add_json(sheet: Sheet, body: bytes) -> None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace") if len(body) <= MAX_TEXT_CHARACTERS else ""
        # Whatever says no in words: a proxy, or a service that refuses credentials.
        sheet.value(text or body, "message" if "<" not in text else "html")
        return
    sheet.value(document)


def _add_fields(sheet: Sheet, fields: Collection[tuple[str, str | bytes]]) -> None:
    for number, (name, value) in enumerate(fields):
        if sheet.is_full:
            return
        sheet.write(f"{'&' if number else ''}{sheet.name(name)}=")
        sheet.value(value, name)


def _parts(body: bytes, boundary: str) -> list[tuple[str, str | bytes]]:
    """Names and values of a form; those of files, and without a readable name, as bytes."""
    if not boundary:
        return [("", body)]
    found: list[tuple[str, str | bytes]] = []
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        value = value.removesuffix(b"\r\n")
        line = head.decode("utf-8", "replace")
        name = _NAME.search(line)
        is_told = name is not None and not _FILE.search(line)
        text = value if not is_told else value.decode("utf-8", "replace")
        found.append((unquote(name[1]) if name else "", text))
    return found


_NAME = re.compile(r'[; ]name="([^"]*)"')
_FILE = re.compile(r"[; ]filename\*?=")
