"""
Bodies and files of a mail, as SendGrid checks them.
"""

from __future__ import annotations

import base64
import binascii
import re

from collections.abc import Iterator

from mailcore.inbound import ReceivedFile
from mailcore_local.sendgrid.reading import Reader


_TYPE = re.compile(r"[\w.!#$&^+-]+/[\w.!#$&^+-]+(\s*;.*)?", re.ASCII)
_ORDER = {"text/plain": 0, "text/html": 1}


def read_content(reader: Reader, value: object, template_id: str) -> tuple[tuple[str, str], ...]:
    """
    Types and values of the bodies, in order.

    Args:
        reader: The reader that takes the complaints.
        value: What stands in `content`.
        template_id: The template, or an empty text: with one there need be no body.
    """
    items = reader.items(value, "content")
    if not items and not template_id:
        reader.complain(
            "Unless a valid template_id is provided, the content parameter is required. There must"
            " be at least one defined content block.",
            "content",
        )
    found = []
    for n, item in enumerate(items):
        fields = reader.mapping(item, f"content.{n}")
        kind = reader.text(fields.get("type"), f"content.{n}.type")
        text = reader.text(fields.get("value"), f"content.{n}.value")
        if not _TYPE.fullmatch(kind) or ";" in kind:
            reader.complain("The content type is no MIME type, or has a ';'.", f"content.{n}.type")
        if not text:
            reader.complain(
                "The content value must be a string at least one character in length.",
                f"content.{n}.value",
            )
        found.append((kind.lower(), text))
    order = [_ORDER.get(kind, 2) for kind, _ in found]
    if order != sorted(order):
        reader.complain(
            "If present, text/plain must be first, followed by text/html, followed by any other"
            " content.",
            "content",
        )
    if max(order.count(0), order.count(1), 0) > 1:
        reader.complain("text/plain and text/html may stand there once each.", "content")
    return tuple(found)


def read_files(reader: Reader, value: object) -> Iterator[ReceivedFile]:
    """
    The files, inline ones too.

    Args:
        reader: The reader that takes the complaints.
        value: What stands in `attachments`.
    """
    for n, item in enumerate(reader.items(value, "attachments")):
        place = f"attachments.{n}"
        fields = reader.mapping(item, place)
        name = fields.get("filename")
        kind = reader.text(fields.get("type"), f"{place}.type")
        disposition = reader.text(fields.get("disposition"), f"{place}.disposition")
        content_id = reader.text(fields.get("content_id"), f"{place}.content_id")
        if not isinstance(name, str) or any(c in name for c in "\r\n"):
            reader.complain("The filename is required, on one line.", f"{place}.filename")
            name = ""
        if kind and not _TYPE.fullmatch(kind):
            reader.complain("The attachment's type is no MIME type.", f"{place}.type")
        if disposition not in ("", "attachment", "inline"):
            reader.complain("The disposition is 'attachment' or 'inline'.", f"{place}.disposition")
        if disposition == "inline" and not content_id:
            reader.complain("An inline attachment needs a content_id.", f"{place}.content_id")
        text = reader.text(fields.get("content"), f"{place}.content")
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            content = b""
        if not content:
            reader.complain("The attachment content must be base64 encoded.", f"{place}.content")
        yield ReceivedFile(
            content=content,
            filename=name,
            content_type=kind or "application/octet-stream",
            content_id=content_id or None,
            inline=disposition == "inline",
        )
