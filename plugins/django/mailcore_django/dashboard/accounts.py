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
    """An account that says how much may be sent."""

    def quota(self) -> object:
        """How much may be sent: a dataclass, or several."""
        ...


@runtime_checkable
class HasStatus(Protocol):
    """An account that says more than its quota."""

    def status(self) -> object:
        """The state of the account: a dataclass, one of whose fields may be ``quota``."""
        ...


class Counts(Protocol):
    """What became of the recipients of one day."""

    @property
    def delivery_attempts(self) -> int:
        """Recipients that delivery was tried to."""
        ...

    @property
    def bounces(self) -> int:
        """Recipients whose mail bounced for good."""
        ...

    @property
    def complaints(self) -> int:
        """Recipients who reported the mail as spam."""
        ...

    @property
    def rejects(self) -> int:
        """Recipients of messages that were accepted and then not delivered for their content."""
        ...


class DayCounts(Protocol):
    """What was sent on one day."""

    @property
    def day(self) -> date:
        """The date of the day."""
        ...

    @property
    def counts(self) -> Counts:
        """What became of the recipients."""
        ...


@runtime_checkable
class CountsByDay(Protocol):
    """What was sent in the last days."""

    def by_day(self, time_zone: tzinfo) -> Sequence[DayCounts]:
        """The days with mail, the oldest first."""
        ...


@runtime_checkable
class HasStatistics(Protocol):
    """An account that counts what was sent."""

    def statistics(self) -> object:
        """The counts, which are shown if they are :class:`CountsByDay`."""
        ...


class IdentitySummary(Protocol):
    """An address or a domain in a list."""

    @property
    def name(self) -> str:
        """The address or the domain."""
        ...

    @property
    def kind(self) -> str:
        """What the name is: ``EMAIL_ADDRESS`` or ``DOMAIN``."""
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
        """Whether mail of the identity is signed."""
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
    """An account that lists the addresses and domains it may send as."""

    def identities(self) -> Iterable[IdentitySummary]:
        """All addresses and domains of the account."""
        ...

    def identity(self, name: str, /) -> Identity | None:
        """One address or domain; None if it has gone."""
        ...


@runtime_checkable
class HasSuppressed(Protocol):
    """An account that lists addresses which nothing is delivered to."""

    def suppressed(self) -> Iterable[SuppressedAddress]:
        """The addresses, fetched as they are wanted."""
        ...
