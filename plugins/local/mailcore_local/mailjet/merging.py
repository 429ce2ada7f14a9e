"""
Mailjet's template language.

Values `{{var:name}}`, `{{var:a.b}}` and with a default `{{var:name:"x"}}`, `{{data:…}}` likewise;
`{% if %}` with `elseif` and `else`, `{% for x in var:list %}`, `{% set x = var:y %}`; comparisons
(also `=`, `===` and `<>`), `and`, `or`, `not`; `UpperCase`, `LowerCase` and `EscapeHtml` of one
value. Values are not escaped. A value without a default that is not given is an error of the
template, and so is all else: arithmetic, other functions, `mj:` and `segmentation:`.
`[[var:name:x]]` is filled in with or without the language, and empty where nothing is given.

https://dev.mailjet.com/template-language/reference/ (read 2026-11-30).
"""

from __future__ import annotations

import functools
import html
import re

from collections.abc import Iterable, Mapping
from typing import NoReturn

import jinja2

from mailcore_local.jinja_subset import (
    TEXT_MARK,
    Language,
    Piece,
    TemplateError,
    as_text,
    outside_texts,
    split,
)


# https://github.com/mailjet/mailjet-apiv3-nodejs/issues/132 (read 2026-11-30)
_LARGEST_INTEGER = 2**31 - 1

_NAME = r"[A-Za-z_]\w*(?:\.\w+)*"
_VARIABLE = re.compile(rf"\b(var|data):({_NAME})(?::({TEXT_MARK}|[^\s()|,]*))?")
_OTHER = re.compile(r"\b(mj|segmentation):")
_FUNCTION = re.compile(r"\b(UpperCase|LowerCase|EscapeHtml)\s*\(([^()]*)\)")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_PERSONAL = re.compile(rf"\[\[(var|data):({_NAME})(?::([^\]]*))?\]\]")
_EQUAL = re.compile(r"(?<![=!<>])={1,3}(?!=)")


def merged(source: str, variables: Mapping[str, object]) -> str:
    """
    A text filled in by the template language.

    Args:
        source: The subject, text or HTML.
        variables: What ``var:`` names.

    Raises:
        TemplateError: It breaks the language, lacks a value, or uses what is not taken here.
    """
    if "{{" not in source and "{%" not in source:
        return source
    return _LANGUAGE.render(_pieces(source), {"vars": dict(variables), "data": {}}, escape=str)


@functools.lru_cache(32)
def _pieces(source: str) -> tuple[Piece, ...]:
    return tuple(split(source, _value, _statement))


def personalized(source: str, variables: Mapping[str, object]) -> str:
    """
    A body with its ``[[var:name]]`` filled in.

    Args:
        source: The text or HTML.
        variables: What ``var:`` names.
    """

    def value(found: re.Match[str]) -> str:
        present: object = variables if found[1] == "var" else None
        for name in found[2].split("."):
            present = present.get(name) if isinstance(present, Mapping) else None
        return as_text((found[3] or "").strip("\"'") if present is None else present)

    return _PERSONAL.sub(value, source)


def check_variables(variables: Mapping[str, object]) -> None:
    """
    Look for numbers that Mailjet cannot put into a template.

    Raises:
        TemplateError: A whole number has more than 32 bits.
    """
    for name, value in variables.items():
        if type(value) is int and abs(value) > _LARGEST_INTEGER:
            raise TemplateError(f"the value of var:{name} has more than 32 bits")
        if isinstance(value, Mapping):
            check_variables(value)


def _value(text: str) -> Iterable[Piece]:
    return [Piece("value", outside_texts(text, lambda bare: _rewritten(bare, lenient=False)))]


def _statement(text: str) -> Iterable[Piece]:
    keyword, _, rest = text.partition(" ")
    if keyword == "set":
        name, sign, value = rest.partition("=")
        if not sign:
            raise TemplateError(f"'{text[:100]}' is no statement")
        expression = outside_texts(value, lambda bare: _rewritten(bare, lenient=True))
        return [Piece("statement", f"set {name.strip()} = {expression}")]
    word = "elif" if keyword in ("elseif", "elif") else keyword
    expression = outside_texts(rest, lambda bare: _rewritten(bare, lenient=True))
    return [Piece("statement", f"{word} {expression}".strip())]


def _rewritten(text: str, *, lenient: bool) -> str:
    if _OTHER.search(text):
        raise TemplateError(f"'{text.strip()[:100]}' is not known here")
    text = _FUNCTION.sub(r"((\2)|\1)", text)
    text = _EQUAL.sub("==", text.replace("<>", "!="))

    def variable(found: re.Match[str]) -> str:
        path = f"{'vars' if found[1] == 'var' else 'data'}.{found[2]}"
        default = found[3]
        if default is not None:
            return f"({path}|or_else({_literal(default)}))"
        return path if lenient else f"({path}|required)"

    return _VARIABLE.sub(variable, text)


def _literal(default: str) -> str:
    if re.fullmatch(TEXT_MARK, default) or _NUMBER.fullmatch(default):
        return default
    # A bare word is a text; it has no quotes and no marks.
    return "'" + re.sub(r"[^\w .,;:!?%&/+-]", "", default) + "'"


def _is_nothing(value: object) -> bool:
    return value is None or isinstance(value, jinja2.Undefined)


def _required(value: object) -> object:
    return _refuse() if _is_nothing(value) else value


def _refuse() -> NoReturn:
    raise TemplateError("a variable has neither a value nor a default")


_LANGUAGE = Language(
    {
        "required": _required,
        "or_else": lambda value, other: other if _is_nothing(value) else value,
        "UpperCase": lambda value: as_text(value).upper(),
        "LowerCase": lambda value: as_text(value).lower(),
        "EscapeHtml": lambda value: html.escape(as_text(value)),
    }
)
