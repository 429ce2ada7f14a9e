"""
Variables of our own in ``substitution_data``: literal texts, and headers of single recipients.

SparkPost fills headers in even where `perform_substitutions` is false, and what it fills in it does
not look through again. (The second follows from the first in the documentation of its template
language, and was not tried.) So a text with braces is the value of a variable itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mailcore.message import Message, value_names
from mailcore_sparkpost.payload.plan import OPENING


class Variables:
    """
    Variables whose names nobody else uses.

    Args:
        message: The message, whose own values and metadata keep their names: SparkPost takes
            metadata for values as well.
    """

    def __init__(self, message: Message) -> None:
        self._message = message
        self._prefix = ""
        self.values: dict[str, Any] = {}
        """The values of those that are for everybody, by name."""

    def named(self, name: str) -> str:
        """A name for a variable that the message does not use."""
        # Most messages need none.
        self._prefix = self._prefix or _unused(_names_in(self._message))
        return self._prefix + name

    def literal(self, text: str) -> str:
        """The text, or what stands for it if SparkPost would make something of it."""
        if OPENING not in text:
            return text
        name = self.named(f"t{len(self.values)}")
        self.values[name] = text
        return reference(name)


def reference(name: str) -> str:
    """What stands for the value of a variable in a header."""
    return f"{{{{{name}}}}}"


def _names_in(message: Message) -> Iterator[str]:
    yield from value_names(message)
    yield from message.metadata
    for own in (message.merge_metadata or {}).values():
        yield from own


def _unused(names: Iterable[str]) -> str:
    prefix = "mailcore_"
    taken = [name for name in names if name.startswith(prefix)]
    while any(name.startswith(prefix) for name in taken):
        prefix += "_"
    return prefix


def shadowed(message: Message) -> Mapping[str, Any]:
    """
    Values that each recipient has to have, because metadata of that name would come before them.

    A recipient's metadata win over the transmission's `substitution_data`
    (https://developers.sparkpost.com/api/template-language/, "Sources", read 2026-11-30); and where
    nobody has given a recipient a value, metadata are none.

    Returns:
        By name: that of `merge_global_data`, else an empty text.
    """
    keys = set(message.metadata)
    for own in (message.merge_metadata or {}).values():
        keys.update(own)
    if not keys:
        return {}
    everybodys = message.merge_global_data or {}
    return {name: everybodys.get(name, "") for name in value_names(message) if name in keys}
