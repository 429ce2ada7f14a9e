"""
From octets to text, in whatever charset a mail declares or leaves out.

Nothing here raises for what a mail holds, unless the caller asks for ``errors="strict"``.
"""

from __future__ import annotations

import codecs

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mailcore.inbound.charset_labels import UNDECLARED, encoding_of
from mailcore.inbound.entity import Buffer


__all__ = ["decode_charset", "decode_undeclared"]

# Text encodings of Python that are no charsets of mail; decoding IDNA takes quadratic time.
_NOT_CHARSETS = frozenset(["idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"])
_BOM_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HIGHEST_LATIN = 0x9F
_ISO_2022_JP = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
_LONGEST_EXAMINED = 4096

_Decode = Callable[[bytes, str], str]


class _Decoder(NamedTuple):
    name: str
    decode: _Decode


def decode_charset(data: Buffer, charset: str, errors: str = "replace") -> tuple[str, str]:
    """
    Decode text.

    A byte order mark is removed, and that of UTF-8 counts more than what is declared. Without a
    charset, and with US-ASCII that is not ASCII, see :func:`decode_undeclared`.

    Args:
        data: The octets to decode.
        charset: The charset that the mail declares, clutter included; empty if it declares none.
        errors: What happens to octets that cannot be decoded, as for :meth:`bytes.decode`.

    Returns:
        The text, and what is wrong with it, if anything.

    Raises:
        UnicodeDecodeError: With ``errors="strict"``.
    """
    decoder = _decoder(charset) if charset else _UNDECLARED
    if data[:3] == codecs.BOM_UTF8:
        data, decoder = data[3:], _UTF_8
    if data[:2] in _BOM_16 and len(data) % 2 == 0 and decoder in (None, _UNDECLARED, _UTF_8):
        return _utf(2)(bytes(data), errors), "it is UTF-16 and does not say so"
    if decoder is None:
        text, _ = decode_undeclared(data, errors, "ascii")
        return text, f"its charset {charset[:40]!r} is unknown"
    if decoder is _UNDECLARED:
        return decode_undeclared(data, errors)
    if decoder is _UTF_8:
        # Without a copy.
        try:
            return str(data, "utf-8"), ""
        except UnicodeDecodeError:
            if errors == "strict":
                raise
        return str(data, "utf-8", errors), "it is not all in its charset utf-8"
    octets = bytes(data)
    try:
        return decoder.decode(octets, "strict"), ""
    except UnicodeError:
        if errors == "strict":
            raise
    return decoder.decode(octets, errors), f"it is not all in its charset {decoder.name}"


def decode_undeclared(
    data: Buffer, errors: str = "replace", otherwise: str = "windows-1252"
) -> tuple[str, str]:
    """
    Decode text of which nobody says what it is.

    It is UTF-8 if most of what is not ASCII can be: one octet that was cut off or damaged changes
    nothing about the others. Hardly any text of another charset looks like that.

    Args:
        data: The octets to decode.
        errors: What happens to octets that cannot be decoded, as for :meth:`bytes.decode`;
            ``strict`` takes UTF-8 only.
        otherwise: What it is if it is not UTF-8: ``windows-1252``, or ``ascii`` where it is known
            to be neither.

    Returns:
        The text, and what is wrong with it, if anything.
    """
    try:
        text = str(data, "ascii")
    except UnicodeDecodeError:
        pass
    else:
        if "\x1b" in text and any(escape in bytes(data) for escape in _ISO_2022_JP):
            decoded = _BY_ENCODING["iso-2022-jp"].decode(bytes(data), errors)
            return decoded, "it is ISO-2022-JP and does not say so"
        return text, ""
    try:
        return str(data, "utf-8"), "it has 8-bit text without a charset, read as UTF-8"
    except UnicodeDecodeError:
        if errors == "strict":
            raise
    text = str(data, "utf-8", "replace")
    wrong = text.count("\ufffd")
    right = len(text) - len(text.encode("ascii", "ignore")) - wrong
    if right >= wrong:
        text = text if errors == "replace" else str(data, "utf-8", errors)
        return text, "it has 8-bit text without a charset, read as UTF-8, which not all of it is"
    if otherwise == "ascii":
        return str(data, "ascii", errors), "it has 8-bit text of an unknown charset"
    text = _windows_1252(bytes(data), errors)
    return text, "it has 8-bit text without a charset, read as windows-1252"


def _single_byte(codec: str, changes: dict[int, str] | None = None) -> _Decode:
    """
    A charset of one octet per character.

    What Windows leaves undefined between 0x80 and 0x9F are controls in practice:
    https://encoding.spec.whatwg.org/#index-windows-1252 (read 2026-11-30).
    """

    @lru_cache(maxsize=1)
    def table() -> str:
        # U+FFFE is how charmap_decode is told that there is no character.
        characters = [bytes([octet]).decode(codec, "replace") for octet in range(256)]
        for octet, character in enumerate(characters):
            if character == "\ufffd":
                characters[octet] = chr(octet) if octet <= _HIGHEST_LATIN else "\ufffe"
        for octet, character in (changes or {}).items():
            characters[octet] = character
        return "".join(characters)

    def decode(data: bytes, errors: str) -> str:
        return codecs.charmap_decode(data, errors, table())[0]

    return decode


