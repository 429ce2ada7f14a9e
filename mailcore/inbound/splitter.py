r"""
Cutting a regular mail into parts without copying it.

A mail is regular when every reader takes it apart in the same way: header blocks of well-formed
fields, lines that end in CRLF or LF, one simple Content-Type, multiparts that are opened and
closed. Two programs that take one mail apart differently are how malware passes filters, so
anything else is not guessed at but left to :mod:`mailcore.inbound.fallback`.

Delimiters are searched for with :meth:`bytes.find`: the content between them is never looked at.
RFC 2046 (section 5.1.2) lets the boundary of an outer multipart end everything within it, so the
outer one is cut first.
"""

from __future__ import annotations

import re

from mailcore.inbound.entity import MIN_HEADER_LINE, Entity, Field, Limits


__all__ = ["Irregular", "split"]

# The count bounds the memory that matching takes; a field with more folds is irregular.
_FIELD = re.compile(rb"([!-9;-~]+):[^\r\n]*(?:\r?\n[ \t][^\r\n]*){0,2000}\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_AFTER_DELIMITER = re.compile(rb"(--)?[ \t]*(?:(\r?\n|\Z)|(\r))")

_TOKEN = rb"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
_TYPE = re.compile(rb"[ \t]*(" + _TOKEN + rb"/" + _TOKEN + rb")[ \t]*(?=;|\Z)")
# A boundary may have spaces within (RFC 2046, section 5.1.1), and none are known to do.
_PARAMETERS = re.compile(
    rb"(?:;[ \t]*"
    + _TOKEN
    + rb"=(?:[^\s\x80-\xff;\"\\<>()]+|\"[^\x80-\xff\"\\]*\")[ \t]*)*;?[ \t]*"
)
_PARAMETER = re.compile(rb";[ \t]*(" + _TOKEN + rb")=(?:\"([^\"]*)\"|([^\s;\"]+))")
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=?&#*$%!^{}|~@-]{1,200}")
_IDENTITY = (b"7bit", b"8bit", b"binary")


class Irregular(Exception):
    """The mail can be read in more than one way, or exceeds a limit."""


def split(raw: bytes, limits: Limits) -> Entity:
    """
    Cut a mail into parts.

    Raises:
        Irregular: It is not for this reader.
    """
    return _Splitter(raw, limits).entity(0, len(raw), 0, "text/plain")


class _Splitter:
    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.view = memoryview(raw)
        self.limits = limits
        self.parts = 0
        self.header_bytes = 0

    def entity(self, start: int, end: int, depth: int, default_type: str) -> Entity:
        fields, structural, body = self.header(start, end)
        content_type = structural.get("content-type")
        kind, parameters = _content_type(content_type, default_type)
        if not kind.startswith("multipart/"):
            if depth:
                # RFC 2046, section 5.1.1: the line end before a delimiter belongs to it.
                end = self.without_line_end(body, end)
            return Entity(fields, (self.view[body:end],), default_type=default_type)
        encoding = structural.get("content-transfer-encoding")
        if encoding is not None and encoding.lower() not in _IDENTITY:
            raise Irregular
        if depth >= self.limits.max_depth:
            raise Irregular
        child_type = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        spans = self.spans(body, end, b"--" + _boundary(parameters))
        children = [self.entity(first, last, depth + 1, child_type) for first, last in spans]
        return Entity(fields, (), tuple(children), default_type, is_multipart=True)

    def header(self, start: int, end: int) -> tuple[tuple[Field, ...], dict[str, bytes], int]:
        """All fields, the values of those that decide about structure, where the body starts."""
        raw = self.raw
        fields: list[Field] = []
        structural: dict[str, bytes] = {}
        position = start
        while match := _FIELD.match(raw, position, end):
            name = match[1].decode("ascii")
            position = match.end()
            value = raw[match.end(1) + 1 : position]
            fields.append((name, value))
            if position - start > self.limits.max_header_bytes:
                raise Irregular
            if len(name) in (12, 25) and (key := name.lower()) in (
                "content-type",
                "content-transfer-encoding",
            ):
                if key in structural:
                    raise Irregular
                structural[key] = value.translate(None, b"\r\n").strip(b" \t")
        self.header_bytes += max(position - start, len(fields) * MIN_HEADER_LINE)
        if self.header_bytes > self.limits.max_header_bytes:
            raise Irregular
        if position == end:
            return tuple(fields), structural, end
        line_end = _LINE_END.match(raw, position, end)
        if line_end is None:
            raise Irregular
        return tuple(fields), structural, line_end.end()

    def spans(self, start: int, end: int, delimiter: bytes) -> list[tuple[int, int]]:
        """Where each part starts, and where the delimiter behind it does."""
        raw = self.raw
        spans: list[tuple[int, int]] = []
        part = -1
        position = start
        while True:
            found = raw.find(delimiter, position, end)
            if found < 0:
                raise Irregular
            position = found + len(delimiter)
            if found != start and raw[found - 1] != 0x0A:
                if raw[found - 1] == 0x0D:
                    raise Irregular
                continue
            match = _AFTER_DELIMITER.match(raw, position, end)
            if match is None:
                continue
            closes, line_end, bare_cr = match.groups()
            # A part without a single byte between its delimiters, or a close delimiter alone.
            if bare_cr or found == part or (closes and part < 0):
                raise Irregular
            if part >= 0:
                spans.append((part, found))
            if closes:
                return spans
            self.parts += 1
            if self.parts > self.limits.max_parts or not line_end:
                raise Irregular
            part = position = match.end()

    def without_line_end(self, start: int, end: int) -> int:
        raw = self.raw
        if end > start and raw[end - 1] == 0x0A:
            end -= 1
            if end > start and raw[end - 1] == 0x0D:
                end -= 1
        return end


def _content_type(value: bytes | None, default: str) -> tuple[str, bytes]:
    """Type in lower case, and what stands behind it."""
    if value is None:
        return default, b""
    match = _TYPE.match(value)
    if match is None:
        raise Irregular
    return match[1].decode("ascii").lower(), value[match.end() :]


def _boundary(parameters: bytes) -> bytes:
    if not _PARAMETERS.fullmatch(parameters):
        raise Irregular
    found: list[bytes] = []
    for match in _PARAMETER.finditer(parameters):
        name, quoted, bare = match.groups()
        if name.lower().partition(b"*")[0] == b"boundary":
            if b"*" in name:
                raise Irregular
            found.append(bare if quoted is None else quoted)
    if len(found) != 1 or not _BOUNDARY.fullmatch(found[0]):
        raise Irregular
    return found[0]
