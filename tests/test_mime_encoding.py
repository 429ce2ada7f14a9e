"""Quoted-printable and base64 bodies."""

from __future__ import annotations

import base64
import quopri

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.mime.encoding import as_seven_bit, base64_lines, encode_text, quoted_printable


# Rich in what the encoding is about: its own characters, line ends, lines at the limit.
PIECES = st.sampled_from(
    ["From ", ".", "=", " ", "\t", "\r", "\n", "\r\n", "\x00", "\x7f", "é", "日", "=_", "--", "a"]
    + ["a" * length for length in (72, 73, 74, 75, 76, 77)]
)
TEXT = st.one_of(
    st.text(st.characters(exclude_categories={"Cs"})),
    st.lists(PIECES, max_size=30).map("".join),
)


def check_lines(encoded: bytes) -> None:
    """RFC 2045, section 6.7, and what makes relays change a line."""
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        assert not set(line) - set(range(0x20, 0x7F)) - {0x09}
    assert b"=_" not in encoded


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", b""),
        ("Hello", b"Hello"),
        ("a\nb\r\nc\rd", b"a\r\nb\r\nc\r\nd"),
        ("Grüße = gut", b"Gr=C3=BC=C3=9Fe =3D gut"),
        ("trailing \nand\t\n", b"trailing=20\r\nand=09\r\n"),
        (".\n..\nFrom me\nFromage", b"=2E\r\n=2E.\r\n=46rom me\r\nFromage"),
        ("a" * 76, b"a" * 76),
        ("a" * 77, b"a" * 75 + b"=\r\naa"),
        ("a" * 75 + " \nb", b"a" * 75 + b"=\r\n=20\r\nb"),
        ("." + "a" * 75 + "\n", b"=2E" + b"a" * 72 + b"=\r\naaa\r\n"),
        ("." + "a" * 73, b"=2E" + b"a" * 73),
        ("." + "a" * 74, b"=2E" + b"a" * 72 + b"=\r\naa"),
        ("." + "a" * 70 + "é", b"=2E" + b"a" * 70 + b"=\r\n=C3=\r\n=A9"),
        ("." + "a" * 71 + "é", b"=2E" + b"a" * 71 + b"=\r\n=C3=\r\n=A9"),
        ("." + "a" * 72 + "é", b"=2E" + b"a" * 72 + b"=\r\n=C3=A9"),
        ("a" * 75 + ".b", b"a" * 75 + b"=\r\n=2Eb"),
        ("." + "a" * 69 + "=bb", b"=2E" + b"a" * 69 + b"=3D=\r\nbb"),
        ("a" * 75 + "\t\nb", b"a" * 75 + b"=\r\n=09\r\nb"),
        ("\x00\x0c\x7f", b"=00=0C=7F"),
    ],
)
def test_quoted_printable(text, encoded):
    """Text becomes lines that travel unchanged; only its line ends are unified."""
    assert encoded == quoted_printable(text)


@given(TEXT)
@example(".\n" * 100)
@example("a" * 75 + " \n")
@example("." + "é" * 12 + "aa \nFrom " + "é" * 12 + " \t\n")
def test_quoted_printable_is_read_back(text):
    """The stdlib decodes any text to itself, with CRLF line ends."""
    encoded = quoted_printable(text)

    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert lines.replace("\n", "\r\n").encode() == quopri.decodestring(encoded)
    check_lines(encoded)


@given(TEXT)
@example("日本語" * 100)
@example("é" * 30 + "a" * 50)
@example("=" * 100)
def test_bodies_are_read_back_from_the_shorter_encoding(text):
    """Any text comes back with CRLF line ends, in the encoding that takes fewer octets."""
    encoding, pieces = encode_text(text)
    encoded = b"".join(pieces)
    octets = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()
    in_base64 = base64.encodebytes(octets).rstrip(b"\n").replace(b"\n", b"\r\n")
    quoted = quoted_printable(text)

    decode = {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}[encoding]
    assert octets == decode(encoded)
    if text.isascii():
        assert "quoted-printable" == encoding
    else:
        assert min(len(quoted), len(in_base64)) == len(encoded)


@pytest.mark.parametrize("character", ["é", "日", "😀"])
@pytest.mark.parametrize("line_ends", [0, 3])
def test_the_shorter_encoding_where_they_are_of_nearly_one_length(character, line_ends):
    """Not one octet is given away where the one becomes shorter than the other."""
    escaped = 3 * len(character.encode())
    for count in range(1, 26, 3):
        # Where they meet is a little below nine octets of ASCII for every two beyond it.
        for plain in range(count * escaped, count * escaped * 5 // 3 + 8):
            text = character * count + "\n" * line_ends + "a" * plain
            octets = text.replace("\n", "\r\n").encode()
            in_base64 = base64.encodebytes(octets).rstrip(b"\n").replace(b"\n", b"\r\n")
            shortest = min(len(quoted_printable(text)), len(in_base64))

            assert shortest == len(b"".join(encode_text(text)[1])), (count, plain)


@pytest.mark.parametrize(
    ("text", "encoding", "encoded"),
    [
        ("Grüße aus dem Norden\n", "quoted-printable", b"Gr=C3=BC=C3=9Fe aus dem Norden\r\n"),
        ("日本\n", "base64", b"5pel5pysDQo="),
        ("=====", "quoted-printable", b"=3D=3D=3D=3D=3D"),
        ("", "quoted-printable", b""),
    ],
)
def test_encoding_of_bodies(text, encoding, encoded):
    """Chinese does not double, and ASCII is never disguised."""
    name, pieces = encode_text(text)

    assert (encoding, encoded) == (name, b"".join(pieces))


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff" * 57)
@example(b"\xff" * (57 * 512))
@example(b"\xff" * (57 * 512 * 2))
@example(b"\xff" * (57 * 512 * 2 + 1))
@example(b"\xff" * (57 * 512 - 1))
def test_base64_is_what_the_stdlib_writes(octets):
    """The lines are those of the stdlib, with CRLF between them and none behind."""
    expected = base64.encodebytes(octets).rstrip(b"\n").replace(b"\n", b"\r\n")

    assert expected == b"".join(base64_lines(octets))


@pytest.mark.parametrize(
    ("octets", "clean"),
    [
        (b"Subject: x\n\nbody\rmore\r\n", b"Subject: x\r\n\r\nbody\r\nmore\r\n"),
        (b"", b""),
        (b"a" * 998 + b"\n", b"a" * 998 + b"\r\n"),
        (b"a" * 999, None),
        (b"nul \x00", None),
        ("é".encode(), None),
    ],
)
def test_as_seven_bit(octets, clean):
    """Only what fits RFC 2045, section 2.7, travels as it is."""
    assert clean == as_seven_bit(octets)
