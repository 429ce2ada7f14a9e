"""How a default and what a message says itself become one value; the message wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailcore.address.domain import address_key
from mailcore.foundation.frozen import FrozenDict
from mailcore.message.headers import Headers
from mailcore.message.unsubscribe import POST


def concatenated(default: tuple[Any, ...], given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The default's items, then the message's."""
    return (*default, *given)


def merged(default: Mapping[str, Any], given: Mapping[str, Any]) -> FrozenDict[str, Any]:
    """The entries of both."""
    return FrozenDict({**default, **given})


def deeply_merged(default: Mapping[str, Any], given: Mapping[str, Any]) -> FrozenDict[str, Any]:
    """The entries of both; those that are mappings in both are merged in turn."""
    found = dict(default)
    for key, value in given.items():
        known = found.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        found[key] = deeply_merged(known, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return FrozenDict(found)


def headers(default: Headers, given: Headers) -> Headers:
    """The header fields of both."""
    if "List-Unsubscribe" in given:
        # It belongs to the URL that is replaced.
        default = default.without(POST)
    return default.merged(given)


def each(join: Callable[[Any, Any], Any]) -> Callable[[Any, Any], FrozenDict[str, Any]]:
    """What joins mappings by address, in whatever spelling; the message's spelling stays."""

    def joined(default: Mapping[str, Any], given: Mapping[str, Any]) -> FrozenDict[str, Any]:
        spelling = {address_key(address): address for address in given}
        found = {
            spelling.get(address_key(address), address): value for address, value in default.items()
        }
        for address, value in given.items():
            found[address] = join(found[address], value) if address in found else value
        return FrozenDict(found)

    return joined
