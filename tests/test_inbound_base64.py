"""Base64 of strangers, as lines of a mail."""

from __future__ import annotations

import base64
import re

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound.base64 import base64_of_octets, base64_of_text, blocks_of, decoded_blocks


BLOCK = 76 * 512
LINES = re.compile(rb"(?:[A-Za-z0-9+/]{76}\r\n)*(?:[A-Za-z0-9+/]{1,76}={0,2})?(?:\r\n)?")


def written(encoded: str) -> bytes:
    """The lines, which must be lines of a mail."""
    lines = b"".join(base64_of_text(encoded))
    assert LINES.fullmatch(lines)
    assert all(len(line) <= 76 for line in lines.split(b"\r\n"))
    return lines


@given(st.binary(max_size=2_000), st.sampled_from(["", "\n", "\r\n", " "]), st.integers(1, 100))
def test_any_wrapping_is_read(content: bytes, line_end: str, width: int) -> None:
    """However wide the lines are, the content is the same."""
    flat = base64.b64encode(content).decode()
    wrapped = line_end.join(flat[i : i + width] for i in range(0, len(flat), width))

    assert content == base64.b64decode(written(wrapped))
    assert content == b"".join(decoded_blocks(wrapped))


@pytest.mark.parametrize("difference", [-4, -1, 0, 1, 4, BLOCK - 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("damage", ["", "=", "\n", "é", "-"])
def test_where_blocks_meet(difference: int, damage: str) -> None:
    """Nothing is lost or doubled at the seams, whether or not something is wrong there."""
    content = bytes(range(251)) * ((BLOCK * 2 + difference) * 3 // 4 // 251)
    flat = base64.b64encode(content).decode()
    at = BLOCK - (BLOCK % 4)

    lines = written(flat[:at] + damage + flat[at:])

    decoded = base64.b64decode(lines)
    if damage == "-":
        # It is a character of the other alphabet: what follows is shifted by it.
        assert decoded[: at * 3 // 4] == content[: at * 3 // 4]
    else:
        assert content == decoded


@given(st.text(max_size=300))
def test_any_text_gives_lines(text: str) -> None:
    """What is no base64 gives lines of base64, too."""
    assert base64.b64decode(written(text)) == b"".join(decoded_blocks(text))


@given(st.binary(max_size=500), st.integers(1, 100))
def test_blocks_of_any_size(content: bytes, size: int) -> None:
    """Octets come in whatever pieces."""
    blocks = [content[i : i + size] for i in range(0, len(content), size)]

    assert content == base64.b64decode(b"".join(base64_of_octets(blocks)))


@pytest.mark.parametrize("length", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_octets_are_cut_into_blocks(length: int) -> None:
    """No block is empty or larger than the others."""
    blocks = list(blocks_of(b"x" * length))

    assert length == sum(map(len, blocks))
    assert all(0 < len(block) <= BLOCK for block in blocks)
