"""
Values of a message, and how SendGrid fills them in.

Dynamic templates take any JSON. Everything else takes ``substitutions``: texts, and what each of
them replaces in subject and bodies, word for word. Both:
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/personalizations (read
2026-11-30). So ``{{name}}`` in the message's own texts is replaced by a substitution of that name,
spelled as it stands there. Values are put into HTML as they are.
"""

from __future__ import annotations

import json
import re

from collections.abc import Callable, Iterator, Mapping
from secrets import token_hex
from typing import Any, TypeAlias

from mailcore.foundation import thaw
from mailcore.message import (
    MergeSyntax,
    Message,
    extra_of,
    fills_in,
    subject_and_bodies,
    value_names,
)
from mailcore_sendgrid.options import NAMESPACE, SendGridOptions, substitution_of


SYNTAX = MergeSyntax(
    example="{{name}}",
    pattern=re.compile(r"\{\{(?P<name>[^{}]*)\}\}"),
    padding=" ",
)
DYNAMIC = "d-"
"""How the id of a dynamic template begins."""

Filling: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Makes of one recipient's values what their personalization has of them."""

_BRACES = "{{"


def value_text(value: Any) -> str:
    """A value as a text: nothing for None, JSON for what is neither text nor None."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    return str(value) if type(value) is int else json.dumps(thaw(value), ensure_ascii=False)


def filling_of(message: Message, options: SendGridOptions) -> tuple[Message, Filling]:
    """
    How the values of a message are filled in, and the message with texts that fit that.

    Raises:
        ConfigurationError: If the message says wrongly how its legacy template refers to values.
    """
    template_id = extra_of(message, NAMESPACE).get("template_id", message.template_id)
    if template_id is None:
        return _own_texts(message)
    if isinstance(template_id, str) and template_id.startswith(DYNAMIC):
        return message, _dynamic
    names = value_names(message)
    if not names:
        return message, _nothing
    spelled = substitution_of(message, options)
    return message, _substituting({spelled.replace("name", name): name for name in names})


def _nothing(_values: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _dynamic(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"dynamic_template_data": thaw(values)} if values else {}


def _substituting(names: Mapping[str, str]) -> Filling:
    """
    Substitutions of all names; a recipient who lacks a value has an empty text.

    Args:
        names: The name of the value for each text that is replaced.
    """

    def substitutions(values: Mapping[str, Any]) -> dict[str, Any]:
        texts = {key: value_text(values.get(name)) for key, name in names.items()}
        return {"substitutions": texts}

    return substitutions


def _own_texts(message: Message) -> tuple[Message, Filling]:
    if not fills_in(message, SYNTAX):
        return message, _nothing
    names = {
        found[0]: found["name"].strip(SYNTAX.padding)
        for _, text in subject_and_bodies(message)
        for found in SYNTAX.pattern.finditer(text)
    }
    if any(_BRACES in text for text in _values(message)):
        # Nobody says whether SendGrid looks for references in what it filled in: a value must not
        # hold one by accident, or by somebody's intent.
        return _with_unlike_names(message, names)
    return message, _substituting(names)


def _with_unlike_names(message: Message, names: Mapping[str, str]) -> tuple[Message, Filling]:
    """The same with references that nobody can have foreseen."""
    token = token_hex(8)
    unlike = {key: f"{_BRACES}{token}.{number}}}}}" for number, key in enumerate(names)}
    changes: dict[str, Any] = {
        field: SYNTAX.pattern.sub(lambda found: unlike[found[0]], text)
        for field, text in subject_and_bodies(message)
    }
    filling = _substituting({unlike[key]: name for key, name in names.items()})
    return message.replace(**changes), filling


def _values(message: Message) -> Iterator[str]:
    for values in (message.merge_global_data or {}, *(message.merge_data or {}).values()):
        yield from map(value_text, values.values())
