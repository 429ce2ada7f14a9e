"""
The suppression list of each message stream.

Source: https://postmarkapp.com/developer/api/suppressions-api (read 2026-11-30, second-hand).
"""

from __future__ import annotations

import threading

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from mailcore.address import Address
from mailcore.errors import InvalidAddress
from mailcore_local.postmark.errors import PostmarkError
from mailcore_local.postmark.fields import as_object, objects, text
from mailcore_local.postmark.webhooks import timestamp


REASONS = ("HardBounce", "SpamComplaint", "ManualSuppression")
ORIGINS = ("Recipient", "Customer", "Admin")
_MAX_CHANGES = 50
_NO_AUTHORITY = "You do not have the required authority to change this suppression."
_NO_ADDRESS = "An invalid email address was provided."


@dataclass(frozen=True, kw_only=True, repr=False)
class Suppression:
    """
    One address that nothing is sent to.

    Attributes:
        address: The address as it was given.
        reason: One of `REASONS`.
        origin: Who brought it there, one of `ORIGINS`.
        created_at: Since when, in UTC.
    """

    address: str
    reason: str
    origin: str
    created_at: datetime

    def document(self) -> dict[str, object]:
        """
        The entry as the API tells it.
        """
        return {
            "EmailAddress": self.address,
            "SuppressionReason": self.reason,
            "Origin": self.origin,
            "CreatedAt": timestamp(self.created_at),
        }


class Suppressions:
    """
    The lists of all streams, by stream and address.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[str, dict[str, Suppression]] = {}

    def add(self, stream: str, address: str, reason: str, origin: str) -> None:
        """
        Put an address on the list of a stream, whatever it was there for before.
        """
        entry = Suppression(
            address=address, reason=reason, origin=origin, created_at=datetime.now(timezone.utc)
        )
        with self._lock:
            self._lists.setdefault(stream, {})[address.lower()] = entry

    def find(self, stream: str, address: str) -> Suppression | None:
        """
        The entry of an address, or `None`.
        """
        with self._lock:
            return self._lists.get(stream, {}).get(address.lower())

    def dump(self, stream: str, query: Mapping[str, str]) -> dict[str, object]:
        """
        The list of a stream.

        Args:
            stream: The id of the stream.
            query: The parameters of the request, their names in lower case.

        Raises:
            PostmarkError: A filter has an unknown value (1404, 1405).
        """
        reason, origin = query.get("suppressionreason", ""), query.get("origin", "")
        if reason and reason.lower() not in map(str.lower, REASONS):
            raise PostmarkError(1404, "The 'SuppressionReason' is invalid.")
        if origin and origin.lower() not in map(str.lower, ORIGINS):
            raise PostmarkError(1405, "The 'Origin' is invalid.")
        with self._lock:
            entries = list(self._lists.get(stream, {}).values())
        wanted = (
            ("address", query.get("emailaddress", "")),
            ("reason", reason),
            ("origin", origin),
        )
        entries = [
            entry
            for entry in entries
            if all(not w or str(getattr(entry, name)).lower() == w.lower() for name, w in wanted)
            and _within(entry.created_at, query.get("fromdate", ""), query.get("todate", ""))
        ]
        return {"Suppressions": [entry.document() for entry in entries]}

    def create(self, stream: str, request: object) -> dict[str, object]:
        """
        Put the addresses of a request on the list.

        Raises:
            PostmarkError: The request has no list, or too long a one (1409, 1410).
        """
        told = []
        for address in _addresses(request):
            entry = self.find(stream, address)
            if not _is_address(address):
                told.append(_status(address, "Failed", _NO_ADDRESS))
            elif entry is not None and entry.reason == "SpamComplaint":
                told.append(_status(address, "Failed", _NO_AUTHORITY))
            else:
                self.add(stream, address, "ManualSuppression", "Customer")
                told.append(_status(address, "Suppressed"))
        return {"Suppressions": told}

    def delete(self, stream: str, request: object) -> dict[str, object]:
        """
        Take the addresses of a request off the list: complaints stay on it.

        Raises:
            PostmarkError: The request has no list, or too long a one (1409, 1410).
        """
        told = []
        for address in _addresses(request):
            entry = self.find(stream, address)
            if not _is_address(address):
                told.append(_status(address, "Failed", _NO_ADDRESS))
            elif entry is not None and entry.reason == "SpamComplaint":
                told.append(_status(address, "Failed", _NO_AUTHORITY))
            else:
                self.remove(stream, address)
                told.append(_status(address, "Deleted"))
        return {"Suppressions": told}

    def remove(self, stream: str, address: str) -> None:
        """
        Take an address off the list, if it is there.
        """
        with self._lock:
            self._lists.get(stream, {}).pop(address.lower(), None)


def _addresses(request: object) -> list[str]:
    try:
        items = objects(as_object(request), "Suppressions")
        found = [text(item, "EmailAddress") for item in items]
    except PostmarkError:
        raise PostmarkError(1409, "A proper request body must be provided.") from None
    if not found:
        raise PostmarkError(1409, "A proper request body must be provided.")
    if len(found) > _MAX_CHANGES:
        raise PostmarkError(
            1410,
            "You cannot provide more than the maximum number of suppressions for this request.",
        )
    return found


def _is_address(text: str) -> bool:
    try:
        Address(text)
    except InvalidAddress:
        return False
    return True


def _status(address: str, status: str, message: str | None = None) -> dict[str, object]:
    return {"EmailAddress": address, "Status": status, "Message": message}


def _within(moment: datetime, first: str, last: str) -> bool:
    day = moment.strftime("%Y-%m-%d")
    return (not first or first[:10] <= day) and (not last or day <= last[:10])
