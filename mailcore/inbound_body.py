"""Which part of a mail is its text, which its HTML, and which are files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mailcore.inbound_entity import Entity, Limits
from mailcore.inbound_part import InboundPart


__all__ = ["Bodies", "find_bodies"]


class Bodies(NamedTuple):
    """The two forms of the body, and all other parts in order."""

    text: InboundPart | None
    html: InboundPart | None
    others: tuple[InboundPart, ...]


def find_bodies(root: Entity, limits: Limits) -> Bodies:
    """
    Sort the parts of a mail: each of them is a body or a file, so that nothing is lost.

    A body is the first text/plain and the first text/html part that is not declared an attachment
    and has no file name. Where no other form of the body can be meant, in multipart/alternative
    and in a mail without parts, a name does not matter.
    """
    text: InboundPart | None = None
    html: InboundPart | None = None
    others: list[InboundPart] = []
    for entity, is_sole in _leaves(root, is_sole=True):
        part = InboundPart(entity, limits)
        kind = part.content_type
        if (
            (kind != "text/plain" or text is not None) and (kind != "text/html" or html is not None)
        ) or not _may_be_body(part, is_sole=is_sole):
            others.append(part)
        elif kind == "text/plain":
            text = part
        else:
            html = part
    return Bodies(text, html, tuple(others))


def _leaves(entity: Entity, *, is_sole: bool) -> Iterator[tuple[Entity, bool]]:
    """Parts that are no multipart, in order, and whether each must be a form of the body."""
    if not entity.is_multipart:
        yield entity, is_sole
        return
    content_type = (entity.raw_field("content-type") or b"").lstrip().lower()
    is_sole = content_type.startswith(b"multipart/alternative")
    for child in entity.children:
        yield from _leaves(child, is_sole=is_sole)


def _may_be_body(part: InboundPart, *, is_sole: bool) -> bool:
    if part.disposition == "attachment":
        return False
    return is_sole or part.filename is None
