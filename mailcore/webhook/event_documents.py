"""
Events as plain JSON and back: what `to_dict()` and :func:`~mailcore.events.event_from_dict` do.

A document has all fields of the event but `esp_event` and `notification`, the version of this
form, and of tracking events `may_write_again`, for readers in other languages. What is read is
checked as if a stranger had written it: queues outlive the programs that fill them.
"""

from __future__ import annotations

import base64
import binascii

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.errors import Problem, SerializationError
from mailcore.foundation.redaction import shown_name, shown_size


if TYPE_CHECKING:
    # Below the events: these write and read themselves with what is here.
    from mailcore.events import Event

__all__ = ["VERSION", "read_fields", "write_event"]

VERSION = 1
"""The version of the documents that are written; another one is refused when it is read."""

LEFT_OUT = frozenset({"esp_event", "notification"})
"""Fields that do not travel: the provider's own words, and what brought them."""

MAX_DEPTH = 100
"""How many mappings and lists may stand within each other; providers nest less than ten."""

Words: TypeAlias = tuple[tuple[str, type[Enum]], ...]
"""Fields whose values are members of an enumeration, each with it."""

_CONTENT = "content_base64"
_DERIVED = "may_write_again"


def write_event(event: Event) -> dict[str, object]:
    """
    The event as plain JSON.

    Raises:
        SerializationError: If JSON cannot hold a value: its metadata are the only place for such.
    """
    plain: dict[str, object] = {"version": VERSION}
    problems: list[Problem] = []
    for each in fields(event):
        if each.name in LEFT_OUT:
            continue
        value = getattr(event, each.name)
        if isinstance(value, bytes):
            plain[_CONTENT] = base64.b64encode(value).decode("ascii")
        elif isinstance(value, datetime):
            plain[each.name] = value.isoformat()
        else:
            try:
                plain[each.name] = _plain(value, 0)
            except _Wrong as wrong:
                problems.append(Problem(each.name, f"`{each.name}` {wrong}"))
    if hasattr(event, _DERIVED):
        plain[_DERIVED] = getattr(event, _DERIVED)
    if problems:
        raise SerializationError(problems)
    return plain


def read_fields(document: Mapping[Any, object], kind: type[Event], words: Words) -> dict[str, Any]:
    """
    The arguments of an event's constructor, of its document.

    Args:
        document: What :func:`write_event` wrote, after any detour through JSON. Fields that are
            missing have their defaults: an older release did not know them.
        kind: The class of the event.
        words: The fields whose values are members of an enumeration, with it.

    Raises:
        SerializationError: With everything that is wrong with it, by key.
    """
    if not isinstance(document, Mapping):
        raise SerializationError(f"an event is read from a mapping, not {type(document).__name__}")
    given: dict[object, object] = {**document}
    problems: list[Problem] = []
    version = given.pop("version", VERSION)
    if type(version) is not int or version != VERSION:
        told = f"is not {VERSION}, which is all that this release of mailcore reads"
        problems.append(Problem("version", f"`version` {told}"))
    readers, arguments = _reading(kind, words)
    found: dict[str, Any] = {}
    for key, value in given.items():
        if not isinstance(key, str) or key not in readers:
            reason = f"there is no key {shown_name(key)} in an event of mailcore's"
            problems.append(Problem(shown_name(key), reason))
            continue
        try:
            found[key] = readers[key](value)
        except _Wrong as wrong:
            problems.append(Problem(key, f"`{key}` {wrong}"))
    required = {"provider", "event_type"} - given.keys()
    problems += [Problem(key, f"`{key}` is missing") for key in sorted(required)]
    if found.get("content") is not None and _CONTENT in found:
        problems.append(Problem(_CONTENT, f"`{_CONTENT}` stands beside `content`"))
    if problems:
        raise SerializationError(problems)
    if _CONTENT in found:
        found["content"] = found.pop(_CONTENT)
    return {key: value for key, value in found.items() if key in arguments}


