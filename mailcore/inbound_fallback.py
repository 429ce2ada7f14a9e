r"""
Irregular mails, taken apart by the standard library's parser.

It has read broken mail for decades, and most other tools in Python read through it. What it
would do with hostile mail is kept in bounds without changing what it decides:

* Once the header of a part is over, only a line that starts with two hyphens can matter to it. So
  it is given placeholders instead of the rest, a few bytes each, and the content remains a view of
  the message.
* Attached messages are not descended into, multiparts down to a certain depth only.
* The mail is cut where it exceeds a limit; what is behind that is kept as one opaque part.
"""

from __future__ import annotations

import os
import re

from collections.abc import Iterator
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import compat32
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.inbound_entity import MIN_HEADER_LINE, Buffer, Entity, Field, Limits


__all__ = ["read_irregular"]

if TYPE_CHECKING:
    _Message: TypeAlias = Message[str, Any]
else:
    _Message = Message

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# email.feedparser.headerRE and the line end that ends a header.
_HEADER_LINE = re.compile(rb"(?:From |[\x21-\x39\x3b-\x7e]*:|[ \t])")
_ANY_LINE_END = re.compile(rb"(?:\r\n|\r|\n)\Z")

# Shorter content is given as it is.
_MIN_REPLACED = 200
# Lines like a delimiter are read one by one; in a text they may be a table.
_MAX_BOUNDARY_LIKE = 50_000
# email.message takes quadratic time for long parameters (CPython issue 136063), and compiling a
# boundary's regex 1 µs per character.
_MAX_CONTENT_TYPE = 8_192
_MAX_BOUNDARY = 1_000

_DEFECTS = {
    "NoBoundaryInMultipartDefect": "a multipart has no usable boundary",
    "StartBoundaryNotFoundDefect": "a multipart has no part: its boundary never occurs",
    "CloseBoundaryNotFoundDefect": "a multipart is not closed: the message may be truncated",
    "FirstHeaderLineIsContinuationDefect": "a header starts with a continuation line",
    "MisplacedEnvelopeHeaderDefect": "a 'From ' line stands within a header",
    "MissingHeaderBodySeparatorDefect": "no empty line stands between header and body",
    "MultipartInvariantViolationDefect": "a multipart could not be split",
    "InvalidMultipartContentTransferEncodingDefect": "a multipart has a transfer encoding",
    "InvalidHeaderDefect": "a header field has no name",
}


def read_irregular(raw: bytes, limits: Limits) -> tuple[Entity, tuple[str, ...]]:
    """Take a mail apart, whatever it is; returns what is wrong with it, too."""
    skeleton = _Skeleton(raw, limits)
    root, cut = _feed(skeleton, _Bounds(limits.max_depth, limits.max_parts))
    end, defect = skeleton.end, skeleton.defect
    if cut is not None:
        end, defect = cut, f"the message has more than {limits.max_parts} parts"
        skeleton = _Skeleton(raw[:end], limits)
        root, _ = _feed(skeleton, _Bounds(limits.max_depth, None))
    assert root is not None, "only a limit ends the parser early"
    defects = dict.fromkeys(_defects(root))
    entity = skeleton.entity(root)
    if end < len(raw):
        entity = _with_rest(entity, memoryview(raw)[end:])
        defects[f"{defect}: the rest is kept as one attachment"] = None
    return entity, tuple(defects)


def _with_rest(root: Entity, rest: memoryview) -> Entity:
    opaque = Entity((("Content-Type", b" application/octet-stream"),), (rest,))
    if root.is_multipart:
        children = (*root.children, opaque)
        return Entity(root.fields, (), children, root.default_type, is_multipart=True)
    body = Entity(
        tuple(field for field in root.fields if field[0].lower().startswith("content-")),
        root.pieces,
        default_type=root.default_type,
    )
    return Entity(root.fields, (), (body, opaque), root.default_type, is_multipart=True)


