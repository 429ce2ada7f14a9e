"""The two classes that run the flows of this package: blocking, and in an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from functools import partial

from mailcore.flow import Transport, arun, run
from mailcore_ses.account.identities import (
    Identity,
    IdentitySummary,
    create_identity,
    delete_identity,
    get_identity,
    identities_page,
)
from mailcore_ses.account.statistics import SendStatistics, get_statistics
from mailcore_ses.account.status import AccountStatus, SendQuota, get_status
from mailcore_ses.account.suppression import (
    SuppressedAddress,
    SuppressedPages,
    SuppressionFilter,
    delete_suppressed,
    get_suppressed,
    put_suppressed,
    suppressed_page,
)
from mailcore_ses.aws.asking import LARGEST_PAGE, aiterate, iterate


class SesAccount:
    """
    What SES knows of the account in the provider's region, and the lists that it keeps for it.

    Every method makes a call of AWS, needs the permission for it (see
    :mod:`mailcore_ses.iam`), waits and tries again where AWS throttles, and raises
    :class:`~mailcore.errors.SendError` if that does not help. None of them sends mail.

    Args:
        transport: That of the provider.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def asynchronous(self) -> AsyncSesAccount:
        """The same with ``await`` and ``async for``."""
        return AsyncSesAccount(self._transport)

    def status(self) -> AccountStatus:
        """Quota, sending switch, reputation, sandbox or production."""
        return run(get_status(), self._transport)

    def quota(self) -> SendQuota:
        """How much may be sent: part of :meth:`status`."""
        return self.status().quota

    def statistics(self) -> SendStatistics:
        """What was sent in the past fourteen days."""
        return run(get_statistics(), self._transport)

    def identities(self, *, page_size: int = LARGEST_PAGE) -> Iterator[IdentitySummary]:
        """
        All identities, fetched page by page as they are wanted.

        Args:
            page_size: Identities in one call, up to 1000.
        """
        return iterate(partial(identities_page, page_size=page_size), self._transport)

    def identity(self, name: str) -> Identity | None:
        """All about an address or domain; None if the account does not have it in this region."""
        return run(get_identity(name), self._transport)

    def create_identity(self, name: str, *, configuration_set_name: str | None = None) -> Identity:
        """
        Begin to verify an address, which SES writes to, or a domain.

        Args:
            name: The address or the domain.
            configuration_set_name: Of messages from it that name none.

        Returns:
            The identity; publish its `dns_records`.
        """
        return run(
            create_identity(name, configuration_set_name=configuration_set_name),
            self._transport,
        )

    def delete_identity(self, name: str) -> bool:
        """Remove an address or domain; False if there was none."""
        return run(delete_identity(name), self._transport)

    def suppressed(
        self,
        *,
        reasons: Iterable[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> Iterator[SuppressedAddress]:
        """
        Addresses of the suppression list, fetched page by page as they are wanted.

        Args:
            reasons: Only those for ``BOUNCE`` or ``COMPLAINT``.
            start: Only those put on the list at this time or later; with time zone.
            end: Only those put on the list until this time; with time zone.
            page_size: Addresses in one call, up to 1000.

        Raises:
            ConfigurationError: If a reason or a time is wrong.
        """
        return iterate(_suppressed_pages(reasons, start, end, page_size), self._transport)

    def get_suppressed(self, email_address: str) -> SuppressedAddress | None:
        """One address of the suppression list; None if it is not on it."""
        return run(get_suppressed(email_address), self._transport)

    def put_suppressed(self, email_address: str, reason: str) -> None:
        """Put an address on the suppression list, for ``BOUNCE`` or ``COMPLAINT``."""
        run(put_suppressed(email_address, reason), self._transport)

    def delete_suppressed(self, email_address: str) -> bool:
        """Take an address off the suppression list; False if it was not on it."""
        return run(delete_suppressed(email_address), self._transport)


class AsyncSesAccount:
    """As :class:`SesAccount`, for event loops."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def status(self) -> AccountStatus:
        """As :meth:`SesAccount.status`."""
        return await arun(get_status(), self._transport)

    async def quota(self) -> SendQuota:
        """As :meth:`SesAccount.quota`."""
        return (await self.status()).quota

    async def statistics(self) -> SendStatistics:
        """As :meth:`SesAccount.statistics`."""
        return await arun(get_statistics(), self._transport)

    def identities(self, *, page_size: int = LARGEST_PAGE) -> AsyncIterator[IdentitySummary]:
        """As :meth:`SesAccount.identities`, with ``async for``."""
        return aiterate(partial(identities_page, page_size=page_size), self._transport)

    async def identity(self, name: str) -> Identity | None:
        """As :meth:`SesAccount.identity`."""
        return await arun(get_identity(name), self._transport)

    async def create_identity(
        self, name: str, *, configuration_set_name: str | None = None
    ) -> Identity:
        """As :meth:`SesAccount.create_identity`."""
        return await arun(
            create_identity(name, configuration_set_name=configuration_set_name),
            self._transport,
        )

    async def delete_identity(self, name: str) -> bool:
        """As :meth:`SesAccount.delete_identity`."""
        return await arun(delete_identity(name), self._transport)

    def suppressed(
        self,
        *,
        reasons: Iterable[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> AsyncIterator[SuppressedAddress]:
        """As :meth:`SesAccount.suppressed`, with ``async for``."""
        return aiterate(_suppressed_pages(reasons, start, end, page_size), self._transport)

    async def get_suppressed(self, email_address: str) -> SuppressedAddress | None:
        """As :meth:`SesAccount.get_suppressed`."""
        return await arun(get_suppressed(email_address), self._transport)

    async def put_suppressed(self, email_address: str, reason: str) -> None:
        """As :meth:`SesAccount.put_suppressed`."""
        await arun(put_suppressed(email_address, reason), self._transport)

    async def delete_suppressed(self, email_address: str) -> bool:
        """As :meth:`SesAccount.delete_suppressed`."""
        return await arun(delete_suppressed(email_address), self._transport)


def _suppressed_pages(
    reasons: Iterable[str], start: datetime | None, end: datetime | None, page_size: int
) -> partial[SuppressedPages]:
    chosen = SuppressionFilter(reasons=reasons, start=start, end=end)
    return partial(suppressed_page, chosen=chosen, page_size=page_size)
