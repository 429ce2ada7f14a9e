"""
What an account may still send: its credits.

``/v3/account`` (``api/swagger.yaml`` of https://github.com/getbrevo/brevo-go, of 2025-02-07, read
2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from mailcore.account import AccountCalls
from mailcore.flow import Flow, HttpResponse


@dataclass(frozen=True, kw_only=True)
class PlanCredits:
    """
    What is left of one plan of the account.

    Args:
        plan: Brevo's name of it: ``free``, ``subscription``, ``payAsYouGo``, ``reseller``, ``sms``;
            an open set.
        credits_type: What is counted: ``sendLimit`` is messages; an open set.
        remaining: How much is left.
        start: The first day of the period; None if the plan has none.
        end: The last day of the period; None if the plan has none.
    """

    plan: str
    credits_type: str
    remaining: float
    start: date | None = None
    end: date | None = None


def get_credits(calls: AccountCalls) -> Flow[tuple[PlanCredits, ...]]:
    """Ask for the credits of each plan."""
    response = yield from calls.ask("GET", "/account")
    plans = calls.objects(
        calls.read_object(response).get("plan"), "has an unreadable plan", response
    )
    return tuple(_credits(item, response, calls) for item in plans)


def _credits(item: Mapping[str, Any], response: HttpResponse, calls: AccountCalls) -> PlanCredits:
    plan, kind, left = item.get("type"), item.get("creditsType"), item.get("credits")
    is_number = (type(left) is int or type(left) is float) and isfinite(left)
    if not isinstance(plan, str) or not isinstance(kind, str) or not is_number:
        raise calls.unreadable("has an unreadable plan", response)
    return PlanCredits(
        plan=plan,
        credits_type=kind,
        remaining=float(left or 0),
        start=_date(item.get("startDate")),
        end=_date(item.get("endDate")),
    )


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
