"""``mailcore outbox``: the worker, and what people do with an outbox, on the command line."""

from __future__ import annotations

import argparse

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore_outbox.cli import changing, counting, erasing, making, pruning, showing, status, work


_COMMANDS = (work, status, showing, changing, pruning, erasing, counting, making)


def add_parser(cli: argparse._SubParsersAction[Any]) -> None:
    """Add the command and those below it."""
    parser = cli.add_parser(
        "outbox",
        help="send what is in an outbox, and look after it",
        description="Send the mail that programs have put into an outbox in a database, and look "
        "after it.",
        epilog=exit_codes.epilog(
            "outbox create --database sqlite:///shop.db",
            "outbox work --database sqlite:///shop.db --provider console",
            "outbox status",
        )
        + "1 also if what was asked about is not there, or was not as it had to be.\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="outbox_command", metavar="COMMAND")

    def show_help(_: argparse.Namespace) -> int:
        output.write(parser.format_help().rstrip("\n"))
        return exit_codes.OK

    parser.set_defaults(run=show_help)
    for command in _COMMANDS:
        command.add_parsers(commands)
