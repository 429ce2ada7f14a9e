"""Forms as ``multipart/form-data`` (RFC 7578): taken apart, and put together with one fault."""

from __future__ import annotations

import re

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote


_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*([a-z-]+\*?)=(?:\"([^\"]*)\"|([^;\s]*))", re.IGNORECASE)
_ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True, kw_only=True)
class FormPart:
    """
    A field or a file of a form.

    Args:
        name: The name of the field of the form.
        content: The value of the field or the octets of the file, as they are.
        filename: The name of the file; None for a field without one.
        content_type: Empty if the part does not say.
    """

    name: str
    content: bytes = field(repr=False)
    filename: str | None = None
    content_type: str = ""


def is_form_data(content_type: str) -> bool:
    """Whether a Content-Type header announces such a form."""
    return content_type.lower().lstrip().startswith("multipart/form-data")


def read_form_data(body: bytes, content_type: str) -> list[FormPart] | None:
    """
    Take a form apart: names as browsers write them, in UTF-8 with ``%22``, and as RFC 2231 does.

    Returns:
        The parts in order. None if it is no form, without a boundary or with none of it in the
        body.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        return None
    delimiter = b"\r\n--" + (match[1] or match[2]).encode("utf-8", "replace")
    pieces = (b"\r\n" + body).split(delimiter)[1:]
    if not pieces:
        return None
    return [_part(piece) for piece in pieces if not piece.startswith(b"--")]


def _part(piece: bytes) -> FormPart:
    head, _, content = piece.partition(b"\r\n\r\n")
    fields = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    found = {}
    for match in _PARAMETER.finditer(fields.get("content-disposition", "")):
        key = match[1].lower()
        value = match[3] if match[2] is None else match[2]
        # RFC 2231: charset'language'percent-encoded.
        found[key.rstrip("*")] = unquote(value.split("'", 2)[-1] if key.endswith("*") else value)
    return FormPart(
        name=found.get("name", ""),
        content=content,
        filename=found.get("filename"),
        content_type=fields.get("content-type", ""),
    )


def write_form_data(parts: Iterable[FormPart], content_type: str) -> bytes:
    """Put a form together, with the boundary that a Content-Type header names."""
    match = _BOUNDARY.search(content_type)
    boundary = (match[1] or match[2]) if match else "boundary"
    pieces: list[bytes] = []
    for part in parts:
        head = f'Content-Disposition: form-data; name="{part.name.translate(_ESCAPED)}"'
        if part.filename is not None:
            head += f'; filename="{part.filename.translate(_ESCAPED)}"'
        if part.content_type:
            head += f"\r\nContent-Type: {part.content_type}"
        pieces += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), part.content, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])
