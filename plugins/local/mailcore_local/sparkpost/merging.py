"""
SparkPost's template language.

Expressions `{{ a.b[1]['c'] or 'x' }}`, escaped in HTML, `{{{ … }}}` never; `{{ #list }}` for a
length, `{{if … then}}`, `{{elseif …}}`, `{{else}}`, `{{end}}`, `{{each list}}` with `loop_var`,
`loop_index` and `loop_vars.list`; comparisons, `and`, `or`, `not`; `empty(list)`, the four macros
for braces, and `render_dynamic_content(dynamic_html.x)` for one level. Lists begin with 1. A name
that is not there is nothing. Not taken, and an error: any other macro, arithmetic. Links are not
encoded.

https://developers.sparkpost.com/api/template-language/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com).
"""

from __future__ import annotations

import functools
import html
import re

from collections.abc import Iterator, Mapping

import jinja2

from jinja2.runtime import Context

from mailcore_local.jinja_subset import (
    Filter,
    Language,
    Piece,
    TemplateError,
    as_text,
    escape_of,
    outside_texts,
    values_of,
)


_TAG = re.compile(r"\{\{\{(?P<raw>.*?)\}\}\}|\{\{(?P<tag>.*?)\}\}", re.DOTALL)
_BRACES = {
    "opening_double_curly()": "{{",
    "closing_double_curly()": "}}",
    "opening_triple_curly()": "{{{",
    "closing_triple_curly()": "}}}",
}
_PATH = r"[A-Za-z_][\w.]*(?:\[[^\]]*\][\w.]*)*"
_LENGTH = re.compile(rf"#\s*({_PATH})")
_EMPTY = re.compile(rf"\bempty\s*\(\s*({_PATH})\s*\)")
_DYNAMIC = re.compile(rf"render_dynamic_content\s*\(\s*({_PATH})\s*\)")
_NOT_EQUAL = re.compile(r"~=")
_STATEMENT = re.compile(r"(if|elseif|each|else|end)\b(.*)", re.DOTALL)
_LAST_NAME = re.compile(r"([A-Za-z_]\w*)[\])'\"]*$")
# Words of Jinja2's that are names here; and nothing, in the word of Lua.
_RESERVED = ("is", "in", "none", "None", "True", "False")
_MEMBER = re.compile(rf"\.({'|'.join(_RESERVED)})\b")
_WORDS = re.compile(rf"\b({'|'.join(_RESERVED)}|nil)\b(?!')")


def merged(source: str, values: Mapping[str, object], *, is_html: bool) -> str:
    """
    A text filled in.

    Args:
        source: The subject, text, HTML, address or header value.
        values: The substitution data of one recipient by name.
        is_html: Whether expressions between two braces are escaped.

    Raises:
        TemplateError: It breaks the language, or uses what is not taken here.
    """
    if "{{" not in source:
        return source
    reserved = {f"_{name}": values[name] for name in _RESERVED if name in values}
    given = {"loop_vars": {}, **values, **reserved}
    return _LANGUAGE.render(_pieces(source), given, escape=html.escape if is_html else str)


def check(source: str) -> None:
    """
    Look for errors of a template that is stored.

    Raises:
        TemplateError: It breaks the language, or uses what is not taken here.
    """
    merged(source, {}, is_html=False)


@functools.lru_cache(32)
def _pieces(source: str) -> tuple[Piece, ...]:
    return tuple(_split(source))


def _split(source: str) -> Iterator[Piece]:
    position = 0
    blocks: list[str] = []
    for found in _TAG.finditer(source):
        yield Piece("text", _plain(source[position : found.start()]))
        position = found.end()
        if found["raw"] is not None:
            yield _value(found["raw"].strip(), "raw")
            continue
        inner = found["tag"].strip()
        statement = _STATEMENT.fullmatch(inner)
        if statement is None:
            yield _value(inner, "value")
        else:
            yield from _statement(statement[1], statement[2].strip(), blocks)
    if blocks:
        raise TemplateError(f"'{{{{{blocks[-1]}}}}}' is not closed by '{{{{end}}}}'")
    yield Piece("text", _plain(source[position:]))


def _plain(text: str) -> str:
    if "{{" in text:
        raise TemplateError("'{{' is not closed by '}}'")
    return text


def _value(text: str, kind: str) -> Piece:
    braces = _BRACES.get(re.sub(r"\s", "", text))
    if braces is not None:
        return Piece("text", braces)
    dynamic = _DYNAMIC.fullmatch(text)
    if dynamic is not None:
        return Piece("raw", f"{_expression(dynamic[1])}|dynamic")
    return Piece("raw" if kind == "raw" else "value", _expression(text))


def _statement(keyword: str, rest: str, blocks: list[str]) -> Iterator[Piece]:
    if keyword == "if":
        blocks.append("if")
        yield Piece("statement", f"if {_condition(rest)}")
    elif keyword == "each":
        blocks.append("each")
        name = _LAST_NAME.search(rest)
        if name is None:
            raise TemplateError(f"'{rest}' is no array to go through")
        yield Piece("statement", f"for loop_var in {_expression(rest)}")
        yield Piece("statement", "set loop_index = loop.index")
        yield Piece("statement", f"set loop_vars = loop_vars|with_name('{name[1]}', loop_var)")
    elif not blocks:
        raise TemplateError(f"'{{{{{keyword}}}}}' stands outside of a block")
    elif keyword == "end":
        yield Piece("statement", "endif" if blocks.pop() == "if" else "endfor")
    elif blocks[-1] != "if":
        raise TemplateError(f"'{{{{{keyword}}}}}' stands outside of an 'if'")
    elif keyword == "elseif":
        yield Piece("statement", f"elif {_condition(rest)}")
    else:
        yield Piece("statement", "else")


def _condition(text: str) -> str:
    return _expression(re.sub(r"\bthen$", "", text).strip())


def _expression(text: str) -> str:
    """
    An expression in the words of Jinja2; texts in quotes stay as they are.
    """
    return outside_texts(text, _words)


def _words(text: str) -> str:
    if "|" in text or "~" in _NOT_EQUAL.sub("", text):
        raise TemplateError(f"'{text.strip()}' is no expression")
    text = _NOT_EQUAL.sub("!=", text)
    text = _MEMBER.sub(r"['\1']", text)
    text = _WORDS.sub(lambda word: "none" if word[0] == "nil" else f"_{word[0]}", text)
    text = _EMPTY.sub(r"(\1|is_empty)", text)
    return _LENGTH.sub(r"(\1|size)", text)


def _with_name(values: object, name: object, value: object) -> dict[str, object]:
    return {**(values if isinstance(values, dict) else {}), str(name): value}


@jinja2.pass_context
def _dynamic(context: Context, content: object) -> str:
    # Within itself it is not known, so that it ends.
    return _WITHIN.render(_pieces(as_text(content)), values_of(context), escape=escape_of(context))


_FILTERS: Mapping[str, Filter] = {
    "size": lambda value: len(value) if isinstance(value, (list, dict, str)) else 0,
    "is_empty": lambda value: not (isinstance(value, (list, dict)) and value),
    "with_name": _with_name,
}
_WITHIN = Language(_FILTERS, first_index=1)
_LANGUAGE = Language({**_FILTERS, "dynamic": _dynamic}, first_index=1)
