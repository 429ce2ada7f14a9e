"""Figures of an outbox: how many mails were sent, delivered, bounced, opened, by day and more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone, tzinfo
from typing import Literal, TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.events import EventType
from mailcore.outbox.store import Happening


Dimension: TypeAlias = Literal["day", "provider", "tag", "domain"]
"""What figures can be told apart by."""

DIMENSIONS: tuple[Dimension, ...] = ("day", "provider", "tag", "domain")
"""All of them, in the order in which figures are sorted."""

COUNTED = (
    EventType.SENT,
    EventType.DELIVERED,
    EventType.DEFERRED,
    EventType.BOUNCED,
    EventType.REJECTED,
    EventType.COMPLAINED,
    EventType.UNSUBSCRIBED,
    EventType.OPENED,
    EventType.CLICKED,
)
"""What is counted."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """
    How often things happened, to mails that have something in common.

    Args:
        day: The day on which they happened; None if days are not told apart.
        provider: The name of the provider; None if these are not told apart.
        tag: A tag of the messages, empty for those without; None if tags are not told apart.
        domain: The domain of the recipients, in ASCII, empty if nobody knows; None if these are
            not told apart.
        counts: The number of mails for each of :data:`COUNTED`; each mail to each recipient counts
            once, on the first day on which it happened.
    """

    day: date | None
    provider: str | None
    tag: str | None
    domain: str | None
    counts: Mapping[EventType, int]


def figures(
    happenings: Iterable[Happening],
    *,
    by: Iterable[Dimension] = ("day", "provider"),
    zone: tzinfo = timezone.utc,
) -> list[Figure]:
    """
    Count what happened.

    A message with several tags counts for each of them, so figures by tag do not add up.

    Args:
        happenings: What a store gives for a span of time, in any order.
        by: What to tell apart: some of ``day``, ``provider``, ``tag``, ``domain``.
        zone: The time zone of days.

    Returns:
        The figures, sorted by day, provider, tag and domain.

    Raises:
        ConfigurationError: If something else is to be told apart.
    """
    chosen = frozenset(by)
    unknown = chosen - set(DIMENSIONS)
    if unknown:
        raise ConfigurationError(f"figures are by {', '.join(DIMENSIONS)}, not {min(unknown)}")
    found: dict[tuple[str, str, str, str], dict[EventType, int]] = {}
    for each in _first_ones(happenings):
        day = each.happened_at.astimezone(zone).date().isoformat() if "day" in chosen else ""
        provider = each.provider if "provider" in chosen else ""
        domain = each.recipient.rpartition("@")[2] if "domain" in chosen else ""
        for tag in (each.tags or ("",)) if "tag" in chosen else ("",):
            counts = found.setdefault((day, provider, tag, domain), dict.fromkeys(COUNTED, 0))
            counts[each.event_type] += 1
    return [
        Figure(
            day=date.fromisoformat(day) if "day" in chosen else None,
            provider=provider if "provider" in chosen else None,
            tag=tag if "tag" in chosen else None,
            domain=domain if "domain" in chosen else None,
            counts=counts,
        )
        for (day, provider, tag, domain), counts in sorted(found.items(), key=lambda item: item[0])
    ]


def _first_ones(happenings: Iterable[Happening]) -> Iterable[Happening]:
    """Of each kind, for each mail to each recipient, the first."""
    first: dict[tuple[str, str, EventType], tuple[datetime, Happening]] = {}
    for each in happenings:
        if each.event_type not in COUNTED:
            continue
        key = (each.row_id, each.recipient, each.event_type)
        before = first.get(key)
        if before is None or each.happened_at < before[0]:
            first[key] = (each.happened_at, each)
    return [each for _, each in first.values()]
