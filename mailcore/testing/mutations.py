"""Bodies of webhooks with one thing wrong in each: a field missing, or of another type."""

from __future__ import annotations

import json

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode


_REPLACEMENTS: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("true", True),
    ("a number", 7),
    ("a huge number", 10**30),
    ("an empty text", ""),
    ("a text", "\x00 é"),
    ("an empty list", []),
    ("a list of lists", [[], [None]]),
    ("an empty object", {}),
    ("an object", {"a": {"b": 1}}),
)

GARBAGE: tuple[tuple[str, bytes], ...] = (
    ("nothing", b""),
    ("a brace", b"{"),
    ("an empty list", b"[]"),
    ("an empty object", b"{}"),
    ("null", b"null"),
    ("a number", b"7"),
    ("a text", b'"text"'),
    ("NaN", b'{"a": NaN}'),
    ("no UTF-8", b"\xff\xfe\x00"),
    ("HTML", b"<html>hello</html>"),
    ("deep nesting", b"[" * 100_000),
    ("deep objects", b'{"a":' * 100_000),
    ("a huge integer", b'{"a": ' + b"9" * 5_000 + b"}"),
    ("lone surrogates", b'{"a": "\\ud800"}'),
)
"""Bodies that nobody would send on purpose."""


def mutations(body: bytes) -> Iterator[tuple[str, bytes]]:
    """
    Every body that differs from *body* in one field: JSON (also inside its texts) or a form.

    Yields:
        What was changed, and the body.
    """
    try:
        document = json.loads(body)
    except ValueError:
        yield from _form_mutations(body)
        return
    for label, changed in _variants(document, "body"):
        yield label, json.dumps(changed).encode()


def _variants(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    for label, other in _REPLACEMENTS:
        if other != value:
            yield f"{place} is {label}", other
    if isinstance(value, dict):
        yield from _variants_of_object(value, place)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            for label, changed in _variants(item, f"{place}[{position}]"):
                yield label, [*value[:position], changed, *value[position + 1 :]]
    elif isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            document = json.loads(value)
        except ValueError:
            return
        for label, changed in _variants(document, f"{place}(json)"):
            yield label, json.dumps(changed)


def _variants_of_object(value: dict[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        yield f"{place}.{key} is missing", {k: v for k, v in value.items() if k != key}
        for label, changed in _variants(item, f"{place}.{key}"):
            yield label, {**value, key: changed}


def _form_mutations(body: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True)
    except UnicodeDecodeError:
        return
    for position, (name, value) in enumerate(pairs):
        rest = [*pairs[:position], *pairs[position + 1 :]]
        yield f"{name} is missing", urlencode(rest).encode()
        yield f"{name} is given twice", urlencode([*pairs, (name, "twice")]).encode()
        for label, changed in _variants(value, name):
            text = changed if isinstance(changed, str) else json.dumps(changed)
            given = [*pairs[:position], (name, text), *pairs[position + 1 :]]
            yield label, urlencode(given).encode()
