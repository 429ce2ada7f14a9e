"""Heads of answers: read as the parser of mail in http.client reads them."""

from __future__ import annotations

import http.client
import io

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.http.heads import MAX_LINE_BYTES, MAX_LINES, read_fields


NAME = st.sampled_from(
    ["Content-Type", "content-length", "X", "Set-Cookie", "x y", "From", "", "ü"]
)
VALUE = st.text(st.characters(max_codepoint=255), max_size=12)
LINE = st.one_of(
    st.builds("{}:{}{}".format, NAME, st.sampled_from(["", " ", "\t ", "  "]), VALUE),
    st.builds(" {}".format, VALUE),
    st.sampled_from(["From me", "no field", "X: folded\r\n on", "multipart: a", "\x00: x"]),
)
END = st.sampled_from(["\r\n", "\n", "\r"])


@example(lines=[("X: a:bX", "\r\n")], last="\r\n")
@example(lines=[("X: a", "\r\n"), (" on", "\r\n")], last="\r\n")
@given(lines=st.lists(st.tuples(LINE, END), max_size=6), last=st.sampled_from(["\r\n", "\n", ""]))
def test_the_same_as_the_parser_of_mail(lines, last):
    """Whatever lines there are: names and values, in order."""
    octets = "".join(line + end for line, end in lines).encode("iso-8859-1") + last.encode()
    expected = http.client.parse_headers(io.BytesIO(octets))

    found = read_fields(io.BytesIO(octets))

    assert list(expected.raw_items()) == list(found.raw_items())
    assert type(expected) is type(found)


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_leaves_the_body(end):
    """What stands behind the empty line stays where it is."""
    file = io.BytesIO(b"A: b" + end + b"body")
    read_fields(file)

    assert b"body" == file.read()


@pytest.mark.parametrize(
    "octets",
    [b"A: " + b"b" * 2 * MAX_LINE_BYTES + b"\r\n\r\n", b"A: b\r\n" * MAX_LINES + b"\r\n"],
    ids=["a line that is too long", "too many lines"],
)
def test_bounded(octets):
    """A head without an end is given up, as http.client does it, and where it does it."""
    places = []
    for read in (read_fields, http.client.parse_headers):
        file = io.BytesIO(octets)
        with pytest.raises(http.client.HTTPException):
            read(file)
        places.append(file.tell())

    assert places[1] == places[0]


@pytest.mark.parametrize(
    "octets",
    [
        b"A: " + b"b" * (MAX_LINE_BYTES - 5) + b"\r\n\r\n",
        b"A: b\r\n" * (MAX_LINES - 1) + b"\r\n",
    ],
    ids=["a long line", "many lines"],
)
def test_at_the_bounds(octets):
    """What is not beyond them is read."""
    found = [read(io.BytesIO(octets)) for read in (read_fields, http.client.parse_headers)]

    assert list(found[1].raw_items()) == list(found[0].raw_items())
