"""
Lists of addresses that a provider does not deliver to, and keeps itself.

What they have in common: an address, why it is on the list, and since when. A plugin writes a
:class:`SuppressionList`; whoever uses it has it as ``provider.account``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, runtime_checkable

from mailcore.account.paging import Page
from mailcore.address.address import Address
from mailcore.address.domain import address_key
from mailcore.errors import ConfigurationError
from mailcore.flow import Flow


BOUNCE = "BOUNCE"
"""Mail to it bounced for good."""
COMPLAINT = "COMPLAINT"
"""Its owner reported mail as spam."""
UNSUBSCRIBE = "UNSUBSCRIBE"
"""Its owner wants no more mail."""
MANUAL = "MANUAL"
"""Somebody of the account, or of the provider, put it there."""

LARGEST_PAGE = 1000
"""How many addresses are asked for at once, where the caller does not say."""


@dataclass(frozen=True, kw_only=True)
class SuppressedAddress:
    """
    An address on a list.

    Args:
        email_address: The address, spelled as the provider has it.
        reason: :data:`BOUNCE`, :data:`COMPLAINT`, :data:`UNSUBSCRIBE` or :data:`MANUAL`; what a
            provider has beyond these, in its own words.
        updated_at: When it was put on the list last, with time zone (UTC); None if the provider
            does not say.
        detail: More that the provider says about it, such as the bounce's text; may be empty.
    """

    email_address: str = field(repr=False)
    reason: str
    updated_at: datetime | None = None
    detail: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class SuppressionFilter:
    """
    Which addresses of a list.

    Args:
        reasons: Which reasons are wanted, such as ``BOUNCE``; all if empty.
        start: The time from which on an address was put on the list.
        end: The time until which an address was put on the list.

    Raises:
        ConfigurationError: If a time is no datetime or has no time zone, or the end lies before the
            start.
    """

    reasons: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        for name, time in (("start", self.start), ("end", self.end)):
            if time is not None and not isinstance(time, datetime):
                kind = type(time).__name__
                raise ConfigurationError(f"{name} must be a datetime with time zone, not {kind}")
            if time is not None and time.utcoffset() is None:
                raise ConfigurationError(f"{name} needs a time zone")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ConfigurationError("the end lies before the start")

    def takes(self, entry: SuppressedAddress) -> bool:
        """Whether an address is one of these; of one without a time, that is not known: yes."""
        if self.reasons and entry.reason not in self.reasons:
            return False
        when = entry.updated_at
        if when is None:
            return True
        return not (
            (self.start is not None and when < self.start)
            or (self.end is not None and when > self.end)
        )

    def page_of(self, entries: Iterable[EntryT], next_token: str = "") -> Page[EntryT]:
        """
        A page with those of the entries that are wanted: not every service can be asked for them.

        Args:
            entries: What the service told.
            next_token: What asks for the next page; empty for the last one.
        """
        return Page(
            items=tuple(each for each in entries if self.takes(each)), next_token=next_token
        )

    @property
    def days(self) -> tuple[str | None, str | None]:
        """
        The day before the start and the day after the end, such as ``2026-11-30``; None for none.

        For services that take days and do not say which time zone they are of.
        """
        return _day_beside(self.start, -1), _day_beside(self.end, 1)


def _day_beside(moment: datetime | None, days: int) -> str | None:
    if moment is None:
        return None
    day = moment.date()
    try:
        return (day + timedelta(days=days)).isoformat()
    except OverflowError:
        return day.isoformat()


if TYPE_CHECKING:
    from typing_extensions import TypeVar

    EntryT = TypeVar("EntryT", bound=SuppressedAddress, default=SuppressedAddress)
else:
    from typing import TypeVar

    EntryT = TypeVar("EntryT")


class SuppressionList(ABC, Generic[EntryT]):
    """
    What a provider can do with its list; each method is a flow, and pure but for what it yields.

    A plugin whose entries tell more names their class: ``SuppressionList[OwnAddress]``.

    Addresses that come in are bare and ASCII, reasons are of :attr:`reasons`: see
    :mod:`mailcore.account.suppression_account`, which checks them.
    """

    provider: ClassVar[str]
    """The provider's name, for errors."""
    reasons: ClassVar[tuple[str, ...]]
    """Why an address may be on the list."""
    put_reasons: ClassVar[tuple[str, ...]]
    """
    The reasons that an address can be put there with; the first is the usual one.

    Empty if the service lets nobody put an address there: then :meth:`put` is never called.
    """
    addresses_per_call: ClassVar[int]
    """How many addresses :meth:`put` takes at once."""

    @abstractmethod
    def page(self, token: str, chosen: SuppressionFilter, page_size: int) -> Flow[Page[EntryT]]:
        """Ask for some addresses: those of the first page if `token` is empty."""

    @abstractmethod
    def get(self, email_address: str) -> Flow[EntryT | None]:
        """Ask for one address; None if it is not on the list."""

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """
        Put up to :attr:`addresses_per_call` there; returns those refused, and why.

        Raises:
            ConfigurationError: Without an override: the service lets nobody put an address there.
        """
        raise ConfigurationError(f"{self.provider}: its API puts no address on the list")
        yield  # it is a flow

    @abstractmethod
    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take one off, if it is there for one of the reasons (any, if empty); whether it was."""

    def is_there_for(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Ask whether an address is there for one of the reasons (any, if empty)."""
        entry = yield from self.get(email_address)
        return entry is not None and (not reasons or entry.reason in reasons)

    @staticmethod
    def entry_of(email_address: str, entries: Iterable[EntryT]) -> EntryT | None:
        """The entry of an address, however it is spelled; None if there is none."""
        key = address_key(email_address)
        return next((each for each in entries if address_key(each.email_address) == key), None)


