"""What the commands share: which outbox, which rows, and how both are shown."""

from __future__ import annotations

import argparse
import os

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mailcore.cli import output
from mailcore.cli.argument_types import point_in_time, positive
from mailcore.cli.common import add_common
from mailcore.cli.failures import UsageError
from mailcore.cli.loading import load_named


if TYPE_CHECKING:
    from mailcore.outbox import OutboxFilter, OutboxRow
    from mailcore_outbox.outbox import Outbox

DATABASE_VARIABLE = "MAILCORE_OUTBOX_URL"
"""The environment variable that has the URL of the database."""
NOT_DONE = 1
"""The exit code when a row was not there, or was not as it had to be."""
STATES = ("pending", "sending", "sent", "failed", "unknown", "cancelled")

_PAGE = 500


def add_command(
    commands: argparse._SubParsersAction[Any],
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help: str,  # noqa: A002  # as argparse calls it
    description: str,
    takes_json: bool = True,
) -> argparse.ArgumentParser:
    """
    Add a command, with the options that say where the outbox is.

    Args:
        commands: Where it is added.
        name: What it is called.
        run: What it does.
        help: A line for the list of commands.
        description: What it does, in sentences.
        takes_json: Whether it has ``--json``.
    """
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=description)
    add_common(parser)
    group = parser.add_argument_group(
        "outbox",
        f"Without --database and --outbox, the environment variable {DATABASE_VARIABLE} is used. "
        "Keep passwords there: other users of this machine can see command lines.",
    )
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--database",
        metavar="URL",
        help="the database, as SQLAlchemy writes it: sqlite:///shop.db, "
        "postgresql+psycopg://USER@HOST/NAME, mysql+pymysql://USER@HOST/NAME",
    )
    one.add_argument(
        "--outbox", metavar="MODULE:NAME", help="an Outbox of your program, such as shop.mail:box"
    )
    group.add_argument("--schema", metavar="NAME", help="the schema that the tables are in")
    group.add_argument("--prefix", metavar="TEXT", help="what the names of the tables begin with")
    if takes_json:
        parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)
    return parser


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Outbox]:
    """
    The outbox that the arguments or the environment name.

    Raises:
        UsageError: If none is named.
        ConfigurationError: If it is wrong.
    """
    from mailcore_outbox.outbox import Outbox

    if arguments.outbox:
        if arguments.schema or arguments.prefix:
            raise UsageError("--outbox has a schema and a prefix: leave --schema and --prefix out")
        found = load_named(arguments.outbox, option="--outbox", example="shop.mail:outbox")
        if callable(found):
            found = found()
        if not isinstance(found, Outbox):
            raise UsageError(
                f"--outbox must be a mailcore_outbox.Outbox, not {type(found).__name__}"
            )
        yield found
        return
    schema, prefix = place(arguments)
    with Outbox(database_url(arguments), schema=schema, prefix=prefix) as outbox:
        yield outbox


def database_url(arguments: argparse.Namespace) -> str:
    """
    The URL of the database.

    Raises:
        UsageError: If none is named.
    """
    url: str = arguments.database or os.environ.get(DATABASE_VARIABLE, "").strip()
    if not url:
        raise UsageError(f"no outbox: give --database or --outbox, or set {DATABASE_VARIABLE}")
    return url


def place(arguments: argparse.Namespace) -> tuple[str | None, str]:
    """The schema, if one is given, and the prefix."""
    from mailcore_outbox.tables import PREFIX

    return arguments.schema, arguments.prefix or PREFIX


def add_filter(parser: argparse.ArgumentParser, *, states: Sequence[str] = STATES) -> None:
    """Add the options that say which rows."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="the id of a row")
    group = parser.add_argument_group("rows", "Instead of ids; each that is given must hold.")
    group.add_argument("--state", action="append", choices=states, default=[], help="repeatable")
    group.add_argument("--key", metavar="KEY", help="the key that the program gave it")
    group.add_argument("--to", metavar="ADDRESS", help="an address of a recipient")
    group.add_argument("--tag", metavar="TAG", help="a tag of the message")
    group.add_argument("--through", metavar="PROVIDER", help="the provider it was given to last")
    group.add_argument("--error", metavar="CATEGORY", help="why it was not sent")
    group.add_argument(
        "--changed-since", metavar="TIME", type=point_in_time, help="ISO 8601; UTC without a zone"
    )
    group.add_argument("--changed-before", metavar="TIME", type=point_in_time, help="the same")
    group.add_argument("--limit", metavar="N", type=positive, help="only so many rows")


def is_filtered(arguments: argparse.Namespace) -> bool:
    """Whether the arguments say which rows, but for ids."""
    names = ("state", "key", "to", "tag", "through", "error", "changed_since", "changed_before")
    return any(getattr(arguments, name) for name in names)


def filter_of(arguments: argparse.Namespace) -> OutboxFilter:
    """Which rows the arguments say."""
    from mailcore.outbox import OutboxFilter, OutboxState

    return OutboxFilter(
        states=tuple(map(OutboxState, arguments.state)),
        key=arguments.key,
        address=arguments.to,
        error_category=arguments.error,
        provider=arguments.through,
        tag=arguments.tag,
        changed_since=arguments.changed_since,
        changed_before=arguments.changed_before,
    )


def told_of_newer(outbox: Outbox, wanted: OutboxFilter) -> int:
    """Say how many of the rows that are asked for a newer release has kept, and return it."""
    count = outbox.store.newer(wanted)
    if count:
        rows = "1 more row was" if count == 1 else f"{count} more rows were"
        output.note(
            f"{rows} kept by a newer release of mailcore, and left out: run this command of that "
            "release",
            always=True,
        )
    return count


def rows_of(outbox: Outbox, wanted: OutboxFilter, limit: int | None) -> Iterator[OutboxRow]:
    """Rows of this release in the order of their ids, fetched as they are wanted."""
    after, left = "", limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        found = outbox.store.find(wanted, limit=size, after=after)
        yield from found
        if len(found) < size:
            return
        after = found[-1].id
        left = None if left is None else left - size
