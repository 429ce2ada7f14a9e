"""
Carriage returns without a line feed: whether all readers see the same mail.

RFC 5322 forbids them (section 2.3), and says of mails that have them all the same (section 4) that
some programs meant a line end by it, and some a character. So do readers: behind one in a header,
``email`` of the standard library begins the next field, mailparse (Rust) does not. What a stranger
got into a subject could so become a Bcc.
"""

from __future__ import annotations

import re

from typing import TYPE_CHECKING, TypeAlias

from mailcore.inbound.message import parse_inbound


if TYPE_CHECKING:
    from mailcore.inbound.entity import Entity
    from mailcore.inbound.message import InboundMessage

_Shape: TypeAlias = "tuple[tuple[str, ...], int, tuple[_Shape, ...]]"

_ALONE = re.compile(rb"\r(?!\n)")


def is_ambiguous(raw: bytes, mail: InboundMessage) -> bool:
    """
    Whether fields, parts or the beginning of a body depend on what such a carriage return is.

    Within bodies it may stand, and where there is no line feed at all, it is what ends the lines.

    Args:
        raw: The octets of the mail.
        mail: How it was read, with each of them for a line end.
    """
    if b"\n" not in raw or not _ALONE.search(raw):
        return False
    # As many octets, so that what stands behind them is as long as it was.
    other = parse_inbound(_ALONE.sub(b" ", raw))
    return _shape(mail._root) != _shape(other._root)


def _shape(entity: Entity) -> _Shape:
    names = tuple(name for name, _ in entity.fields)
    return names, entity.body_size, tuple(map(_shape, entity.children))
