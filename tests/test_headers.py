from __future__ import annotations

import copy
import enum
import pickle

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Headers, InvalidMessage, InvalidMessageType


@pytest.mark.parametrize(
    "given",
    [
        {"X-A": "1", "Precedence": "bulk"},
        [("X-A", "1"), ("Precedence", "bulk")],
        [["X-A", "1"], ["Precedence", "bulk"]],
        iter([("X-A", "1"), ("Precedence", "bulk")]),
        Headers({"X-A": 1, "Precedence": "bulk"}),
    ],
    ids=["mapping", "pairs", "lists", "iterator", "headers"],
)
def test_takes_mappings_and_pairs(given):
    """Both forms give the same headers, in the order given."""
    headers = Headers(given)

    assert [("X-A", "1"), ("Precedence", "bulk")] == list(headers.items_as_given())
    assert [("X-A", "1"), ("Precedence", "bulk")] == list(headers.items())


def test_lookups_ignore_case_and_spelling_stays():
    """Names are found in any case and listed as they were given."""
    headers = Headers({"x-CaSe": "v"})

    assert "v" == headers["X-Case"]
    assert "X-CASE" in headers
    assert ["x-CaSe"] == list(headers)
    assert 5 not in headers
    assert headers.get(5) is None
    assert headers.get("Y") is None


@pytest.mark.parametrize(
    ("value", "expected"), [(5, "5"), (0, "0"), (-1.5, "-1.5"), ("5", "5"), (10**100, str(10**100))]
)
def test_numbers_become_text(value, expected):
    """Case 101: a number is written as people write it."""
    assert expected == Headers({"X-Num": value})["X-Num"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Bcc", "bcc="),
        ("BCC", "bcc="),
        ("cc", "cc="),
        ("Subject", "subject="),
        ("Return-Path", "envelope_sender="),
        ("MIME-Version", "written for you"),
        ("Received", "mail servers"),
        ("Content-Type", "written for you"),
        ("content-transfer-encoding", "written for you"),
    ],
)
def test_policy_refuses_and_says_what_to_use(name, hint):
    """Case 104: a Bcc header would show the addresses; what else has its own field."""
    with pytest.raises(InvalidMessage, match=hint):
        Headers({name: "a@example.com"})


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "a\n", "a\r\nb", "\x7f", "a" * 127])
def test_names_are_printable_ascii(name):
    """RFC 5322, section 2.2: 33 to 126 without the colon."""
    with pytest.raises(InvalidMessage, match="printable ASCII"):
        Headers({name: "v"})


@pytest.mark.parametrize("control", ["\r", "\n", "\0", "\x0b", "\x7f", "\x85", "\u2028", "\ud800"])
def test_values_are_one_line(control):
    """Whatever breaks a line, or cannot be written, is named by its code point."""
    with pytest.raises(InvalidMessage, match=f"U\\+{ord(control):04X}"):
        Headers({"X-A": f"a{control}Bcc: x@example.com"})


@pytest.mark.parametrize("value", [None, True, b"x", [], {}, object()])
def test_values_of_other_types(value):
    """A value is text or a number."""
    with pytest.raises(InvalidMessageType, match="X-A"):
        Headers({"X-A": value})


def test_a_name_is_given_once():
    """Two names that differ in case only are one header."""
    with pytest.raises(InvalidMessage, match="'x-a' is given twice, as 'X-A' before"):
        Headers([("X-A", "1"), ("x-a", "2")])


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("a" * 994, True),
        ("a" * 995, False),
        ("a" * 600 + " " + "b" * 600, True),
        ("é" * 3000, True),
    ],
    ids=["fits", "too long", "folded", "encoded"],
)
def test_ascii_without_spaces_fits_a_line(value, fits):
    """Cases 96 and 98: ASCII is never encoded, so a run of it must fit 998 octets."""
    if fits:
        assert value == Headers({"XY": value})["XY"]
        return
    with pytest.raises(InvalidMessage, match="a line holds 998"):
        Headers({"XY": value})


def test_all_problems_at_once():
    """Every wrong header is told."""
    with pytest.raises(InvalidMessage) as caught:
        Headers({"Bcc": "x", "a b": "x", "X": "a\nb", "Fine": "x"})

    assert 3 == len(caught.value.problems)


def test_without_and_merged():
    """Copies lack or gain headers, whatever their case; the original stays."""
    headers = Headers({"X-A": "1", "X-B": "2"})

    assert Headers({"X-B": "2"}) == headers.without("x-a", "nope")
    assert Headers({"x-a": "3", "X-B": "2"}) == headers.merged({"x-a": "3"})
    assert Headers({"X-A": "1", "X-B": "2"}) == headers


@pytest.mark.parametrize("other", [{"X-B": "a\r\nBcc: x"}, {"Bcc": "x"}, {"": "x"}])
def test_merging_checks_as_the_constructor(other):
    """No way around the policy."""
    with pytest.raises(InvalidMessage):
        Headers({"X-A": "1"}).merged(other)


def test_equality_hash_and_copies():
    """Equal by value and order; hashable; copies and pickles are equal."""
    headers = Headers({"X-A": "1", "X-B": "2"})

    assert hash(headers) == hash(Headers([("X-A", "1"), ("X-B", "2")]))
    assert headers != Headers({"X-B": "2", "X-A": "1"})
    assert headers != {"X-A": "1", "X-B": "2"}
    assert headers == pickle.loads(pickle.dumps(headers))
    assert headers == copy.deepcopy(headers)


def test_repr_has_no_values():
    """Values may be secrets."""
    assert "Headers(X-Token)" == repr(Headers({"X-Token": "s3cret"}))


@given(st.dictionaries(st.text(st.characters(), max_size=6), st.text(st.characters(), max_size=20)))
def test_what_is_held_is_one_line_each(given):
    """Whatever is accepted cannot break out of its line."""
    try:
        headers = Headers(given)
    except InvalidMessage:
        return
    for name, value in headers.items_as_given():
        assert name.isascii()
        assert 1 >= len(value.splitlines())
        value.encode("utf-8")


class Word(str, enum.Enum):
    """Text that prints differently."""

    NAME = "X-Name"
    VALUE = "value"


def test_text_of_subclasses_is_their_text():
    """Not what their __str__ makes of it; and what is held is plain."""
    headers = Headers({Word.NAME: Word.VALUE})

    assert [("X-Name", "value")] == list(headers.items_as_given())
    assert {str} == {type(text) for pair in headers.items() for text in pair}
