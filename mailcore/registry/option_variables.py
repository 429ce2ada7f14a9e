"""
Options of a provider from the environment: ``MAILCORE_<PROVIDER>_<OPTION>``, by convention.

The name of the provider and that of the option stand there in capitals, with ``_`` for ``-``:
``MAILCORE_ACME_API_KEY`` is the option ``api_key`` of ``acme``. They count wherever a provider is
made by its name, in a URL too, and give way to what is given there. Who calls the provider's class
says everything in the code.

A variable that is empty counts as not set. One that begins like those of the provider and names no
option of it is an error, because nobody would see that it does nothing; but a mailcore URL, which
:meth:`~mailcore.mailer.Mailer.from_env` may be for, is left alone, whatever its variable is called.
"""

from __future__ import annotations

import os

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mailcore.foundation.redaction import shown_name
from mailcore.foundation.suggesting import similar
from mailcore.registry.option_texts import Misfit, converted


PREFIX = "MAILCORE_"
_HINT = "`mailcore providers` lists the options"


def variable_of(provider: str, option: str) -> str:
    """
    The variable that an option of a provider may stand in.

    Example:
        >>> variable_of("new-esp", "api_key")
        'MAILCORE_NEW_ESP_API_KEY'
    """
    return f"{_prefix(provider)}{option.upper()}"


def _prefix(provider: str) -> str:
    return f"{PREFIX}{provider.upper().replace('-', '_')}_"


def has_variable(provider: str, option: str) -> bool:
    """Whether the environment has an option."""
    return bool(os.environ.get(variable_of(provider, option)))


def options_from_variables(
    provider: str,
    types: Mapping[str, Any],
    *,
    given: Collection[str] = (),
    names: Collection[str] = (),
) -> tuple[dict[str, Any], list[str]]:
    """
    The options of a provider that the environment has, and what is wrong with others.

    Args:
        provider: The name of the provider.
        types: The types of its options, by name.
        given: Options that are given elsewhere, and so are not read.
        names: The names of all providers, some of whose variables may begin like those of this one.

    Returns:
        Options as the types that the provider wants, and a sentence for each variable that cannot
        be read. No sentence repeats a value.
    """
    options: dict[str, Any] = {}
    problems: list[str] = []
    for option, annotation in types.items():
        text = os.environ.get(variable_of(provider, option))
        if not text or option in given:
            continue
        try:
            options[option] = converted([text], annotation)
        except Misfit as misfit:
            problems.append(f"{variable_of(provider, option)} of the environment {misfit}")
    problems += _strays(provider, types, names)
    return options, problems


def _strays(provider: str, types: Mapping[str, Any], names: Collection[str]) -> Iterable[str]:
    prefix = _prefix(provider)
    known = {variable_of(provider, option) for option in types}
    others = tuple({each for each in map(_prefix, names) if each.startswith(prefix)} - {prefix})
    for variable, text in sorted(os.environ.items()):
        if not variable.startswith(prefix) or variable in known or not text:
            continue
        if variable.startswith(others) or text.partition("://")[0] in {provider, *names}:
            continue
        meant = similar(variable.removeprefix(prefix), types)
        hint = f"did you mean {variable_of(provider, meant)}?" if meant else _HINT
        yield f"{shown_name(variable)} of the environment is no option of {provider}: {hint}"
