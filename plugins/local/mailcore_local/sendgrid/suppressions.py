"""
The suppression lists of an account.

Sources (read 2026-11-30): the pages below https://www.twilio.com/docs/sendgrid/api-reference/ about
bounces, blocks, invalid emails, spam reports, global and group suppressions.
"""

from __future__ import annotations

import threading
import time

from collections.abc import Mapping
from typing import NamedTuple

from mailcore_local.sendgrid.errors import Complaint, SendGridError


LISTS = ("bounces", "blocks", "invalid_emails", "spam_reports", "unsubscribes")
_MAX_LIMIT = 500

# What `dropped` says of each list.
REASONS: Mapping[str, str] = {
    "bounces": "Bounced Address",
    "invalid_emails": "Invalid",
    "spam_reports": "Spam Reporting Address",
    "unsubscribes": "Unsubscribed Address",
}


class Entry(NamedTuple):
    """
    One address on a list.

    Attributes:
        email: The address as it was given.
        created: Since when, in seconds since 1970.
        reason: What the receiving server said.
        status: The enhanced status code.
    """

    email: str
    created: int
    reason: str = ""
    status: str = ""

    def document(self, name: str) -> dict[str, object]:
        """
        The entry as the API tells it.
        """
        told: dict[str, object] = {"created": self.created, "email": self.email}
        if name == "spam_reports":
            return {**told, "ip": "192.0.2.1"}
        if name == "unsubscribes":
            return told
        return {**told, "reason": self.reason, "status": self.status}


class Suppressions:
    """
    All lists, by name and address; those of unsubscribe groups by number.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[str, dict[str, Entry]] = {}

    def add(self, name: str, email: str, *, reason: str = "", status: str = "") -> None:
        """
        Put an address on a list.
        """
        entry = Entry(email, int(time.time()), reason, status)
        with self._lock:
            self._lists.setdefault(name, {})[email.lower()] = entry

    def find(self, name: str, email: str) -> Entry | None:
        """
        The entry of an address on a list, or `None`.
        """
        with self._lock:
            return self._lists.get(name, {}).get(email.lower())

    def remove(self, name: str, email: str) -> bool:
        """
        Take an address off a list.

        Returns:
            Whether it was there.
        """
        with self._lock:
            return self._lists.get(name, {}).pop(email.lower(), None) is not None

    def clear(self, name: str) -> None:
        """
        Empty a list.
        """
        with self._lock:
            self._lists.pop(name, None)

    def all(self, name: str) -> list[Entry]:
        """
        A list, the newest entry first.
        """
        with self._lock:
            return list(self._lists.get(name, {}).values())[::-1]

    def reason(self, email: str) -> str | None:
        """
        Why nothing is sent to an address; `None` if it is on no list. Blocks are no obstacle.
        """
        return next((said for name, said in REASONS.items() if self.find(name, email)), None)

    def page(self, name: str, query: Mapping[str, str]) -> list[dict[str, object]]:
        """
        A page of a list.

        Raises:
            SendGridError: `limit` or `offset` is no number.
        """
        limit = min(_number(query, "limit", _MAX_LIMIT), _MAX_LIMIT)
        offset = _number(query, "offset", 0)
        entries = self.all(name)[offset : offset + limit]
        return [entry.document(name) for entry in entries]


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise SendGridError(Complaint("invalid number", name))
    return int(text)
