"""Options that are given as text, in a URL or in the environment, as the types that are wanted."""

from __future__ import annotations

import json
import types

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin


LISTS = (Sequence, Iterable, list, tuple, set, frozenset)
_MAPPINGS = (Mapping, dict)
_TRUE = frozenset(["1", "true", "yes", "on"])
_FALSE = frozenset(["0", "false", "no", "off"])
_NOT_OF_IT = object()


class Misfit(Exception):
    """A text cannot be made a value of the type of its option; the error says what is wanted."""


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation allows."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def described(annotation: Any) -> str:
    """An annotation as an error tells it."""
    names = []
    for wanted in alternatives(annotation):
        if wanted in (type(None), None):
            names.append("None")
        elif get_origin(wanted) is Literal:
            names.extend(repr(choice) for choice in get_args(wanted))
        elif get_origin(wanted) in LISTS:
            names.append("a list")
        elif get_origin(wanted) is not None:
            names.append("a mapping" if get_origin(wanted) is Mapping else "callable")
        else:
            names.append(getattr(wanted, "__name__", str(wanted)))
    return " or ".join(names)


def converted(values: list[str], annotation: Any) -> Any:
    """
    What texts are as the type of an option.

    Numbers, truth values, texts; a list with commas, in several texts, or as JSON; a mapping as
    JSON.

    Args:
        values: The texts; several for an option that was given several times.
        annotation: The type that the option is declared with.

    Raises:
        Misfit: If they are not of that type.
    """
    wanted = [each for each in alternatives(annotation) if each is not type(None)]
    for each in wanted:
        if get_origin(each) in LISTS:
            one = next(iter(get_args(each)), str)
            made = tuple(converted([item], one) for item in _items(values) if item)
            origin = get_origin(each)
            return origin(made) if origin in (list, set, frozenset) else made
    if len(values) > 1:
        raise Misfit(f"is given {len(values)} times")
    for each in wanted:
        found = _one(values[0], each)
        if found is not _NOT_OF_IT:
            return found
    raise Misfit(f"must be {described(annotation)}")


def _one(text: str, wanted: Any) -> Any:
    if get_origin(wanted) in _MAPPINGS:
        return _mapping(text)
    if wanted is bool and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if wanted in (int, float):
        try:
            return wanted(text)
        except ValueError:
            return _NOT_OF_IT
    if wanted in (str, Any) or (get_origin(wanted) is Literal and text in get_args(wanted)):
        return text
    return _NOT_OF_IT


def _items(values: list[str]) -> list[str]:
    """The items of a list: a text with a comma in it needs JSON."""
    if len(values) == 1 and values[0].lstrip().startswith("["):
        try:
            items = json.loads(values[0])
        except (ValueError, RecursionError):
            items = None
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return items
    return [item.strip() for value in values for item in value.split(",")]


def _mapping(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        # Not chained: the cause repeats the text.
        raise Misfit("must be a mapping, as JSON")
    return found
