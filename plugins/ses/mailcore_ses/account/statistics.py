"""
What was sent in the past fourteen days, in quarters of an hour and by day.

Source: https://docs.aws.amazon.com/ses/latest/APIReference/API_GetSendStatistics.html (read
2026-11-21). Version 2 of the API has nothing of the kind that is free of charge, so this is a call
of version 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any

from mailcore.errors import UnexpectedResponse
from mailcore.flow import Flow
from mailcore_ses.aws.asking import call, entries, require_number
from mailcore_ses.aws.call import PROVIDER, SES_V1


KEPT_DAYS = 14
"""How long SES keeps statistics."""


@dataclass(frozen=True, kw_only=True)
class SendCounts:
    """
    Figures of one span of time.

    Args:
        delivery_attempts: Recipients that SES tried to deliver to.
        bounces: Recipients that bounced, hard bounces only.
        complaints: How many recipients complained.
        rejects: Recipients of messages that SES accepted but found to hold a virus.
    """

    delivery_attempts: int = 0
    bounces: int = 0
    complaints: int = 0
    rejects: int = 0

    def __add__(self, other: SendCounts) -> SendCounts:
        return SendCounts(
            delivery_attempts=self.delivery_attempts + other.delivery_attempts,
            bounces=self.bounces + other.bounces,
            complaints=self.complaints + other.complaints,
            rejects=self.rejects + other.rejects,
        )

    @property
    def bounce_rate(self) -> float | None:
        """Bounces for each attempt; None without attempts."""
        return self.bounces / self.delivery_attempts if self.delivery_attempts else None

    @property
    def complaint_rate(self) -> float | None:
        """Complaints for each attempt; None without attempts."""
        return self.complaints / self.delivery_attempts if self.delivery_attempts else None


@dataclass(frozen=True, kw_only=True)
class SendDataPoint:
    """
    Fifteen minutes.

    Args:
        timestamp: When they begin, with time zone (UTC).
        counts: How many mails were sent and what became of them in these minutes.
    """

    timestamp: datetime
    counts: SendCounts


@dataclass(frozen=True, kw_only=True)
class DailyStatistics:
    """
    One day.

    Args:
        day: The day, in UTC or in the time zone that was asked for.
        counts: How many mails were sent and what became of them on that day.
    """

    day: date
    counts: SendCounts


@dataclass(frozen=True, kw_only=True)
class SendStatistics:
    """
    Everything that SES still knows.

    Args:
        points: The counts by time, the oldest first; SES leaves out quarters of an hour without
            mail.
    """

    points: tuple[SendDataPoint, ...] = ()

    @property
    def total(self) -> SendCounts:
        """The sum of all points."""
        return total(point.counts for point in self.points)

    def by_day(self, time_zone: tzinfo = timezone.utc) -> tuple[DailyStatistics, ...]:
        """
        Sums by day, the oldest first, days without points left out.

        The oldest day may be incomplete: SES forgets by the quarter of an hour. Every quarter
        counts for the day in which it begins; where clocks change, a day has 23 or 25 hours.

        Args:
            time_zone: Whose days, such as ``zoneinfo.ZoneInfo("Europe/Berlin")``.
        """
        days: dict[date, SendCounts] = {}
        for point in self.points:
            day = point.timestamp.astimezone(time_zone).date()
            days[day] = days.get(day, SendCounts()) + point.counts
        return tuple(DailyStatistics(day=day, counts=days[day]) for day in sorted(days))


def total(counts: Iterable[SendCounts]) -> SendCounts:
    """The sum."""
    return sum(counts, start=SendCounts())


def every_day(
    figures: Iterable[DailyStatistics], first: date, last: date
) -> tuple[DailyStatistics, ...]:
    """
    A row for every day of a span, zeros where nothing is known.

    Example:
        >>> [str(each.day) for each in every_day([], date(2026, 2, 28), date(2026, 3, 1))]
        ['2026-02-28', '2026-03-01']
    """
    known = {each.day: each.counts for each in figures}
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(DailyStatistics(day=day, counts=known.get(day, SendCounts())) for day in days)


def get_statistics() -> Flow[SendStatistics]:
    """
    Ask for the statistics.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    body = yield from call("GetSendStatistics", service=SES_V1)
    points = map(_point, entries(body, "SendDataPoints"))
    return SendStatistics(points=tuple(sorted(points, key=lambda point: point.timestamp)))


def _point(entry: Mapping[str, Any]) -> SendDataPoint:
    timestamp = entry.get("Timestamp")
    if not isinstance(timestamp, datetime):
        raise UnexpectedResponse("a point of the statistics has no time", provider=PROVIDER)
    if timestamp.tzinfo is None:
        timestamp = timestamp.replace(tzinfo=timezone.utc)
    return SendDataPoint(
        timestamp=timestamp.astimezone(timezone.utc),
        counts=SendCounts(
            delivery_attempts=_count(entry, "DeliveryAttempts"),
            bounces=_count(entry, "Bounces"),
            complaints=_count(entry, "Complaints"),
            rejects=_count(entry, "Rejects"),
        ),
    )


def _count(entry: Mapping[str, Any], name: str) -> int:
    return 0 if entry.get(name) is None else int(require_number(entry, name))