class _TooManyParts(Exception):
    pass


class _Bounds:
    """What the parts of one mail may be, together."""

    def __init__(self, max_depth: int, max_parts: int | None) -> None:
        self.max_depth = max_depth
        self.remaining_parts = max_parts
        self.is_exceeded = False

    def count_part(self) -> None:
        if self.remaining_parts is not None:
            if not self.remaining_parts:
                raise _TooManyParts
            self.remaining_parts -= 1


class _Part(_Message):
    """A message as the parser builds it, with what bounds its work."""

    bounds: _Bounds
    depth = 0

    def attach(self, payload: Any) -> None:
        self.bounds.count_part()
        payload.depth = self.depth + 1
        super().attach(payload)

    def get_content_type(self) -> str:
        kind = super().get_content_type()
        is_too_deep = self.depth >= self.bounds.max_depth and kind.startswith("multipart/")
        self.bounds.is_exceeded |= is_too_deep
        return "application/octet-stream" if is_too_deep or kind.startswith("message/") else kind

    def get_boundary(self, failobj: Any = None) -> Any:
        if len(str(self.get("content-type", ""))) > _MAX_CONTENT_TYPE:
            return failobj
        try:
            boundary = super().get_boundary(failobj)
        except (ValueError, LookupError, TypeError):
            # RFC 2231 parameters with a charset or a number that Python cannot take.
            return failobj
        return failobj if boundary and len(boundary) > _MAX_BOUNDARY else boundary


def _feed(skeleton: _Skeleton, bounds: _Bounds) -> tuple[Any, int | None]:
    """Run the parser; returns the root, or where it met a part too many."""

    def factory(policy: Any = compat32) -> Any:
        part = _Part(policy)
        part.bounds = bounds
        return part

    parser = BytesFeedParser(factory, policy=compat32)
    start = 0
    try:
        for start, lines in skeleton.segments():  # noqa: B007 - says where it stopped
            parser.feed(lines)
        return parser.close(), None
    except _TooManyParts:
        return None, start


class _Skeleton:
    """The lines that decide about structure, with placeholders for all others."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.view = memoryview(raw)
        self.defect = ""
        # Nobody can write a mail that has it.
        self.nonce = os.urandom(12).hex()
        self.placeholder = re.compile(self.nonce + r"\.([0-9]+)\.([0-9]+)\.")
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
            if line_end - start <= 2 * _MAX_BOUNDARY:
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

    def segments(self) -> Iterator[tuple[int, bytes]]:
        """Offset in the mail, and lines for the parser."""
        for start, header_end, end in self.spans:
            if end - header_end < _MIN_REPLACED:
                yield start, self.raw[start:end]
                continue
            line_end = _ANY_LINE_END.search(self.raw[end - 2 : end])
            tail = line_end.group() if line_end else b""
            name = f"{self.nonce}.{header_end}.{end - len(tail)}."
            yield start, self.raw[start:header_end] + name.encode("ascii") + tail

    def entity(self, part: Any) -> Entity:
        """Put the content back where the placeholders stand."""
        fields: tuple[Field, ...] = tuple(
            (name, _octets(value)) for name, value in part.raw_items()
        )
        # get_payload() would decode it.
        payload = part._payload
        default_type = part.get_default_type()
        if isinstance(payload, list):
            children = tuple(self.entity(child) for child in payload)
            return Entity(fields, (), children, default_type, is_multipart=True)
        return Entity(fields, tuple(self._pieces(payload or "")), default_type=default_type)

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
    return text.encode("ascii", "surrogateescape")


def _defects(root: _Part) -> Iterator[str]:
    if root.bounds.is_exceeded:
        yield f"multiparts are nested deeper than {root.bounds.max_depth} levels"
    for part in root.walk():
        for defect in part.defects:
            name = type(defect).__name__
            yield _DEFECTS.get(name, name)
