"""
Options of a provider from the environment: ``MAILCORE_<PROVIDER>_<OPTION>``, by convention.

The name of the provider and that of the option stand there in capitals, with ``_`` for ``-``:
``MAILCORE_ACME_API_KEY`` is the option ``api_key`` of ``acme``. They count wherever a provider is
made by its name, in a URL too, and give way to what is given there. Who calls the provider's class
says everything in the code.

``MAILCORE_ACME_EU_KEY`` may be ``eu_key`` of ``acme`` or ``key`` of ``acme-eu``. Where both have
such an option, neither takes it: it may be a secret, and who gets it is not to be guessed.

A variable that is empty counts as not set. One that begins like those of the provider and names no
option of it is an error, because nobody would see that it does nothing; but a mailcore URL, which
:meth:`~mailcore.mailer.Mailer.from_env` may be for, is left alone, whatever its variable is called.
"""

from __future__ import annotations

import os

from collections.abc import Callable, Collection, Iterable, Mapping
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
    options_of: Callable[[str], Collection[str]] = lambda _: (),
) -> tuple[dict[str, Any], list[str]]:
    """
    The options of a provider that the environment has, and what is wrong with others.

    Args:
        provider: The name of the provider.
        types: The types of its options, by name.
        given: Options that are given elsewhere, and so are not read.
        names: The names of all providers, some of whose variables may begin like those of this one.
        options_of: Names the options of another provider; asked of those only whose variables begin
            alike. By default none has any.

    Returns:
        Options as the types that the provider wants, and a sentence for each variable that cannot
        be read, or is that of another provider as well. No sentence repeats a value.
    """
    options: dict[str, Any] = {}
    problems: list[str] = []
    others = [name for name in sorted(names) if name != provider]
    for option, annotation in types.items():
        variable = variable_of(provider, option)
        text = os.environ.get(variable)
        if not text or option in given:
            continue
        shared = _owners(variable, others, options_of)
        if shared:
            problems.append(
                f"{variable} of the environment may be option {option!r} of {provider} or"
                f" {' or '.join(shared)}: unset it, and give them in the code or in a URL"
            )
            continue
        try:
            options[option] = converted([text], annotation)
        except Misfit as misfit:
            problems.append(f"{variable} of the environment {misfit}")
    for variable in _strays(provider, types, others):
        if not _owners(variable, others, options_of):
            meant = similar(variable.removeprefix(_prefix(provider)), types)
            hint = f"did you mean {variable_of(provider, meant)}?" if meant else _HINT
            told = f"{shown_name(variable)} of the environment is no option of {provider}: {hint}"
            problems.append(told)
    return options, problems


def _owners(
    variable: str, others: Iterable[str], options_of: Callable[[str], Collection[str]]
) -> list[str]:
    """Which options of other providers a variable is, for people."""
    return [
        f"{option!r} of {other}"
        for other in others
        if variable.startswith(_prefix(other))
        for option in options_of(other)
        if variable_of(other, option) == variable
    ]


def _strays(provider: str, types: Mapping[str, Any], others: Collection[str]) -> Iterable[str]:
    prefix = _prefix(provider)
    known = {variable_of(provider, option) for option in types}
    longer = tuple({each for each in map(_prefix, others) if each.startswith(prefix)} - {prefix})
    for variable, text in sorted(os.environ.items()):
        if not variable.startswith(prefix) or variable in known or not text:
            continue
        if not variable.startswith(longer) and text.partition("://")[0] not in {provider, *others}:
            yield variable
