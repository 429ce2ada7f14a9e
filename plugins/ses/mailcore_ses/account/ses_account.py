"""The two classes that run the flows of this package: blocking, and in an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

from mailcore.account import (
    LARGEST_PAGE,
    AsyncSuppressionAccount,
    SuppressionAccount,
    aiterate,
    iterate,
)
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
from mailcore_ses.account.suppression import SesSuppressions, SuppressedAddress


class SesAccount(SuppressionAccount[SuppressedAddress]):
    """
    What SES knows of the account in the provider's region, and the lists that it keeps for it.

    The suppression list is that of :class:`~mailcore.account.SuppressionAccount`; its entries are
    :class:`~mailcore_ses.account.SuppressedAddress`.

    Every method makes a call of AWS, needs the permission for it (see
    :mod:`mailcore_ses.iam`), waits and tries again where AWS throttles, and raises
    :class:`~mailcore.errors.SendError` if that does not help. None of them sends mail.

    Args:
        transport: The provider's transport, which makes the calls.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(SesSuppressions(), transport)

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
            configuration_set_name: The configuration set of messages from the identity that name
                none.

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


class AsyncSesAccount(AsyncSuppressionAccount[SuppressedAddress]):
    """As :class:`SesAccount`, for event loops."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(SesSuppressions(), transport)

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
