"""``provider.account``: a provider's suppressed addresses, blocking and in an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Generic

from mailcore.account.paging import Page, aiterate, iterate
from mailcore.account.suppressions import (
    LARGEST_PAGE,
    EntryT,
    KeepsSuppressions,
    SuppressionFilter,
    SuppressionList,
    bare_address,
    known_reasons,
)
from mailcore.errors import ConfigurationError, MessageRejected
from mailcore.flow import Flow, Transport, arun, run
from mailcore.foundation.redaction import redact
from mailcore.provider import AnyProvider
from mailcore.registry.registry import default_registry


class SuppressionAccount(Generic[EntryT]):
    """
    The list of addresses that a provider does not deliver to.

    Every method asks the provider, waits and tries again where it was asked too often, and raises
    :class:`~mailcore.errors.SendError` if that does not help. None of them sends mail.

    Args:
        suppressions: What the provider can do.
        transport: The provider's transport, which makes the calls.
    """

    def __init__(self, suppressions: SuppressionList[EntryT], transport: Transport) -> None:
        self._list = suppressions
        self._transport = transport

    @property
    def asynchronous(self) -> AsyncSuppressionAccount[EntryT]:
        """The same with ``await`` and ``async for``."""
        return AsyncSuppressionAccount(self._list, self._transport)

    def suppressed(
        self,
        *,
        reasons: Iterable[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> Iterator[EntryT]:
        """
        Addresses of the list, fetched page by page as they are wanted.

        Args:
            reasons: Which reasons are wanted, such as ``BOUNCE``; all if empty.
            start: The time from which on an address was put on the list; with time zone.
            end: The time until which an address was put on the list; with time zone.
            page_size: Addresses in one call, up to 1000, where the provider has pages.

        Raises:
            ConfigurationError: If a reason, a time or the size is wrong.
        """
        return iterate(_pages(self._list, reasons, start, end, page_size), self._transport)

    def get_suppressed(self, email_address: str) -> EntryT | None:
        """
        One address of the list; None if it is not on it.

        Raises:
            InvalidAddress: If it is no address.
        """
        return run(self._list.get(bare_address(email_address)), self._transport)

    def put_suppressed(self, email_address: str, reason: str) -> None:
        """
        Put an address on the list.

        Args:
            email_address: The address that nothing is delivered to from now on.
            reason: Why; providers take different ones.

        Raises:
            InvalidAddress: If it is no address.
            ConfigurationError: If the provider takes no such reason, or no address at all.
            MessageRejected: If the provider refuses to.
        """
        run(_put_one(self._list, email_address, reason), self._transport)

    def put_all_suppressed(self, email_addresses: Iterable[str], reason: str) -> Mapping[str, str]:
        """
        Put many addresses on the list, in as few calls as the provider allows.

        Args:
            email_addresses: The addresses. All of them are checked before the first call.
            reason: Why; providers take different ones.

        Returns:
            The provider's words about each address that it refused; empty if there is none.

        Raises:
            InvalidAddress: If one is no address; then none was put there.
            ConfigurationError: If the provider takes no such reason.
            SendError: If a call fails. Those before it are done; it may all be repeated.
        """
        return run(_put_all(self._list, email_addresses, reason), self._transport)

    def delete_suppressed(self, email_address: str, *, reasons: Iterable[str] = ()) -> bool:
        """
        Take an address off the list; False if it was not on it.

        Args:
            email_address: The address that is delivered to again.
            reasons: Take the address off only if it is there for one of these reasons; whatever the
                reason, if empty.

        Raises:
            InvalidAddress: If it is no address.
            ConfigurationError: If a reason is not one of the provider's list.
            MessageRejected: If the provider refuses to.
        """
        return run(_delete(self._list, email_address, reasons), self._transport)


def account_of(provider: AnyProvider) -> SuppressionAccount:
    """
    The ``account`` of a provider that keeps a list of suppressions.

    Args:
        provider: The provider, whose ``suppressions()`` says what it can do.

    Raises:
        ConfigurationError: If it has no such list, or lacks an option that it needs.
    """
    if not isinstance(provider, KeepsSuppressions):
        raise ConfigurationError(f"{provider.name} keeps no suppressions")
    return SuppressionAccount(provider.suppressions(), default_registry().transport_for(provider))


class AsyncSuppressionAccount(Generic[EntryT]):
    """As :class:`SuppressionAccount`, for event loops."""

    def __init__(self, suppressions: SuppressionList[EntryT], transport: Transport) -> None:
        self._list = suppressions
        self._transport = transport

    def suppressed(
        self,
        *,
        reasons: Iterable[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> AsyncIterator[EntryT]:
        """As :meth:`SuppressionAccount.suppressed`, with ``async for``."""
        return aiterate(_pages(self._list, reasons, start, end, page_size), self._transport)

    async def get_suppressed(self, email_address: str) -> EntryT | None:
        """As :meth:`SuppressionAccount.get_suppressed`."""
        return await arun(self._list.get(bare_address(email_address)), self._transport)

    async def put_suppressed(self, email_address: str, reason: str) -> None:
        """As :meth:`SuppressionAccount.put_suppressed`."""
        await arun(_put_one(self._list, email_address, reason), self._transport)

    async def put_all_suppressed(
        self, email_addresses: Iterable[str], reason: str
    ) -> Mapping[str, str]:
        """As :meth:`SuppressionAccount.put_all_suppressed`."""
        return await arun(_put_all(self._list, email_addresses, reason), self._transport)

    async def delete_suppressed(self, email_address: str, *, reasons: Iterable[str] = ()) -> bool:
        """As :meth:`SuppressionAccount.delete_suppressed`."""
        return await arun(_delete(self._list, email_address, reasons), self._transport)


def _pages(
    suppressions: SuppressionList[EntryT],
    reasons: Iterable[str],
    start: datetime | None,
    end: datetime | None,
    page_size: int,
) -> partial[Flow[Page[EntryT]]]:
    chosen = SuppressionFilter(
        reasons=known_reasons(reasons, suppressions.reasons, suppressions.provider),
        start=start,
        end=end,
    )
    if type(page_size) is not int or not 1 <= page_size <= LARGEST_PAGE:
        raise ConfigurationError(f"page_size must be a whole number from 1 to {LARGEST_PAGE}")
    return partial(suppressions.page, chosen=chosen, page_size=page_size)


def _put_one(suppressions: SuppressionList[EntryT], email_address: str, reason: str) -> Flow[None]:
    refused = yield from _put_all(suppressions, [email_address], reason)
    for words in refused.values():
        raise MessageRejected(
            redact(words), provider=suppressions.provider, category="suppression_refused"
        )


def _put_all(
    suppressions: SuppressionList[EntryT], email_addresses: Iterable[str], reason: str
) -> Flow[Mapping[str, str]]:
    if not suppressions.put_reasons:
        raise ConfigurationError(
            f"{suppressions.provider} puts addresses on its list by itself: its API adds none"
        )
    (known,) = known_reasons([reason], suppressions.put_reasons, suppressions.provider)
    if isinstance(email_addresses, str):
        email_addresses = [email_addresses]
    addresses = tuple(dict.fromkeys(map(bare_address, email_addresses)))
    refused: dict[str, str] = {}
    size = suppressions.addresses_per_call
    for begin in range(0, len(addresses), size):
        refused.update((yield from suppressions.put(addresses[begin : begin + size], known)))
    return refused


def _delete(
    suppressions: SuppressionList[EntryT], email_address: str, reasons: Iterable[str]
) -> Flow[bool]:
    chosen = known_reasons(reasons, suppressions.reasons, suppressions.provider)
    return (yield from suppressions.delete(bare_address(email_address), chosen))
