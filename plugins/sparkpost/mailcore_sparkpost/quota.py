"""
How much an account may send.

https://developers.sparkpost.com/api/account/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com): ``GET /account?include=usage``. Enterprise
accounts have no usage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailcore.flow import HttpResponse
from mailcore.http import not_understood, settled, text_in
from mailcore.webhook import parse_timestamp


PATH = "/account?include=usage"


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


def read_quota(document: Mapping[str, Any], response: HttpResponse) -> SendQuota:
    """
    Read the usage of the account.

    Args:
        document: The object of the answer.
        response: The answer that holds it.

    Raises:
        UnexpectedResponse: If it is about no account.
    """
    results = document.get("results")
    if not isinstance(results, dict):
        raise settled(not_understood("has no results", response), "sparkpost")
    given = results.get("usage")
    usage: Mapping[str, Any] = given if isinstance(given, dict) else {}
    return SendQuota(
        day=_usage(usage.get("day")),
        month=_usage(usage.get("month")),
        sandbox=_usage(usage.get("sandbox")),
        status=text_in(results, "status"),
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
