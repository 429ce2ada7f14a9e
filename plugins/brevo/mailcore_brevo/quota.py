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

from mailcore.flow import Flow, HttpResponse
from mailcore.http import not_understood, settled
from mailcore_brevo.asking import PROVIDER, call, read
from mailcore_brevo.options import BrevoOptions


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


def get_credits(options: BrevoOptions) -> Flow[tuple[PlanCredits, ...]]:
    """Ask for the credits of each plan."""
    response = yield from call(options, "GET", "/account")
    return tuple(_credits(item, response) for item in read(response, "plan"))


def _credits(item: Mapping[str, Any], response: HttpResponse) -> PlanCredits:
    plan, kind, left = item.get("type"), item.get("creditsType"), item.get("credits")
    is_number = (type(left) is int or type(left) is float) and isfinite(left)
    if not isinstance(plan, str) or not isinstance(kind, str) or not is_number:
        raise settled(not_understood("has an unreadable plan", response), PROVIDER)
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
