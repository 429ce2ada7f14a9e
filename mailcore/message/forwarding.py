"""
The octets of a message object of the standard library, as they were before it was parsed.

``as_bytes()`` writes the header anew by the policy of the message: it folds lines that were not
folded, and encodes long runs of ASCII, which breaks signatures, URLs and references. A parsed
message still has the lines that it was read from; only what a program put there is written.
"""

from __future__ import annotations

import re

from email.errors import MessageError as StdlibMessageError
from email.generator import BytesGenerator
from email.message import Message as StdlibMessage
from email.policy import SMTP, Compat32, compat32
from io import BytesIO
from typing import Any

from mailcore.errors import InvalidMessage, Problem
from mailcore.mime.headers import header_field


__all__ = ["octets_of", "with_crlf"]

_LINE_END = re.compile(rb"\r\n|\r|\n")
# What mbox files put before each message: it is no part of it (RFC 4155).
_MBOX_LINE = re.compile(rb">?From [^\r\n]*(?:\r\n|\r|\n)")
_SURROGATE = re.compile("[\udc80-\udcff]")


def with_crlf(message: bytes) -> bytes:
    """A message with CRLF at its line ends, and without the line that mbox puts before it."""
    start = _MBOX_LINE.match(message)
    return _LINE_END.sub(b"\r\n", message[start.end() :] if start else message)


_CANNOT_BE_WRITTEN = (
    *(StdlibMessageError, ValueError, TypeError, LookupError, AttributeError),
    # Of parts in parts, hundreds of levels deep.
    RecursionError,
)


def octets_of(message: StdlibMessage[Any, Any]) -> bytes:
    """
    The octets of a message, whatever its policy.

    What the parser of the standard library drops is lost: white space behind the colon of a
    header, and how lines ended.

    Raises:
        InvalidMessage: The standard library cannot write it.
    """
    written = BytesIO()
    try:
        _Generator(written, mangle_from_=False, policy=_Unchanged()).flatten(message)
    except _CANNOT_BE_WRITTEN as error:
        reason = f"the object of `email` cannot be written ({type(error).__name__})"
        hint = "give the bytes that it was read from, or encode its content: encode_base64(part)"
        raise InvalidMessage([Problem("attachments", reason, hint)]) from error
    return written.getvalue()


class _Unchanged(Compat32):
    """Write header lines as they stand, and octets that are not ASCII as they are."""

    max_line_length = None
    cte_type = "8bit"
    linesep = "\n"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The lines of a header field."""
        if type(value) is str and (value.isascii() or _SURROGATE.search(value)):
            # The parser drops the space: where nothing or a fold follows, there mostly was none.
            space = " " if value[:1] not in ("", "\r", "\n") else ""
            return _octets(f"{name}:{space}{value}\n")
        text = str(value)
        if text.isascii():
            return header_field(name, text).replace("\r\n", "\n").encode("ascii")
        fold = getattr(value, "fold", None)
        if fold is None:
            return compat32.fold_binary(name, value)
        return _octets(fold(policy=SMTP).replace("\r\n", "\n"))


class _Generator(BytesGenerator):
    def write(self, s: str) -> None:
        """Write text of a body: also of a message that was parsed from a str."""
        self._fp.write(_octets(s))  # type: ignore[attr-defined]  # the base class has it


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
