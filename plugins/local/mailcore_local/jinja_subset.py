"""
Templates in pieces, rendered by Jinja2: what the providers' languages have in common.

A face splits a source into pieces and writes each expression in the words of Jinja2. Of those,
conditions, loops, `set`, comparisons, paths and the filters of the face are taken, nothing else:
no call, no arithmetic, no macro. So a template does what its provider documents, or is refused, and
it cannot take the machine's memory or time: loops and output have a limit.
"""

from __future__ import annotations

import functools
import html
import re

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import jinja2

from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment


MAX_CHARACTERS = 40 * 1024 * 1024
MAX_STEPS = 500_000

# No text has them: they are taken out of it.
_OPEN, _CLOSE = "\x01", "\x02"
_MARKS = re.compile("[\x01\x02]")

_TAKEN: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
)
# Filters of this module, and what Jinja2 does not parse.
_REFUSED = re.compile(r"\|\s*_|^[\s+-]*raw\b")
_COUNTED = "_counted"
_PRINTED, _RAW = "_printed", "_raw"
# The name of what is rendered and how, beside the values.
_STATE = "_state"


class TemplateError(ValueError):
    """
    A template that is none, or that cannot be rendered with its data; the text says why.
    """


class Piece(NamedTuple):
    """
    A part of a template.

    Attributes:
        kind: What `text` is: literal text, an expression whose value is escaped where the template
            escapes, one whose value never is, or a statement.
        text: The text, or the expression or statement in the words of Jinja2, without braces.
    """

    kind: Literal["text", "value", "raw", "statement"]
    text: str


Filter = Callable[..., object]

# How many templates of a language stay compiled: a message to many has a handful of them.
_KEPT_TEMPLATES = 64


class Language:
    """
    A provider's template language, in the words of Jinja2.

    Args:
        filters: The filters that the language has, by name; no others are known. One that is marked
            with `jinja2.pass_context` may ask `values_of` and `escape_of` for what is rendered.
        first_index: The number of the first item of a list, when one is asked for.
    """

    def __init__(
        self, filters: Mapping[str, Filter] | None = None, *, first_index: int = 0
    ) -> None:
        self._environment = _Environment(first_index)
        self._environment.filters = {
            **(filters or {}),
            _COUNTED: _counted,
            _PRINTED: _printed,
            _RAW: as_text,
        }
        # Compiled once: a batch renders the same sources for each of its recipients.
        self._template = functools.lru_cache(_KEPT_TEMPLATES)(self._compiled)

    def render(
        self,
        pieces: Iterable[Piece],
        data: Mapping[str, object],
        *,
        escape: Callable[[str], str] = html.escape,
    ) -> str:
        """
        Fill a template in.

        Args:
            pieces: The parts of the template; white space around a statement that has its line to
                itself goes.
            data: The values by name. What is not there is nothing: no text, false, an empty list.
            escape: What is done to the value of a piece of the kind ``value``.

        Returns:
            The text.

        Raises:
            TemplateError: The pieces make no template, use what is not taken, do with a value what
                it does not allow, or go on for too long.
        """
        budget = _Budget()
        state = _State(data, escape, budget)
        try:
            template = self._template(tuple(pieces))
            return budget.joined(template.generate({**data, _STATE: state}))
        except TemplateError:
            raise
        except jinja2.TemplateError as error:
            raise TemplateError(str(error.message or type(error).__name__)) from None
        except RecursionError:
            raise TemplateError("it is nested too deep") from None
        except (TypeError, ValueError, ArithmeticError, SyntaxError, LookupError) as error:
            raise TemplateError(str(error)) from None

    def _compiled(self, pieces: tuple[Piece, ...]) -> jinja2.Template:
        environment = self._environment
        tree = environment.parse(_source(pieces))
        _check(tree)
        code = environment.compile(tree)
        return jinja2.Template.from_code(environment, code, environment.make_globals(None))


class _State(NamedTuple):
    values: Mapping[str, object]
    escape: Callable[[str], str]
    budget: _Budget


def _state(context: Context) -> _State:
    state = context.parent[_STATE]
    assert isinstance(state, _State)
    return state


def values_of(context: Context) -> Mapping[str, object]:
    """
    The values that a template is rendered with.
    """
    return _state(context).values


def escape_of(context: Context) -> Callable[[str], str]:
    """
    What is done to the values of a template.
    """
    return _state(context).escape


@jinja2.pass_context
def _counted(context: Context, values: object) -> Iterator[object]:
    return _state(context).budget.counted(values)


@jinja2.pass_context
def _printed(context: Context, value: object) -> str:
    return _state(context).escape(as_text(value))


def as_text(value: object) -> str:
    """
    A value as it stands in a mail: nothing for none, whole numbers without a point.
    """
    if value is None or isinstance(value, jinja2.Undefined):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return str(value)


