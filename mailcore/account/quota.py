"""How much an account may send, beside its list of suppressions, of services that tell it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

from mailcore.account.suppression_account import AsyncSuppressionAccount, SuppressionAccount
from mailcore.account.suppressions import SuppressedAddress, SuppressionList
from mailcore.flow import Flow, Transport, arun, run


QuotaT = TypeVar("QuotaT")


class QuotaList(SuppressionList[SuppressedAddress], Generic[QuotaT]):
    """
    A list of suppressions of an account that also has a quota.

    A plugin names the class of the quota, a dataclass or a tuple of some: ``QuotaList[Credits]``.
    """

    @abstractmethod
    def quota(self) -> Flow[QuotaT]:
        """Ask how much may be sent."""


class QuotaAccount(SuppressionAccount[SuppressedAddress], Generic[QuotaT]):
    """
    What a service keeps for an account: its suppressions, and how much it may send.

    Args:
        suppressions: What the provider can do.
        transport: The provider's transport, which makes the calls.
    """

    def __init__(self, suppressions: QuotaList[QuotaT], transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._quota_list = suppressions

    @property
    def asynchronous(self) -> AsyncQuotaAccount[QuotaT]:
        """The same with ``await`` and ``async for``."""
        return AsyncQuotaAccount(self._quota_list, self._transport)

    def quota(self) -> QuotaT:
        """How much may be sent."""
        return run(self._quota_list.quota(), self._transport)


class AsyncQuotaAccount(AsyncSuppressionAccount[SuppressedAddress], Generic[QuotaT]):
    """As :class:`QuotaAccount`, for event loops."""

    def __init__(self, suppressions: QuotaList[QuotaT], transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._quota_list = suppressions

    async def quota(self) -> QuotaT:
        """As :meth:`QuotaAccount.quota`."""
        return await arun(self._quota_list.quota(), self._transport)
