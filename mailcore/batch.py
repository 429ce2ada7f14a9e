"""The recipients of a batch, each with what is only for them."""

from __future__ import annotations

import logging

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailcore.address import Address, address_key, redact
from mailcore.frozen import FrozenDict
from mailcore.headers import EMPTY, Headers
from mailcore.message import Message


logger = logging.getLogger("mailcore.batch")

_NOTHING: Mapping[str, Any] = FrozenDict()


class Entry(NamedTuple):
    """One recipient of a batch."""

    address: Address
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    headers: Headers


def entries_of(message: Message) -> list[Entry]:
    """
    The recipients of a batch in their order, each address once.

    Keys of merge_data, merge_metadata and merge_headers match without regard to case or punycode;
    those that are no recipients' are named in a warning.
    """
    data = _by_key(message.merge_data)
    metadata = _by_key(message.merge_metadata)
    headers = _by_key(message.merge_headers)
    found: dict[str, Entry] = {}
    for address in message.to:
        key = address_key(address.addr_spec)
        if key in found:
            continue
        found[key] = Entry(
            address,
            data.get(key, _NOTHING),
            metadata.get(key, _NOTHING) if metadata else _NOTHING,
            headers.get(key, EMPTY) if headers else EMPTY,
        )
    for name, given in (
        ("merge_data", data),
        ("merge_metadata", metadata),
        ("merge_headers", headers),
    ):
        unused = given.keys() - found.keys() if given else ()
        if unused:
            some = ", ".join(redact(key) for key in sorted(unused)[:3])
            logger.warning("%s: not among the recipients: %s (%d)", name, some, len(unused))
    return list(found.values())


def _by_key(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {address_key(address): value for address, value in given.items()} if given else {}


def copied(message: Message) -> tuple[str, ...]:
    """Addresses of cc and bcc that are not in ``to`` as well, each once."""
    if not message.cc and not message.bcc:
        return ()
    known = {address.key for address in message.to}
    found: dict[str, str] = {}
    for address in (*message.cc, *message.bcc):
        if address.key not in known:
            found.setdefault(address.key, address.addr_spec)
    return tuple(found.values())
