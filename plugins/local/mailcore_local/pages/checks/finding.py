"""
What a check has to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


Level = Literal["problem", "warning", "hint"]
"""`problem`: recipients see it broken; `warning`: some do, or filters mind; `hint`: look at it."""

LEVELS: tuple[Level, ...] = ("problem", "warning", "hint")
"""All levels, the worst first."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    One thing about a mail that its author may have forgotten.

    Attributes:
        level: How much it matters.
        title: What was found, as one sentence without a full stop.
        detail: Why it matters and what to do, as sentences.
        found: Where it was found: addresses, lines, words of the mail, at most ten.
        source: The page or the RFC that says so, or an empty string.
    """

    level: Level
    title: str
    detail: str
    found: tuple[str, ...] = ()
    source: str = ""


MAX_FOUND = 10


def listed(places: list[str]) -> tuple[str, ...]:
    """
    The first places, each once, and how many more there are.

    Args:
        places: All places, in the order of the mail.
    """
    distinct = list(dict.fromkeys(places))
    if len(distinct) <= MAX_FOUND:
        return tuple(distinct)
    return (*distinct[:MAX_FOUND], f"and {len(distinct) - MAX_FOUND} more")
