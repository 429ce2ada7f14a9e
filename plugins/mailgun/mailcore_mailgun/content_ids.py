"""
``content-id-map``: which of a mail's files the HTML refers to, by which Content-ID.

A JSON object from Content-IDs to names of files, written by a program that does not look whether a
mail has one Content-ID twice: then the object has one name twice, of which JSON readers keep the
last. https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
(read 2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Mapping
from typing import Any


class RepeatingObject(dict[str, Any]):
    """A JSON object that knows the pairs that it was made of, repeated names among them."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.pairs = tuple(pairs)
        super().__init__(self.pairs)


def read_json(text: str | bytes) -> Any:
    """
    Read JSON, objects as :class:`RepeatingObject`.

    Raises:
        ValueError: If it is none.
        RecursionError: If it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=RepeatingObject)


def content_ids(given: object, names: Iterable[str], defects: list[str]) -> Mapping[str, str]:
    """
    The Content-ID of each file that has one.

    Args:
        given: The map, or its JSON, or None.
        names: What the map may call the files.
        defects: What cannot be read, or is ambiguous, is added here, in words.

    Returns:
        By the name of the file. Two files may have one Content-ID: neither is lost.
    """
    if isinstance(given, str):
        try:
            given = read_json(given)
        except (ValueError, RecursionError):
            given = ""
    if given is None:
        return {}
    if not isinstance(given, dict):
        defects.append("`content-id-map` is not a JSON object")
        return {}
    known = frozenset(names)
    found: dict[str, str] = {}
    seen: set[str] = set()
    for content_id, name in given.pairs if isinstance(given, RepeatingObject) else given.items():
        if content_id in seen:
            defects.append("`content-id-map` has a Content-ID more than once")
        seen.add(content_id)
        if not isinstance(name, str) or name not in known:
            defects.append("`content-id-map` names a file that is not there")
        elif name in found:
            defects.append("`content-id-map` has a file more than once")
        else:
            found[name] = content_id
    return found