def _codec(name: str) -> _Decode:
    def decode(data: bytes, errors: str) -> str:
        return data.decode(name, errors)

    return decode


def _utf(width: int, order: str = "") -> _Decode:
    """UTF-16 or UTF-32, in the order that a mark says, that is declared, or that is likely."""
    name = f"utf-{8 * width}"
    little, big = "\ufeff".encode(f"{name}-le"), "\ufeff".encode(f"{name}-be")

    def decode(data: bytes, errors: str) -> str:
        if data.startswith((little, big)):
            found = "le" if data.startswith(little) else "be"
            return data[width:].decode(f"{name}-{found}", errors)
        return data.decode(f"{name}-{order or _likely_order(data, width)}", errors)

    return decode


def _likely_order(data: bytes, width: int) -> str:
    """
    The most significant octets of a text differ the least.

    RFC 2781 (4.3) has big-endian where nothing is said; programs on Windows write little-endian.
    """
    start = data[:_LONGEST_EXAMINED]
    first, last = start[::width], start[width - 1 :: width]
    return "be" if len(set(first)) <= len(set(last)) else "le"


def _utf_7(data: bytes, errors: str) -> str:
    # Its base64 can spell surrogates, which are no text.
    text = data.decode("utf-7", errors)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _east_asian(name: str) -> _Decode:
    def decode(data: bytes, errors: str) -> str:
        from mailcore.inbound import east_asian as inbound_east_asian

        decode_east_asian: _Decode = getattr(inbound_east_asian, name)
        return decode_east_asian(data, errors)

    return decode


_UNDECLARED = _Decoder(UNDECLARED, _codec("ascii"))
_UTF_8 = _Decoder("utf-8", _codec("utf-8"))
_windows_1252 = _single_byte("cp1252")

_DECODERS: dict[str, _Decode] = {
    "ibm866": _codec("cp866"),
    "koi8-r": _codec("koi8-r"),
    # As code page 21866 has it, with the two letters of Belarusian.
    "koi8-u": _single_byte("koi8-u", {0xAE: "\u045e", 0xBE: "\u040e"}),
    "macintosh": _codec("mac_roman"),
    "x-mac-cyrillic": _codec("mac_cyrillic"),
    "windows-874": _single_byte("cp874"),
    **{f"windows-{number}": _single_byte(f"cp{number}") for number in range(1250, 1259)},
    **{f"iso-8859-{part}": _codec(f"iso8859-{part}") for part in (2, 3, 4, 5, 6, 7, 8, 10)},
    **{f"iso-8859-{part}": _codec(f"iso8859-{part}") for part in (13, 14, 15, 16)},
    "x-user-defined": _single_byte(
        "ascii", {octet: chr(0xF700 + octet) for octet in range(128, 256)}
    ),
    "gb18030": _east_asian("decode_gb18030"),
    "hz-gb-2312": _east_asian("decode_hz"),
    "iso-2022-cn": _east_asian("decode_iso_2022_cn"),
    "big5": _east_asian("decode_big5"),
    "euc-jp": _east_asian("decode_euc_jp"),
    "iso-2022-jp": _east_asian("decode_iso_2022_jp"),
    "shift_jis": _codec("cp932"),
    "euc-kr": _codec("cp949"),
    "utf-16": _utf(2),
    "utf-16le": _utf(2, "le"),
    "utf-16be": _utf(2, "be"),
    "utf-32": _utf(4),
    "utf-7": _utf_7,
}
_BY_ENCODING = {
    _UNDECLARED.name: _UNDECLARED,
    _UTF_8.name: _UTF_8,
    **{name: _Decoder(name, decode) for name, decode in _DECODERS.items()},
}


@lru_cache(maxsize=256)
def _decoder(charset: str) -> _Decoder | None:
    """What decodes a charset; None if nobody knows it."""
    encoding = encoding_of(charset)
    if encoding is None:
        return _python_codec(charset.strip().lower())
    if encoding.startswith("py:"):
        return _python_codec(encoding[3:])
    return _BY_ENCODING[encoding]


def _python_codec(charset: str) -> _Decoder | None:
    if not charset.isascii() or "\0" in charset or len(charset) > 64:
        return None
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        return None
    if name.replace("-", "_") in _NOT_CHARSETS:
        return None
    try:
        b"a".decode(name)
    except LookupError:
        # Transforms of bytes, such as "hex".
        return None
    except UnicodeError:
        # One byte is no text in some.
        pass
    return _Decoder(name, _codec(name))
