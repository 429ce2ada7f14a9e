"""
The lines of an irregular mail that decide about its structure, and where they are from.

What the standard library's parser is given by :mod:`mailcore.inbound.fallback`, and how its answer
is turned into views of the message again.
"""

from __future__ import annotations

import os
import re

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from mailcore.foundation.computing import cached_property
from mailcore.inbound.entity import MIN_HEADER_LINE, Buffer, Entity, Field, Limits


__all__ = ["MAX_BOUNDARY", "Skeleton"]

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# email.feedparser.headerRE, with white space before the colon (RFC 5322, 4.5).
_HEADER_LINE = re.compile(rb"(?:From |[\x21-\x39\x3b-\x7e]*[ \t]*:|[ \t])")
_OBSOLETE_COLON = re.compile(rb"(?<![^\r\n])(?!--)([\x21-\x39\x3b-\x7e]+)([ \t]+:)")
_ANY_LINE_END = re.compile(rb"(?:\r\n|\r|\n)\Z")

# Shorter content is given as it is.
_MIN_REPLACED = 200
# Lines like a delimiter are read one by one; in a text they may be a table.
_MAX_BOUNDARY_LIKE = 50_000
# Compiling its regex takes 1 µs per character.
MAX_BOUNDARY = 1_000
# Each looks at every line.
_MAX_SEARCHES = 10


