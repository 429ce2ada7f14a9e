"""
The values of a request's JSON, each of the type that the documentation has for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from mailcore_local.documents import NotReadable, read_json
from mailcore_local.postmark.errors import INVALID_JSON, PostmarkError, incompatible


Fields: TypeAlias = Mapping[str, object]


def read(body: bytes) -> object:
    """
    The document in a body.

    Raises:
        PostmarkError: It is no JSON (402).
    """
    try:
        value: object = read_json(body)
    except NotReadable:
        raise PostmarkError(INVALID_JSON, "Received invalid JSON input.") from None
    return value


def as_object(value: object, name: str = "the request") -> Fields:
    """
    A value that has to be an object.

    Raises:
        PostmarkError: It is none (403).
    """
    if not isinstance(value, dict):
        raise incompatible(name)
    return value


def text(fields: Fields, name: str) -> str:
    """
    A string; empty where it is missing or null.

    Raises:
        PostmarkError: It is of another type (403).
    """
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise incompatible(name)
    return value


def flag(fields: Fields, name: str) -> bool | None:
    """
    A boolean; `None` where it is missing or null.

    Raises:
        PostmarkError: It is of another type (403).
    """
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise incompatible(name)
    return value


def objects(fields: Fields, name: str) -> list[Fields]:
    """
    A list of objects; empty where it is missing or null.

    Raises:
        PostmarkError: It is of another type (403).
    """
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise incompatible(name)
    return [as_object(item, name) for item in value]


def texts(fields: Fields, name: str) -> dict[str, str]:
    """
    An object of strings; empty where it is missing or null. Numbers and booleans become strings.

    Raises:
        PostmarkError: It is of another type (403).
    """
    value = fields.get(name)
    if value is None:
        return {}
    found: dict[str, str] = {}
    for key, item in as_object(value, name).items():
        if isinstance(item, bool):
            found[key] = str(item).lower()
        elif isinstance(item, (str, int, float)):
            found[key] = str(item)
        elif item is None:
            found[key] = ""
        else:
            raise incompatible(name)
    return found
