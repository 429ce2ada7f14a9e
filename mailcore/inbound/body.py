"""Which part of a mail is its text, which its HTML, and which are files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mailcore.inbound.entity import Entity
from mailcore.inbound.headers import message_ids
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.part import InboundPart, entity_of, of_same_mail


__all__ = ["Bodies", "find_bodies", "related_root"]


class Bodies(NamedTuple):
    """The two forms of the body, and all other parts in order."""

    text: InboundPart | None
    html: InboundPart | None
    others: tuple[InboundPart, ...]


def find_bodies(whole: InboundPart) -> Bodies:
    """
    Sort the parts of a mail: each of them is a body or a file, so that nothing is lost.

    A body is the first text/plain and the first text/html part that is not declared an attachment
    and has no file name. Where no other form of the body can be meant, in multipart/alternative,
    as the root of multipart/related (RFC 2387) and in a mail without parts, a name does not matter.
    """
    leaves = list(_leaves(entity_of(whole), is_sole=True))
    parts = [of_same_mail(whole, leaf.entity) for leaf in leaves]
    bodies: dict[str, int] = {}
    # What a multipart/related names as its root is its body, even if others stand before it.
    for number in sorted(range(len(leaves)), key=lambda number: leaves[number].is_aside):
        kind = parts[number].content_type
        if kind not in ("text/plain", "text/html") or kind in bodies:
            continue
        if _may_be_body(parts[number], is_sole=leaves[number].is_sole):
            bodies[kind] = number
    text, html = bodies.get("text/plain"), bodies.get("text/html")
    return Bodies(
        None if text is None else parts[text],
        None if html is None else parts[html],
        tuple(part for number, part in enumerate(parts) if number not in (text, html)),
    )


class _Leaf(NamedTuple):
    """
    A part that is no multipart.

    Args:
        entity: The part that it is.
        is_sole: Whether it can only be a form of the body.
        is_aside: Whether it is a part of a multipart/related that names another one as its root.
    """

    entity: Entity
    is_sole: bool
    is_aside: bool


def _leaves(entity: Entity, *, is_sole: bool, is_aside: bool = False) -> Iterator[_Leaf]:
    if not entity.is_multipart:
        yield _Leaf(entity, is_sole, is_aside)
        return
    raw = entity.raw_field("content-type") or b""
    kind, parameters = raw.partition(b";")[0].strip().lower(), {}
    if kind not in (b"multipart/mixed", b"multipart/alternative"):
        read = read_parameters(raw)
        kind, parameters = read.value.encode("utf-8"), read.parameters
    if kind != b"multipart/related":
        is_sole = kind == b"multipart/alternative"
        for child in entity.children:
            yield from _leaves(child, is_sole=is_sole, is_aside=is_aside)
        return
    root = _named_root(entity, parameters)
    for number, child in enumerate(entity.children):
        is_root = child is root if root is not None else number == 0
        yield from _leaves(
            child, is_sole=is_root, is_aside=is_aside or (root is not None and not is_root)
        )


def related_root(entity: Entity) -> Entity | None:
    """The part of a multipart/related that the others belong to (RFC 2387); None if it is empty."""
    parameters = read_parameters(entity.raw_field("content-type") or b"").parameters
    root = _named_root(entity, parameters)
    return next(iter(entity.children), None) if root is None else root


def _named_root(entity: Entity, parameters: dict[str, str]) -> Entity | None:
    start = _id(parameters.get("start", "").encode())
    if not start:
        return None
    ids = ((child, child.raw_field("content-id")) for child in entity.children)
    return next((child for child, value in ids if value and start == _id(value)), None)


def _id(value: bytes) -> str:
    ids = message_ids(value)
    return ids[0].strip("<>") if ids else value.decode("latin-1").strip("<> \t\r\n")


def _may_be_body(part: InboundPart, *, is_sole: bool) -> bool:
    if part.disposition == "attachment":
        return False
    return is_sole or part.filename is None
