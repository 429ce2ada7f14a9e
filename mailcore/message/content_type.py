"""
The type of a part (RFC 2045, section 5), and the charset of its octets (RFC 2046, section 4.1.2).

=======================  ===========================================================================
Content                  Its charset
=======================  ===========================================================================
``str``                  encoded in the charset that the type names, or else in UTF-8, which the
                         type then names; an error if it cannot be
octets with a charset    must be in it, as far as Python knows it
``text/*`` octets        UTF-8, which the type then names, if some are above 127 and all of them are
without one              UTF-8; none is named for others, and nobody guesses
=======================  ===========================================================================

A type that is not given is what the name of the file says (:mod:`mailcore.message.file_types`);
where that says nothing, octets are looked at for a picture (:mod:`mailcore.message.image_types`).
"""

from __future__ import annotations

import codecs
import os
import re

from mailcore.errors import Problem
from mailcore.foundation.redaction import shown_size
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.message.file_types import type_of_file
from mailcore.message.image_types import type_of_image


__all__ = ["content_and_type", "content_type_of", "mime_type_of", "parameters_of"]

_ATOM = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
_MIME_TYPE = re.compile(rf"{_ATOM}/{_ATOM}")
_PARAMETER = re.compile(
    rf"[ \t]*;[ \t]*(?P<name>{_ATOM})[ \t]*=[ \t]*(?:\"(?P<quoted>[^\"\\]*)\"|(?P<bare>{_ATOM}))"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# It cannot be folded everywhere, and a line holds 998 octets (RFC 5322, section 2.1.1).
_MAX_CONTENT_TYPE = 900

# Codecs of Python's own, which no reader of mail has; and what is called gb2312, euc-kr or
# shift_jis holds what their supersets added, as https://encoding.spec.whatwg.org/#names-and-labels
# says (read 2026-11-30).
_NO_CHARSETS = frozenset(
    [
        *("idna", "mbcs", "oem", "palmos", "punycode", "undefined", "utf-8-sig"),
        *("raw-unicode-escape", "unicode-escape"),
    ]
)
_READ_AS = {"gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932"}


def mime_type_of(content_type: str) -> str:
    """``type/subtype`` in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def parameters_of(content_type: str) -> dict[str, str]:
    """Parameters of a content type, names in lower case: ``text/plain; charset=x`` → charset."""
    start = _MIME_TYPE.match(content_type)
    return _parameters(content_type, start.end() if start else 0)[0]


def _parameters(content_type: str, position: int) -> tuple[dict[str, str], int]:
    """
    The parameters from *position* on, and where they end.

    At one that is given twice they end: readers disagree over which of them counts.
    """
    found: dict[str, str] = {}
    while match := _PARAMETER.match(content_type, position):
        name, quoted = match["name"].lower(), match["quoted"]
        if name in found:
            break
        found[name] = match["bare"] if quoted is None else quoted
        position = match.end()
    return found, position


def content_type_of(content_type: object, problems: list[Problem]) -> str:
    """A content type as it is written, and what is wrong with it added to *problems*."""
    if not is_text(content_type):
        reason = f"content_type must be str, not {type(content_type).__name__}"
        problems.append(Problem("content_type", reason, kind="type"))
        return ""
    given = plain_text(content_type)
    kind = given.strip(" \t").removesuffix(";").rstrip(" \t")
    start = _MIME_TYPE.match(kind)
    _, end = _parameters(kind, start.end()) if start else ({}, 0)
    if not start or end != len(kind) or _CONTROL.search(kind) or end > _MAX_CONTENT_TYPE:
        reason = f"content_type <{shown_size(given)}> is not type/subtype with parameters"
        problems.append(Problem("content_type", reason, "for example 'application/pdf'"))
        return ""
    if mime_type_of(kind).startswith("multipart/"):
        reason = "content_type multipart cannot be given as content"
        hint = "attach a finished mail, signed or encrypted, with Attachment.from_message()"
        problems.append(Problem("content_type", reason, hint))
    return kind


def content_and_type(
    content: object, content_type: object, filename: str | None, problems: list[Problem]
) -> tuple[bytes, str]:
    """
    The octets of an attachment and its type, which names their charset if it can.

    Args:
        content: The content as octets or as text.
        content_type: None has it told from *filename*, or else, if it is a picture, from *content*.
        filename: The file name of the attachment.
        problems: What is wrong is added here.
    """
    kind = type_of_file(filename) if content_type is None and filename is not None else None
    if content_type is not None:
        kind = content_type_of(content_type, problems)
    if is_text(content):
        return _encoded(plain_text(content), "text/plain" if kind is None else kind, problems)
    if isinstance(content, (bytes, bytearray, memoryview)):
        octets = bytes(content)
        if kind is None:
            kind = type_of_image(octets)
        return octets, _checked(octets, kind or "application/octet-stream", problems)
    reason = f"content of an attachment must be bytes or str, not {type(content).__name__}"
    hint = "read the file first"
    if isinstance(content, os.PathLike):
        hint = "use Attachment.from_path(path), which reads the file"
    elif hasattr(content, "as_bytes"):
        hint = "use Attachment.from_message(mail), or Attachment.from_mime(part)"
    elif callable(getattr(content, "message", None)):
        hint = "use Attachment.from_message(mail.message())"
    problems.append(Problem("content", reason, hint, kind="type"))
    return b"", kind or ""


def _encoded(text: str, kind: str, problems: list[Problem]) -> tuple[bytes, str]:
    """A text in the charset of its type."""
    charset = _charset_of(kind, problems)
    try:
        if charset is None:
            if not kind or kind.lower().startswith("message/"):
                return text.encode("utf-8"), kind
            return text.encode("utf-8"), f'{kind}; charset="utf-8"'
        return text.encode(_codec(charset)), kind
    except UnicodeEncodeError as error:
        code = f"U+{ord(text[error.start]):04X}"
        if "\ud800" <= text[error.start] <= "\udfff":
            problems.append(Problem("content", f"content holds the lone surrogate {code}"))
        else:
            reason = f"content holds {code}, which the charset {charset!r} of its type has not"
            problems.append(Problem("content", reason, "leave the charset out: UTF-8 has all"))
    except LookupError:
        reason = f"content cannot be encoded in the charset <{shown_size(charset)}> of its type"
        problems.append(Problem("content_type", reason, "leave the charset out, or give bytes"))
    return b"", kind


def _checked(octets: bytes, kind: str, problems: list[Problem]) -> str:
    """The type of octets, with a charset if it is certain."""
    is_text_type = kind[:5].lower() == "text/"
    if not is_text_type and "charset" not in kind.lower():
        return kind
    charset = _charset_of(kind, problems)
    if charset is None:
        if is_text_type and not octets.isascii() and _is_in("utf-8", octets):
            return f'{kind}; charset="utf-8"'
        return kind
    try:
        codec = _codec(charset)
    except LookupError:
        # It may be right all the same: there are more charsets than Python has codecs.
        return kind
    if not _is_in(_READ_AS.get(codec, codec), octets):
        reason = f"content is not in the charset {charset!r} of its type"
        hint = "give the charset of the file, or none, or the content as str"
        problems.append(Problem("content_type", reason, hint))
    return kind


def _charset_of(kind: str, problems: list[Problem]) -> str | None:
    parameters = parameters_of(kind)
    if any(name.startswith("charset*") for name in parameters):
        reason = "content_type has a charset in the form of RFC 2231, which few readers know there"
        problems.append(Problem("content_type", reason, "write charset=..."))
    return parameters.get("charset")


def _codec(charset: str) -> str:
    """
    The name of Python's codec.

    Raises:
        LookupError: Python has no such codec, or not for text in mail.
    """
    try:
        codec = codecs.lookup(charset)
    except ValueError as error:
        raise LookupError(charset) from error
    # The attribute is private, and what str.encode() itself looks at.
    is_for_text: bool = getattr(codec, "_is_text_encoding", True)
    if not is_for_text or codec.name.replace("_", "-") in _NO_CHARSETS:
        raise LookupError(charset)
    return codec.name


def _is_in(codec: str, octets: bytes) -> bool:
    try:
        octets.decode(codec)
    except UnicodeError:
        return False
    return True
