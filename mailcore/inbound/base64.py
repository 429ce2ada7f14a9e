"""
Files of strangers as base64 in lines of a mail, in blocks: nothing stands in memory as a whole.

What providers hand over as base64 mostly need not be decoded for that, only cut into lines.
"""

from __future__ import annotations

import re

from binascii import a2b_base64
from collections.abc import Iterable, Iterator
from struct import Struct

from mailcore.mime.encoding import base64_lines


__all__ = ["base64_of_octets", "base64_of_text", "blocks_of", "decoded_blocks"]

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET + b"-_="))
_PADDING = re.compile(rb"=+")
_LINE = 76
_LINE_OCTETS = _LINE // 4 * 3
_BLOCK_LINES = 512
_BLOCK = _LINE * _BLOCK_LINES
_cut_block = Struct(f"{_LINE}s" * _BLOCK_LINES).unpack


def base64_of_text(encoded: str) -> Iterator[bytes]:
    """Lines of 76, without decoding the text as far as it is plain base64."""
    start = 0
    while start + _BLOCK <= len(encoded):
        block = encoded[start : start + _BLOCK].encode("ascii", "replace")
        if block.translate(None, _ALPHABET):
            break
        yield b"\r\n".join(_cut_block(block))
        yield b"\r\n"
        start += _BLOCK
    yield from base64_of_octets(decoded_blocks(encoded, start))


def base64_of_octets(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of 76, from octets in blocks of any size."""
    pending = b""
    for block in blocks:
        pending += block
        whole = len(pending) // _LINE_OCTETS * _LINE_OCTETS
        if whole:
            yield from base64_lines(pending[:whole])
            yield b"\r\n"
            pending = pending[whole:]
    yield from base64_lines(pending)


def decoded_blocks(encoded: str, start: int = 0) -> Iterator[bytes]:
    """What a text says in base64 from a position on, as far as it is that."""
    pending = b""
    for position in range(start, len(encoded), _BLOCK):
        block = encoded[position : position + _BLOCK].encode("ascii", "replace")
        kept = pending + block.translate(_FROM_URL_SAFE, _NOT_BASE64)
        # Padding within: several texts in base64 behind each other.
        *ended, pending = _PADDING.split(kept)
        for run in ended:
            yield _decoded(run)
        whole = len(pending) // 4 * 4
        yield a2b_base64(pending[:whole])
        pending = pending[whole:]
    yield _decoded(pending)


def _decoded(run: bytes) -> bytes:
    # One character alone is six bits of an octet that is lost.
    whole = run[:-1] if len(run) % 4 == 1 else run
    return a2b_base64(whole + b"=" * (-len(whole) % 4))


def blocks_of(octets: bytes) -> Iterator[bytes]:
    """Octets in blocks."""
    for start in range(0, len(octets), _BLOCK):
        yield octets[start : start + _BLOCK]
