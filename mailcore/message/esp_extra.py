"""
What a message brings for one provider only: ``esp_extra={"provider": {...}}``.

Its names are those of the provider's API, and it is merged in last: what a message says there wins
over its fields, and those over the provider's options.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.foundation.frozen import FrozenDict, thaw
from mailcore.message.message import Message


CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters that no text of one line may have."""

_NOTHING: Mapping[str, Any] = FrozenDict()


def extra_of(message: Message, provider: str, *, without: str = "") -> Mapping[str, Any]:
    """
    What a message has for a provider of that name, and for no other; empty if nothing.

    Args:
        message: The message, whose ``esp_extra`` is read.
        provider: The name of the provider, which is the key there.
        without: A name that is left out: one that is mailcore's own, and not of the API.
    """
    extra = message.esp_extra.get(provider) or _NOTHING
    if without and without in extra:
        return {name: value for name, value in extra.items() if name != without}
    return extra


def place_in_extra(provider: str, name: str) -> str:
    """How errors name a parameter: ``esp_extra['provider']['name']``."""
    return f"esp_extra[{provider!r}][{name!r}]"


def merged(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """
    Deep-merge into a copy: mappings merge, everything else replaces.

    Args:
        base: Plain values, which the copy shares.
        extra: Wins; its values may be immutable, and become plain.

    Example:
        >>> merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": 3}, "d": (2,)})
        {'a': {'b': 1, 'c': 3}, 'd': [2]}
    """
    result = dict(base)
    for key, value in extra.items():
        before = result.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            result[key] = merged(before, value)
        else:
            result[key] = thaw(value)
    return result


def control_characters(value: object) -> Iterator[str]:
    """The first control character of each text in a value, keys of mappings among them."""
    if isinstance(value, str):
        found = CONTROL.search(value)
        if found is not None:
            yield found[0]
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from control_characters(key)
            yield from control_characters(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from control_characters(each)
