"""``mailcore outbox status``: how full an outbox is."""

from __future__ import annotations

import argparse

from datetime import datetime, timezone
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.argument_types import positive_number
from mailcore_outbox.cli.common import NOT_DONE, add_command, opened


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "status",
        run,
        help="count the rows of each state, and what is due",
        description="Count the rows of each state, what is due, and what workers have claimed and "
        "not come back for.",
    )
    parser.add_argument(
        "--late",
        metavar="SECONDS",
        type=positive_number,
        help="end with the exit code 1 if a row has been due for longer, for a monitor",
    )


def run(arguments: argparse.Namespace) -> int:
    """Count."""
    now = datetime.now(timezone.utc)
    with opened(arguments) as outbox:
        counts = outbox.store.counts(now=now)
    oldest = counts.oldest_due_at
    late_seconds = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    if arguments.json:
        output.write_json(
            {
                "states": {str(state): count for state, count in counts.by_state.items()},
                "due": counts.due,
                "oldest_due_at": None if oldest is None else oldest.isoformat(),
                "late_seconds": round(late_seconds, 3),
                "expired": counts.expired,
                "newer": counts.newer,
            }
        )
    else:
        rows = [[str(state), str(count)] for state, count in counts.by_state.items()]
        rows.append(["due now", str(counts.due)])
        if oldest is not None:
            rows.append(["due for the longest time", f"{late_seconds:.0f} s"])
        rows.append(["claimed by workers that did not come back", str(counts.expired)])
        if counts.newer:
            rows.append(["for workers of a newer release", str(counts.newer)])
        output.write_table(["rows", ""], rows)
    if arguments.late is not None and late_seconds > arguments.late:
        return NOT_DONE
    return exit_codes.OK
