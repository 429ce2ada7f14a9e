"""
The subset of Handlebars that SES documents for its templates.

Supported: `{{name}}` and `{{{name}}}`, nested paths (`{{contact.city}}`, `{{this.x}}`, `{{../x}}`),
`{{#if x}} … {{else}} … {{/if}}`, `{{#unless x}}`, `{{#each list}} … {{else}} … {{/each}}` over
arrays and objects with `{{this}}`, `{{@index}}`, `{{@key}}`, `{{@first}}`, `{{@last}}`, `{{#with
x}}`, inline partials (`{{#* inline "p"}} … {{/inline}}`, `{{> p}}`), comments (`{{! … }}`, `{{!-- …
--}}`) and whitespace control (`{{~name~}}`). Nothing else: a helper that is not in this list is a
syntax error. Values are not HTML-escaped, as SES does not escape them.

A path that is not in the data is an error in a substitution and in `each` and `with`; in `if` and
`unless` it is false. Source: Amazon SES Developer Guide, "Advanced email personalization" (read
2026-11-21).
"""

from __future__ import annotations

import re
import sys

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple


_COMMENT_END = re.compile(r"--~?\}\}")
_PATH = re.compile(r"(?:\.\./)*(?:this|@?[\w-]+)(?:[./][\w-]+)*|\.", re.UNICODE)
_BLOCKS = ("if", "unless", "each", "with")
_MAX_DEPTH = 50
# A few nested lists make a short template endless. SES takes 40 MB (Service quotas, 2026-11-21).
_MAX_CHARACTERS = 40 * 1024 * 1024
# What a step counts for, however little it writes: half a million of them take about a second.
_CHARACTERS_PER_STEP = 80


class TemplateSyntaxError(ValueError):
    """
    A template that cannot be read.
    """


class RenderingError(ValueError):
    """
    A template that cannot be rendered with this data.
    """


class _Scope(NamedTuple):
    value: object
    parent: _Scope | None
    names: Mapping[str, object]


class _Budget:
    def __init__(self) -> None:
        self._characters = _MAX_CHARACTERS

    def spend(self, text: str) -> str:
        self._characters -= len(text) + _CHARACTERS_PER_STEP
        if self._characters < 0:
            raise RenderingError("The rendered content is too long.")
        return text


class _Context(NamedTuple):
    scope: _Scope
    partials: dict[str, Sequence[_Node]]
    depth: int
    budget: _Budget

    def inner(self, value: object, names: Mapping[str, object] | None = None) -> _Context:
        scope = _Scope(value, self.scope, names or {})
        return self._replace(scope=scope, depth=self.depth + 1)


_Node = Callable[[_Context], str]


class Template:
    """
    A parsed template.

    Args:
        source: The text of the template.
        plain: Refuse everything but substitution, as SES does for templates given inline in a
            request.

    Raises:
        TemplateSyntaxError: The text breaks the subset.
    """

    def __init__(self, source: str, *, plain: bool = False) -> None:
        self._nodes = _Parser(source, plain=plain).parse()

    def render(self, data: Mapping[str, object]) -> str:
        """
        The text with `data` filled in.

        Raises:
            RenderingError: An attribute is missing or of the wrong kind, or the text gets too long.
        """
        try:
            return _render(self._nodes, _Context(_Scope(data, None, {}), {}, 0, _Budget()))
        except RecursionError:
            raise RenderingError("The rendering data is nested too deep.") from None


class _Parser:
    def __init__(self, source: str, *, plain: bool) -> None:
        self._plain = plain
        self._tokens = _tokenize(source)
        self._position = 0
        self._depth = 0

    def parse(self) -> list[_Node]:
        nodes, end = self._sequence(())
        if end is not None:
            raise TemplateSyntaxError(f"'{{{{{end}}}}}' closes or divides nothing")
        return nodes

    def _sequence(self, ends: Sequence[str]) -> tuple[list[_Node], str | None]:
        nodes: list[_Node] = []
        while self._position < len(self._tokens):
            kind, text = self._tokens[self._position]
            self._position += 1
            if kind == "text":
                nodes.append(lambda context, text=text: context.budget.spend(text))  # type: ignore[misc]
            elif text in ends or text.startswith("/") or text == "else":
                return nodes, text
            else:
                nodes.append(self._tag(text))
        return nodes, None

    def _tag(self, text: str) -> _Node:
        if self._plain and text[:1] in ("#", ">", "^"):
            raise TemplateSyntaxError(
                f"inline template content takes plain substitution, not '{text}'"
            )
        if text.startswith("#"):
            return self._block(text[1:].strip())
        if text.startswith(">"):
            return _partial(_unquote(text[1:].strip()))
        return _substitution(_path(text.removeprefix("&").strip()))

    def _block(self, text: str) -> _Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise TemplateSyntaxError(f"blocks are nested deeper than {_MAX_DEPTH}")
        name, _, argument = text.partition(" ")
        if name == "*":
            return self._inline(argument.strip())
        if name not in _BLOCKS:
            raise TemplateSyntaxError(f"'{name}' is not a helper that the local SES supports")
        path = _path(argument.strip())
        body, end = self._sequence(("else", f"/{name}"))
        otherwise: list[_Node] = []
        if end == "else":
            otherwise, end = self._sequence((f"/{name}",))
        if end != f"/{name}":
            raise TemplateSyntaxError(f"'{{{{#{text}}}}}' is not closed by '{{{{/{name}}}}}'")
        self._depth -= 1
        if name == "each":
            return _each(path, body, otherwise)
        if name == "with":
            return _with(path, body, otherwise)
        if name == "unless":
            body, otherwise = otherwise, body
        return _if(path, body, otherwise)

    def _inline(self, text: str) -> _Node:
        keyword, _, name = text.partition(" ")
        if keyword != "inline" or not name:
            raise TemplateSyntaxError(f"'#* {text}' is not an inline partial")
        body, end = self._sequence(("/inline",))
        if end != "/inline":
            raise TemplateSyntaxError(f"'{{{{#* {text}}}}}' is not closed by '{{{{/inline}}}}'")
        self._depth -= 1

        def define(context: _Context) -> str:
            context.partials[_unquote(name.strip())] = body
            return ""

        return define


