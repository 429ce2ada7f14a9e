"""
The lists of an account: addresses that Mandrill delivers nothing to, and those that it always does.

How long an entry stays, by its reason:
https://mailchimp.com/developer/transactional/docs/reputation-rejections/ (read 2026-11-30).
"""

from __future__ import annotations

import threading

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from mailcore_local.mandrill.errors import invalid_reject
from mailcore_local.mandrill.models import moment_text


MAX_ENTRIES = 1000

_DAYS = {"soft-bounce": 1, "hard-bounce": 7, "spam": 365, "unsub": 365}
_FOR_EVER = datetime(2037, 12, 31, tzinfo=timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    One address on a list.

    Attributes:
        email: The address as it was given.
        reason: Why it is there: ``hard-bounce``, ``soft-bounce``, ``spam``, ``unsub``, ``custom``.
        detail: What the receiving server said, or the comment of whoever put it there.
        created_at: When it was put there, in UTC.
    """

    email: str
    reason: str
    detail: str
    created_at: datetime

    @property
    def expires_at(self) -> datetime:
        """
        When it no longer counts.
        """
        days = _DAYS.get(self.reason)
        return self.created_at + timedelta(days=days) if days else _FOR_EVER

    def rejected(self) -> dict[str, Any]:
        """
        The object of ``rejects/list``.
        """
        return {
            "email": self.email,
            "reason": self.reason,
            "detail": self.detail,
            "created_at": moment_text(self.created_at),
            "last_event_at": moment_text(self.created_at),
            "expires_at": moment_text(self.expires_at),
            "expired": False,
            "subaccount": None,
            "sender": None,
        }

    def allowed(self) -> dict[str, Any]:
        """
        The object of ``allowlists/list``.
        """
        return {
            "email": self.email,
            "detail": self.detail,
            "created_at": moment_text(self.created_at),
        }


class AddressList:
    """
    A list that any thread may look at and change.

    Args:
        clock: Tells the time, in UTC.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}

    def add(self, email: str, reason: str, detail: str) -> Entry:
        """
        Put an address there, or put another reason to it.
        """
        entry = Entry(email=email, reason=reason, detail=detail, created_at=self._clock())
        with self._lock:
            self._entries[email.lower()] = entry
        return entry

    def get(self, email: str) -> Entry | None:
        """
        The entry of an address, if it has one that counts.
        """
        with self._lock:
            entry = self._entries.get(email.lower())
        return entry if entry is not None and entry.expires_at > self._clock() else None

    def delete(self, email: str) -> Entry:
        """
        Take an address off.

        Raises:
            MandrillError: It is not there.
        """
        with self._lock:
            entry = self._entries.pop(email.lower(), None)
        if entry is None:
            raise invalid_reject()
        return entry

    def listed(self, email: str | None) -> list[Entry]:
        """
        The entries that count, the latest first, up to a thousand.

        Args:
            email: The one address that is wanted; None for all.
        """
        with self._lock:
            entries = list(reversed(self._entries.values()))
        now = self._clock()
        found = [
            entry
            for entry in entries
            if entry.expires_at > now and (not email or entry.email.lower() == email.lower())
        ]
        return found[:MAX_ENTRIES]
