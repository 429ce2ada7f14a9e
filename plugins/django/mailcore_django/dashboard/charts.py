"""
Charts as numbers: where bars, lines and labels of an SVG stand. The template writes the SVG.

One panel for each count, and below it its rate: no chart has two scales, and no two counts share
one, since a complaint for a thousand mails would not be seen beside them. Every panel has its
title, a pattern, and a marker of its own beside its colour.

The colours stand in ``dashboard.css``. They are of the palette of Okabe and Ito, which people with
any of the usual colour blindnesses can tell apart (https://jfly.uni-koeln.de/color/, read
2026-11-30); a lighter choice of it is for dark pages.
"""

from __future__ import annotations

import math

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format, number_format

from mailcore_django.dashboard.snapshot import Day, Snapshot


__all__ = ["SERIES", "Panel", "panels"]

WIDTH, HEIGHT = 340, 210
_LEFT, _RIGHT = 50, 334
_COUNTS = (10, 110)
_COUNTS_ALONE = (10, 184)
_RATES = (128, 184)
_SMALLEST_RATE = 0.0001
_LOWEST_SCALE = 0.001
_ROUNDING = 1e-9
_NICE = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)

SERIES = (
    ("attempts", "Delivery attempts", ""),
    ("bounces", "Bounces", "circle"),
    ("complaints", "Complaints", "square"),
    ("rejects", "Rejects", "triangle"),
)
"""The name, the title and the marker of each panel."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """
    A line of the grid.

    Args:
        y: The height of the line.
        label: What stands at its left.
        text_y: The height of the label.
    """

    y: float
    label: str
    text_y: float


@dataclass(frozen=True, kw_only=True)
class Bar:
    """
    A bar of a day.

    Args:
        x: The left side.
        y: The upper side.
        width: The width of the bar.
        height: The height of the bar.
        title: What it says, in words.
    """

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Point:
    """
    A day's rate.

    Args:
        x: The middle of the day.
        y: The height of the rate.
        title: What it says, in words.
        path: The outline of the marker.
    """

    x: float
    y: float
    title: str
    path: str


@dataclass(frozen=True, kw_only=True)
class DayLabel:
    """
    A day below the chart.

    Args:
        x: Where the text stands.
        anchor: Which part of the text stands there.
        text: The day in words.
    """

    x: float
    anchor: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """
    One chart.

    Args:
        name: The name of the count, which its class in the style sheet is made of.
        title: What people call it.
        total: The sum of all days, in words.
        rate: The rate over all days, in words; empty for attempts, or without any.
        grid: The lines of the grid.
        bars: A bar for each day with a count.
        lines: The points of each line of rates; a day without attempts interrupts it.
        points: The rate of each day.
        days: The labels below.
        summary: The whole in words, for those who do not see it.
        width: The width of the drawing.
        height: The height of the drawing.
        left: Where the grid begins.
        right: Where the grid ends.
    """

    name: str
    title: str
    total: str
    rate: str
    grid: tuple[Line, ...]
    bars: tuple[Bar, ...]
    lines: tuple[str, ...]
    points: tuple[Point, ...]
    days: tuple[DayLabel, ...]
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = _RIGHT


def panels(snapshot: Snapshot) -> tuple[Panel, ...]:
    """
    The charts of a snapshot; none without days.

    Args:
        snapshot: The snapshot whose days are drawn.
    """
    days = snapshot.days
    if not days:
        return ()
    return tuple(_panel(snapshot, days, *each) for each in SERIES)


def _panel(snapshot: Snapshot, days: Sequence[Day], name: str, title: str, marker: str) -> Panel:
    upper, lower = _COUNTS if marker else _COUNTS_ALONE
    counts = [each.count(name) for each in days]
    most = math.ceil(_nice(max(counts), smallest=1))
    grid = list(_grid(upper, lower, most, _whole))
    points: list[Point | None] = []
    if marker:
        rates = [each.rate(name) for each in days]
        highest = _nice(
            max((each for each in rates if each is not None), default=0.0), smallest=_LOWEST_SCALE
        )
        grid += _grid(*_RATES, highest, percent)
        points = list(_points(days, rates, highest, marker))
    total = snapshot.total
    rate = total.rate(name) if marker else None
    return Panel(
        name=name,
        title=title,
        total=_whole(total.count(name)),
        rate=percent(rate) if rate is not None else "",
        grid=tuple(grid),
        bars=tuple(_bars(days, counts, most, upper, lower)),
        lines=tuple(_lines(points)),
        points=tuple(each for each in points if each is not None),
        days=tuple(_day_labels(days)),
        summary=_summary(days, name, title),
    )


def percent(rate: float) -> str:
    """
    A rate in words: with as many places as it takes to see it.

    Example:
        >>> [percent(rate) for rate in (0, 0.25, 0.0123, 0.0004, 0.000001)]
        ['0 %', '25 %', '1.23 %', '0.04 %', '< 0.01 %']
    """
    if 0 < rate < _SMALLEST_RATE:
        return f"< {number_format(0.01, 2)} %"
    rounded = round(rate * 100, 2)
    places = 0 if rounded == int(rounded) else 1 if rounded * 10 == int(rounded * 10) else 2
    return f"{number_format(rounded, places)} %"


def _whole(count: float) -> str:
    return str(number_format(int(count), 0, use_l10n=True, force_grouping=True))


def _nice(value: float, *, smallest: float) -> float:
    """The end of a scale: the next number that is not less and reads well."""
    value = max(value, smallest)
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _NICE if step * power >= value * (1 - _ROUNDING))


def _grid(upper: int, lower: int, most: float, label: Callable[[float], str]) -> Iterator[Line]:
    for share in (0, 1):
        y = lower - share * (lower - upper)
        yield Line(y=y, label=label(most * share), text_y=y + 4)


def _x(number: int, days: Sequence[Day]) -> float:
    step = (_RIGHT - _LEFT) / len(days)
    return round(_LEFT + step * (number + 0.5), 1)


def _bars(
    days: Sequence[Day], counts: Sequence[int], most: float, upper: int, lower: int
) -> Iterator[Bar]:
    width = round((_RIGHT - _LEFT) / len(days) * 0.7, 1)
    for number, (day, count) in enumerate(zip(days, counts, strict=True)):
        if count:
            # One among thousands is to be seen, too.
            height = max(2.0, round(count / most * (lower - upper), 1))
            yield Bar(
                x=round(_x(number, days) - width / 2, 1),
                y=round(lower - height, 1),
                width=width,
                height=height,
                title=f"{_date(day)}: {_whole(count)}",
            )


def _points(
    days: Sequence[Day], rates: Sequence[float | None], highest: float, marker: str
) -> Iterator[Point | None]:
    upper, lower = _RATES
    for number, (day, rate) in enumerate(zip(days, rates, strict=True)):
        if rate is None:
            yield None
            continue
        x, y = _x(number, days), round(lower - rate / highest * (lower - upper), 1)
        yield Point(
            x=x, y=y, title=f"{_date(day)}: {percent(rate)}", path=_MARKERS[marker].format(x=x, y=y)
        )


_MARKERS = {
    "circle": "M{x} {y}m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0",
    "square": "M{x} {y}m-3 -3h6v6h-6z",
    "triangle": "M{x} {y}m0 -4l4 7h-8z",
}


def _lines(points: Sequence[Point | None]) -> Iterator[str]:
    line: list[str] = []
    for each in (*points, None):
        if each is not None:
            line.append(f"{each.x},{each.y}")
            continue
        if len(line) > 1:
            yield " ".join(line)
        line = []


def _day_labels(days: Sequence[Day]) -> Iterator[DayLabel]:
    middle = len(days) // 2
    yield DayLabel(x=_LEFT, anchor="start", text=_date(days[0]))
    yield DayLabel(x=_x(middle, days), anchor="middle", text=_date(days[middle]))
    yield DayLabel(x=_RIGHT, anchor="end", text=_date(days[-1]))


def _date(day: Day) -> str:
    return date_format(day.day, "j M")


def _summary(days: Sequence[Day], name: str, title: str) -> str:
    most = max(days, key=lambda each: each.count(name))
    if not most.count(name):
        return f"{title}: none from {_date(days[0])} to {_date(days[-1])}."
    return (
        f"{title} by day from {_date(days[0])} to {_date(days[-1])}; "
        f"the most, {_whole(most.count(name))}, on {_date(most)}. The table has all figures."
    )
