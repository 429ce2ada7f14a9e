"""Header fields of a received mail: all of them, repeated ones too, and ids."""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping

from mailcore.foundation.computing import cached_property
from mailcore.inbound.comments import QUOTED, without_comments
from mailcore.inbound.entity import Field
from mailcore.inbound.words import clean, header_text, unfolded


__all__ = ["InboundHeaders", "message_ids"]

_MESSAGE_ID = re.compile(r"<[^<>]*>")
# White space, but for that in quotes.
_SPACES = re.compile(rf"({QUOTED})|\s+", re.DOTALL)


class InboundHeaders(Mapping[str, str]):
    """
    The header fields of a mail or of one of its parts.

    As a mapping it has the first field of each name, decoded, and ignores case: ``Received`` and
    ``Delivered-To`` occur more than once, see :meth:`get_all` and :attr:`pairs`.
    """

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._fields = fields

    @cached_property
    def _by_name(self) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for name, value in self._fields:
            found.setdefault(name.lower(), []).append(value)
        return found

    def __getitem__(self, name: str) -> str:
        return header_text(self._by_name[name.lower()][0])[0]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def __iter__(self) -> Iterator[str]:
        seen: dict[str, str] = {}
        for name, _ in self._fields:
            seen.setdefault(name.lower(), name)
        return iter(seen.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def get_all(self, name: str) -> tuple[str, ...]:
        """The decoded values of all fields of that name, in order."""
        return tuple(header_text(value)[0] for value in self.get_raw(name))

    def get_raw(self, name: str) -> tuple[bytes, ...]:
        """The values of all fields of that name as they were received, with their folds."""
        return tuple(value.strip(b" \t\r\n") for value in self._by_name.get(name.lower(), ()))

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Name and decoded value of every field, in order."""
        return tuple((name, header_text(value)[0]) for name, value in self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InboundHeaders):
            return NotImplemented
        return self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._fields)

    def __repr__(self) -> str:
        return f"InboundHeaders({', '.join(self)})"


def message_ids(value: bytes) -> tuple[str, ...]:
    """
    The ids of a Message-ID, In-Reply-To or References field, in angle brackets (RFC 5322, 3.6.4).

    Comments and white space are no part of them (section 4.5.4). Where nothing stands in brackets,
    words with an @ count, because some programs forget them.
    """
    text = clean(without_comments(unfolded(value)[0]))
    found = [match.strip("<>") for match in _MESSAGE_ID.findall(text)]
    if not found:
        words = (word.strip("<>,;\"'") for word in text.split())
        found = [word for word in words if "@" in word]
    ids = (_SPACES.sub(lambda match: match[1] or "", item) for item in found)
    return tuple(f"<{item}>" for item in ids if item)
