"""``mailcore ses``: the account behind the provider, on the command line."""

from __future__ import annotations

import argparse

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.suppressions import add_suppressions
from mailcore_ses.account.suppression import SesSuppressions
from mailcore_ses.cli import (
    check,
    consume,
    identities,
    quota,
    setup_events,
    setup_inbound,
    stats,
)


_COMMANDS = (quota, stats, identities, check, setup_events, setup_inbound, consume)


def add_parser(cli: argparse._SubParsersAction[Any]) -> None:
    """Add the command and those below it."""
    parser = cli.add_parser(
        "ses",
        help="look after an Amazon SES account",
        description="Look after an Amazon SES account: what it may send, what it has sent, whom "
        "it sends from, whom it does not send to, and what is wrong with it.",
        epilog="Exit codes are as for `mailcore --help`; 1 also if what was asked about is not "
        "there, or is not well, and 75 if AWS could not be reached or is busy.",
    )
    commands = parser.add_subparsers(dest="ses_command", metavar="COMMAND")

    def show_help(_: argparse.Namespace) -> int:
        output.write(parser.format_help().rstrip("\n"))
        return exit_codes.OK

    parser.set_defaults(run=show_help)
    for command in _COMMANDS:
        command.add_parser(commands)
    add_suppressions(commands, "ses", "Amazon SES", SesSuppressions)
