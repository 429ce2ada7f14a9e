"""The addresses that SES events name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.webhook import addr_spec_in


_NOTHING: Mapping[str, Any] = {}


def read_part(
    document: Mapping[str, Any], key: str, defects: list[str], *, required: bool = True
) -> Mapping[str, Any]:
    """
    An object within another; empty if there is none.

    Args:
        document: The document that the part stands in.
        key: The name of the part in the document.
        defects: What cannot be read is added here, in words.
        required: Whether it is a defect that it is missing.
    """
    value = document.get(key)
    if isinstance(value, dict):
        return value
    if required or value is not None:
        defects.append(f"`{key}` is {'missing' if value is None else 'not an object'}")
    return _NOTHING


def read_addresses(values: object, place: str, defects: list[str]) -> list[str]:
    """
    Read an array of addresses; one that occurs twice, in whatever case, is listed once.

    Args:
        values: The array, or anything else.
        place: What `defects` calls the list.
        defects: What cannot be read is added here, in words.
    """
    return [address for address, _ in read_recipients(values, place, defects)]


def read_recipients(
    values: object, place: str, defects: list[str]
) -> list[tuple[str, Mapping[str, Any]]]:
    """
    Read an array of objects with `emailAddress`, or of addresses, each once.

    Args:
        values: The array, or anything else.
        place: What `defects` calls the list.
        defects: What cannot be read is added here, in words.

    Returns:
        Pairs of the address and the object, which is empty where the address stands alone.
    """
    if not isinstance(values, (list, tuple)):
        defects.append(f"`{place}` is {'missing' if values is None else 'not an array'}")
        return []
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for value in values:
        details: Mapping[str, Any] = value if type(value) is dict else _NOTHING
        text = details.get("emailAddress") if details else value
        address = addr_spec_in(text) if type(text) is str else ""
        if address:
            found.setdefault(address_key(address), (address, details))
        else:
            defects.append(f"`{place}` has an entry without an address")
    return list(found.values())
