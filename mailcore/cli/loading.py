"""What a text on the command line names in a program: ``shop.mail:mailer``."""

from __future__ import annotations

import importlib
import os
import sys

from mailcore.cli.failures import UsageError


__all__ = ["load_named"]


def load_named(name: str, *, option: str, example: str) -> object:
    """
    Import what a text such as ``app:on_event`` or ``shop.mail:Handlers.on_event`` names.

    Modules in the current directory are found, as ``python -m`` finds them.

    Args:
        name: The text, a module and a name in it.
        option: The option that it was given to, for the error.
        example: What one may write, for the error.

    Raises:
        UsageError: If there is no such thing.
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise UsageError(f"{option} is MODULE:NAME, such as {example}")
    if os.getcwd() not in sys.path:  # noqa: PTH109  # sys.path holds text
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UsageError(f"{option}: there is no module {module_name!r}") from error
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise UsageError(f"{option}: {module_name!r} has no {path!r}")
    return found
