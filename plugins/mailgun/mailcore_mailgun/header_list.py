"""
The header fields of a mail, as Mailgun writes them: a JSON array of pairs.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http (read
2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Iterable
from typing import NamedTuple


class HeaderList(NamedTuple):
    """
    Header fields.

    Attributes:
        pairs: Names and values, in order.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """The values of all fields of that name, which is in lower case."""
        return tuple([value for each, value in self.pairs if each.lower() == name])

    def first(self, name: str) -> str | None:
        """The first of them."""
        return next(iter(self.all(name)), None)

    def before(self, name: str) -> HeaderList:
        """The fields before the first one of that name; none if there is no such field."""
        for position, (each, _) in enumerate(self.pairs):
            if each.lower() == name:
                return HeaderList(self.pairs[:position])
        return HeaderList()


def read_header_list(given: object, defects: list[str]) -> HeaderList:
    """
    Read ``message-headers``.

    Args:
        given: The text of the JSON array, or the array; None if there is none.
        defects: What cannot be read is added here, in words.
    """
    if given is None:
        return HeaderList()
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            defects.append("`message-headers` is not JSON")
            return HeaderList()
    if not isinstance(given, list):
        defects.append("`message-headers` is not an array")
        return HeaderList()
    pairs = tuple(_pairs(given))
    if len(pairs) != len(given):
        defects.append("`message-headers` has an entry that is not a pair of texts")
    return HeaderList(pairs)


def _pairs(entries: Iterable[object]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        match entry:
            case [str(name), str(value)]:
                yield name, value
            case [str(name), [str(value), *_]]:
                # Old webhooks write Content-Type as its value and an object of its parameters.
                yield name, value
