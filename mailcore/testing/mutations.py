"""Bodies of webhooks with one thing wrong in each: a field missing, or of another type."""

from __future__ import annotations

import dataclasses
import json

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mailcore.testing.form_data import FormPart, is_form_data, read_form_data, write_form_data


REPLACEMENTS: tuple[tuple[str, Any], ...] = (
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
"""What stands in the place of a value, and what to call it."""

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


def mutations(body: bytes, content_type: str = "") -> Iterator[tuple[str, bytes]]:
    """
    Every body that differs from *body* in one field: JSON (also inside its texts) or a form.

    Args:
        body: JSON, or a form of either kind.
        content_type: The header; needed for ``multipart/form-data``.

    Yields:
        What was changed, and the body.
    """
    if is_form_data(content_type):
        yield from _form_data_mutations(body, content_type)
        return
    try:
        document = json.loads(body)
    except ValueError:
        yield from _form_mutations(body)
        return
    for label, changed in _variants(document, "body"):
        yield label, json.dumps(changed).encode()


def _variants(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    for label, other in REPLACEMENTS:
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


def _form_data_mutations(body: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    parts = read_form_data(body, content_type) or []
    for position, part in enumerate(parts):
        before, after = parts[:position], parts[position + 1 :]
        for label, changed in _variants_of_part(part):
            yield label, write_form_data([*before, *changed, *after], content_type)
    yield "the boundary is another", body.replace(b"--", b"-x")


def _variants_of_part(part: FormPart) -> Iterator[tuple[str, list[FormPart]]]:
    yield f"{part.name} is missing", []
    yield f"{part.name} is given twice", [part, part]
    if part.filename is None:
        yield f"{part.name} is a file", [dataclasses.replace(part, filename="a.bin")]
    else:
        yield f"{part.name} is no file", [dataclasses.replace(part, filename=None)]
        yield f"{part.name} has no file name", [dataclasses.replace(part, filename="")]
    yield f"{part.name} has no name", [dataclasses.replace(part, name="")]
    yield f"{part.name} is no UTF-8", [dataclasses.replace(part, content=b"\xff\xfe")]
    try:
        text = part.content.decode("utf-8")
    except UnicodeDecodeError:
        return
    for label, changed in _variants(text, part.name):
        written = changed if isinstance(changed, str) else json.dumps(changed)
        yield label, [dataclasses.replace(part, content=written.encode("utf-8", "surrogatepass"))]
