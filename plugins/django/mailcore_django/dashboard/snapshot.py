"""What a provider said of an account at one moment: plain values, which any cache can keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


__all__ = ["Day", "IdentityLine", "Snapshot", "Suppressed", "Usage"]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """
    How much of the quota of 24 hours is used; everything counts recipients.

    Args:
        sent: Recipients of the past 24 hours.
        limit: How many are allowed in 24 hours; None is unlimited.
        per_second: How many are accepted in a second; None if the provider does not say.
    """

    sent: float
    limit: float | None
    per_second: float | None = None

    @property
    def share(self) -> float | None:
        """The part that is used, from 0 to 1; None without a limit."""
        if self.limit is None:
            return None
        return min(1.0, self.sent / self.limit) if self.limit else 1.0


@dataclass(frozen=True, kw_only=True)
class Day:
    """
    The counts of a day.

    Args:
        day: The date, in Django's time zone.
        attempts: Recipients that delivery was tried to.
        bounces: Recipients that bounced for good.
        complaints: Recipients that complained.
        rejects: Recipients of messages that were accepted and then not delivered for their content.
    """

    day: date
    attempts: int = 0
    bounces: int = 0
    complaints: int = 0
    rejects: int = 0

    def count(self, name: str) -> int:
        """The count of this name."""
        found: int = getattr(self, name)
        return found

    def rate(self, name: str) -> float | None:
        """
        The count for each attempt, from 0 to 1; None on a day without attempts.

        Rejects are no attempts: theirs is the part of both together.
        """
        whole = self.attempts + (self.rejects if name == "rejects" else 0)
        return self.count(name) / whole if whole else None


@dataclass(frozen=True, kw_only=True)
class IdentityLine:
    """
    An address or a domain that the account sends as.

    Args:
        name: The address or the domain.
        kind: What it is, in the provider's word.
        sending: Whether the account may send as it.
        verification: The state of its verification, in the provider's word.
        dkim: The state of its DKIM, in the provider's word; empty if it was not asked for.
        signing: Whether its mail is signed; None if that was not asked for.
    """

    name: str = field(repr=False)
    kind: str
    sending: bool
    verification: str
    dkim: str = ""
    signing: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """
    An address that nothing is delivered to.

    Args:
        address: The address, as the provider has it.
        reason: Why it is on the list, in the provider's word.
        since: When it was put there; None if the provider does not say.
    """

    address: str = field(repr=False)
    reason: str
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """
    Everything that was said; None for what the provider does not tell, or could not now.

    Args:
        provider: The name of the provider; empty if it could not be made.
        asked_at: When it was asked, with time zone.
        usage: How much of the quota of 24 hours is used.
        figures: Everything else about quota and account, as names and values.
        days: The counts of the last days, the oldest first, each day once.
        identities: Whom the account may send as.
        suppressed: Some of the addresses that nothing is delivered to, the newest first.
        reasons: How many of those that were looked at are there for which reason.
        more_suppressed: Whether there are more of them than were looked at.
        problems: What went wrong, by the part of the page.
    """

    provider: str
    asked_at: datetime
    usage: Usage | None = None
    figures: tuple[tuple[str, object], ...] | None = None
    days: tuple[Day, ...] | None = None
    identities: tuple[IdentityLine, ...] | None = None
    suppressed: tuple[Suppressed, ...] | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    more_suppressed: bool = False
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> Day:
        """The sum of all days; its date is the last one's."""
        days = self.days or (Day(day=self.asked_at.date()),)
        names = ("attempts", "bounces", "complaints", "rejects")
        sums = {name: sum(each.count(name) for each in days) for name in names}
        return Day(day=days[-1].day, **sums)
