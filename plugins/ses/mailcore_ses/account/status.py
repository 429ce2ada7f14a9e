"""
What SES allows this account to do: quota, sending switch, reputation, sandbox.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html (read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailcore.account import SendingQuota
from mailcore.flow import Flow
from mailcore_ses.aws.asking import call, require, require_number, structure, texts
from mailcore_ses.aws.call import SES


HEALTHY = "HEALTHY"
PROBATION = "PROBATION"
SHUTDOWN = "SHUTDOWN"


@dataclass(frozen=True, kw_only=True)
class SendQuota:
    """
    How much may be sent; everything counts recipients, not messages.

    Args:
        max_send_rate: How many recipients SES accepts in a second.
        max_24_hour_send: Recipients in any 24 hours; None is unlimited.
        sent_last_24_hours: Recipients in the past 24 hours.
    """

    max_send_rate: float
    max_24_hour_send: float | None
    sent_last_24_hours: float

    @property
    def remaining_24_hours(self) -> float | None:
        """Recipients that may still be sent to now; None is unlimited."""
        if self.max_24_hour_send is None:
            return None
        return max(0.0, self.max_24_hour_send - self.sent_last_24_hours)


@dataclass(frozen=True, kw_only=True)
class AccountStatus:
    """
    The account in one region.

    Args:
        quota: How much may be sent.
        sending_enabled: Whether sending is switched on for the account.
        enforcement_status: AWS's view of its reputation: ``HEALTHY``, ``PROBATION`` (under
            review), ``SHUTDOWN`` (sending is paused by AWS); others are kept as they come.
        production_access: Whether it may write to anybody; if not it is in the sandbox, and
            writes to verified addresses only.
        suppressed_reasons: Why addresses are put on its suppression list: ``BOUNCE``,
            ``COMPLAINT``.
    """

    quota: SendQuota
    sending_enabled: bool
    enforcement_status: str
    production_access: bool
    suppressed_reasons: tuple[str, ...] = ()

    @property
    def sandbox(self) -> bool:
        """Whether it writes to verified addresses only."""
        return not self.production_access


def get_status() -> Flow[AccountStatus]:
    """
    Ask for the status of the account.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    body = yield from call("GetAccount", service=SES)
    suppression = structure(body, "SuppressionAttributes")
    return AccountStatus(
        quota=_quota(require(body, "SendQuota", dict)),
        sending_enabled=require(body, "SendingEnabled", bool),
        enforcement_status=require(body, "EnforcementStatus", str),
        production_access=require(body, "ProductionAccessEnabled", bool),
        suppressed_reasons=texts(suppression, "SuppressedReasons"),
    )


def sending_quota() -> Flow[SendingQuota]:
    """
    Ask for the quota alone, in the core's words.

    Raises:
        SendError: If AWS does not answer, or refuses to.
    """
    quota = (yield from get_status()).quota
    return SendingQuota(
        per_second=quota.max_send_rate,
        per_day=quota.max_24_hour_send,
        used_today=quota.sent_last_24_hours,
    )


def _quota(body: Mapping[str, Any]) -> SendQuota:
    most = require_number(body, "Max24HourSend")
    return SendQuota(
        max_send_rate=require_number(body, "MaxSendRate"),
        # -1 is AWS's way to say unlimited.
        max_24_hour_send=None if most < 0 else most,
        sent_last_24_hours=require_number(body, "SentLast24Hours"),
    )
