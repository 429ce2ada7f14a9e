"""``mailcore outbox figures``: what was sent and what came of it, by day and more."""

from __future__ import annotations

import argparse

from datetime import datetime, timedelta, timezone
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.argument_types import point_in_time, positive
from mailcore.cli.failures import UsageError
from mailcore_outbox.cli.common import add_command, opened


_BY = ("day", "provider", "tag", "domain")
_DAYS = 7


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "figures",
        run,
        help="count what was sent, delivered, bounced, opened, by day and provider, tag, domain",
        description="Count mails by what happened to them: each mail to each recipient counts "
        "once. Days are those of UTC.",
    )
    parser.add_argument(
        "--by",
        action="append",
        choices=_BY,
        default=[],
        help="what to tell apart, repeatable; day and provider if not given",
    )
    parser.add_argument(
        "--days",
        metavar="N",
        type=positive,
        help=f"the last so many days, with this one; {_DAYS} if nothing is given",
    )
    parser.add_argument(
        "--since", metavar="TIME", type=point_in_time, help="ISO 8601; UTC without a zone"
    )
    parser.add_argument("--until", metavar="TIME", type=point_in_time, help="the same")


def run(arguments: argparse.Namespace) -> int:
    """Count."""
    from mailcore.outbox import COUNTED, figures

    if arguments.days and arguments.since:
        raise UsageError("--days and --since both say where to begin: leave one out")
    now = datetime.now(timezone.utc)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = arguments.since or today - timedelta(days=(arguments.days or _DAYS) - 1)
    until = arguments.until or today + timedelta(days=1)
    by = tuple(arguments.by or ("day", "provider"))
    with opened(arguments) as outbox:
        found = figures(outbox.store.happenings(since=since, until=until), by=by)
    if arguments.json:
        output.write_json(
            {
                "since": since.isoformat(),
                "until": until.isoformat(),
                "figures": [
                    {
                        **{name: _plain(getattr(each, name)) for name in by},
                        **{str(kind): each.counts[kind] for kind in COUNTED},
                    }
                    for each in found
                ],
            }
        )
        return exit_codes.OK
    output.write_table(
        [*by, *map(str, COUNTED)],
        [
            [
                *(str(_plain(getattr(each, name)) or "") for name in by),
                *(str(each.counts[kind]) for kind in COUNTED),
            ]
            for each in found
        ],
    )
    return exit_codes.OK


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str) else str(value)
