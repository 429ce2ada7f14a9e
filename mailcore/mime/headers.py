"""
Header fields as lines of ASCII (RFC 5322, section 2.2; RFC 2047).

An ASCII value is written as it is: it is never encoded, and folded only where it has white space,
so that removing the CRLFs gives it back octet by octet. Folding or encoding inside a long URL or
message id, as the ``email`` package does, breaks List-Unsubscribe and References.

White space at either end of a value is dropped: no reader could tell it from the folding.
"""

from __future__ import annotations

import re
import time

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from mailcore.address.address import Address, parse_address_list
from mailcore.address.encoded_words import encode_words, looks_encoded
from mailcore.errors import (
    InvalidAddress,
    InvalidMessage,
    MessageError,
    Problem,
    UnsupportedFeature,
    raise_problems,
)
from mailcore.foundation.redaction import shown_name
from mailcore.message.headers import ADDRESS_HEADERS
from mailcore.mime.encoding import MAX_LINE_OCTETS


__all__ = [
    "address_field",
    "check_name",
    "date_text",
    "fold",
    "header_field",
    "header_value",
    "subject_field",
]

# RFC 5322 asks for 78, RFC 2047 for 76 where an encoded-word stands on the line: one limit for all.
_MAX_FOLDED_LINE = 76

_PRINTABLE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAME = re.compile(r"[!-9;-~]{1,126}")
_CHUNK = re.compile(r"[ \t]*[^ \t]+")
_LIST_ID = re.compile(r"(?P<phrase>.*[^ \t])[ \t]*(?P<id><[!-;=?-~]+>)")

# RFC 2047, section 5: no encoded-word may stand in these and in List-*, where only List-ID has
# text (RFC 2369, RFC 2919); no reader would decode it.
_ASCII_ONLY = frozenset(
    [
        "auto-submitted",
        "date",
        "feedback-id",
        "in-reply-to",
        "message-id",
        "precedence",
        "references",
        "resent-date",
        "resent-message-id",
    ]
)

# strftime("%a") follows the locale; RFC 5322, section 3.3, does not.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("", "Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def check_name(name: str) -> None:
    """
    Refuse what is no name of a header (RFC 5322, section 2.2).

    Raises:
        InvalidMessage: It is none, or has more than 126 characters.
    """
    if not _NAME.fullmatch(name):
        reason = (
            f"header name {shown_name(name)} must be 1 to 126 printable ASCII characters but ':'"
        )
        raise InvalidMessage([Problem("headers", reason)])


def header_field(name: str, value: str) -> str:
    """
    One header field, folded, with its CRLF.

    Args:
        name: A valid name; those from outside are checked by :func:`check_name`.
        value: The value of the header, one line of text.

    Raises:
        InvalidMessage: The value has a character that it cannot have, or a run without a
            space does not fit a line of 998 octets, or the value of a header whose syntax is ASCII
            is not.
    """
    if not isinstance(value, str):
        reason = f"value of header {shown_name(name)} must be str, not {type(value).__name__}"
        raise_problems([Problem(_place(name), reason, kind="type")])
    # The expression alone would do; the methods of str are faster, and enough for most values
    # (benchmarks/build.py).
    plain = value.isascii() and value.isprintable() and value.strip() == value != ""
    if not plain and not _PRINTABLE.fullmatch(value):
        value = value.strip(" \t")
        unprintable = _UNPRINTABLE.search(value)
        if unprintable:
            code = f"U+{ord(unprintable.group()):04X}"
            reason = f"header {shown_name(name)} holds the character {code}"
            hint = "a header value is one line of text"
            raise InvalidMessage([Problem(_place(name), reason, hint)])
        if not value:
            return f"{name}:\r\n"
        if not value.isascii():
            return _encoded(name, value)
    if len(name) + len(value) <= _MAX_FOLDED_LINE - 2:
        return f"{name}: {value}\r\n"
    return fold(name, _CHUNK.findall(" " + value))


def subject_field(subject: str) -> str:
    """
    The Subject, as :func:`header_field` writes it.

    But an ASCII subject is encoded if there is a whole encoded-word in it: readers would show
    something else than what was written.

    Raises:
        InvalidMessage: As for :func:`header_field`.
    """
    if "=?" in subject and subject.isascii() and looks_encoded(subject):
        return _encoded("Subject", subject.strip(" \t"))
    return header_field("Subject", subject)


def address_field(name: str, addresses: Sequence[Address], *, smtputf8: bool = False) -> str:
    """
    A header field of addresses, folded between them if that suffices, with its CRLF.

    Args:
        name: The name, without its colon.
        addresses: The addresses that stand in the header.
        smtputf8: Whether local parts outside ASCII may stand there as they are (RFC 6532).

    Raises:
        UnsupportedFeature: A local part is not ASCII, which only SMTPUTF8 (RFC 6531) can carry.
        InvalidAddress: A domain cannot be encoded.
        InvalidMessage: As for :func:`header_field`.
    """
    try:
        if smtputf8:
            texts = [address.format_smtputf8() for address in addresses]
        else:
            texts = [address.format_ascii() for address in addresses]
    except InvalidAddress:
        _raise_address_problems(name, addresses)
    value = ", ".join(texts)
    if len(name) + len(value) <= _MAX_FOLDED_LINE - 2:
        return f"{name}: {value}\r\n"
    chunks: list[str] = []
    for text in texts[:-1]:
        chunks += _address_chunks(f" {text},")
    chunks += _address_chunks(f" {texts[-1]}")
    return fold(name, chunks)


