r"""
Irregular mails, taken apart by the standard library's parser.

It has read broken mail for decades, and most other tools in Python read through it. What it
would do with hostile mail is kept in bounds without changing what it decides:

* Once the header of a part is over, only a line that starts with two hyphens can matter to it. So
  it is given placeholders instead of the rest, a few bytes each, and the content remains a view of
  the message.
* It is told the type and the boundary of a multipart, and sees no white space before colons: where
  these are not as they should be, it gives up.
* Attached messages are not descended into, multiparts down to a certain depth only.
* The mail is cut where it exceeds a limit; what is behind that is kept as one opaque part.
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import compat32
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.inbound.boundary import boundary_readings
from mailcore.inbound.entity import Entity, Limits
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.skeleton import MAX_BOUNDARY, Skeleton


__all__ = ["read_irregular"]

if TYPE_CHECKING:
    _Message: TypeAlias = Message[str, Any]
else:
    _Message = Message

_TYPE = re.compile(r"[^/\s]+/[^/\s]+")

_HEADER_END = re.compile(rb"\r{0,2}\n\r{0,2}\n|\r\r(?!\n)")
_BARE_RETURN = re.compile(rb"\r(?=\r\n)|\r(?![\r\n \t]|[\x21-\x39\x3b-\x7e]{1,100}[ \t]*:)")
_DOUBLED = re.compile(rb"\r\r\n\r\r\n")

# Each multipart has one.
_MAX_CONTENT_TYPE = 8_192

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
    received = raw
    raw = without_bare_returns(raw)
    skeleton = Skeleton(raw, limits)
    root, cut = _feed(skeleton, _Bounds(limits.max_depth, limits.max_parts))
    end, defect = skeleton.end, skeleton.defect
    if cut is not None:
        end, defect = cut, f"the message has more than {limits.max_parts} parts"
        skeleton = Skeleton(raw[:end], limits)
        root, _ = _feed(skeleton, _Bounds(limits.max_depth, None))
    assert root is not None, "only a limit ends the parser early"
    defects = dict.fromkeys(_defects(root))
    entity = skeleton.entity(root)
    if raw is not received:
        defects["a carriage return stands within a header field"] = None
    if skeleton.cluttered:
        defects["something stands behind a boundary"] = None
    if skeleton.has_obsolete_colons:
        defects["white space stands before the colon of a header field"] = None
    if end < len(raw):
        entity = _with_rest(entity, memoryview(raw)[end:])
        defects[f"{defect}: the rest is kept as one attachment"] = None
    return entity, tuple(defects)


def without_bare_returns(raw: bytes) -> bytes:
    """
    RFC 5322, 4.1: carriage returns within the header that end no line, as spaces.

    In a mail whose lines end in them, what follows is a field, a fold or an empty line. Some
    programs write two before each line feed.
    """
    end = _HEADER_END.search(raw)
    header = raw if end is None else raw[: end.start()]
    if b"\n" not in raw or not _BARE_RETURN.search(header):
        return raw
    header = _BARE_RETURN.sub(b" ", header)
    rest = raw[len(header) :]
    # The empty line behind the header is one, too.
    return header + (_DOUBLED.sub(b"\r\n\r\n", rest, count=1) if _DOUBLED.match(rest) else rest)


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
    skeleton: Skeleton
    depth = 0

    def attach(self, payload: Any) -> None:
        self.bounds.count_part()
        payload.depth = self.depth + 1
        super().attach(payload)

    def get_content_type(self) -> str:
        raw = self._raw_content_type()
        kind = self.get_default_type() if raw is None else read_parameters(raw).value
        if not _TYPE.fullmatch(kind):
            kind = "multipart/mixed" if kind == "multipart" else "text/plain"
        is_too_deep = self.depth >= self.bounds.max_depth and kind.startswith("multipart/")
        self.bounds.is_exceeded |= is_too_deep
        return "application/octet-stream" if is_too_deep or kind.startswith("message/") else kind

    def get_boundary(self, failobj: Any = None) -> Any:
        raw = self._raw_content_type()
        if raw is None or len(raw) >= _MAX_CONTENT_TYPE:
            return failobj
        readings = [found for found in boundary_readings(raw) if len(found) <= MAX_BOUNDARY]
        if not readings:
            return failobj
        chosen = self.skeleton.boundary_among(readings)
        return chosen.decode("ascii", "surrogateescape")

    def _raw_content_type(self) -> bytes | None:
        for name, value in self.raw_items():
            if name.lower() == "content-type":
                return self.skeleton.value(value)[:_MAX_CONTENT_TYPE]
        return None


def _feed(skeleton: Skeleton, bounds: _Bounds) -> tuple[Any, int | None]:
    """Run the parser; returns the root, or where it met a part too many."""

    def factory(policy: Any = compat32) -> Any:
        part = _Part(policy)
        part.bounds, part.skeleton = bounds, skeleton
        return part

    parser = BytesFeedParser(factory, policy=compat32)
    start = 0
    try:
        for start, lines in skeleton.segments():  # noqa: B007 - says where it stopped
            parser.feed(lines)
        return parser.close(), None
    except _TooManyParts:
        return None, start


def _defects(root: _Part) -> Iterator[str]:
    if root.bounds.is_exceeded:
        yield f"multiparts are nested deeper than {root.bounds.max_depth} levels"
    for part in root.walk():
        for defect in part.defects:
            name = type(defect).__name__
            yield _DEFECTS.get(name, name)
