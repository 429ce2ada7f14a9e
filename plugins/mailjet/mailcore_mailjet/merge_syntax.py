"""
How the texts of a message refer to values, and the values as Mailjet takes them.

https://dev.mailjet.com/template-language/reference/ and
https://github.com/mailjet/api-documentation/blob/master/guides/_send-api.md (read 2026-11-30):
``{{var:name}}`` and ``{{var:name:"default"}}`` where ``TemplateLanguage`` is true. In bodies, and
not in the subject, ``[[var:name]]`` works without it, as django-anymail's author found
(``docs/esps/mailjet.rst``, read 2026-11-30).

A value that is missing and has no default is an error of the template: Mailjet accepts the message,
and then blocks it.
"""

from __future__ import annotations

import re

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mailcore.errors import Problem
from mailcore.foundation import shown_name
from mailcore.message import MergeSyntax, Message, fills_in, subject_and_bodies


SYNTAX = MergeSyntax(
    example="{{var:name}}",
    # What the service would evaluate otherwise has no name: it belongs into a stored template.
    pattern=re.compile(
        r"(?P<mark>\{\{|\[\[)\s*var:(?P<name>[^\s:{}\[\]\"']+)\s*"
        r"(?P<default>:[^{}\[\]]*)?(?:\}\}|\]\])"
        r"|\{\{(?!\s*(?:data|mj|segmentation):)[^{}]*\}\}"
        r"|\{%[^%{}]*%\}"
    ),
    note="expressions and statements of the template language belong into a stored template",
    has_paths=True,
)

_SQUARE = "[["
_LARGEST_INTEGER = 2**31 - 1
_ONLY_TEXTS = {str}
_NOTHING: Mapping[str, Any] = {}


class Filling(NamedTuple):
    """
    How the texts of a message are filled in.

    Attributes:
        language: Whether ``TemplateLanguage`` has to be true.
        blank: The values that have to be there, if only as an empty text.
    """

    language: bool
    blank: Mapping[str, str]


def filling_of(message: Message) -> Filling | None:
    """How to fill in a message; None if its texts are to stay as they are."""
    if not fills_in(message, SYNTAX):
        return None
    if message.template_id is not None:
        # What it makes of a missing value is the template's.
        return Filling(language=True, blank=_NOTHING)
    found = [match for _, text in SYNTAX.texts(message) for match in SYNTAX.pattern.finditer(text)]
    bare = [match["name"] for match in found if match["name"] and not match["default"]]
    return Filling(
        language=any(match["mark"] != _SQUARE for match in found),
        blank=dict.fromkeys(map(SYNTAX.head, bare), ""),
    )


def variables(*given: Mapping[str, Any]) -> dict[str, Any]:
    """
    ``Variables``: values of all recipients, and of one; the later win.

    Whole numbers beyond 32 bits are texts: Mailjet blocks the message otherwise
    (https://github.com/mailjet/mailjet-apiv3-nodejs/issues/132, read 2026-11-30).
    """
    found: dict[str, Any] = {}
    for values in given:
        found.update(values)
    if {*map(type, found.values())} <= _ONLY_TEXTS:
        return found
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if type(value) is int and abs(value) > _LARGEST_INTEGER:
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def check_values(message: Message) -> Iterator[Problem]:
    """
    Name the values that Mailjet cannot take, and references that it would not fill in.

    It answers 400 or 500 to a null in ``Variables``:
    https://github.com/mailjet/mailjet-apiv3-php/issues/210 (read 2026-11-30).
    """
    if not message.merge_data and not message.merge_global_data:
        return
    for field, given in (
        ("merge_data", (message.merge_data or {}).values()),
        ("merge_global_data", [message.merge_global_data or {}]),
    ):
        names = sorted({name for data in given for name, value in data.items() if _has_none(value)})
        if names:
            reason = f"`{field}` has None in {', '.join(map(shown_name, names[:5]))}"
            yield Problem(field, f"{reason}, which Mailjet refuses", "give an empty text")
    if message.template_id is not None or not fills_in(message, SYNTAX):
        return
    marks = {
        (field, match["mark"])
        for field, text in subject_and_bodies(message)
        for match in SYNTAX.pattern.finditer(text)
        if match["mark"]
    }
    if ("subject", _SQUARE) in marks or len({mark for _, mark in marks}) > 1:
        reason = "Mailjet fills in [[var:…]] in bodies only, and not beside {{var:…}}"
        field = "subject" if ("subject", _SQUARE) in marks else "merge_data"
        yield Problem(field, reason, "write {{var:…}} everywhere")


def _has_none(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_none, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_has_none, value))
    return value is None
