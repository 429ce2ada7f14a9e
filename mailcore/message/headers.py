"""
Header fields that a message brings itself, and the one policy for them.

====================================  ==============================================================
Header                                What happens
====================================  ==============================================================
``Reply-To``                          moves into ``reply_to`` and wins over it
``From``                              moves into ``from_email``, and ``other_authors`` if it has
                                      several addresses; what stood there becomes the
                                      ``envelope_sender``, unless that is given
``Sender``                            stays; it has one address (RFC 5322, section 3.6.2). Where it
                                      is missing and there are ``other_authors``, it is
                                      ``from_email``
``To``                                stays: what readers see instead of the recipients, where the
                                      provider supports it (``spoofed_to``)
``Cc``, ``Bcc``, ``Subject``,         refused, with the name of the attribute to use
``Return-Path``
``Message-ID``, ``In-Reply-To``,      get the angle brackets that their syntax wants, if they have
``References``, ``List-*``            none; what holds no ids, or several for a message, is refused
``Content-*``, ``MIME-Version``,      refused: whoever writes or relays the message sets them
``Received``
two names that differ in case only    refused
anything else                         sent as it is, in the order given; an empty value, too
====================================  ==============================================================

Values hold no control character but TAB (RFC 5322, section 2.2); text outside ASCII is encoded when
written (RFC 2047); an ASCII value is never encoded, so each run without a space must fit a line of
998 octets (RFC 5322, section 2.1.1).
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from mailcore.errors import InvalidMessage, Problem, raise_problems
from mailcore.foundation.redaction import shown_name
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.message.header_ids import BRACKETED, with_brackets


HeadersInput: TypeAlias = (
    "Mapping[str, str | int | float] | Iterable[tuple[str, str | int | float]]"
)
"""What is accepted as header fields: values by name, or pairs of a name and a value."""

MAX_LINE_OCTETS = 998
"""The longest line of a mail, without CRLF (RFC 5322, section 2.1.1)."""
# Python writes no integer of more than 4300 digits.
MAX_NUMBER_BITS = 10_000

_NAME = re.compile(r"[!-9;-~]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_REFUSED = {
    "bcc": "use bcc=[...]: a Bcc header would show the addresses to everybody",
    "resent-bcc": "it would show the addresses to everybody",
    "cc": "use cc=[...]",
    "subject": "use subject=...",
    "return-path": "use envelope_sender=...",
    "mime-version": "it is written for you",
    "received": "mail servers write it",
}
ADDRESS_HEADERS = frozenset(
    [
        *("from", "to", "reply-to", "sender"),
        *("resent-from", "resent-to", "resent-cc", "resent-sender"),
        *("disposition-notification-to", "return-receipt-to", "errors-to", "mail-followup-to"),
    ]
)
"""Headers whose value is a list of addresses: their domains are encoded, not their text."""


class Headers(Mapping[str, str]):
    """
    Immutable header fields: look-ups ignore case, the spelling and order given are kept.

    Args:
        headers: A mapping, or pairs of name and value. Numbers become text.

    Raises:
        InvalidMessage: With every name and value that cannot be sent.
    """

    __slots__ = ("_items",)

    _items: dict[str, tuple[str, str]]

    def __init__(self, headers: HeadersInput = ()) -> None:
        problems: list[Problem] = []
        items = collect_headers(headers, "headers", problems)
        if problems:
            raise_problems(problems, InvalidMessage)
        self._items = items._items

    @classmethod
    def _of(cls, items: dict[str, tuple[str, str]]) -> Headers:
        self = cls.__new__(cls)
        self._items = items
        return self

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise KeyError(name)
        return self._items[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def items_as_given(self) -> Iterable[tuple[str, str]]:
        """Pairs of name and value, in the order given."""
        return self._items.values()

    def without(self, *names: str) -> Headers:
        """A copy that lacks these headers, whatever their case."""
        drop = {name.lower() for name in names}
        return self._of({key: item for key, item in self._items.items() if key not in drop})

    def merged(self, other: Mapping[str, str]) -> Headers:
        """
        A copy with the headers of `other` added, replacing those of the same name.

        Raises:
            InvalidMessage: With every name and value that cannot be sent.
        """
        return self._of({**self._items, **Headers(other)._items})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return list(self._items.values()) == list(other._items.values())

    def __hash__(self) -> int:
        return hash(tuple(self._items.values()))

    def __reduce__(self) -> tuple[type[Headers], tuple[list[tuple[str, str]]]]:
        return Headers, (list(self._items.values()),)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


EMPTY = Headers._of({})


def collect_headers(value: object, field: str, problems: list[Problem]) -> Headers:
    """Coerce to :class:`Headers`, adding what is wrong to *problems*."""
    if isinstance(value, Headers):
        return value
    items: dict[str, tuple[str, str]] = {}
    for given_name, given in _pairs(value, field, problems):
        if not is_text(given_name):
            reason = f"header name in `{field}` must be str, not {type(given_name).__name__}"
            problems.append(Problem(field, reason, kind="type"))
            continue
        name = plain_text(given_name)
        key = name.lower()
        text = _text(given)
        found = _name_problem(name, key, items, field) or _value_problem(name, text, field)
        if found is None and key in BRACKETED:
            text, reason = with_brackets(key, str(text))
            if reason:
                hint = "write <left@right.example>, or leave it out"
                found = _problem(field, name, f"header {shown_name(name)} {reason}", hint)
        if found is not None:
            problems.append(found)
            continue
        items[key] = (name, str(text))
    return Headers._of(items)


def _text(value: object) -> object:
    """
    A number and whatever is text as a plain str; anything else as it is.

    A number is written as its value: a member of an enumeration would be called by its name in
    some versions of Python, and by its value in others.
    """
    if is_text(value):
        return plain_text(value)
    # Types as well: a wrapper says that its class is that of what it wraps.
    kind = type(value)
    if isinstance(value, float) and issubclass(kind, float):
        return float.__repr__(value)
    if not isinstance(value, int) or not issubclass(kind, int) or kind is bool:
        return value
    return value if value.bit_length() > MAX_NUMBER_BITS else int.__repr__(value)


def _pairs(value: object, field: str, problems: list[Problem]) -> Iterable[tuple[object, object]]:
    if value is None:
        return ()
    if isinstance(value, Mapping):
        return value.items()
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        pairs = [tuple(pair) for pair in value]  # type: ignore[attr-defined]  # TypeError is caught
        if not all(len(pair) == 2 for pair in pairs):
            raise TypeError
    except TypeError:
        reason = f"`{field}` must be a mapping or pairs, not {type(value).__name__}"
        problems.append(Problem(field, reason, kind="type"))
        return ()
    return pairs


def _name_problem(
    name: str, key: str, seen: Mapping[str, tuple[str, str]], field: str
) -> Problem | None:
    if not _NAME.fullmatch(name) or len(name) > 126:
        rule = "must be 1 to 126 printable ASCII characters without ':' and spaces"
        return _problem(field, name, f"header name {shown_name(name)} {rule}")
    if key in _REFUSED or key.startswith("content-"):
        hint = _REFUSED.get(key, "it is written for you")
        return _problem(field, name, f"header {shown_name(name)} cannot be set", hint)
    if key in seen:
        twice = f"is given twice, as {shown_name(seen[key][0])} before"
        return _problem(field, name, f"header {shown_name(name)} {twice}")
    return None


def _value_problem(name: str, text: object, field: str) -> Problem | None:
    if issubclass(type(text), int) and not isinstance(text, bool):
        reason = f"value of header {shown_name(name)} is a number too long to be written"
        return _problem(field, name, reason)
    if not isinstance(text, str):
        rule = f"must be str, int or float, not {type(text).__name__}"
        return _problem(field, name, f"value of header {shown_name(name)} {rule}", kind="type")
    control = _CONTROL.search(text)
    if control:
        reason = f"header {shown_name(name)} holds the character U+{ord(control.group()):04X}"
        return _problem(field, name, reason, "a header value is one line of text")
    if len(text) + len(name) > MAX_LINE_OCTETS - 2 and text.isascii():
        longest = max(map(len, text.replace("\t", " ").split(" ")))
        if longest + len(name) + 2 > MAX_LINE_OCTETS:
            rule = f"has {longest} characters without a space; a line holds 998"
            return _problem(field, name, f"header {shown_name(name)} {rule}")
    return None


def _problem(
    field: str, name: str, reason: str, hint: str = "", kind: Literal["type", "value"] = "value"
) -> Problem:
    return Problem(f"{field}[{shown_name(name)}]", reason, hint, kind=kind)
