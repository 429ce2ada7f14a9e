"""Text of header fields: folds, raw 8-bit, RFC 2047 encoded-words; the way back is encoded_words."""

from __future__ import annotations

import binascii
import re

from mailcore.inbound_decoding import decode_charset


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
        return value.decode("ascii"), ""
    try:
        return value.decode("utf-8"), ""
    except UnicodeDecodeError:
        return value.decode("latin-1"), "8-bit text that is not UTF-8, read as ISO-8859-1"


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
    pieces: list[str] = []
    defects: list[str] = []
    octets, charset = b"", ""
    done = 0

    def flush() -> None:
        nonlocal octets
        if octets:
            decoded, defect = decode_charset(octets, charset)
            pieces.append(decoded)
            if defect:
                defects.append(f"an encoded-word: {defect}")
            octets = b""

    for match in _WORD.finditer(text):
        between = text[done : match.start()]
        word = _octets(match["encoding"], match["text"])
        if word is None:
            continue
        is_first = not done and not match.start()
        if is_first or between.strip(" \t") or not _follows_word(pieces, octets):
            flush()
            pieces.append(between)
        if charset.lower() != match["charset"].lower():
            flush()
        charset = match["charset"]
        octets += word
        done = match.end()
    flush()
    pieces.append(text[done:])
    return "".join(pieces), defects[0] if defects else ""


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
