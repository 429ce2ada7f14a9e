"""``mailcore outbox prune``: what is over and old is deleted."""

from __future__ import annotations

import argparse

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.argument_types import positive_number
from mailcore_outbox.cli.common import add_command, opened


_AT_ONCE = 1000
_OVER = ("sent", "failed", "unknown", "cancelled")


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "prune",
        run,
        help="delete rows that are over, with their attempts and receipts",
        description="Delete rows that have been over for some days, with their attempts and "
        "receipts, and idempotency keys and seen events that have ended. Figures of the days that "
        "are deleted are lost.",
    )
    parser.add_argument(
        "--older-than",
        metavar="DAYS",
        type=positive_number,
        required=True,
        help="days since the state changed last",
    )
    parser.add_argument(
        "--state",
        action="append",
        choices=_OVER,
        default=[],
        help="only such rows, repeatable; sent and cancelled ones if not given",
    )
    parser.add_argument(
        "--bodies", action="store_true", help="only the messages themselves: the rows stay"
    )


def run(arguments: argparse.Namespace) -> int:
    """Delete."""
    from mailcore.outbox import OutboxState

    states = tuple(map(OutboxState, arguments.state or ("sent", "cancelled")))
    before = datetime.now(timezone.utc) - timedelta(days=arguments.older_than)
    deleted: dict[str, int] = {}
    with opened(arguments) as outbox:
        store = outbox.store
        if arguments.bodies:
            deleted["bodies"] = _all(
                lambda: store.prune_bodies(before=before, states=states, limit=_AT_ONCE)
            )
        else:
            deleted["rows"] = _all(
                lambda: store.prune(before=before, states=states, limit=_AT_ONCE)
            )
            deleted["idempotency_keys"] = outbox.idempotency.prune()
            deleted["seen_events"] = outbox.seen.prune()
    if arguments.json:
        output.write_json({"deleted": deleted})
    else:
        rows = [[name.replace("_", " "), str(count)] for name, count in deleted.items()]
        output.write_table(["deleted", ""], rows)
    return exit_codes.OK


def _all(some: Callable[[], int]) -> int:
    total = count = some()
    while count:
        count = some()
        total += count
    return total
