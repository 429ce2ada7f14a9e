"""Header fields: folding, encoding, addresses, dates."""

from __future__ import annotations

import re

from datetime import datetime, timedelta, timezone
from email import message_from_string, policy
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.address import Address
from mailcore.errors import InvalidAddress, InvalidMessage, InvalidMessageType, UnsupportedFeature
from mailcore.mime.headers import address_field, check_name, date_text, header_field, subject_field


PRINTABLE_ASCII = st.text(
    st.one_of(st.sampled_from(" \t<>=?,"), st.characters(min_codepoint=0x20, max_codepoint=0x7E)),
    max_size=400,
)
ONE_LINE = st.text(
    st.characters(exclude_categories={"Cc", "Cs"}, exclude_characters="\u2028\u2029")
)
LONG_URL = f"<https://example.com/unsubscribe?token={'a1=' * 40}>"
REFERENCES = " ".join(f"<{number}.{'x' * 60}@mail.example.com>" for number in range(5))


def unfolded(field: str) -> str:
    """RFC 5322, section 2.2.3: remove each CRLF, and what stands before the colon."""
    assert field.endswith("\r\n")
    return field.replace("\r\n", "").partition(":")[2].removeprefix(" ")


def lines_of(field: str) -> list[str]:
    """The lines of a field, checked for what every line must be."""
    lines = field.removesuffix("\r\n").split("\r\n")
    assert all(0 < len(line) <= 998 and line.isascii() and line.strip() for line in lines)
    assert all(line[0] in " \t" for line in lines[1:])
    return lines


def read(field: str) -> str:
    """What the stdlib makes of a field that is no list of addresses."""
    (value,) = message_from_string(field + "\r\n", policy=policy.default).values()
    return str(value)


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("X-Tag", "welcome", "X-Tag: welcome\r\n"),
        ("X-Empty", "", "X-Empty:\r\n"),
        ("X-Blank", " \t ", "X-Blank:\r\n"),
        ("X-Outer", "  a b\t", "X-Outer: a b\r\n"),
        # 96, in the wild pallets-eco/flask-mail#246
        ("List-Unsubscribe", LONG_URL, f"List-Unsubscribe: {LONG_URL}\r\n"),
        ("References", REFERENCES, "References: " + REFERENCES.replace(" ", "\r\n ") + "\r\n"),
        # 97
        (
            "X-Metadata",
            '{"url": "https://example.com/' + "p" * 110 + '", "n": 1}',
            'X-Metadata: {"url":\r\n "https://example.com/' + "p" * 110 + '",\r\n "n": 1}\r\n',
        ),
        ("X-Runs", "a" * 60 + "   " + "b" * 60, f"X-Runs: {'a' * 60}\r\n   {'b' * 60}\r\n"),
        ("X-Tab", "a" * 60 + "\t" + "b" * 60, f"X-Tab: {'a' * 60}\r\n\t{'b' * 60}\r\n"),
        ("X-Looks-Encoded", "=?utf-8?q?x?=", "X-Looks-Encoded: =?utf-8?q?x?=\r\n"),
        ("X-Name", "Größe", "X-Name: =?utf-8?b?R3LDtsOfZQ==?=\r\n"),
        ("List-ID", "Größe <big.example>", "List-ID: =?utf-8?b?R3LDtsOfZQ==?= <big.example>\r\n"),
        ("X-Longest", "a" * 987, f"X-Longest: {'a' * 987}\r\n"),
    ],
)
def test_writes_header(name, value, field):
    """ASCII stays as it is and is folded at its spaces only; the rest becomes encoded-words."""
    assert field == header_field(name, value)


@given(st.sampled_from(["X", "X-Metadata", "A" * 100]), PRINTABLE_ASCII)
@example("X", "a" * 74 + "   " + "b" * 80)
@example("X", ("a" * 70 + " " * 80) * 2 + "b")
def test_unfolding_restores_ascii(name, value):
    """Removing the CRLFs restores an ASCII value exactly; lines are short where spaces allow."""
    field = header_field(name, value)

    assert value.strip(" \t") == unfolded(field)
    for line in lines_of(field):
        assert len(line) <= 76 or not re.search(
            r"[^ \t:][ \t]+[^ \t]", line.removeprefix(f"{name}: ")
        )


@given(ONE_LINE.filter(lambda text: not text.isascii()))
@example("é" * 300)
@example("Ünï  " + "a b" * 50 + "=?utf-8?q?x?=")
def test_stdlib_reads_unicode_back(value):
    """Text beyond ASCII is read back, from lines of 76 with words of 75 (RFC 2047, section 2)."""
    field = header_field("X-Text", value)

    assert value.strip(" \t") == read(field)
    for line in lines_of(field):
        assert len(line) <= 76
        assert re.fullmatch(r"(?:X-Text:)? =\?utf-8\?[qb]\?[!-~]+\?=", line)
        assert len(line.split()[-1]) <= 75


@given(ONE_LINE)
@example("=?utf-8?q?x?=")
@example("Re: =?utf-8?b?eA==?= and more")
@example("Apples, pears, and plums")
def test_subject_is_shown_as_written(subject):
    """Case 149: a subject that looks like an encoded-word is read back literally, and any other."""
    assert subject.strip(" \t") == read(subject_field(subject))


@pytest.mark.parametrize("subject", ["What is 1+1=?", "=?", "a =?utf-8?q?x", "x?= =?"])
def test_half_an_encoded_word_stays(subject):
    """Spam filters count what is encoded without need."""
    assert f"Subject: {subject}\r\n" == subject_field(subject)


