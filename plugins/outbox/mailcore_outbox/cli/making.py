"""``mailcore outbox create`` and ``migrate``: the tables."""

from __future__ import annotations

import argparse

from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore_outbox.cli.common import add_command, database_url, opened, place


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    add_command(
        commands,
        "create",
        create,
        help="make the tables that are missing",
        description="Make the tables that are missing; those that are there stay as they are.",
        takes_json=False,
    )
    add_command(
        commands,
        "migrate",
        migrate,
        help="make the tables, or bring them to the version of this release, with Alembic",
        description="Run the migrations that have not been run. It needs Alembic: pip install "
        "mailcore-outbox[migrations].",
        takes_json=False,
    )


def create(arguments: argparse.Namespace) -> int:
    """Make the tables."""
    with opened(arguments) as outbox:
        outbox.create()
    output.note("the tables of the outbox are there")
    return exit_codes.OK


def migrate(arguments: argparse.Namespace) -> int:
    """Run the migrations."""
    from mailcore_outbox.migrations import upgrade

    if arguments.outbox:
        raise UsageError("`migrate` takes --database, --schema and --prefix")
    schema, prefix = place(arguments)
    upgrade(database_url(arguments), schema=schema, prefix=prefix)
    output.note("the tables of the outbox are of this release")
    return exit_codes.OK
