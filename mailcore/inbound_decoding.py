"""
From the octets of a part to its content and text: transfer encodings and charsets.

Nothing here raises for what a mail holds, unless the caller asks for ``errors="strict"``.
"""

from __future__ import annotations

import binascii
import codecs
import io
import re

from functools import lru_cache

from mailcore.inbound_entity import Buffer


__all__ = ["decode_charset", "decode_transfer"]

_IDENTITY = ("", "7bit", "8bit", "binary")
_UU = ("x-uuencode", "uuencode", "uue", "x-uue")

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# What stands behind the last characters of base64: line ends, a footer.
_MAX_TAIL = 10_000

_CHARSET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+()-]{0,63}")
# Text encodings of Python that are no charsets of mail; decoding IDNA takes quadratic time.
_NOT_CHARSETS = frozenset(["idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"])
# What is called so in mail is a larger set than its standard has.
_IN_PRACTICE = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
}
_SURROGATE = re.compile("[\ud800-\udfff]")
# Characters a UTF-7 text spells in its base64.
_MAY_HOLD_SURROGATES = ("utf-7",)


def decode_transfer(body: Buffer, encoding: str) -> tuple[bytes, str]:
    """
    Undo a Content-Transfer-Encoding (RFC 2045, section 6), as much of it as can be.

    Args:
        body: As it stands in the message.
        encoding: In lower case; empty if there is none.

    Returns:
        The content, and what is wrong with it, if anything.
    """
    if encoding in _IDENTITY:
        return bytes(body), ""
    if encoding == "base64":
        return _base64(body)
    if encoding == "quoted-printable":
        return _quoted_printable(bytes(body)), ""
    if encoding in _UU:
        return _uuencoded(bytes(body))
    return bytes(body), f"its transfer encoding {encoding[:40]!r} is unknown"


def _base64(body: Buffer) -> tuple[bytes, str]:
    try:
        return binascii.a2b_base64(body), ""
    except binascii.Error:
        pass
    # The last group is not complete: decode all before it, without a copy.
    view = memoryview(body)
    group = b""
    for end in range(len(view) - 1, max(len(view) - _MAX_TAIL, -1), -1):
        character = bytes(view[end : end + 1])
        if character not in _BASE64:
            continue
        group = character + group
        try:
            decoded = binascii.a2b_base64(view[:end])
        except binascii.Error:
            continue
        # One character alone is six bits of an octet that is lost.
        last = binascii.a2b_base64(group + b"==") if len(group) > 1 else b""
        return decoded + last, "its base64 is cut off"
    return bytes(body), "it is not base64, as it says"


def _quoted_printable(data: bytes) -> bytes:
    if data.count(b"\r") != data.count(b"\r\n"):
        # binascii drops everything between "=" CR and the next LF.
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return binascii.a2b_qp(data)


def _uuencoded(data: bytes) -> tuple[bytes, str]:
    # Line by line: a list of very short ones takes twenty times their bytes.
    lines = io.BytesIO(data)
    if not any(line.startswith(b"begin ") for line in lines):
        return data, "it is not uuencoded, as it says"
    decoded = bytearray()
    for line in lines:
        if line.strip() == b"end":
            return bytes(decoded), ""
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            # Encoders that count wrongly: the line's first character is its length.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                decoded += binascii.a2b_uu(line[:count])
            except binascii.Error:
                return data, "its uuencoding is broken"
    return bytes(decoded), "its uuencoding has no end"


def decode_charset(data: Buffer, charset: str, errors: str = "replace") -> tuple[str, str]:
    """
    Decode text.

    Without a charset, and with US-ASCII that is not ASCII, it is UTF-8 if it can be, otherwise
    ISO-8859-1, unless *errors* is ``strict``.

    Args:
        data: The octets.
        charset: As declared; empty if it is not.
        errors: As for :meth:`bytes.decode`, for a charset that is known.

    Returns:
        The text, and what is wrong with it, if anything.

    Raises:
        UnicodeDecodeError: With ``errors="strict"``.
    """
    name = _codec(charset) if charset else "ascii"
    if name is None:
        text, _ = _undeclared(data, errors, "ascii")
        return text, f"its charset {charset[:40]!r} is unknown"
    if name == "ascii":
        return _undeclared(data, errors, "latin-1")
    try:
        text, defect = str(data, name, "strict"), ""
    except UnicodeError:
        if errors == "strict":
            raise
        text, defect = str(data, name, errors), f"it is not all in its charset {name}"
    if name in _MAY_HOLD_SURROGATES:
        text = _SURROGATE.sub("\ufffd", text)
    return text, defect


def _undeclared(data: Buffer, errors: str, otherwise: str) -> tuple[str, str]:
    try:
        return str(data, "ascii"), ""
    except UnicodeDecodeError:
        pass
    try:
        return str(data, "utf-8"), "it has 8-bit text without a charset, read as UTF-8"
    except UnicodeDecodeError:
        if errors == "strict":
            raise
    text = str(data, otherwise, errors)
    return text, "it has 8-bit text without a charset, read as ISO-8859-1"


@lru_cache(maxsize=256)
def _codec(charset: str) -> str | None:
    """Python's name for a charset; None if it has none."""
    if not _CHARSET_NAME.fullmatch(charset):
        return None
    name = charset.lower()
    try:
        name = codecs.lookup(_IN_PRACTICE.get(name, name)).name
    except LookupError:
        return None
    name = _IN_PRACTICE.get(name, name)
    if name.replace("-", "_") in _NOT_CHARSETS:
        return None
    try:
        b"a".decode(name)
    except LookupError:
        # Transforms of bytes, such as "hex".
        return None
    except UnicodeError:
        # One byte is no text in UTF-16.
        pass
    return name
