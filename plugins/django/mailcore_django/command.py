"""
``manage.py mailcore``: the command line of mailcore, for a mailer of the settings.

What is Django's own is in :data:`COMMANDS`; everything else is what ``mailcore`` does in a shell,
and the provider with its options is that of an alias.
"""

from __future__ import annotations

import os

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from django.apps import apps

from mailcore import ConfigurationError, Provider, Registry
from mailcore.cli import main
from mailcore.mailer import URL_VARIABLE
from mailcore_django.configured import (
    OUTBOX_APP,
    configuration_of,
    mailers_of,
    options_of,
)
from mailcore_django.forgetting import erase_command, prune_command


__all__ = ["COMMANDS", "run"]


class Writer(Protocol):
    """What a command writes to."""

    def write(self, msg: str, /) -> object:
        """Write a text."""
        ...


class _AliasRegistry(Registry):
    """Makes the provider of an alias with the options that the settings give it."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        super().__init__()
        self._name = name
        self._options = options

    def get_provider(self, name: str, /, **options: object) -> Provider[Any, Any]:
        given = self._options if name == self._name else {}
        return super().get_provider(name, **{**given, **options})


def run(arguments: Sequence[str], *, alias: str) -> int:
    """
    Run the command line for the provider of an alias.

    Args:
        arguments: What follows ``manage.py mailcore``, without options of Django's.
        alias: The mailer that is meant, unless the arguments name another provider.

    Returns:
        The exit code, as :mod:`mailcore.cli` lists them.
    """
    configuration = configuration_of(options_of(alias), alias=alias)
    name = mailers_of(configuration).provider.name
    options = dict(configuration.options)
    # What the command line reads from the environment it knows to be secret, and does not show.
    variables = {
        f"MAILCORE_{name}_{option}".upper().replace("-", "_"): value
        for option, value in options.items()
        if isinstance(value, str)
    }
    is_url = "://" in configuration.provider
    variables[URL_VARIABLE] = configuration.provider if is_url else f"{name}://"
    others = {key: value for key, value in options.items() if not isinstance(value, str)}
    with _environment(variables):
        return main(arguments, registry=_AliasRegistry(name, others))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def settings_command(arguments: Sequence[str], out: Writer) -> int:
    """Print what the settings of django-anymail or django-ses are here."""
    from mailcore_django.moving.reading import equivalent

    made = equivalent()
    if arguments:
        out.write("usage: manage.py mailcore settings\n")
        return 2
    if not made.mailers and not made.notes:
        out.write("# No mailer uses django-anymail or django-ses.\n")
        return 1
    out.write(str(made))
    return 0


def take_over(arguments: Sequence[str], out: Writer) -> int:
    """Move mail that waits in the queue of another package into the outbox."""
    _require_outbox()
    from mailcore_django.moving.queues import take_over_command

    return take_over_command(arguments, out)


def _require_outbox() -> None:
    if not apps.is_installed(OUTBOX_APP):
        raise ConfigurationError(f"INSTALLED_APPS does not have {OUTBOX_APP!r}")


def outbox_command(name: str) -> Callable[[Sequence[str], Writer], int]:
    """
    A command of the app ``mailcore_django.outbox``, which may not be installed.

    Args:
        name: The name of the command.
    """

    def run_it(arguments: Sequence[str], out: Writer) -> int:
        _require_outbox()
        from mailcore_django.outbox.commands import COMMANDS as OF_OUTBOX

        return OF_OUTBOX[name](arguments, out)

    return run_it


COMMANDS: dict[str, Callable[[Sequence[str], Writer], int]] = {
    "settings": settings_command,
    "erase": erase_command,
    "prune": prune_command,
    **{name: outbox_command(name) for name in ("work", "status", "show", "retry", "cancel")},
    "take-over": take_over,
}
"""Commands that only Django has, by name: each is given its arguments and where to write."""
