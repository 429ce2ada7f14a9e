"""
What ``provider.account`` of any provider may have, as far as the dashboard shows it.

These are protocols: mailcore-django knows no provider. An account has some of them, and what else
it has is not shown. The names are those of mailcore-ses, which has all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from typing import Protocol, runtime_checkable

from mailcore.account import SuppressedAddress


__all__ = [
    "Counts",
    "CountsByDay",
    "DayCounts",
    "Dkim",
    "HasIdentities",
    "HasQuota",
    "HasStatistics",
    "HasStatus",
    "HasSuppressed",
    "Identity",
    "IdentitySummary",
]


@runtime_checkable
class HasQuota(Protocol):
    """It says how much may be sent."""

    def quota(self) -> object:
        """A dataclass, or several."""
        ...


@runtime_checkable
class HasStatus(Protocol):
    """It says more than its quota: a dataclass one of whose fields may be ``quota``."""

    def status(self) -> object:
        """A dataclass."""
        ...


class Counts(Protocol):
    """What became of the recipients of one day."""

    @property
    def delivery_attempts(self) -> int:
        """Recipients that delivery was tried to."""
        ...

    @property
    def bounces(self) -> int:
        """Those of them that bounced for good."""
        ...

    @property
    def complaints(self) -> int:
        """Those of them that complained."""
        ...

    @property
    def rejects(self) -> int:
        """Recipients of messages that were accepted and then not delivered for their content."""
        ...


class DayCounts(Protocol):
    """One day."""

    @property
    def day(self) -> date:
        """Which."""
        ...

    @property
    def counts(self) -> Counts:
        """Its counts."""
        ...


@runtime_checkable
class CountsByDay(Protocol):
    """What was sent in the last days."""

    def by_day(self, time_zone: tzinfo) -> Sequence[DayCounts]:
        """The days with mail, the oldest first."""
        ...


@runtime_checkable
class HasStatistics(Protocol):
    """It counts what was sent."""

    def statistics(self) -> object:
        """What is shown if it is :class:`CountsByDay`."""
        ...


class IdentitySummary(Protocol):
    """An address or a domain in a list."""

    @property
    def name(self) -> str:
        """The address or the domain."""
        ...

    @property
    def kind(self) -> str:
        """``EMAIL_ADDRESS`` or ``DOMAIN``."""
        ...

    @property
    def sending_enabled(self) -> bool:
        """Whether the account may send from it."""
        ...

    @property
    def verification_status(self) -> str:
        """The state of its verification."""
        ...


class Dkim(Protocol):
    """How mail of an identity is signed."""

    @property
    def signing_enabled(self) -> bool:
        """Whether it is."""
        ...

    @property
    def status(self) -> str:
        """The state of the check of the DNS records."""
        ...


class Identity(Protocol):
    """All about an address or a domain."""

    @property
    def dkim(self) -> Dkim:
        """How its mail is signed."""
        ...


@runtime_checkable
class HasIdentities(Protocol):
    """It knows whom the account may send as."""

    def identities(self) -> Iterable[IdentitySummary]:
        """All of them."""
        ...

    def identity(self, name: str, /) -> Identity | None:
        """One of them; None if it has gone."""
        ...


@runtime_checkable
class HasSuppressed(Protocol):
    """It keeps addresses that nothing is delivered to."""

    def suppressed(self) -> Iterable[SuppressedAddress]:
        """Them, fetched as they are wanted."""
        ...