class Skeleton:
    """The lines that decide about structure, with placeholders for all others."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.view = memoryview(raw)
        self.defect = ""
        # Nobody can write a mail that has it.
        self.nonce = os.urandom(12).hex()
        self.placeholder = re.compile(rf"(?::{self.nonce}c|{self.nonce})\.([0-9]+)\.([0-9]+)\.")
        self.colon = re.compile(rf"{self.nonce}c\.[0-9]+\.[0-9]+\.")
        self.has_obsolete_colons = False
        self.searches = 0
        self.cluttered: list[tuple[bytes, re.Pattern[bytes]]] = []
        self.spans = self._spans(limits.max_header_bytes)
        self.end = self.spans[-1][2]

    def _spans(self, budget: int) -> list[tuple[int, int, int]]:
        """
        Segments of the mail, each from one line with two hyphens to the next.

        Returns:
            Of each: its start, where the lines end that may be a header, its end.
        """
        max_header_bytes = budget
        spans: list[tuple[int, int, int]] = []
        starts = self._starts()
        for start, end in pairwise(starts):
            header_end, used = self._header_end(start, end, budget)
            budget -= used
            if budget < 0:
                self.defect = f"header fields exceed {max_header_bytes} bytes"
                return [*spans, (start, header_end, header_end)]
            spans.append((start, header_end, end))
        return spans

    def _starts(self) -> list[int]:
        found = [*_occurrences(self.raw, b"\n--"), *_occurrences(self.raw, b"\r--")]
        starts = [0, *sorted(found)]
        if len(starts) > _MAX_BOUNDARY_LIKE:
            self.defect = f"more than {_MAX_BOUNDARY_LIKE} lines look like a boundary"
            return starts[: _MAX_BOUNDARY_LIKE + 1]
        return [*starts, len(self.raw)]

    def _header_end(self, start: int, end: int, budget: int) -> tuple[int, int]:
        """Where the lines end that must be given as they are, and what they take of the budget."""
        raw = self.raw
        position, used = start, 0
        if raw.startswith(b"--", start):
            line_end = _line_end(raw, start, end)
            # A delimiter, or a line of the content: no header field, unless it is too long.
            if line_end - start <= 2 * MAX_BOUNDARY:
                position = line_end
        while position < end:
            line_end = _line_end(raw, position, end)
            if raw[position] in b"\r\n":
                return line_end, used
            if not _HEADER_LINE.match(raw, position, end):
                break
            if used + max(line_end - position, MIN_HEADER_LINE) > budget:
                return min(position + max(budget - used, 0), line_end), budget + 1
            used += max(line_end - position, MIN_HEADER_LINE)
            position = line_end
        return position, used

    @cached_property
    def delimiters(self) -> dict[bytes, bool]:
        """What stands behind two hyphens on a line, and whether without two more behind it."""
        found: dict[bytes, bool] = {}
        for start, _, end in self.spans:
            line_end = _line_end(self.raw, start, min(end, start + 2 * MAX_BOUNDARY))
            line = self.raw[start:line_end].rstrip(b" \t\r\n")
            if line.startswith(b"--"):
                found[line[2:]] = True
                found.setdefault(line[2:].removesuffix(b"--"), False)
        return found

    def boundary_among(self, readings: list[bytes]) -> bytes:
        """
        The first of several readings of the boundary that stands in the body, else the first one.
        """
        # The delimiters of most mails need not be collected.
        if "delimiters" not in vars(self):
            line = re.compile(re.escape(b"--" + readings[0]) + rb"[ \t]*(?=[\r\n]|\Z)")
            if any(line.match(self.raw, start, end) for start, _, end in self.spans):
                return readings[0]
        occurring = self.delimiters
        chosen = next((found for found in readings if found in occurring), readings[0])
        if not occurring.get(chosen):
            self._find_cluttered(chosen)
        return chosen

    def _find_cluttered(self, boundary: bytes) -> None:
        """
        Look for a boundary that nowhere stands on a line of its own.

        RFC 2046, 5.1.1: it is sufficient that it appears at the beginning of a line. Other readers
        want all of the line, which tells nested boundaries apart of which one begins with another.
        """
        self.searches += 1
        if not boundary or self.searches > _MAX_SEARCHES:
            return
        pattern = re.compile(re.escape(b"--" + boundary) + rb"(--)?(?![\w=.+-])[^\r\n]*")
        if any(pattern.match(b"--" + line) for line in self.delimiters):
            self.cluttered.append((boundary, pattern))

    def segments(self) -> Iterator[tuple[int, bytes]]:
        """Offset in the mail, and lines for the parser."""
        for start, header_end, end in self.spans:
            header = self._header(start, header_end)
            if end - header_end < _MIN_REPLACED:
                yield start, header + self.raw[header_end:end]
                continue
            line_end = _ANY_LINE_END.search(self.raw[end - 2 : end])
            tail = line_end.group() if line_end else b""
            name = f"{self.nonce}.{header_end}.{end - len(tail)}."
            yield start, header + name.encode("ascii") + tail

    def _header(self, start: int, end: int) -> bytes:
        """Lines that may be header fields, with placeholders for white space before colons."""
        pieces: list[bytes] = []
        done = start
        for boundary, pattern in self.cluttered:
            if delimiter := pattern.match(self.raw, start, end):
                pieces.append(b"--" + boundary + (delimiter[1] or b""))
                start = done = delimiter.end()
        for match in _OBSOLETE_COLON.finditer(self.raw, start, end):
            name = f":{self.nonce}c.{match.start(2)}.{match.end()}."
            pieces += (self.raw[done : match.start(2)], name.encode("ascii"))
            done = match.end()
        return b"".join([*pieces, self.raw[done:end]])

    def entity(self, part: Any) -> Entity:
        """Put the content back where the placeholders stand."""
        fields: tuple[Field, ...] = tuple(
            (name, self.value(value)) for name, value in part.raw_items()
        )
        # get_payload() would decode it.
        payload = part._payload
        default_type = part.get_default_type()
        if isinstance(payload, list):
            children = tuple(self.entity(child) for child in payload)
            return Entity(fields, (), children, default_type, is_multipart=True)
        return Entity(fields, tuple(self._pieces(payload or "")), default_type=default_type)

    def value(self, value: str) -> bytes:
        """The raw value of a field of a part."""
        marker = self.colon.match(value)
        if marker is None:
            return _octets(value)
        self.has_obsolete_colons = True
        return _octets(value[marker.end() :])

    def _pieces(self, payload: str) -> Iterator[Buffer]:
        done = 0
        for match in self.placeholder.finditer(payload):
            if match.start() > done:
                yield _octets(payload[done : match.start()])
            yield self.view[int(match[1]) : int(match[2])]
            done = match.end()
        if done < len(payload):
            yield _octets(payload[done:])


def _occurrences(raw: bytes, line_start: bytes) -> Iterator[int]:
    """Where lines start with two hyphens, behind one kind of line end; not without end."""
    found = raw.find(line_start)
    for _ in range(_MAX_BOUNDARY_LIKE + 1):
        if found < 0:
            return
        yield found + 1
        found = raw.find(line_start, found + 1)


def _line_end(raw: bytes, start: int, end: int) -> int:
    line = _LINE.match(raw, start, end)
    assert line is not None, "the pattern matches anything"
    return line.end()


def _octets(text: str) -> bytes:
    """Bytes as the parser was given them."""
    return text.encode("ascii", "surrogateescape")
