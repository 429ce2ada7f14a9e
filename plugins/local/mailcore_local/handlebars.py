"""
Templates in Handlebars, as far as the providers' documentation promises them.

The language is that of the library `dotpromptz-handlebars`, which takes Handlebars.js for its
specification; `tests/test_handlebars_peer.py` compares the two. This adds a bound for the work, and
lets a face say which helpers its provider has.
"""

from __future__ import annotations

import re

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from dotpromptz_handlebars import Handlebars as Engine
from dotpromptz_handlebars import HelperOptions


__all__ = ["STANDARD_HELPERS", "Handlebars", "Helper", "HelperOptions", "TemplateError"]

Helper: TypeAlias = Callable[..., object]
"""
What a face adds: called as `helper(*arguments, options=...)`. A block's renders its parts by
`options.fn()` and `options.inverse()`; `options.is_block` says whether it is one.
"""

STANDARD_HELPERS = ("if", "unless", "each", "with", "lookup")

# A few nested lists make a short template endless.
_MAX_STEPS = 20_000
# About what a rendered text can become.
_MAX_CHARACTERS = 200 * 1024 * 1024
_MAX_DEPTH = 40

_BLOCK = re.compile(r"\{\{~?\s*#\s*(if|unless|each|with)\b")
_OUTSIDE = re.compile(r"\{\{!--.*?--~?\}\}|\{\{![^}]*\}\}|\\\{\{", re.DOTALL)


class TemplateError(ValueError):
    """
    A template that cannot be read, or not be rendered with these data.
    """


class Handlebars:
    """
    One provider's Handlebars: the standard helpers, and its own.

    Standard are `if`, `unless`, `each`, `with` and `lookup`; sections (`{{#name}} … {{/name}}`),
    inverse sections (`{{^name}}`), `{{else}}`, `{{else if}}`, paths with `this`, `../`, `@root`,
    `@index`, `@key`, `@first`, `@last`, comments, whitespace control and `{{{unescaped}}}` are part
    of the language. A value that is missing is empty. A helper that is not there is an error, and
    so is a partial that the template itself does not define.

    Args:
        helpers: Further helpers by name.
        standard: The standard helpers that the provider has.
        escape: Whether `{{name}}` is escaped for HTML.
    """

    def __init__(
        self,
        helpers: Mapping[str, Helper] | None = None,
        *,
        standard: Iterable[str] = STANDARD_HELPERS,
        escape: bool = True,
    ) -> None:
        self._standard = frozenset(standard)
        self._engine = Engine(escape_html=escape, max_depth=_MAX_DEPTH)
        # It would print to the terminal.
        self._engine.unregister_helper("log")
        if "lookup" not in self._standard:
            self._engine.unregister_helper("lookup")
        for name, helper in (helpers or {}).items():
            self._engine.register_helper(name, _adapted(helper))

    def render(self, source: str, data: Mapping[str, object]) -> str:
        """
        The template with `data` filled in.

        Args:
            source: The text of the template.
            data: What JSON can hold, by name.

        Raises:
            TemplateError: The template breaks the language, calls a helper that is not there, or
                takes too much work.
        """
        for name in _BLOCK.findall(_OUTSIDE.sub("", source)):
            if name not in self._standard:
                raise TemplateError(f"'{name}' is not a helper that is known here")
        longest = max(len(source), _longest(data))
        if source.count("{{") * longest > _MAX_CHARACTERS:
            raise TemplateError("The rendered text could become too long")
        budget = _Budget(min(_MAX_STEPS, _MAX_CHARACTERS // (longest + 1)))
        try:
            return self._engine.compile(source)(budget.counted(data))
        except TemplateError:
            raise
        except RecursionError:
            raise TemplateError("The template or its data are nested too deep") from None
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A helper's arguments are whatever the template says.
            raise TemplateError(str(error)[:500] or type(error).__name__) from None


def _adapted(helper: Helper) -> Callable[[list[Any], HelperOptions], object]:
    return lambda arguments, options: helper(*arguments, options=options)


def _longest(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return max(map(_longest, value.values()), default=0)
    if isinstance(value, (list, tuple)):
        return max(map(_longest, value), default=0)
    return 0


class _Budget:
    """
    The turns that all loops of one rendering may take.
    """

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self) -> None:
        """
        Count one turn of a loop.

        Raises:
            TemplateError: There were too many.
        """
        self._left -= 1
        if self._left < 0:
            raise TemplateError("The template repeats its parts too often")

    def counted(self, value: object) -> object:
        """
        A value whose lists and objects count the turns of loops over them.
        """
        if isinstance(value, Mapping):
            return _CountedDict({str(key): self.counted(item) for key, item in value.items()}, self)
        if isinstance(value, (list, tuple)):
            return _CountedList((self.counted(item) for item in value), self)
        return value


class _CountedList(list[Any]):
    def __init__(self, items: Iterable[Any], budget: _Budget) -> None:
        super().__init__(items)
        self._budget = budget

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self._budget.spend()
            yield item


class _CountedDict(dict[str, Any]):
    def __init__(self, items: Mapping[str, Any], budget: _Budget) -> None:
        super().__init__(items)
        self._budget = budget

    def items(self) -> Any:
        """
        The pairs, each of which counts.
        """
        for pair in super().items():
            self._budget.spend()
            yield pair
