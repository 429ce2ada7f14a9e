"""Text of header fields: folds, raw 8-bit text, RFC 2047 encoded-words."""

from __future__ import annotations

import binascii
import re

from typing import NamedTuple

from mailcore.inbound.charset import decode_charset, decode_undeclared


__all__ = ["clean", "decode_words", "header_text", "unfolded"]

# Lenient: text may hold spaces, which encoders forget, and a few question marks. The pattern never
# looks past the fourth question mark, so it takes linear time.
_WORD = re.compile(
    r"=\?(?P<charset>[^?*\s]{1,64})(?:\*[^?\s]*)?\?(?P<encoding>[bBqQ])\?"
    r"(?P<text>[^?]*(?:\?(?!=)[^?]*){0,3})\?="
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def unfolded(value: bytes) -> tuple[str, str]:
    """
    The text of a raw header value, not decoded (RFC 5322, section 2.2.3).

    Returns:
        The text, and what is wrong with it, if anything: 8-bit text is UTF-8 (RFC 6532).
    """
    value = value.translate(None, b"\r\n").strip(b" \t")
    if value.isascii():
        # ISO-2022-JP is ASCII, too.
        return decode_undeclared(value) if b"\x1b" in value else (value.decode("ascii"), "")
    try:
        return value.decode("utf-8"), ""
    except UnicodeDecodeError:
        text, _ = decode_undeclared(value)
        return text, "8-bit text that is not all UTF-8"


def header_text(value: bytes) -> tuple[str, str]:
    """The decoded text of a raw header value, on one line, and what is wrong with it."""
    text, defect = unfolded(value)
    if "=?" in text:
        text, in_words = decode_words(text)
        defect = defect or in_words
    return clean(text), defect


def clean(text: str) -> str:
    """Replace what would break a line, tabs of folds included, by a space."""
    return text if text.isprintable() else _CONTROLS.sub(" ", text)


def decode_words(text: str) -> tuple[str, str]:
    """
    Decode all encoded-words of a text (RFC 2047).

    White space between two of them is not part of the text (section 6.2). Some encoders cut
    within a character, so neighbours of one charset are joined before they are decoded.

    Returns:
        The text, and what is wrong with it, if anything.
    """
    pieces: list[str | _Run] = []
    done = 0
    for match in _WORD.finditer(text):
        octets = _octets(match["encoding"], match["text"])
        if octets is None:
            continue
        charset = match["charset"].lower()
        between = text[done : match.start()]
        last = pieces[-1] if pieces else None
        if not isinstance(last, _Run) or between.strip(" \t"):
            pieces += (between, _Run(charset, [octets]))
        elif last.charset != charset:
            pieces.append(_Run(charset, [octets]))
        else:
            last.octets.append(octets)
        done = match.end()
    decoded: list[str] = []
    defects: list[str] = []
    for piece in (*pieces, text[done:]):
        if isinstance(piece, str):
            decoded.append(piece)
            continue
        run, defect = decode_charset(b"".join(piece.octets), piece.charset)
        decoded.append(run)
        defects += [f"an encoded-word: {defect}"] if defect else []
    return "".join(decoded), defects[0] if defects else ""


class _Run(NamedTuple):
    """Encoded-words of one charset with nothing but white space between them."""

    charset: str
    octets: list[bytes]


def _octets(encoding: str, text: str) -> bytes | None:
    data = text.encode("utf-8")
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        pass
    try:
        return binascii.a2b_base64(data + b"==")
    except binascii.Error:
        return None