class _Environment(ImmutableSandboxedEnvironment):
    """
    Values are JSON: a path leads to members of objects and items of lists, never to attributes.
    """

    def __init__(self, first_index: int) -> None:
        super().__init__(
            block_start_string=f"{_OPEN}s",
            block_end_string=f"s{_CLOSE}",
            variable_start_string=f"{_OPEN}v",
            variable_end_string=f"v{_CLOSE}",
            comment_start_string=f"{_OPEN}c",
            comment_end_string=f"c{_CLOSE}",
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=jinja2.ChainableUndefined,
            cache_size=0,
            autoescape=False,
        )
        self._first_index = first_index

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list) and type(argument) in (int, str):
            text = str(argument)
            if text.isascii() and text.isdecimal() and len(text) < 10:
                index = int(text) - self._first_index
                if 0 <= index < len(obj):
                    return obj[index]
        if argument in ("index", "index0", "first", "last", "length", "revindex", "revindex0") and (
            type(obj).__name__ == "LoopContext"
        ):
            return getattr(obj, argument)
        return self.undefined(name=str(argument))


class _Budget:
    def __init__(self) -> None:
        self._steps = MAX_STEPS

    def counted(self, values: object) -> Iterator[object]:
        if isinstance(values, Mapping):
            values = list(values)
        for value in values if isinstance(values, list) else ():
            self._step()
            yield value

    def joined(self, texts: Iterable[str]) -> str:
        found: list[str] = []
        left = MAX_CHARACTERS
        for text in texts:
            left -= len(text)
            if left < 0:
                raise TemplateError("the rendered text is too long")
            found.append(text)
        return "".join(found)

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TemplateError("its loops go on for too long")


def _source(pieces: Iterable[Piece]) -> str:
    written: list[str] = []
    for kind, text in pieces:
        clean = _MARKS.sub("", text)
        if kind == "text":
            written.append(clean)
            continue
        if _REFUSED.search(clean):
            raise TemplateError("it uses a filter or a statement that is not taken here")
        if kind == "statement":
            written.append(f"{_OPEN}s {clean} s{_CLOSE}")
        else:
            end = _PRINTED if kind == "value" else _RAW
            written.append(f"{_OPEN}v ({clean})|{end} v{_CLOSE}")
    return "".join(written)


def _check(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _TAKEN):
            raise TemplateError(f"it uses {type(node).__name__}, which is not taken here")
        if isinstance(node, nodes.Name) and node.name == _STATE:
            raise TemplateError(f"'{_STATE}' is no name")
        if isinstance(node, nodes.For) and (node.recursive or node.test is not None):
            raise TemplateError("it uses a loop of a kind that is not taken here")
    # The value of each expression is looked at by a filter of this module, and so is each list.
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, _COUNTED, [], [], None, None)


_TAG = re.compile(r"\{\{(?P<value>.*?)\}\}|\{%(?P<statement>.*?)%\}|\{#.*?#\}", re.DOTALL)


def split(
    source: str,
    value: Callable[[str], Iterable[Piece]],
    statement: Callable[[str], Iterable[Piece]],
) -> Iterator[Piece]:
    """
    The pieces of a source with `{{ values }}`, `{% statements %}` and `{# comments #}`.

    Args:
        source: The whole template as the request has it.
        value: What stands between double braces, made into pieces in the words of Jinja2.
        statement: What stands between a brace and a percent sign, made into pieces likewise.

    Raises:
        TemplateError: A brace is not closed.
    """
    position = 0
    for found in _TAG.finditer(source):
        yield Piece("text", _closed(source[position : found.start()]))
        if found["value"] is not None:
            yield from value(found["value"].strip())
        elif found["statement"] is not None:
            yield from statement(found["statement"].strip())
        position = found.end()
    yield Piece("text", _closed(source[position:]))


_TEXTS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_KEPT = re.compile("\x03([0-9]+)\x03")
TEXT_MARK = "\x03[0-9]+\x03"
"""What stands for a text in quotes while an expression is rewritten, as a regular expression."""


def outside_texts(expression: str, rewrite: Callable[[str], str]) -> str:
    """
    An expression rewritten, but for the texts in quotes that are in it.

    Args:
        expression: The expression in the words of its language.
        rewrite: Gives the expression in the words of Jinja2; each text in quotes is a mark in it.
    """
    texts: list[str] = []

    def keep(found: re.Match[str]) -> str:
        texts.append(found[0])
        return f"\x03{len(texts) - 1}\x03"

    bare = rewrite(_TEXTS.sub(keep, expression.replace("\x03", "")))
    return _KEPT.sub(lambda found: texts[int(found[1])], bare)


def _closed(text: str) -> str:
    for opening in ("{{", "{%"):
        if opening in text:
            raise TemplateError(f"'{opening}' is not closed")
    return text