@runtime_checkable
class KeepsSuppressions(Protocol):
    """A provider with a list."""

    def suppressions(self) -> SuppressionList:
        """
        The suppression list of the account that the provider's options name.

        Raises:
            ConfigurationError: If an option that it needs is missing.
        """
        ...


class ManagesSuppressions(Protocol):
    """What ``provider.account`` of every provider with a list has: see the docs of each."""

    def suppressed(
        self,
        *,
        reasons: Iterable[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> Iterator[SuppressedAddress]:
        """Addresses of the list, fetched page by page as they are wanted."""
        ...

    def get_suppressed(self, email_address: str) -> SuppressedAddress | None:
        """One address of the list; None if it is not on it."""
        ...

    def put_suppressed(self, email_address: str, reason: str) -> None:
        """Put an address on the list."""
        ...

    def delete_suppressed(self, email_address: str) -> bool:
        """Take an address off the list; False if it was not on it."""
        ...


class ManagesSuppressionsAsync(Protocol):
    """As :class:`ManagesSuppressions`, in an event loop: ``provider.account.asynchronous``."""

    def suppressed(
        self,
        *,
        reasons: Iterable[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> AsyncIterator[SuppressedAddress]:
        """Addresses of the list, with ``async for``."""
        ...

    async def get_suppressed(self, email_address: str) -> SuppressedAddress | None:
        """One address of the list; None if it is not on it."""
        ...

    async def put_suppressed(self, email_address: str, reason: str) -> None:
        """Put an address on the list."""
        ...

    async def delete_suppressed(self, email_address: str) -> bool:
        """Take an address off the list; False if it was not on it."""
        ...


def bare_address(email_address: str) -> str:
    """
    An address as providers keep it: without a name, its domain encoded.

    Raises:
        InvalidAddress: If the text is not an address.
    """
    return Address.parse(email_address).ascii_addr_spec


def known_reasons(reasons: Iterable[str], known: tuple[str, ...], provider: str) -> tuple[str, ...]:
    """
    Reasons in upper case.

    Args:
        reasons: The reasons as somebody wrote them; one text is one reason.
        known: The reasons that the provider knows.
        provider: The name of the provider, for errors.

    Raises:
        ConfigurationError: If one is none of these.
    """
    if not isinstance(reasons, Iterable):
        raise ConfigurationError(f"{provider}: reasons are a list, not {type(reasons).__name__}")
    given = (reasons,) if isinstance(reasons, str) else tuple(reasons)
    found = tuple(str(each).upper() for each in given)
    if not set(found) <= set(known):
        raise ConfigurationError(f"{provider}: a reason is one of {', '.join(known)}")
    return tuple(dict.fromkeys(found))
