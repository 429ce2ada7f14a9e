"""
The suppression list of an account.

https://developers.sparkpost.com/api/suppression-list/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com). Subaccounts share the list here.
"""

from __future__ import annotations

import threading

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from mailcore_local.sparkpost.errors import PlainError
from mailcore_local.sparkpost.models import parsed_time


TYPES = ("transactional", "non_transactional")
SOURCES = (
    "Spam Complaint",
    "List Unsubscribe",
    "Bounce Rule",
    "Unsubscribe Link",
    "Manually Added",
    "Compliance",
)
MAX_PAGE = 10_000
_DEFAULT_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """
    One entry of the list.

    Attributes:
        recipient: The address, in lower case.
        type: What it does not get: ``transactional`` or ``non_transactional``.
        source: Who put it there, in SparkPost's words.
        description: The explanation for people.
        created: When it was put there first, in UTC.
        updated: When it was changed last, in UTC.
    """

    recipient: str
    type: str
    source: str
    description: str
    created: datetime
    updated: datetime

    def document(self) -> dict[str, Any]:
        """
        The object of the answers.
        """
        return {
            "recipient": self.recipient,
            "type": self.type,
            "source": self.source,
            "description": self.description,
            "created": _text(self.created),
            "updated": _text(self.updated),
            "transactional": self.type == "transactional",
            "non_transactional": self.type == "non_transactional",
        }


class SuppressionList:
    """
    The entries, which any thread may look at and change.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], Suppression] = {}

    def put(self, recipient: str, kind: str, source: str, description: str) -> None:
        """
        Put an address there, or change its entry.
        """
        key = (recipient.lower(), kind)
        now = datetime.now(timezone.utc)
        with self._lock:
            old = self._entries.pop(key, None)
            self._entries[key] = Suppression(
                recipient=key[0],
                type=kind,
                source=source,
                description=description,
                created=old.created if old else now,
                updated=now,
            )

    def of(self, recipient: str) -> list[Suppression]:
        """
        The entries of an address.
        """
        with self._lock:
            found = [self._entries.get((recipient.lower(), kind)) for kind in TYPES]
        return [entry for entry in found if entry is not None]

    def delete(self, recipient: str, kind: str | None) -> None:
        """
        Take an address off, for one type of mail or for both.

        Raises:
            PlainError: It is not there.
        """
        with self._lock:
            kinds = TYPES if kind is None else (kind,)
            found = [self._entries.pop((recipient.lower(), each), None) for each in kinds]
        if not any(found):
            raise PlainError("Recipient could not be found", 404)

    def search(self, query: Mapping[str, str]) -> tuple[list[Suppression], int, str]:
        """
        The entries that a query asks for.

        Args:
            query: The parameters of the request.

        Returns:
            The entries, how many there are in all, and the cursor of the following ones, or an
            empty text.

        Raises:
            PlainError: A parameter is wrong.
        """
        with self._lock:
            entries = sorted(self._entries.values(), key=lambda entry: entry.updated, reverse=True)
        since, until = _moment(query, "from"), _moment(query, "to")
        sources = _listed(query, "sources", SOURCES)
        kinds = _listed(query, "types", TYPES)
        found = [
            entry
            for entry in entries
            if (not sources or entry.source in sources)
            and (not kinds or entry.type in kinds)
            and entry.recipient.endswith(_domain(query))
            and query.get("description", "").lower() in entry.description.lower()
            # Times have seconds here.
            and (since is None or entry.updated.replace(microsecond=0) >= since)
            and (until is None or entry.updated.replace(microsecond=0) <= until)
        ]
        size = _number(query, "per_page", _DEFAULT_PAGE)
        cursor = query.get("cursor", "")
        if cursor:
            first = 0 if cursor == "initial" else _number(query, "cursor", 0, least=0)
        else:
            first = (_number(query, "page", 1) - 1) * size
        following = first + size
        return found[first:following], len(found), str(following) if following < len(found) else ""

    def summary(self) -> dict[str, int]:
        """
        How many entries there are of each source.
        """
        with self._lock:
            entries = list(self._entries.values())
        counts = {_key(source): 0 for source in SOURCES}
        for entry in entries:
            counts[_key(entry.source)] += 1
        return {**counts, "total": len(entries)}


def checked_type(given: object) -> str:
    """
    A type of suppression as the request has it.

    Raises:
        PlainError: It is none.
    """
    if given is None:
        raise PlainError("Must supply a suppression type", 400)
    if given not in TYPES:
        raise PlainError("Type must be one of: 'transactional', 'non_transactional'", 400)
    return str(given)


def _key(source: str) -> str:
    return source.lower().replace(" ", "_")


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _domain(query: Mapping[str, str]) -> str:
    domain = query.get("domain", "").lower()
    return f"@{domain}" if domain else ""


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    # A plus sign in a query is a space; without an offset it is UTC.
    clean = text.replace(" ", "+")
    found = parsed_time(clean) or parsed_time(f"{clean}Z")
    if found is not None:
        return found
    raise PlainError(f"'{name}' must be in the format YYYY-MM-DDTHH:mm:ssZ", 400)


def _listed(query: Mapping[str, str], name: str, known: Sequence[str]) -> list[str]:
    found = [each.strip() for each in query.get(name, "").split(",") if each.strip()]
    for each in found:
        if each not in known:
            raise PlainError(f"'{name}' must be of: {', '.join(known)}", 400)
    return found


def _number(query: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = query.get(name)
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
    if number < least or (name == "per_page" and number > MAX_PAGE):
        raise PlainError(f"'{name}' must be a number between {least} and {MAX_PAGE}", 400)
    return number
