"""Quoted-printable and base64 bodies."""

from __future__ import annotations

import base64
import quopri

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.mime_encoding import as_seven_bit, base64_lines, encode_octets, quoted_printable


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
        ("a" * 75 + ".b", b"a" * 75 + b"=\r\n=2Eb"),
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


@given(st.one_of(st.binary(max_size=400), TEXT.map(str.encode)))
@example(b"a" * 76 + b"\n")
@example(b"==========FFFFFFFFFFFFFFFFFFF\r\r\n" + "ééé".encode())
@example(b"first\r\n" + b"a" * 75 + b"\n")
def test_octets_are_read_back(octets):
    """Files lose no octet, whatever their line ends are, and in either encoding."""
    encoding, pieces = encode_octets(octets)

    encoded = b"".join(pieces)
    if encoding == "base64":
        assert octets == base64.b64decode(encoded)
    else:
        assert encoding == "quoted-printable"
        assert octets == quopri.decodestring(encoded)
        check_lines(encoded)


@pytest.mark.parametrize(
    "line",
    [b".a line\r\n", b".a line \n", b"no line end", *(b"a" * n + b"\n" for n in range(70, 78))],
)
@pytest.mark.parametrize("rest", [b"", b"rest", b"rest\n"])
def test_large_text_files_are_read_back(line, rest):
    """What is encoded in several blocks is whole when joined."""
    octets = line * (200_000 // len(line)) + rest
    encoding, pieces = encode_octets(octets)

    encoded = b"".join(pieces)
    check_lines(encoded)
    assert ("quoted-printable", octets) == (encoding, quopri.decodestring(encoded))


@pytest.mark.parametrize(
    ("octets", "encoding", "encoded"),
    [
        (b"a,b\r\nc,d\r\n", "quoted-printable", b"a,b\r\nc,d\r\n"),
        (b"a,b\nc,d\n", "quoted-printable", b"a,b=0Ac,d=0A"),
        (b"a\rb\r\nc", "quoted-printable", b"a=0Db=0D=0Ac"),
        ("Größe".encode("latin-1"), "quoted-printable", b"Gr=F6=DFe"),
        ("日本".encode(), "base64", b"5pel5pys"),
        ("text".encode("utf-16-le") + b"\x00", "base64", b"dABlAHgAdAAA"),
        (b"", "quoted-printable", b""),
    ],
)
def test_encoding_of_text_files(octets, encoding, encoded):
    """Text files stay readable in the mail's source, unless most of it would be escapes."""
    assert (encoding, encoded) == (encode_octets(octets)[0], b"".join(encode_octets(octets)[1]))


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff" * 57)
@example(b"\xff" * (57 * 512))
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
