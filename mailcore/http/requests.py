"""The requests of providers with an HTTP API: JSON, forms, and forms with files."""

from __future__ import annotations

import base64
import json
import re

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from urllib.parse import urlencode

from mailcore.errors import SerializationError
from mailcore.flow import HttpRequest
from mailcore.foundation.frozen import FrozenDict
from mailcore.foundation.redaction import redact


JSON_HEADERS: Mapping[str, str] = FrozenDict(
    {"Accept": "application/json", "Content-Type": "application/json"}
)
"""What a request with a JSON body says of it, and of the answer."""

# What holds itself is a RecursionError then, as what is nested too deeply.
_to_json = json.JSONEncoder(allow_nan=False, check_circular=False).encode


def json_bytes(payload: object) -> bytes:
    """
    JSON in ASCII.

    Args:
        payload: A document of dicts, lists, texts, numbers, booleans and None.

    Raises:
        SerializationError: If JSON cannot hold a value.
    """
    try:
        return _to_json(payload).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        # json's own words repeat the value, at times.
        kind = type(error).__name__
        raise SerializationError(
            f"a value{_place_in(payload)} cannot be written as JSON ({kind}): give texts, finite "
            "numbers, booleans, lists and mappings"
        ) from None


def _place_in(payload: object) -> str:
    """Which parameter of a request has what JSON cannot hold."""
    if not isinstance(payload, Mapping):
        return ""
    for name, value in payload.items():
        try:
            _to_json(value)
        except (TypeError, ValueError, RecursionError):
            return f" in `{redact(str(name))}`"
    return ""


def json_request(
    url: str,
    payload: object,
    *,
    headers: Mapping[str, str],
    recipients: tuple[str, ...] = (),
    timeout_seconds: float = 30.0,
    method: str = "POST",
) -> HttpRequest:
    """
    A request with a JSON body.

    Args:
        url: The absolute URL of the call.
        payload: A document of dicts, lists, texts, numbers, booleans and None.
        headers: Header fields beside those that say that the body is JSON.
        recipients: The addresses that the request sends to, as in :class:`~mailcore.flow.Request`.
        timeout_seconds: How long the exchange may take, as in :class:`~mailcore.flow.HttpRequest`.
        method: The HTTP method in capitals.

    Raises:
        SerializationError: If JSON cannot hold a value.
    """
    return HttpRequest(
        method=method,
        url=url,
        headers={**JSON_HEADERS, **headers},
        body=json_bytes(payload),
        timeout_seconds=timeout_seconds,
        recipients=recipients,
    )


@dataclass(frozen=True, kw_only=True)
class FormFile:
    """
    A file in a form.

    Args:
        name: The name of the field of the form.
        filename: The name that the provider gives to the file.
        content: The octets of the file.
        content_type: The media type of the file, such as ``image/png``.
    """

    name: str
    filename: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


def form_request(
    url: str,
    fields: Iterable[tuple[str, str]],
    files: Sequence[FormFile] = (),
    *,
    headers: Mapping[str, str],
    recipients: tuple[str, ...] = (),
    timeout_seconds: float = 30.0,
    method: str = "POST",
    multipart: bool = False,
) -> HttpRequest:
    """
    A request with a form: URL-encoded, or ``multipart/form-data`` if there are files.

    Args:
        url: The absolute URL of the call.
        fields: Names and values, in order; names may repeat.
        files: The files, which follow the fields; with any, the form is multipart.
        headers: Header fields beside those that say what the body is.
        recipients: The addresses that the request sends to, as in :class:`~mailcore.flow.Request`.
        timeout_seconds: How long the exchange may take, as in :class:`~mailcore.flow.HttpRequest`.
        method: The HTTP method in capitals.
        multipart: Write ``multipart/form-data`` in any case, where the provider takes it: texts
            need no escapes, which takes a fifth of the time.

    Raises:
        SerializationError: If a text has half of a surrogate pair.
    """
    try:
        if files or multipart:
            content_type, body = _multipart(fields, files)
        else:
            content_type = "application/x-www-form-urlencoded"
            body = urlencode(list(fields)).encode("ascii")
    except UnicodeEncodeError:
        # Python's own error has the whole text.
        raise SerializationError(
            "a text cannot be written as UTF-8: it has half of a surrogate pair"
        ) from None
    return HttpRequest(
        method=method,
        url=url,
        headers={"Accept": "application/json", "Content-Type": content_type, **headers},
        body=body,
        timeout_seconds=timeout_seconds,
        recipients=recipients,
    )


def basic_authorization(username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617), in UTF-8."""
    credentials = base64.b64encode(f"{username}:{password}".encode())
    return f"Basic {credentials.decode('ascii')}"


def _multipart(fields: Iterable[tuple[str, str]], files: Iterable[FormFile]) -> tuple[str, bytes]:
    # Names as browsers write them, in UTF-8 and never in the form of RFC 2231, which RFC 7578
    # forbids: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html (read
    # 2026-11-21). urllib3 can write it as well, in five times the time.
    boundary = f"mailcore-{token_hex(16)}"
    start = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    text = "".join([f'{start}{_escaped(name)}"\r\n\r\n{value}\r\n' for name, value in fields])
    pieces = [text.encode("utf-8")]
    for file in files:
        head = (
            f'{start}{_escaped(file.name)}"; filename="{_escaped(file.filename)}"\r\n'
            f"Content-Type: {_one_line(file.content_type)}\r\n\r\n"
        )
        pieces += [head.encode("utf-8"), file.content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces)


_ESCAPED = {'"': "%22", "\r": "%0D", "\n": "%0A"}
_TO_ESCAPE = re.compile(r'["\r\n]')


def _escaped(value: str) -> str:
    return _TO_ESCAPE.sub(lambda match: _ESCAPED[match[0]], value)


def _one_line(value: str) -> str:
    return " ".join(value.split())
