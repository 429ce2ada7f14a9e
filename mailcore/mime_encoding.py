"""
Content-Transfer-Encodings: octets and text as short ASCII lines that end in CRLF (RFC 2045, 6).

No body produced here can hold ``=_``: base64 has no ``_``, and in quoted-printable two hexadecimal
digits or a line end follow each ``=``. A boundary with ``=_`` in it therefore needs no search.
"""

from __future__ import annotations

import re

from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator
from struct import Struct


__all__ = ["MAX_LINE_OCTETS", "as_seven_bit", "base64_lines", "encode_octets", "quoted_printable"]

MAX_LINE_OCTETS = 998
"""RFC 5322, section 2.1.1: what a line may hold, without its CRLF."""

_MAX_ENCODED_LINE = 76

# Wrapping costs as much as encoding. Cutting blocks of 512 lines with struct was the fastest in
# pure Python: half the time of base64.encodebytes, without the memory of a list of all lines.
_LINE_OCTETS = _MAX_ENCODED_LINE // 4 * 3
_BLOCK_LINES = 512
_BLOCK_OCTETS = _LINE_OCTETS * _BLOCK_LINES
_cut_block = Struct(f"{_MAX_ENCODED_LINE}s" * _BLOCK_LINES).unpack

# What b2a_qp leaves to us: a "." or "From " that begins a line (some relays change them, RFC 2049,
# section 3), and lines that became too long because it escaped their end afterwards: a space, or,
# with istext=False, the LF itself.
_QP_LINE_TO_MEND = re.compile(rb"^(?:\.|From |.{77}).*", re.MULTILINE)
_QP_BLOCK_OCTETS = 65536
_QP_LITERAL = bytes(octet for octet in range(0x20, 0x7F) if octet != 0x3D) + b"\t"

_LINE_END = re.compile(rb"\r\n|\r|\n")


def quoted_printable(text: str) -> bytes:
    """
    Encode the text of a body as UTF-8 in quoted-printable (RFC 2045, section 6.7).

    Every line end, be it CRLF, LF or CR, becomes CRLF. Lines have at most 76 octets, no white
    space at their end, and neither a ``.`` nor ``From`` at their start.
    """
    octets = text.encode("utf-8")
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _finished(b2a_qp(octets))


def encode_octets(octets: bytes) -> tuple[str, list[bytes]]:
    """
    Encode octets that are mostly text, without changing any: a file of type text/*.

    Quoted-printable, where CRLF stays a line end and a CR or LF alone is escaped; base64 if most
    octets would be escaped, as in UTF-16 or in other scripts than Latin.

    Returns:
        The name of the encoding, and the lines in pieces.
    """
    pairs = octets.count(b"\r\n")
    has_only_pairs = octets.count(b"\r") == pairs == octets.count(b"\n")
    escaped = len(octets.translate(None, _QP_LITERAL))
    if has_only_pairs:
        escaped -= 2 * pairs
    if 2 * escaped > len(octets):
        return "base64", base64_lines(octets)
    if has_only_pairs:
        blocks = (block.replace(b"\r\n", b"\n") for block in _blocks_of_lines(octets))
        return "quoted-printable", [_finished(b2a_qp(block)) for block in blocks]
    pieces: list[bytes] = []
    for block in _blocks_of_lines(octets):
        # Every CR and LF is escaped here, so what CR there is stands in b2a_qp's own line breaks:
        # it writes CRLF if the first line of its input ends so.
        pieces += (_finished(b2a_qp(block, istext=False).replace(b"\r", b"")), b"=\r\n")
    return "quoted-printable", pieces[:-1]


def _blocks_of_lines(octets: bytes) -> Iterator[bytes]:
    """Cut after some LF, because b2a_qp takes three times the memory of what it writes."""
    start = 0
    while start < len(octets):
        end = octets.find(b"\n", start + _QP_BLOCK_OCTETS) + 1 or len(octets)
        yield octets[start:end]
        start = end


def _finished(encoded: bytes) -> bytes:
    """The output of b2a_qp with its faults mended and CRLF in place of LF."""
    # Looking for the marks of such lines first takes a quarter of the time of the expression.
    if (
        encoded.startswith((b".", b"From "))
        or b"\n." in encoded
        or b"\nFrom " in encoded
        or (
            b"=" in encoded and (b"=20\n" in encoded or b"=09\n" in encoded or b"=\n=0A" in encoded)
        )
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
