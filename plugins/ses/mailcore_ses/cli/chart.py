"""
A bar chart of daily figures: what to draw where, and how to write it as text or SVG.

PNG is in :mod:`mailcore_ses.cli.chart_png`, because it needs a library.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape

from mailcore_ses.account.statistics import DailyStatistics


WIDTH = 800
HEIGHT = 360

SENT = "#4477aa"
REFUSED = "#cc3311"
INK = "#333333"
GRID = "#dddddd"
PAPER = "#ffffff"

_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 20.0, 50.0, 50.0
_GRID_LINES = 4
_MOST_LABELS = 14
_FONT_SIZE = 12
_EIGHTHS = " ▏▎▍▌▋▊▉█"

Anchor: TypeAlias = Literal["start", "middle", "end"]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A filled rectangle; lengths in pixels, from the upper left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text; `y` is its baseline."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: int = _FONT_SIZE


Shape: TypeAlias = Box | Label


def shapes(
    figures: Sequence[DailyStatistics], title: str, time_zone: str = "UTC"
) -> Iterator[Shape]:
    """
    The parts of the chart, those behind first.

    Args:
        figures: One bar each: delivery attempts, and over them bounces, complaints and rejects.
        title: The line that stands above the chart.
        time_zone: The time zone whose days they are.
    """
    yield Box(x=0, y=0, width=WIDTH, height=HEIGHT, colour=PAPER)
    yield Label(x=_LEFT, y=24, text=title, size=16)
    yield from _legend()
    top = _scale(max((each.counts.delivery_attempts for each in figures), default=0))
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    for number in range(_GRID_LINES + 1):
        y = _TOP + inner_height * (1 - number / _GRID_LINES)
        yield Box(x=_LEFT, y=y, width=inner_width, height=1, colour=GRID)
        value = top * number / _GRID_LINES
        yield Label(x=_LEFT - 8, y=y + 4, text=f"{value:,.0f}", anchor="end")
    slot = inner_width / max(1, len(figures))
    every = math.ceil(len(figures) / _MOST_LABELS)
    for number, each in enumerate(figures):
        x = _LEFT + slot * number
        counts = each.counts
        refused = counts.bounces + counts.complaints + counts.rejects
        for value, colour in ((counts.delivery_attempts, SENT), (refused, REFUSED)):
            height = min(1.0, value / top) * inner_height
            if height:
                yield Box(
                    x=x + slot * 0.1,
                    y=_TOP + inner_height - height,
                    width=slot * 0.8,
                    height=height,
                    colour=colour,
                )
        if number % every == 0:
            label = f"{each.day:%m-%d}"
            yield Label(x=x + slot / 2, y=HEIGHT - _BOTTOM + 18, text=label, anchor="middle")
    if figures:
        span = f"{figures[0].day} to {figures[-1].day}, days in {time_zone}"
        yield Label(x=WIDTH - _RIGHT, y=HEIGHT - 10, text=span, anchor="end")


def _legend() -> Iterator[Shape]:
    yield Box(x=WIDTH - 330, y=14, width=12, height=12, colour=SENT)
    yield Label(x=WIDTH - 312, y=24, text="sent")
    yield Box(x=WIDTH - 260, y=14, width=12, height=12, colour=REFUSED)
    yield Label(x=WIDTH - 242, y=24, text="bounces, complaints, rejects")


def _scale(most: int) -> int:
    """
    The top of the axis: a number not far above that divides by four.

    Example:
        >>> [_scale(each) for each in (0, 3, 7, 10, 41, 950, 1001)]
        [4, 4, 8, 12, 60, 1000, 2000]
    """
    tops = [4, 8, 12, 20, 40, 60, 80]
    if most > tops[-1]:
        size: int = 10 ** (len(str(most)) - 1)
        tops = [step * size for step in (1, 2, 4, 6, 8, 10) if size > 10 or step == 10]
    return next(top for top in tops if top >= most)


def svg(figures: Sequence[DailyStatistics], title: str, time_zone: str = "UTC") -> str:
    """The chart as an SVG document."""
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    style = f'role="img" font-family="sans-serif" fill="{INK}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>',
        f"<title>{escape(title)}</title>",
    ]
    for shape in shapes(figures, title, time_zone):
        if isinstance(shape, Box):
            lines.append(
                f'<rect x="{shape.x:.2f}" y="{shape.y:.2f}" width="{shape.width:.2f}" '
                f'height="{shape.height:.2f}" fill="{shape.colour}"/>'
            )
        else:
            lines.append(
                f'<text x="{shape.x:.2f}" y="{shape.y:.2f}" font-size="{shape.size}" '
                f'text-anchor="{shape.anchor}">{escape(shape.text)}</text>'
            )
    return "\n".join([*lines, "</svg>", ""])


def bar(value: int, most: int, width: int, *, ascii_only: bool = False) -> str:
    """
    A bar for terminals.

    Args:
        value: The value that the bar shows.
        most: How much fills the width.
        width: The width of the longest bar, in columns.
        ascii_only: Draw it for terminals that have nothing but ASCII.

    Returns:
        A text of at most that width, and of at least one character if the value is above 0.

    Example:
        >>> bar(5, 10, 5, ascii_only=True), bar(1, 8, 1)
        ('###', '▏')
    """
    if value <= 0 or most <= 0:
        return ""
    if ascii_only:
        return "#" * max(1, math.ceil(value * width / most))
    full, eighths = divmod(max(1, round(value * width * 8 / most)), 8)
    return ("█" * full + _EIGHTHS[eighths]).rstrip()
