"""
GetSendStatistics of the API's version 1: counts by quarters of an hour.

Source: https://docs.aws.amazon.com/ses/latest/APIReference/API_GetSendStatistics.html (read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from mailcore_local.engine import Fate
from mailcore_local.ses.model import Params


API_VERSION = "2010-12-01"

_QUARTER_SECONDS = 15 * 60
_KEPT_SECONDS = 14 * 24 * 60 * 60


@dataclass
class _Counts:
    delivery_attempts: int = 0
    bounces: int = 0
    complaints: int = 0
    rejects: int = 0


class Statistics:
    """
    What became of the recipients of accepted messages.

    Not thread-safe: the server's lock guards it.

    Args:
        clock: A function that returns the seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._quarters: dict[int, _Counts] = {}
        self.handlers: dict[str, Callable[[Params], Params]] = {"GetSendStatistics": self._get}

    def count(self, groups: Iterable[tuple[Fate, list[str]]], *, rejected: bool) -> None:
        """
        Count the recipients of a message.

        Args:
            groups: Recipients by what happens to them.
            rejected: Whether the message as a whole was rejected for its content.
        """
        begin = int(self._clock()) // _QUARTER_SECONDS * _QUARTER_SECONDS
        counts = self._quarters.setdefault(begin, _Counts())
        for fate, addresses in groups:
            if rejected:
                counts.rejects += len(addresses)
                continue
            counts.delivery_attempts += len(addresses)
            if fate in (Fate.BOUNCED, Fate.SUPPRESSED):
                counts.bounces += len(addresses)
            elif fate is Fate.COMPLAINED:
                counts.complaints += len(addresses)

    def _get(self, params: Params) -> Params:
        earliest = self._clock() - _KEPT_SECONDS
        self._quarters = {b: c for b, c in self._quarters.items() if b >= earliest}
        points = [
            {
                "Timestamp": _timestamp(begin),
                "DeliveryAttempts": str(counts.delivery_attempts),
                "Bounces": str(counts.bounces),
                "Complaints": str(counts.complaints),
                "Rejects": str(counts.rejects),
            }
            # SES gives them in no particular order, so clients have to sort.
            for begin, counts in reversed(self._quarters.items())
        ]
        return {"SendDataPoints": points}


def _timestamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
