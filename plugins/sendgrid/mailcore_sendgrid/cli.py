"""``mailcore sendgrid quota``."""

from __future__ import annotations

import argparse
import dataclasses

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore.cli.suppressions import add_account_parser, opened_provider
from mailcore.registry import Registry
from mailcore_sendgrid.provider import SendGridProvider
from mailcore_sendgrid.suppressions import SendGridAccount


_NAME = "sendgrid"


def add_quota(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``quota``."""
    parser = add_account_parser(
        commands,
        _NAME,
        "quota",
        "show the credits",
        "The credits: one for each recipient of a mail.",
    )
    parser.set_defaults(run=_quota)


def _quota(arguments: argparse.Namespace) -> int:
    with opened_provider(arguments, _NAME) as provider:
        if not isinstance(provider, SendGridProvider):
            raise UsageError(f"`mailcore {_NAME}` is not about this provider")
        registry: Registry = arguments.registry
        account = SendGridAccount(provider.suppressions(), registry.transport_for(provider))
        found = dataclasses.asdict(account.quota())
    if arguments.json:
        output.write_json(found)
    else:
        shown = ["?" if value is None else str(value) for value in found.values()]
        output.write_table(list(found), [shown])
    return exit_codes.OK
