"""
The account: who it is, and what became of its mails.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailcore_local.engine import EventKind
from mailcore_local.mailbox import MailEvent
from mailcore_local.mandrill.calls import Call


_WINDOWS = ("today", "last_7_days", "last_30_days", "last_60_days", "last_90_days", "all_time")
_HOURLY_QUOTA = 100_000


class Account:
    """
    The one account of the stand-in, which counts from its start.
    """

    def __init__(self) -> None:
        self._counts = dict.fromkeys(EventKind, 0)

    def count(self, events: Iterable[MailEvent]) -> None:
        """
        Count what happened.
        """
        for event in events:
            self._counts[event.kind] += 1

    def info(self, _: Call) -> object:
        """
        What `users/info` answers; every window has the same numbers.
        """
        counts = {
            "sent": self._counts[EventKind.SENT],
            "hard_bounces": self._counts[EventKind.BOUNCED],
            "soft_bounces": self._counts[EventKind.SOFT_BOUNCED],
            "rejects": self._counts[EventKind.REJECTED],
            "complaints": self._counts[EventKind.COMPLAINED],
            "unsubs": self._counts[EventKind.UNSUBSCRIBED],
            "opens": self._counts[EventKind.OPENED],
            "unique_opens": self._counts[EventKind.OPENED],
            "clicks": self._counts[EventKind.CLICKED],
            "unique_clicks": self._counts[EventKind.CLICKED],
        }
        return {
            "username": "local",
            "created_at": "2013-01-01 15:30:27",
            "public_id": "local",
            "reputation": 100,
            "hourly_quota": _HOURLY_QUOTA,
            "backlog": 0,
            "stats": dict.fromkeys(_WINDOWS, counts),
        }