def _address_chunks(text: str) -> list[str]:
    return [text] if len(text) <= _MAX_FOLDED_LINE else _CHUNK.findall(text)


def _raise_address_problems(name: str, addresses: Iterable[Address]) -> None:
    problems: list[Problem] = []
    for address in addresses:
        try:
            address.format_ascii()
        except MessageError as error:
            problems.extend(
                Problem(
                    _place(name),
                    f"header {shown_name(name)}: {found.reason}",
                    feature=found.feature,
                )
                for found in error.problems
            )
    if all(problem.feature for problem in problems):
        raise UnsupportedFeature(problems) from None
    raise InvalidAddress(problems) from None


def fold(name: str, chunks: Iterable[str]) -> str:
    """
    Write a header field in lines of at most 76 characters, where its chunks allow.

    Args:
        name: The name, without its colon.
        chunks: Pieces of the value, each beginning with white space and ending without: line
            breaks go between them, and no line is ever blank, since the first stays beside the
            name.

    Raises:
        InvalidMessage: A line would have more than 998 octets.
    """
    lines: list[str] = []
    line = f"{name}:"
    is_first = True
    for chunk in chunks:
        if is_first or len(line) + len(chunk) <= _MAX_FOLDED_LINE:
            line += chunk
        else:
            lines.append(line)
            line = chunk
        is_first = False
    lines.append(line)
    longest = max(map(len, lines))
    if longest > MAX_LINE_OCTETS:
        reason = (
            f"header {shown_name(name)} would need a line of {longest} octets; a line holds 998"
        )
        hint = "it can be folded only where the value has a space"
        raise InvalidMessage([Problem(_place(name), reason, hint)])
    lines.append("")
    return "\r\n".join(lines)


def _encoded(name: str, value: str) -> str:
    key = name.lower()
    if key in _ASCII_ONLY or (key.startswith("list-") and key != "list-id"):
        reason = f"header {shown_name(name)} must be ASCII"
        raise InvalidMessage([Problem(_place(name), reason, "RFC 2047 allows no encoding in it")])
    used = len(name) + 2
    if key == "list-id":
        # RFC 2919: the id itself is ASCII, only the phrase before it may be encoded.
        match = _LIST_ID.fullmatch(value)
        if match is None:
            reason = (
                f"header {shown_name(name)} must be text and an ASCII id, "
                "as in 'News <news.example>'"
            )
            raise InvalidMessage([Problem(_place(name), reason)])
        words = encode_words(match["phrase"], first_line_used=used)
        return fold(name, [f" {word}" for word in (*words, match["id"])])
    # A name that leaves no room for a word still has the first one beside it: readers differ over
    # a line that has only the name.
    return f"{name}: " + "\r\n ".join(encode_words(value, first_line_used=used)) + "\r\n"


def header_value(name: str, value: str) -> str:
    """
    A header's value as it would stand in a mail, but on one line: printable ASCII.

    For APIs that take headers one by one. Words of RFC 2047 are right whatever the API does with
    other text; in addresses the domains are encoded.

    Raises:
        MessageError: It cannot be written in ASCII.
    """
    if name.lower() in ADDRESS_HEADERS:
        field = address_field(name, parse_address_list(value, field=f"headers[{shown_name(name)}]"))
    elif value.isascii():
        return value.replace("\t", " ").strip(" ")
    else:
        field = header_field(name, value)
    return field[len(name) + 1 :].replace("\r\n", "").strip()


def _place(name: str) -> str:
    return "subject" if name == "Subject" else f"headers[{shown_name(name)}]"


# The text of the present second: it is asked for many times in each (benchmarks/build.py).
_this_second: tuple[int, str] = (-1, "")


def date_text(moment: datetime | None = None) -> str:
    """
    A moment as the Date header wants it (RFC 5322, section 3.3); now, in UTC, if none is given.

    Raises:
        InvalidMessage: The moment has no time zone.
    """
    global _this_second  # noqa: PLW0603  # one tuple, swapped at once: threads see all of it
    if moment is None:
        second = int(time.time())
        known, text = _this_second
        if known != second:
            text = _formatted(time.gmtime(second), "+0000")
            _this_second = (second, text)
        return text
    offset = moment.utcoffset()
    if offset is None:
        hint = "for example datetime.now(timezone.utc)"
        raise InvalidMessage([Problem("date", "`date` has no time zone", hint)])
    minutes, odd_seconds = divmod(int(offset.total_seconds()), 60)
    if odd_seconds:
        # The historic local times that some zones had cannot be written.
        moment, minutes = moment.astimezone(timezone.utc), 0
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
    return _formatted(moment.timetuple(), zone)


def _formatted(now: time.struct_time, zone: str) -> str:
    year, month, day, hour, minute, second, weekday, _, _ = now
    clock = f"{hour:02d}:{minute:02d}:{second:02d}"
    return f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month]} {year:04d} {clock} {zone}"
