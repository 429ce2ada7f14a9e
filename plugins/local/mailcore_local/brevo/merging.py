"""
Brevo's template language.

Values `{{ params.NAME }}`, `{{ contact.EMAIL }}`, with the filters `default`, `upper`, `lower`,
`title`, `capfirst`, `truncatechars`, `floatformat`, `length`, `join` and `safe`, whose argument
stands behind a colon; `{% if %}` with `elif` and `else`, `{% for x in params.list %}`, comparisons,
`and`, `or`, `not`, `forloop.Counter`, comments. Values are escaped in HTML. What is not there is
nothing. All else is an error of the template.

https://help.brevo.com/hc/en-us/articles/4402386448530-Customize-your-emails-using-transactional-parameters
and https://help.brevo.com/hc/en-us/articles/4405381108626 (read 2026-11-30).
"""

from __future__ import annotations

import functools
import html
import re

from collections.abc import Iterable, Mapping

from mailcore_local.jinja_subset import (
    TEXT_MARK,
    Language,
    Piece,
    TemplateError,
    as_text,
    outside_texts,
    split,
)


_ARGUMENT = re.compile(rf"\|\s*(\w+)\s*:\s*({TEXT_MARK}|[\w.]+)")
_SAFE = re.compile(r"\|\s*safe\s*$")
_COUNTER = re.compile(r"\bforloop\.(Counter0|Counter|First|Last)\b")
_COUNTERS = {"Counter": "index", "Counter0": "index0", "First": "first", "Last": "last"}
_MAX_WIDTH = 100_000


def merged(source: str, values: Mapping[str, object], *, is_html: bool) -> str:
    """
    A text filled in.

    Args:
        source: The subject, text or HTML.
        values: What ``params`` and ``contact`` are.
        is_html: Whether values are escaped.

    Raises:
        TemplateError: It breaks the language, or uses what is not taken here.
    """
    if "{{" not in source and "{%" not in source:
        return source
    return _LANGUAGE.render(_pieces(source), values, escape=html.escape if is_html else str)


@functools.lru_cache(32)
def _pieces(source: str) -> tuple[Piece, ...]:
    return tuple(split(source, _value, _statement))


def _value(text: str) -> Iterable[Piece]:
    raw = _SAFE.search(text)
    if raw is not None:
        return [Piece("raw", _expression(text[: raw.start()]))]
    return [Piece("value", _expression(text))]


def _statement(text: str) -> Iterable[Piece]:
    return [Piece("statement", _expression(text))]


def _expression(text: str) -> str:
    return outside_texts(text, _rewritten)


def _rewritten(text: str) -> str:
    text = _ARGUMENT.sub(r"|\1(\2)", text)
    text = text.replace("&&", " and ").replace("||", " or ")
    return _COUNTER.sub(lambda found: f"loop.{_COUNTERS[found[1]]}", text)


def _truncated(value: object, width: object = 0) -> str:
    text, most = as_text(value), _whole(width)
    return text if len(text) <= most else f"{text[: max(most - 1, 0)]}…"


def _float(value: object, digits: object = 1) -> str:
    try:
        return f"{float(as_text(value)):.{min(_whole(digits), 20)}f}"
    except ValueError:
        return ""


def _joined(value: object, separator: object = "") -> str:
    items = value if isinstance(value, list) else [value]
    return as_text(separator).join(map(as_text, items))


def _whole(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= _MAX_WIDTH:
        raise TemplateError(f"{as_text(value)[:40]!r} is no length")
    return value


_LANGUAGE = Language(
    {
        "default": lambda value, other="": value or other,
        "upper": lambda value: as_text(value).upper(),
        "lower": lambda value: as_text(value).lower(),
        "title": lambda value: as_text(value).title(),
        "capfirst": lambda value: as_text(value)[:1].upper() + as_text(value)[1:],
        "truncatechars": _truncated,
        "floatformat": _float,
        "length": lambda value: len(value) if isinstance(value, (str, list, dict)) else 0,
        "join": _joined,
    }
)
