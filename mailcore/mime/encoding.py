"""
Content-Transfer-Encodings: octets and text as short ASCII lines that end in CRLF (RFC 2045, 6).

No body produced here can hold ``=_``: base64 has no ``_``, and in quoted-printable two hexadecimal
digits or a line end follow each ``=``. A boundary with ``=_`` in it therefore needs no search.
"""

from __future__ import annotations

import re

from binascii import b2a_base64, b2a_qp
from struct import Struct


__all__ = ["MAX_LINE_OCTETS", "as_seven_bit", "base64_lines", "encode_text", "quoted_printable"]

MAX_LINE_OCTETS = 998
"""RFC 5322, section 2.1.1: what a line may hold, without its CRLF."""

_MAX_ENCODED_LINE = 76

# Wrapping costs as much as encoding. Cutting blocks of 512 lines with struct was the fastest in
# pure Python: half the time of base64.encodebytes, without the memory of a list of all lines
# (benchmarks/build.py).
_LINE_OCTETS = _MAX_ENCODED_LINE // 4 * 3
_BLOCK_LINES = 512
_BLOCK_OCTETS = _LINE_OCTETS * _BLOCK_LINES
_cut_block = Struct(f"{_MAX_ENCODED_LINE}s" * _BLOCK_LINES).unpack

# What b2a_qp leaves to us: a "." or "From " that begins a line (some relays change them, RFC 2049,
# section 3), and lines that became too long because it escaped the space at their end afterwards.
_QP_LINE_TO_MEND = re.compile(rb"^(?:\.|From |.{77}).*", re.MULTILINE)

_LINE_END = re.compile(rb"\r\n|\r|\n")


def encode_text(text: str) -> tuple[str, list[bytes]]:
    """
    Encode the text of a body as UTF-8 in whichever encoding is shorter.

    Every line end, be it CRLF, LF or CR, becomes CRLF. ASCII is always quoted-printable: scanners
    take base64 there for a disguise.

    Returns:
        The name of the encoding, and the lines in pieces.
    """
    octets = text.encode("utf-8")
    if b"\r" in octets:
        octets = _with_lf(octets)
    if text.isascii():
        return "quoted-printable", [_finished(b2a_qp(octets))]
    # Of each character beyond ASCII, all of its two to four octets are escaped: so many at least.
    escaped = (len(octets) - len(text)) * 4 // 3
    quoted = None
    if 6 * escaped <= len(octets):
        quoted = _finished(b2a_qp(octets))
        if 3 * len(quoted) <= 4 * len(octets):
            return "quoted-printable", [quoted]
    lines = octets.count(b"\n")
    flat = (len(octets) + lines + 2) // 3 * 4
    base64_size = flat + 2 * ((flat - 1) // _MAX_ENCODED_LINE)
    if len(octets) + lines + 2 * escaped <= base64_size:
        quoted = quoted or _finished(b2a_qp(octets))
        if len(quoted) <= base64_size:
            return "quoted-printable", [quoted]
    return "base64", base64_lines(octets.replace(b"\n", b"\r\n"))


def quoted_printable(text: str) -> bytes:
    """
    Encode the text of a body as UTF-8 in quoted-printable (RFC 2045, section 6.7).

    Every line end, be it CRLF, LF or CR, becomes CRLF. Lines have at most 76 octets, no white
    space at their end, and neither a ``.`` nor ``From`` at their start.
    """
    return _finished(b2a_qp(_with_lf(text.encode("utf-8"))))


def _with_lf(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _finished(encoded: bytes) -> bytes:
    """The output of b2a_qp with its faults mended and CRLF in place of LF."""
    # Looking for the marks of such lines first takes a quarter of the time of the expression
    # (benchmarks/build.py).
    if (
        encoded.startswith((b".", b"From "))
        or b"\n." in encoded
        or b"\nFrom " in encoded
        or (b"=" in encoded and (b"=20\n" in encoded or b"=09\n" in encoded))
    ):
        encoded = _QP_LINE_TO_MEND.sub(_mend_line, encoded)
    return encoded.replace(b"\n", b"\r\n")


def _mend_line(match: re.Match[bytes]) -> bytes:
    line = match[0]
    pieces = []
    while True:
        if line.startswith((b".", b"From ")):
            line = b"=%02X" % line[0] + line[1:]
        if len(line) <= _MAX_ENCODED_LINE:
            pieces.append(line)
            return b"=\n".join(pieces)
        cut = _MAX_ENCODED_LINE - 1
        escape = line.rfind(b"=", cut - 2, cut)
        if escape >= 0:
            cut = escape
        pieces.append(line[:cut])
        line = line[cut:]


def base64_lines(octets: bytes) -> list[bytes]:
    """
    Encode octets as base64 in lines of 76 (RFC 2045, section 6.8).

    Returns:
        Pieces to be joined with the rest of a message: joining them here would cost a further
        copy of the content. The last line has no CRLF.
    """
    view = memoryview(octets)
    whole = len(octets) // _BLOCK_OCTETS * _BLOCK_OCTETS
    pieces: list[bytes] = []
    for start in range(0, whole, _BLOCK_OCTETS):
        flat = b2a_base64(view[start : start + _BLOCK_OCTETS], newline=False)
        pieces += (b"\r\n".join(_cut_block(flat)), b"\r\n")
    flat = b2a_base64(view[whole:], newline=False)
    lines = [flat[i : i + _MAX_ENCODED_LINE] for i in range(0, len(flat), _MAX_ENCODED_LINE)]
    if lines:
        pieces.append(b"\r\n".join(lines))
    elif pieces:
        del pieces[-1]
    return pieces


def as_seven_bit(octets: bytes) -> bytes | None:
    """
    The octets with CRLF line ends, if they can travel as they are (RFC 2045, section 2.7).

    Returns:
        None if a NUL or an octet outside ASCII is among them, or a line has more than 998.
    """
    if not octets.isascii() or b"\0" in octets:
        return None
    lines = _LINE_END.split(octets)
    return None if max(map(len, lines)) > MAX_LINE_OCTETS else b"\r\n".join(lines)
