"""The header of a mail, read without its body."""

from __future__ import annotations

import pytest

from mailcore.inbound import header_pairs


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"A: 1\r\nB: =?utf-8?q?=C3=A9?=\r\n\r\nC: 3\r\n", (("A", "1"), ("B", "\u00e9"))),
        (b"A: 1\nA: 2\n\n" + b"x" * 10, (("A", "1"), ("A", "2"))),
        (b"A: 1", (("A", "1"),)),
        (b"", ()),
    ],
)
def test_fields_are_read_in_order(raw, expected):
    """Decoded, repeated ones too; what follows the empty line is not looked at."""
    assert expected == header_pairs(raw)


def test_a_header_without_an_end_is_bounded():
    """Of megabytes without an empty line, half of one is read."""
    pairs = header_pairs(b"A: 1\n" * 400_000)

    assert 0 < len(pairs) <= 512 * 1024 // 5 + 1
