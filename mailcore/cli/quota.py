"""``mailcore NAME quota``: how much an account may send, for the plugin of a service that tells."""

from __future__ import annotations

import argparse

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

from mailcore.account.quota import QuotaAccount, QuotaList
from mailcore.account.suppressions import KeepsSuppressions
from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore.cli.suppressions import add_account_parser, opened_provider
from mailcore.registry.registry import Registry


__all__ = ["add_quota"]


def add_quota(commands: argparse._SubParsersAction[Any], name: str, description: str) -> None:
    """
    Add ``quota``.

    Args:
        commands: The subparsers of ``mailcore NAME``, to which the command is added.
        name: The name of the provider, whose ``suppressions()`` are a
            :class:`~mailcore.account.QuotaList`.
        description: What the help of the command begins with.
    """
    told = "show what the account may send"
    parser = add_account_parser(commands, name, "quota", told, description)
    parser.set_defaults(run=partial(_run, name=name))


def _run(arguments: argparse.Namespace, *, name: str) -> int:
    with opened_provider(arguments, name) as provider:
        found = provider.suppressions() if isinstance(provider, KeepsSuppressions) else None
        if not isinstance(found, QuotaList):
            raise UsageError(f"`mailcore {name} quota` is not about this provider")
        registry: Registry = arguments.registry
        quota = QuotaAccount(found, registry.transport_for(provider)).quota()
    several = isinstance(quota, tuple)
    rows = [_shown(asdict(each)) for each in (quota if several else (quota,))]
    if arguments.json:
        output.write_json(rows if several else rows[0])
    elif several:
        cells = [["" if value is None else str(value) for _, value in _flat(r)] for r in rows]
        output.write_table([title for title, _ in _flat(rows[0])] if rows else ["quota"], cells)
    else:
        told = [[title, "?" if value is None else str(value)] for title, value in _flat(rows[0])]
        output.write_table(["quota", ""], told)
    return exit_codes.OK


def _shown(value: Any) -> Any:
    """What JSON has for it."""
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flat(given: Mapping[str, Any], outer: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values, those of values within as ``day.limit``."""
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{outer}{name}.")
        else:
            yield f"{outer}{name}", value
