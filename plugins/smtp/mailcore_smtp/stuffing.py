"""The content of a mail as DATA takes it (RFC 5321, section 4.5.2), without the final dot."""

from __future__ import annotations

import re


_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")


def stuffed(content: bytes) -> bytes:
    """
    Lines that all end in CRLF, with a dot more where they begin with one.

    A CR or LF alone would be the end of a line to one server and not to the next, and so let a mail
    end within another (*SMTP smuggling*).
    """
    lines = _LINE_END.sub(b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return _LEADING_DOT.sub(b"..", lines)
