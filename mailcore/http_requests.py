"""The requests of providers with an HTTP API: JSON, forms, and forms with files."""

from __future__ import annotations

import base64
import json
import os
import re

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from mailcore.errors import SerializationError
from mailcore.flow import HttpRequest


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
        url: Absolute.
        payload: Of dicts, lists, texts, numbers, booleans and None.
        headers: Beside those that say that it is JSON.
        recipients: See :class:`~mailcore.flow.Request`.
        timeout_seconds: See :class:`~mailcore.flow.HttpRequest`.
        method: ``POST``, usually.

    Raises:
        SerializationError: If JSON cannot hold a value.
    """
    try:
        body = json.dumps(payload, allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        # json's own words repeat the value, at times.
        kind = type(error).__name__
        raise SerializationError(f"a value cannot be written as JSON ({kind})") from None
    return HttpRequest(
        method=method,
        url=url,
        headers={"Accept": "application/json", "Content-Type": "application/json", **headers},
        body=body,
        timeout_seconds=timeout_seconds,
        recipients=recipients,
    )


@dataclass(frozen=True, kw_only=True)
class FormFile:
    """
    A file in a form.

    Args:
        name: Of the field.
        filename: As the provider is to call it.
        content: Its bytes.
        content_type: Such as ``image/png``.
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
) -> HttpRequest:
    """
    A request with a form: URL-encoded, or ``multipart/form-data`` if there are files.

    Args:
        url: Absolute.
        fields: Names and values, in order; names may repeat.
        files: Follow the fields.
        headers: Beside those that say what the body is.
        recipients: See :class:`~mailcore.flow.Request`.
        timeout_seconds: See :class:`~mailcore.flow.HttpRequest`.
        method: ``POST``, usually.
    """
    if files:
        content_type, body = _multipart(fields, files)
    else:
        content_type = "application/x-www-form-urlencoded"
        body = urlencode(list(fields)).encode("ascii")
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
    # Written here: urllib3 1.x and 2.x write names outside ASCII differently, and telling either
    # how is deprecated by the other. Nobody can write into a value what was not drawn yet.
    boundary = os.urandom(16).hex()
    pieces: list[bytes] = []
    for name, value in fields:
        pieces += (_part_head(boundary, _parameter("name", name)), value.encode(), b"\r\n")
    for file in files:
        parameters = f"{_parameter('name', file.name)}; {_parameter('filename', file.filename)}"
        content_type = f"\r\nContent-Type: {_one_line(file.content_type)}"
        pieces += (_part_head(boundary, parameters + content_type), file.content, b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces)


def _part_head(boundary: str, parameters: str) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {parameters}\r\n\r\n".encode()


_ESCAPED = {'"': "%22", "\r": "%0D", "\n": "%0A"}
_TO_ESCAPE = re.compile(r'["\r\n]')


def _parameter(name: str, value: str) -> str:
    # As browsers write it, in UTF-8 and never in the form of RFC 2231, which RFC 7578 forbids:
    # https://html.spec.whatwg.org/multipage/form-control-infrastructure.html (read 2026-11-21).
    return f'{name}="{_TO_ESCAPE.sub(lambda match: _ESCAPED[match[0]], value)}"'


def _one_line(value: str) -> str:
    return " ".join(value.split())
