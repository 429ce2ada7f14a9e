"""
The request that brought a mail, in a form that people read.
"""

from __future__ import annotations

import json
import re

from dataclasses import dataclass
from urllib.parse import parse_qsl


MAX_SHOWN_CHARACTERS = 200_000
MAX_PRETTY_BYTES = 5_000_000
MAX_STRING_CHARACTERS = 2_000

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{400,}={0,2}")


@dataclass(frozen=True, kw_only=True)
class ShownBody:
    """
    A body as text.

    Attributes:
        text: What is shown.
        form: ``JSON``, ``form``, ``text`` or ``binary``.
        size_bytes: How many bytes the body has.
        is_complete: Whether all of it is shown; long strings and attachments are not.
    """

    text: str
    form: str
    size_bytes: int
    is_complete: bool


def show_body(body: bytes, content_type: str) -> ShownBody:
    """
    A body in lines: JSON indented, the fields of a form each on a line.

    Args:
        body: The body as it came.
        content_type: The value of its Content-Type.
    """
    kind = content_type.partition(";")[0].strip().lower()
    text, form = "", "text"
    if len(body) <= MAX_PRETTY_BYTES:
        if kind == "application/x-www-form-urlencoded":
            text, form = _form(body), "form"
        elif "json" in kind or body[:1] in (b"{", b"["):
            text = _json(body)
            form = "JSON" if text else form
    if not text:
        head = body[: MAX_SHOWN_CHARACTERS * 4]
        text = head.decode("utf-8", "replace").replace("\x00", "\N{SYMBOL FOR NULL}")
        # Up to three bytes of a character may be missing at the end.
        if text.count("\ufffd") > 3 + len(text) // 100:
            form = "binary"
    shown = _BASE64.sub(_shortened, text)
    cut = shown[:MAX_SHOWN_CHARACTERS]
    return ShownBody(
        text=cut,
        form=form,
        size_bytes=len(body),
        is_complete=cut == text and len(body) <= max(MAX_PRETTY_BYTES, MAX_SHOWN_CHARACTERS * 4),
    )


def _json(body: bytes) -> str:
    try:
        document = json.loads(body)
        return json.dumps(_with_short_strings(document), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _with_short_strings(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_short_strings(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_short_strings(each) for each in value]
    if isinstance(value, str) and len(value) > MAX_STRING_CHARACTERS:
        rest = len(value) - MAX_STRING_CHARACTERS
        return f"{value[:MAX_STRING_CHARACTERS]}… and {rest} characters more"
    return value


def _form(body: bytes) -> str:
    try:
        fields = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1_000
        )
    except ValueError:
        return ""
    return "\n".join(f"{name} = {value}" for name, value in fields)


def _shortened(match: re.Match[str]) -> str:
    return f"{match[0][:60]}… {len(match[0]) * 3 // 4} bytes in base64"
