"""Messages as plain JSON and back: what ``to_dict()`` and ``from_dict()`` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from mailcore.address.address import Address
from mailcore.errors import MessageError, Problem, raise_problems
from mailcore.foundation.frozen import thaw
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.message.alternative import Alternative
from mailcore.message.attachment import Attachment
from mailcore.message.coercion import within, wrong_type
from mailcore.message.fields import FIELDS, MESSAGE_FIELDS, unknown_field
from mailcore.message.headers import Headers
from mailcore.message.unsubscribe import Unsubscribe


_NAMES = frozenset(MESSAGE_FIELDS)

# None is what somebody may have given.
_UNREADABLE = object()


def plain(value: Any) -> Any:
    """A field's value as JSON has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, (Address, Attachment, Alternative, Unsubscribe)):
        return value.to_dict()
    if isinstance(value, Headers):
        return [list(pair) for pair in value.items_as_given()]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return thaw(value)


def read_document(data: object, problems: list[Problem]) -> dict[str, Any]:
    """
    What a document gives to the constructor of a message.

    Args:
        data: The document, as ``to_dict()`` returned it or as it was written by hand.
        problems: Is told what cannot be read, and which fields are unknown.

    Raises:
        InvalidMessageType: If it is no mapping.
    """
    if not isinstance(data, Mapping):
        raise_problems([wrong_type("message", "a mapping", data)])
    fields: dict[str, Any] = {}
    for name, value in data.items():
        if name not in _NAMES:
            problems.append(unknown_field(name))
        elif value is None:
            fields[name] = None
        elif name in _READERS:
            fields[name] = _READERS[name](value, name, problems)
        else:
            fields[name] = value
    return fields


def _of_text(read: Callable[[str], object], value: Any, name: str, problems: list[Problem]) -> Any:
    """What a text stands for; another value is left to the constructor."""
    if not is_text(value):
        return value
    try:
        return read(plain_text(value))
    except ValueError:
        problems.append(Problem(name, f"`{name}` is not a time in ISO 8601"))
        return None


def _of_mappings(
    read: Callable[[Mapping[str, Any]], object], value: Any, name: str, problems: list[Problem]
) -> Any:
    """What a mapping stands for, or each in a list; another value is left to the constructor."""
    if not isinstance(value, (list, tuple)):
        only = _read(read, value, name, problems)
        return None if only is _UNREADABLE else only
    items = [_read(read, item, f"{name}[{i}]", problems) for i, item in enumerate(value)]
    return [item for item in items if item is not _UNREADABLE]


def _read(
    read: Callable[[Mapping[str, Any]], object], value: Any, place: str, problems: list[Problem]
) -> Any:
    if not isinstance(value, Mapping):
        return value
    try:
        return read(value)
    except MessageError as error:
        problems.extend(within(place, error))
        return _UNREADABLE


_READERS: Mapping[str, Callable[[Any, str, list[Problem]], Any]] = {
    **{each.name: partial(_of_text, each.reads_text) for each in FIELDS if each.reads_text},
    **{
        each.name: partial(_of_mappings, each.reads_mapping)
        for each in FIELDS
        if each.reads_mapping
    },
}
"""The readers of fields that a document holds otherwise than the constructor takes them."""
