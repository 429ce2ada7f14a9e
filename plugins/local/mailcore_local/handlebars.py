"""
Templates in Handlebars, as far as the providers' documentation promises them.

The language is that of the library `pydantic-handlebars`; this adds what a server needs that
renders other people's templates: a bound for the work, and a refusal of what the library passes
over in silence (a helper that is not there counts as an empty value with it).
"""

from __future__ import annotations

import re

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from pydantic_handlebars import HandlebarsEnvironment, HandlebarsError, HelperOptions


Helper: TypeAlias = Callable[..., object]
"""
What a face adds: called as `helper(*arguments, options=...)`; a block's gets the context first.
"""

STANDARD_HELPERS = ("if", "unless", "each", "with", "lookup")

# A few nested lists make a short template endless.
_MAX_STEPS = 20_000
_MAX_CHARACTERS = 10 * 1024 * 1024
_MAX_DEPTH = 20

# A tag with an argument: its first word has to be a helper. `{{else if x}}` is one as well.
_CALL = re.compile(r"\{\{\{?~?\s*[#^&]?\s*(?:else\s+)?([^\s{}~()|'\"=>]+)\s+(?!\|)[^\s{}~]")
_NOT_A_HELPER = ("as", "else")
_OUTSIDE = re.compile(r"\{\{!--.*?--~?\}\}|\{\{![^}]*\}\}|\\\{\{", re.DOTALL)


class TemplateError(ValueError):
    """
    A template that cannot be read, or not be rendered with these data.
    """


class Handlebars:
    """
    One provider's Handlebars: the standard helpers, and its own.

    Standard are `if`, `unless`, `each`, `with` and `lookup`, sections (`{{#name}} … {{/name}}`),
    inverse sections (`{{^name}}`), `{{else}}`, `{{else if}}`, paths with `this`, `../`, `@root`,
    `@index`, `@key`, `@first`, `@last`, comments, whitespace control and `{{{unescaped}}}`. A value
    that is missing is empty. Partials and decorators are refused. Lists and objects as values are
    printed as Python spells them, and lines that hold nothing but a block stay as empty lines: in
    both Handlebars.js differs.

    Args:
        helpers: Further helpers by name; the standard ones may be replaced.
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
        self._helpers = dict(helpers or {})
        self._standard = frozenset(standard)
        self._escape = escape

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
        budget = _Budget()
        environment = HandlebarsEnvironment(
            auto_escape=self._escape, max_depth=_MAX_DEPTH, max_output_size=_MAX_CHARACTERS
        )
        environment.register_helper("each", budget.each)
        for name in {"log", *STANDARD_HELPERS} - self._standard:
            environment.unregister_helper(name)
        for name, helper in self._helpers.items():
            environment.register_helper(name, helper)
        known = {*self._standard, *self._helpers}
        for name in _CALL.findall(_OUTSIDE.sub("", source)):
            if name not in known and name not in _NOT_A_HELPER:
                raise TemplateError(f"'{name[:64]}' is not a helper that is known here")
        try:
            return environment.render(source, _plain(data))
        except TemplateError:
            raise
        except HandlebarsError as error:
            raise TemplateError(str(error)) from None
        except RecursionError:
            raise TemplateError("The template or its data are nested too deep") from None
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A helper's arguments are whatever the template says.
            raise TemplateError(f"A helper cannot take its arguments: {error}") from None


class _Budget:
    """
    The loops that one rendering may make.
    """

    def __init__(self) -> None:
        self._left = _MAX_STEPS

    def each(self, *arguments: object, options: HelperOptions) -> str:
        """
        The helper `each`: over a list or an object, or its `{{else}}`.

        The first argument is the context, as it is for every block.
        """
        context, values = arguments[0], arguments[-1]
        if isinstance(values, Mapping):
            items = [(str(key), value) for key, value in values.items()]
        elif isinstance(values, (list, tuple)):
            items = [(str(index), value) for index, value in enumerate(values)]
        else:
            items = []
        if not items:
            return options.inverse(context)
        self._left -= len(items)
        if self._left < 0:
            raise TemplateError("The template repeats its parts too often")
        last = len(items) - 1
        return "".join(
            options.fn(
                value,
                data={"key": key, "index": index, "first": index == 0, "last": index == last},
                block_params=[value, key if isinstance(values, Mapping) else index],
            )
            for index, (key, value) in enumerate(items)
        )


def _plain(value: object) -> object:
    """
    JSON's values as JavaScript prints them: 2.0 is 2.
    """
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
