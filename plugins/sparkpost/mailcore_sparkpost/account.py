"""
``provider.account``: the suppression list, and how much may be sent.

https://developers.sparkpost.com/api/account/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com): ``GET /account?include=usage``. Enterprise
accounts have no usage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailcore.account import AsyncSuppressionAccount, SuppressedAddress, SuppressionAccount
from mailcore.flow import Flow, Transport, arun, run
from mailcore.http import not_understood, settled
from mailcore.webhook import parse_timestamp
from mailcore_sparkpost.suppressions import PROVIDER, SparkPostSuppressions


@dataclass(frozen=True, kw_only=True)
class Usage:
    """
    How much of an allowance is used.

    Args:
        used: Mails sent in this period.
        limit: Mails allowed in it; None if SparkPost does not say.
        start: When the period began, with time zone (UTC); None if it has no beginning.
        end: When it ends.
    """

    used: int
    limit: int | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def remaining(self) -> int | None:
        """Mails that may still be sent in the period; None if nobody knows."""
        return None if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True, kw_only=True)
class SendQuota:
    """
    How much the account may send; None for what SparkPost does not say.

    Args:
        day: Usage of the day.
        month: Usage of the month of the bill.
        sandbox: Usage of the sandbox domain, over the life of the account.
        status: The account's status, such as ``active`` or ``suspended``.
    """

    day: Usage | None = None
    month: Usage | None = None
    sandbox: Usage | None = None
    status: str = ""


class SparkPostAccount(SuppressionAccount[SuppressedAddress]):
    """
    What SparkPost keeps for the account.

    The suppression list is that of :class:`~mailcore.account.SuppressionAccount`.

    Args:
        suppressions: The list, with the options of the provider.
        transport: The provider's transport, which makes the calls.
    """

    def __init__(self, suppressions: SparkPostSuppressions, transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._suppressions = suppressions

    @property
    def asynchronous(self) -> AsyncSparkPostAccount:
        """The same with ``await`` and ``async for``."""
        return AsyncSparkPostAccount(self._suppressions, self._transport)

    def quota(self) -> SendQuota:
        """How much may be sent."""
        return run(get_quota(self._suppressions), self._transport)


class AsyncSparkPostAccount(AsyncSuppressionAccount[SuppressedAddress]):
    """As :class:`SparkPostAccount`, for event loops."""

    def __init__(self, suppressions: SparkPostSuppressions, transport: Transport) -> None:
        super().__init__(suppressions, transport)
        self._suppressions = suppressions

    async def quota(self) -> SendQuota:
        """As :meth:`SparkPostAccount.quota`."""
        return await arun(get_quota(self._suppressions), self._transport)


def get_quota(suppressions: SparkPostSuppressions) -> Flow[SendQuota]:
    """Ask for the usage of the account."""
    document, response = yield from suppressions.ask("GET", "/account?include=usage")
    results = document.get("results")
    if not isinstance(results, dict):
        raise settled(not_understood("has no results", response), PROVIDER)
    given = results.get("usage")
    usage: Mapping[str, Any] = given if isinstance(given, dict) else {}
    status = results.get("status")
    return SendQuota(
        day=_usage(usage.get("day")),
        month=_usage(usage.get("month")),
        sandbox=_usage(usage.get("sandbox")),
        status=status if isinstance(status, str) else "",
    )


def _usage(given: object) -> Usage | None:
    if not isinstance(given, dict) or type(given.get("used")) is not int:
        return None
    limit = given.get("limit")
    return Usage(
        used=given["used"],
        limit=limit if type(limit) is int else None,
        start=parse_timestamp(given.get("start")),
        end=parse_timestamp(given.get("end")),
    )