class _Wrong(Exception):
    """What is wrong with a value, without the value."""


def _plain(value: object, depth: int) -> object:
    """The value as JSON has it; what comes back of it is equal."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise _Wrong("has a number that JSON cannot hold")
        return value
    if depth > MAX_DEPTH:
        raise _Wrong("is nested too deeply")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise _Wrong("has a key that is no text")
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item, depth + 1) for item in value]
    raise _Wrong(f"has a {type(value).__name__}, which JSON cannot hold")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"must be text, not {_kind(value)}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise _Wrong("must be a list of texts")
    return tuple(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"must be true or false, not {_kind(value)}")
    return value


def _number(value: object) -> float:
    if type(value) is int or (isinstance(value, float) and isfinite(value)):
        return value
    raise _Wrong(f"must be a finite number, not {_kind(value)}")


def _time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(_text(value))
    except ValueError:
        raise _Wrong("is no time as datetime.isoformat() writes it") from None


def _content(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except (binascii.Error, ValueError):
        raise _Wrong("is not base64") from None


def _no_content(value: object) -> None:
    if value is not None:
        raise _Wrong(f"must be null: content stands under `{_CONTENT}`")


def _places(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(
        isinstance(part, str) for pair in value.items() for part in pair
    ):
        raise _Wrong("must be an object whose values are texts")
    return value


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Wrong(f"must be an object, not {_kind(value)}")
    _plain(value, 0)
    return value


def _member(kind: type[Enum]) -> Callable[[object], Enum]:
    known = ", ".join(str(member.value) for member in kind)

    def read(value: object) -> Enum:
        # Of anything else, the enumeration would write the whole for its error.
        if not isinstance(value, str):
            raise _Wrong(f"is {_kind(value)}: this release of mailcore knows {known}")
        try:
            return kind(value)
        except ValueError:
            shown = shown_name(value)
            raise _Wrong(f"is {shown}: this release of mailcore knows {known}") from None

    return read


def _or_null(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else read(value)


def _kind(value: object) -> str:
    return "null" if value is None else shown_size(value)


_Reader: TypeAlias = Callable[[object], object]

# By the annotation of a field: a new one is read as the others of its type are.
_READERS: Mapping[str, _Reader] = {
    "str": _text,
    "str | None": _or_null(_text),
    "tuple[str, ...]": _texts,
    "bool": _flag,
    "bool | None": _or_null(_flag),
    "float | None": _or_null(_number),
    "datetime | None": _or_null(_time),
    "bytes | None": _no_content,
    "Mapping[str, str]": _places,
    "Mapping[str, Any]": _object,
}


_KNOWN: dict[type[object], tuple[Mapping[str, _Reader], frozenset[str]]] = {}


def _reading(kind: type[Event], words: Words) -> tuple[Mapping[str, _Reader], frozenset[str]]:
    """What reads each key of a document, and what the constructor takes: found out once."""
    known = _KNOWN.get(kind)
    if known is None:
        arguments = frozenset(each.name for each in fields(kind) if each.init)
        known = _KNOWN[kind] = (_readers(kind, words), arguments)
    return known


def _readers(kind: type[Event], words: Words) -> Mapping[str, _Reader]:
    """What reads each key of the documents of a kind of event."""
    readers: dict[str, _Reader] = {}
    enumerations = dict(words)
    for each in fields(kind):
        if each.name in enumerations:
            member = _member(enumerations[each.name])
            readers[each.name] = member if each.name == "event_type" else _or_null(member)
        elif each.name not in LEFT_OUT:
            readers[each.name] = _READERS[str(each.type)]
    if "content" in readers:
        readers[_CONTENT] = _content
    if hasattr(kind, _DERIVED):
        # It follows from the others, by this release's rules.
        readers[_DERIVED] = _or_null(_flag)
    return readers
