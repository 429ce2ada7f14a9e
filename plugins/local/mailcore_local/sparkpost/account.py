"""
The account: who it is, and how much it has sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from starlette.responses import JSONResponse, Response

from mailcore_local.sparkpost import webhooks
from mailcore_local.sparkpost.calls import Call


_DAY_LIMIT, _MONTH_LIMIT = 100_000, 1_000_000


class Account:
    """
    The one account of the stand-in.

    Attributes:
        sent: How many mails were sent since it started.
    """

    def __init__(self) -> None:
        self.sent = 0

    def show(self, call: Call) -> Response:
        """
        What SparkPost says of an account, with what was sent if that is asked.
        """
        now = datetime.now(timezone.utc)
        results: dict[str, Any] = {
            "customer_id": int(webhooks.CUSTOMER_ID),
            "company_name": "mailcore local",
            "country_code": "US",
            "status": "active",
            "status_reason_category": "",
            "tfa_required": False,
            "service_level": "standard",
            "subscription": {"code": "local", "name": "local", "type": "default"},
            "options": {"rest_tracking_default": True},
        }
        if call.request.query_params.get("include") == "usage":
            day = now.replace(hour=0, minute=0, second=0, microsecond=0)
            month = day.replace(day=1)
            results["usage"] = {
                "timestamp": _iso(now),
                "day": _usage(self.sent, _DAY_LIMIT, day, day + timedelta(days=1)),
                "month": _usage(self.sent, _MONTH_LIMIT, month, month + timedelta(days=31)),
                "sandbox": {"used": 0, "limit": 5},
            }
        return JSONResponse({"results": results})


def _usage(used: int, limit: int, start: datetime, end: datetime) -> dict[str, Any]:
    return {"used": used, "limit": limit, "start": _iso(start), "end": _iso(end)}


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
