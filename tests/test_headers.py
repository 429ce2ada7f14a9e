from __future__ import annotations

import contextlib
import copy
import enum
import pickle
import re
import time

from collections import UserString

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


class Number(enum.IntEnum):
    """Numbers that print differently on Python 3.10 and 3.11."""

    ONE = 1


class Odd(float):
    """A number whose text is its own."""

    def __str__(self):
        return "odd"

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "expected"), [(Number.ONE, "1"), (Odd(1.5), "1.5"), (UserString("lazy"), "lazy")]
)
def test_text_is_the_same_everywhere(value, expected):
    """Members of enumerations, numbers of other libraries, lazy texts."""
    assert expected == Headers({"X-A": value})["X-A"]


ID = "<a.b+c@mail.example>"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Message-ID", "a.b+c@mail.example", ID),
        ("message-id", ID, ID),
        ("Message-ID", "<a.b+c@mail.example", ID),
        ("Message-ID", "a.b+c@mail.example>", ID),
        ("Message-ID", " < a.b+c@mail.example > ", ID),
        ("Message-ID", "<<a.b+c@mail.example>>", ID),
        ("Resent-Message-ID", "a.b+c@mail.example", ID),
        ("In-Reply-To", "a.b+c@mail.example", ID),
        ("References", "a.b+c@mail.example,d@e", f"{ID} <d@e>"),
        ("References", "a.b+c@mail.example\td@e", f"{ID} <d@e>"),
        ("References", f"{ID}<d@e>", f"{ID} <d@e>"),
        ("REFERENCES", f"{ID}, d@e ,<f@[192.0.2.1]>", f"{ID} <d@e> <f@[192.0.2.1]>"),
        ("References", "<of-an-odd-program>", "<of-an-odd-program>"),
        ("In-Reply-To", "%recipient.thread%", "%recipient.thread%"),
        ("In-Reply-To", "{{thread}}", "{{thread}}"),
        ("List-ID", "news.example.com", "<news.example.com>"),
        ("List-ID", "News <news.example.com>", "News <news.example.com>"),
        ("List-Unsubscribe", "https://example.com/u?a,b", "<https://example.com/u?a,b>"),
        (
            "List-Unsubscribe",
            "MAILTO:a@b.example, https://example.com",
            "<MAILTO:a@b.example>, <https://example.com>",
        ),
        ("List-Unsubscribe", "<https://example.com/u>", "<https://example.com/u>"),
        ("List-Unsubscribe", "{{url}}", "{{url}}"),
        ("List-Help", "mailto:a@b.example", "<mailto:a@b.example>"),
        ("List-Post", "NO", "NO"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click", "List-Unsubscribe=One-Click"),
        ("X-Message-ID", "a@b", "a@b"),
        ("X-Empty", "", ""),
    ],
)
def test_brackets(name, value, expected):
    """RFC 5322, 3.6.4, RFC 2369 and RFC 2919: ids and URLs of lists stand in angle brackets."""
    assert expected == Headers({name: value})[name]
    assert expected == Headers({name: expected})[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Message-ID", "order-42"),
        ("Message-ID", "<order-42>"),
        ("Message-ID", "<a@b@c>"),
        ("Message-ID", "@b"),
        ("Message-ID", "a@b c@d"),
        ("Message-ID", ""),
        ("Message-ID", "<a b@c>"),
        ("Message-ID", "é@b"),
        ("In-Reply-To", "Your mail of Monday"),
        ("In-Reply-To", "<>"),
        ("References", " , "),
        ("References", "<a@b> and more"),
    ],
)
def test_what_is_no_id(name, value):
    """A mail without a thread, or with an id that spam filters know as invalid, is not sent."""
    with pytest.raises(InvalidMessage, match=name) as caught:
        Headers({name: value})

    assert not value.strip() or value not in str(caught.value)


@given(st.text(st.sampled_from("<>@a, \t%{é"), max_size=12))
def test_ids_in_any_spelling(value):
    """What is accepted is ids in brackets, or what a provider fills in, and stays itself."""
    try:
        accepted = Headers({"References": value})["References"]
    except InvalidMessage:
        return
    assert accepted == Headers({"References": accepted})["References"]
    for each in accepted.split(" "):
        assert re.fullmatch(r"<[^<>\s]+>", each) or "%" in each or "{{" in each


def test_hostile_ids_take_linear_time():
    """A long line of nothing but beginnings."""
    start = time.process_time()
    for piece in ("<", "a,", "<a", "<a@b>", "a@b "):
        with contextlib.suppress(InvalidMessage):
            Headers({"References": piece * 20_000})
    assert time.process_time() - start < 1


class Word(str, enum.Enum):
    """Text that prints differently."""

    NAME = "X-Name"
    VALUE = "value"


def test_text_of_subclasses_is_their_text():
    """Not what their __str__ makes of it; and what is held is plain."""
    headers = Headers({Word.NAME: Word.VALUE})

    assert [("X-Name", "value")] == list(headers.items_as_given())
    assert {str} == {type(text) for pair in headers.items() for text in pair}