def _tokenize(source: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    trim_next = False
    for start, end, inner in _tags(source):
        text = source[position:start]
        whole = source[start:end].strip("{}")
        before, after = whole.startswith("~"), whole.endswith("~")
        tag = inner.strip().removeprefix("~").removesuffix("~").strip()
        text = text.lstrip() if trim_next else text
        tokens.append(("text", text.rstrip() if before else text))
        trim_next = after
        if not tag:
            raise TemplateSyntaxError("'{{}}' is empty")
        if not tag.startswith("!"):
            tokens.append(("tag", tag))
        position = end
    rest = source[position:]
    tokens.append(("text", rest.lstrip() if trim_next else rest))
    return tokens


def _tags(source: str) -> Iterator[tuple[int, int, str]]:
    """
    Start, end and content of each tag; comments are `!`.

    What ends a tag is looked for only where it is known to come, so that every character is passed
    once: a search that fails for each of many tags would take quadratic time.
    """
    last_triple = source.rfind("}}}")
    last_comment = max(source.rfind("--}}"), source.rfind("--~}}"))
    position = 0
    while (start := source.find("{{", position)) != -1:
        if source.startswith("{{{", start) and start + 3 <= last_triple:
            end = source.find("}}}", start + 3)
            inner, position = source[start + 3 : end], end + 3
        elif source.startswith("{{!--", start) and start + 5 <= last_comment:
            closing = _COMMENT_END.search(source, start + 5)
            assert closing is not None
            inner, position = "!", closing.end()
        else:
            end = source.find("}}", start + 2)
            if end == -1:
                raise TemplateSyntaxError("'{{' is not closed by '}}'")
            inner, position = source[start + 2 : end], end + 2
        yield start, position, inner


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise TemplateSyntaxError(f"'{text}' is not the name of an attribute")
    return text


def _unquote(text: str) -> str:
    return text.strip("\"'")


def _render(nodes: Sequence[_Node], context: _Context) -> str:
    if context.depth > _MAX_DEPTH:
        raise RenderingError("Partials or blocks are nested too deep.")
    context.budget.spend("")
    return "".join(node(context) for node in nodes)


def _substitution(path: str) -> _Node:
    def node(context: _Context) -> str:
        return context.budget.spend(_as_text(_lookup(path, context.scope)))

    return node


def _partial(name: str) -> _Node:
    def node(context: _Context) -> str:
        if name not in context.partials:
            raise RenderingError(f"Partial '{name}' is not defined.")
        return _render(context.partials[name], context._replace(depth=context.depth + 1))

    return node


def _if(path: str, body: Sequence[_Node], otherwise: Sequence[_Node]) -> _Node:
    def node(context: _Context) -> str:
        try:
            truth = bool(_lookup(path, context.scope))
        except RenderingError:
            truth = False
        return _render(body if truth else otherwise, context._replace(depth=context.depth + 1))

    return node


def _with(path: str, body: Sequence[_Node], otherwise: Sequence[_Node]) -> _Node:
    def node(context: _Context) -> str:
        value = _lookup(path, context.scope)
        return _render(body if value else otherwise, context.inner(value))

    return node


def _each(path: str, body: Sequence[_Node], otherwise: Sequence[_Node]) -> _Node:
    def node(context: _Context) -> str:
        value = _lookup(path, context.scope)
        if isinstance(value, Mapping):
            items = list(value.items())
        elif isinstance(value, list):
            items = list(enumerate(value))
        else:
            raise RenderingError(f"Attribute '{path}' is not an array or object.")
        if not items:
            return _render(otherwise, context)
        last = len(items) - 1
        return "".join(
            _render(
                body,
                context.inner(
                    item,
                    {"@index": index, "@key": key, "@first": index == 0, "@last": index == last},
                ),
            )
            for index, (key, item) in enumerate(items)
        )

    return node


def _lookup(path: str, scope: _Scope) -> object:
    current: _Scope | None = scope
    rest = path
    while rest.startswith("../") and current is not None:
        current, rest = current.parent, rest[3:]
    if current is None:
        raise RenderingError(f"Attribute '{path}' is not present in the rendering data.")
    if rest in ("this", "."):
        return current.value
    if rest.startswith("@"):
        return _private(rest, path, current)
    value = current.value
    for name in re.split(r"[./]", rest.removeprefix("this.").removeprefix("this/")):
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and (index := _index(name)) < len(value):
            value = value[index]
        else:
            raise RenderingError(f"Attribute '{path}' is not present in the rendering data.")
    return value


def _index(name: str) -> int:
    # Python refuses to read numbers of thousands of digits, and no list is as long.
    return int(name) if name.isdecimal() and len(name) < 10 else sys.maxsize


def _private(name: str, path: str, scope: _Scope | None) -> object:
    while scope is not None:
        if name in scope.names:
            return scope.names[name]
        scope = scope.parent
    raise RenderingError(f"Attribute '{path}' is not present in the rendering data.")


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ",".join(_as_text(item) for item in value)
    if isinstance(value, Mapping):
        return "[object Object]"
    return str(value)
