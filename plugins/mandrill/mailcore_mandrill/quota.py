"""
How much an account may send.

``users/info`` of the OpenAPI description of Mailchimp Transactional 1.4.0 (read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailcore.flow import Flow
from mailcore_mandrill.asking import MandrillCalls


@dataclass(frozen=True, kw_only=True)
class AccountQuota:
    """
    How much the account may send.

    Args:
        hourly_quota: Messages that Mandrill delivers in an hour; what is beyond is queued.
        backlog: Messages that are queued because of that.
        reputation: A number from 0 to 100, 75 and more is good; None if Mandrill does not say.
        sent_today: Messages sent today; None if Mandrill does not say.
    """

    hourly_quota: int
    backlog: int
    reputation: int | None = None
    sent_today: int | None = None


def get_quota(calls: MandrillCalls) -> Flow[AccountQuota]:
    """Ask for the quota of the account."""
    document, response = yield from calls.make("users/info")
    given: Mapping[str, Any] = document if isinstance(document, dict) else {}
    stats = given.get("stats")
    today = stats.get("today") if isinstance(stats, dict) else None
    hourly, backlog = _count(given, "hourly_quota"), _count(given, "backlog")
    if hourly is None or backlog is None:
        raise calls.unreadable("has no hourly_quota or no backlog", response)
    return AccountQuota(
        hourly_quota=hourly,
        backlog=backlog,
        reputation=_count(given, "reputation"),
        sent_today=_count(today, "sent") if isinstance(today, dict) else None,
    )


def _count(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    return value if type(value) is int else None
