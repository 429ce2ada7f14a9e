"""
Mandrill's merge languages: Mailchimp's merge tags, and Handlebars.

Merge tags: `*|NAME|*`, and `*|IF:NAME|*`, `*|IF:NAME=x|*` (also `!=`, `<`, `>`, `<=`, `>=`),
`*|IFNOT:NAME|*`, `*|ELSEIF:…|*`, `*|ELSE:|*`, `*|END:IF|*`; names have no case. Values stand in the
mail as they are. A tag whose value is not given stays in the text. `*|UNSUB:url|*` becomes the
address behind the colon, and `*|MC:SUBJECT|*` and the like stay as they are: what they do, is
Mandrill's affair. Sources:
https://mandrill.zendesk.com/hc/en-us/articles/360038786414-How-to-Use-Merge-Tags-to-Add-Dynamic-Content
and
https://mandrill.zendesk.com/hc/en-us/articles/360039278713-About-Dynamic-and-Conditional-Merge-Tags
(read 2026-11-30).

Handlebars: what `mailcore_local.handlebars` has, and the helpers `upper`, `lower`, `title`, `url`
and `striptags`. Source:
https://mandrill.zendesk.com/hc/en-us/articles/360039278653-Using-Handlebars-for-Dynamic-Content
(read 2026-11-30). Not taken: `date`, and conditions in backticks.
"""

from __future__ import annotations

import functools
import re

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from mailcore_local.handlebars import Handlebars
from mailcore_local.jinja_subset import Language, Piece, TemplateError, as_text


_TAG = re.compile(r"\*\|(?P<inner>[^|*\r\n]{1,500})\|\*")
_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
_CONDITION = re.compile(
    r"(?P<name>[A-Za-z0-9_]{1,100})\s*(?:(?P<sign>!=|>=|<=|=|>|<)(?P<value>.*))?"
)
_SIGNS = {"=": "==", "!=": "!=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
_PREFIX = "v_"
_MARKUP = re.compile(r"<[^>]*>")


def merged(source: str, values: Mapping[str, object], language: str, *, is_html: bool) -> str:
    """
    A text of a message filled in.

    Args:
        source: The subject, text, HTML or header value.
        values: The merge variables of one recipient by name.
        language: The name of the language, ``mailchimp`` or ``handlebars``.
        is_html: Whether Handlebars escapes the values.

    Raises:
        TemplateError: The text is no template of that language.
    """
    if language == "handlebars":
        if "{{" not in source:
            return source
        try:
            return _handlebars(escape=is_html).render(source, dict(values))
        except ValueError as error:
            raise TemplateError(str(error)) from None
    if "*|" not in source:
        return source
    known = {name.upper(): value for name, value in values.items()}
    # Comparisons are of numbers where both sides are, and otherwise of texts.
    data = {f"{_PREFIX}{name}": as_text(value) for name, value in known.items()}
    return _LANGUAGE.render(_pieces(source, frozenset(known)), data)


@functools.lru_cache(32)
def _pieces(source: str, known: frozenset[str]) -> tuple[Piece, ...]:
    return tuple(_split(source, known))


def _split(source: str, known: frozenset[str]) -> Iterator[Piece]:
    position = 0
    for found in _TAG.finditer(source):
        yield Piece("text", source[position : found.start()])
        yield _piece(found["inner"].strip(), found[0], known)
        position = found.end()
    yield Piece("text", source[position:])


def _piece(inner: str, whole: str, known: frozenset[str]) -> Piece:
    keyword, colon, rest = inner.partition(":")
    keyword = keyword.strip().upper()
    if not colon:
        if _NAME.fullmatch(inner) and inner.upper() in known:
            return Piece("raw", f"{_PREFIX}{inner.upper()}")
        return Piece("text", whole)
    if keyword in ("IF", "ELSEIF"):
        return Piece("statement", f"{'if' if keyword == 'IF' else 'elif'} {_condition(rest)}")
    if keyword == "IFNOT":
        return Piece("statement", f"if not ({_condition(rest)})")
    if keyword == "ELSE":
        return Piece("statement", "else")
    if keyword == "END" and rest.strip().upper() in ("IF", "IFNOT"):
        return Piece("statement", "endif")
    if keyword == "UNSUB":
        return Piece("text", rest.strip())
    return Piece("text", whole)


def _condition(text: str) -> str:
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise TemplateError(f"'{text.strip()}' is no condition of a merge tag")
    name = f"{_PREFIX}{found['name'].upper()}"
    if found["sign"] is None:
        return name
    value = found["value"].strip()
    literal = "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    comparison = f"{name}|number({literal}) {_SIGNS[found['sign']]} {literal}|number({name})"
    # Without a value every condition is false.
    return f"({name} and {comparison})" if found["sign"] != "!=" else comparison


def _number(value: object, other: object) -> float | str:
    """
    A value as a number, if `other` is one too; otherwise as text.
    """
    try:
        mine, _ = float(as_text(value)), float(as_text(other))
    except ValueError:
        return as_text(value)
    return mine


_LANGUAGE = Language({"number": _number})


@functools.cache
def _handlebars(*, escape: bool) -> Handlebars:
    return Handlebars(
        helpers={
            "upper": lambda text, *_, **__: as_text(text).upper(),
            "lower": lambda text, *_, **__: as_text(text).lower(),
            "title": lambda text, *_, **__: as_text(text).title(),
            "url": lambda text, *_, **__: quote(as_text(text), safe=""),
            "striptags": lambda text, *_, **__: _MARKUP.sub("", as_text(text)),
        },
        escape=escape,
    )