def test_subject_with_commas():
    """Case 52: no spaces are added."""
    assert "Subject: One,two, three\r\n" == subject_field("One,two, three")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("X-A", "a\nBcc: b@example.com", "U+000A"),
        ("X-A", "a\r", "U+000D"),
        ("X-A", "a\x00", "U+0000"),
        ("X-A", "é\x85", "U+0085"),
        ("X-A", "a\u2028b", "U+2028"),
        ("X-A", "a\ud800", "U+D800"),
        ("X-A", "a" * 1200, "line of 1205 octets"),
        ("X-A", "a" + " " * 1200 + "b", "line of 1201 octets"),
        ("References", "<é@example.com>", "must be ASCII"),
        ("List-Unsubscribe", "<https://example.com/é>", "must be ASCII"),
        ("List-ID", "Größe", "ASCII id"),
    ],
)
def test_refuses_value(name, value, reason):
    """Cases 98, 100: what no header can hold is refused; the error has its name, not its value."""
    with pytest.raises(InvalidMessage) as caught:
        header_field(name, value)

    assert reason in str(caught.value)
    assert name in str(caught.value)
    assert value[:20] not in str(caught.value)


def test_refuses_value_of_another_type():
    """A value that is not text is an error of type."""
    with pytest.raises(InvalidMessageType):
        header_field("X-Num", 5)


@pytest.mark.parametrize("name", ["", "X A", "X:", "X\r\nBcc", "É", "A" * 127])
def test_refuses_name(name):
    """A name cannot smuggle in a further header."""
    with pytest.raises(InvalidMessage):
        check_name(name)


@pytest.mark.parametrize(
    ("addresses", "field"),
    [
        ([Address("a@example.com")], "To: a@example.com\r\n"),
        ([Address("a@example.com", "Ada, Countess")], 'To: "Ada, Countess" <a@example.com>\r\n'),
        (
            [Address(f"user{number}@example.com", "Some One") for number in range(4)],
            (
                "To: Some One <user0@example.com>, Some One <user1@example.com>,\r\n"
                " Some One <user2@example.com>, Some One <user3@example.com>\r\n"
            ),
        ),
        ([Address("a@faß.example")], "To: a@xn--fa-hia.example\r\n"),
        ([Address("a@example.com", "1+1=?")], 'To: "1+1=?" <a@example.com>\r\n'),
        (
            [Address("a@example.com", "=?utf-8?q?Boss?=")],
            "To: =?utf-8?b?PT91dGYtOD9xP0Jvc3M/PQ==?= <a@example.com>\r\n",
        ),
    ],
)
def test_writes_addresses(addresses, field):
    """Addresses are folded between them, their domains are encoded (106), names quoted (149)."""
    assert field == address_field("To", addresses)


@pytest.mark.parametrize(
    "name",
    [
        "Người nhận a very very long, name",
        "A véry long name with non-ASCII char and, comma",
        "é" * 200,
        "Long " * 60 + "name, with a comma",
    ],
)
def test_long_names_are_read_back(name):
    """Cases 51 and 152: words of at most 75, lines of at most 76, and the name as it was."""
    field = address_field("To", [Address("x@example.com"), Address("a@example.com", name.strip())])

    assert all(len(line) <= 76 for line in lines_of(field))
    assert all(len(word) <= 75 for word in re.findall(r"=\?\S+\?=", field))
    (_, (encoded, addr_spec)) = getaddresses([unfolded(field)])
    assert (name.strip(), "a@example.com") == (str(make_header(decode_header(encoded))), addr_spec)


def test_eai_is_named():
    """Case 108: a local part beyond ASCII has no encoding; the error names header, not address."""
    with pytest.raises(UnsupportedFeature) as caught:
        address_field("Cc", [Address("a@example.com"), Address("jörg@example.com")])

    (problem,) = caught.value.problems
    assert ("headers['Cc']", "eai") == (problem.field, problem.feature)
    assert "jörg" not in str(caught.value)


def test_domain_that_idna_refuses():
    """Case 18: such a domain is an invalid address, with the header's name."""
    with pytest.raises(InvalidAddress, match="'Cc'"):
        address_field("Cc", [Address("a@✉.example")])


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 21, 9, 5, 7, tzinfo=timezone.utc), "Sat, 21 Nov 2026 09:05:07 +0000"),
        (
            datetime(2024, 2, 29, 23, 59, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
            "Thu, 29 Feb 2024 23:59:00 -0330",
        ),
        (
            datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            "Thu, 01 Jan 2026 00:00:00 +0545",
        ),
        (
            datetime(1890, 1, 1, tzinfo=timezone(timedelta(seconds=-75))),
            "Wed, 01 Jan 1890 00:01:15 +0000",
        ),
    ],
)
def test_date(moment, text):
    """Dates have English names and their own zone, whatever the locale."""
    assert text == date_text(moment)
    assert moment == parsedate_to_datetime(text)


def test_date_is_now():
    """Without a moment it is now, in UTC."""
    before = datetime.now(timezone.utc).replace(microsecond=0)

    assert before <= parsedate_to_datetime(date_text()) <= datetime.now(timezone.utc)


def test_date_without_zone():
    """A naive moment could be any: it is refused."""
    with pytest.raises(InvalidMessage, match="time zone"):
        date_text(datetime(2026, 1, 1))  # noqa: DTZ001
