"""``mailcore ses stats``: what was sent, day by day."""

from __future__ import annotations

import argparse
import shutil
import sys

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from mailcore.cli import exit_codes, output
from mailcore.cli.argument_types import positive
from mailcore.cli.failures import UsageError
from mailcore.cli.suppressions import add_account_parser
from mailcore_ses.account.statistics import (
    KEPT_DAYS,
    DailyStatistics,
    SendCounts,
    every_day,
    total,
)
from mailcore_ses.account.statistics_store import StatisticsStore
from mailcore_ses.cli import chart
from mailcore_ses.cli.common import opened, time_zone


_BAR_COLUMNS = 50
_LEAST_BAR_COLUMNS = 10
# "2026-11-20 ", the bar, " 12,345".
_AROUND_BAR_COLUMNS = 22


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_account_parser(
        commands,
        "ses",
        "stats",
        "show what was sent, by day",
        f"Show delivery attempts, bounces, complaints and rejects by day, with a chart. SES "
        f"keeps them for {KEPT_DAYS} days, and tells them for the region as a whole.",
        "ses stats --days 7",
        "ses stats --output sent.svg",
        "ses stats --time-zone Europe/Berlin",
    )
    parser.add_argument(
        "--days",
        metavar="N",
        type=positive,
        help=f"the last N days ({KEPT_DAYS}; with --from, as many as there are)",
    )
    parser.add_argument(
        "--time-zone",
        metavar="NAME",
        type=time_zone,
        default=timezone.utc,
        help="whose days: a name such as Europe/Berlin (UTC); what --save keeps are days of UTC",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write the chart to FILE.svg, or FILE.png (needs Pillow)"
    )
    file = parser.add_argument_group(
        "file", "An SQLite file keeps the daily figures longer than SES does."
    ).add_mutually_exclusive_group()
    file.add_argument(
        "--save",
        metavar="FILE",
        help="merge the figures into the file; saving twice counts nothing twice, so run it daily",
    )
    file.add_argument(
        "--from", dest="source", metavar="FILE", help="show those of the file, and ask AWS nothing"
    )
    parser.add_argument("--region", metavar="NAME", help="with --from: of this region only")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show the figures, save them, draw them."""
    if arguments.days and arguments.days > KEPT_DAYS and not arguments.source:
        raise UsageError(
            f"SES keeps {KEPT_DAYS} days: run `stats --save FILE` every day, and show more with "
            f"--from FILE"
        )
    if arguments.region and not arguments.source:
        raise UsageError("--region goes with --from: else give --option region_name=NAME")
    if arguments.source and arguments.time_zone is not timezone.utc:
        raise UsageError("a file has days of UTC: leave out --time-zone, or --from")
    draw = None if arguments.output is None else _drawer(arguments)
    if arguments.source:
        figures = StatisticsStore(arguments.source).load(arguments.region)
    else:
        figures = _asked(arguments)
    shown = _span(figures, arguments)
    if draw is not None:
        _write_file(arguments.output, draw(shown))
    if arguments.json:
        output.write_json(
            {
                "time_zone": str(arguments.time_zone),
                "days": [{"day": each.day.isoformat()} | _described(each.counts) for each in shown],
                "total": _described(total(each.counts for each in shown)),
            }
        )
    else:
        _write_table(shown, arguments.time_zone)
        _write_bars(shown)
    return exit_codes.OK


def _asked(arguments: argparse.Namespace) -> tuple[DailyStatistics, ...]:
    with opened(arguments) as use:
        statistics, region_name = use.account.statistics(), use.region_name
    if arguments.save is not None:
        # Days of different zones would overlap in it.
        days = StatisticsStore(arguments.save).save(region_name, statistics.by_day())
        output.note(f"{arguments.save!r} has {days} days of {region_name}")
    return statistics.by_day(arguments.time_zone)


def _span(
    figures: Sequence[DailyStatistics], arguments: argparse.Namespace
) -> tuple[DailyStatistics, ...]:
    """A row for each day that is to be shown."""
    last = _today(arguments.time_zone)
    first = last - timedelta(days=(arguments.days or KEPT_DAYS) - 1)
    if arguments.source and figures:
        # Of days before the first one nothing is known, which is not the same as no mail.
        known = figures[0].day
        first = known if arguments.days is None else max(known, first)
    return every_day(figures, first, last)


def _today(zone: tzinfo) -> date:
    return _now().astimezone(zone).date()


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _described(counts: SendCounts) -> dict[str, object]:
    rates = {"bounce_rate": counts.bounce_rate, "complaint_rate": counts.complaint_rate}
    return asdict(counts) | rates


def _write_table(figures: Sequence[DailyStatistics], zone: tzinfo) -> None:
    day = "day" if zone is timezone.utc else f"day ({zone})"
    headings = [day, "sent", "bounces", "complaints", "rejects", "bounced", "complained"]
    rows = [[each.day.isoformat(), *_cells(each.counts)] for each in figures]
    rows.append(["total", *_cells(total(each.counts for each in figures))])
    output.write_table(headings, rows)


def _cells(counts: SendCounts) -> list[str]:
    numbers = (counts.delivery_attempts, counts.bounces, counts.complaints, counts.rejects)
    rates = (counts.bounce_rate, counts.complaint_rate)
    return [*(f"{number:,}" for number in numbers), *map(_percent, rates)]


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.2%}"


def _write_bars(figures: Sequence[DailyStatistics]) -> None:
    most = max((each.counts.delivery_attempts for each in figures), default=0)
    if not most:
        return
    columns = _BAR_COLUMNS
    if sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns - _AROUND_BAR_COLUMNS
    columns = max(_LEAST_BAR_COLUMNS, columns)
    ascii_only = not _shows(chart.bar(most, most, 1))
    output.write("")
    for each in figures:
        sent = each.counts.delivery_attempts
        line = chart.bar(sent, most, columns, ascii_only=ascii_only)
        output.write(f"{each.day.isoformat()} {line}{' ' if line else ''}{sent:,}")


def _shows(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _drawer(arguments: argparse.Namespace) -> Callable[[Sequence[DailyStatistics]], bytes]:
    """
    What draws for a file of that name; made before AWS is asked.

    Raises:
        UsageError: If the name is of no format that can be drawn.
        ConfigurationError: If a library is missing.
    """
    title = "Recipients by day, Amazon SES"
    zone = str(arguments.time_zone)
    suffix = Path(arguments.output).suffix.lower()
    if suffix == ".svg":
        return lambda figures: chart.svg(figures, title, zone).encode()
    if suffix == ".png":
        from mailcore_ses.cli import chart_png

        chart_png.require_pillow()
        return lambda figures: chart_png.png(figures, title, zone)
    raise UsageError("--output writes .svg and .png")


def _write_file(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {path!r}: {error.strerror}") from error
    output.note(f"the chart is in {path!r}")
