"""
How much a provider lets an account send, as the provider itself says.

A plugin whose service tells it writes :class:`TellsQuota`; the policy that throttles asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mailcore.flow import Flow


@dataclass(frozen=True, kw_only=True)
class SendingQuota:
    """
    How much may be sent; everything counts recipients, not messages.

    Args:
        per_second: How many recipients the provider accepts in a second; None if it has no such
            limit.
        per_day: Recipients in any 24 hours; None if there is no such limit.
        used_today: Recipients in the past 24 hours, whoever sent to them; 0 if the provider does
            not say.
    """

    per_second: float | None = None
    per_day: float | None = None
    used_today: float = 0.0


@runtime_checkable
class TellsQuota(Protocol):
    """A provider whose service says how much may be sent."""

    def sending_quota(self) -> Flow[SendingQuota]:
        """
        Ask for the quota of the account.

        Raises:
            SendError: If the service does not answer, or refuses to.
        """
        ...
