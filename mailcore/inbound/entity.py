"""
The skeleton of a received mail: which bytes are header fields, which are parts, which are content.

Two readers make it. :mod:`mailcore.inbound.splitter` is fast and reads only mails about which all
readers agree; :mod:`mailcore.inbound.fallback` has the standard library decide about all others.
Nothing is decoded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


Buffer: TypeAlias = bytes | memoryview

Field: TypeAlias = tuple[str, bytes]
"""Name and raw value of a header field, folds and line end included."""


MIN_HEADER_LINE = 64
"""What a line counts for :attr:`Limits.max_header_bytes`, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What a mail may make us do. What exceeds a limit is kept, as one opaque part.

    Args:
        max_parts: Parts in all, multiparts included.
        max_depth: How many multiparts may stand within each other.
        max_header_bytes: Header fields of the message and all its parts together. A line counts
            as at least 64 bytes, because that is what it takes in memory.
    """

    max_parts: int
    max_depth: int
    max_header_bytes: int


@dataclass(frozen=True, slots=True)
class Entity:
    """
    A message or one of its parts (RFC 2045, section 2.4).

    Args:
        fields: The header fields of the entity, in order.
        pieces: The content, not decoded, in pieces that follow each other; empty for a multipart.
        children: The parts of a multipart; an attached message has none.
        default_type: What it is without a Content-Type field.
        is_multipart: Whether its content was split into parts.
    """

    fields: tuple[Field, ...]
    pieces: tuple[Buffer, ...] = ()
    children: tuple[Entity, ...] = ()
    default_type: str = "text/plain"
    is_multipart: bool = False

    @property
    def body(self) -> Buffer:
        """The content, not decoded; a view of the message where possible."""
        if len(self.pieces) == 1:
            return self.pieces[0]
        return b"".join(self.pieces)

    @property
    def body_size(self) -> int:
        """Length of :attr:`body` in bytes."""
        return sum(map(len, self.pieces))

    def raw_field(self, name: str) -> bytes | None:
        """The raw value of the first field of that name, which is in lower case."""
        for field, value in self.fields:
            if field.lower() == name:
                return value
        return None
