"""
The suppression lists of a domain: bounces, complaints, unsubscribes, and the allowlist.

Source: Mailgun's own OpenAPI description (mailgun/mailgun-mcp-server, read 2026-11-30).
"""

from __future__ import annotations

import threading

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import urlencode

from mailcore_local.mailgun.errors import MailgunError, not_found


_MAX_PAGE = 1000
_DEFAULT_PAGE = 100


class Kind(NamedTuple):
    """
    One list, in Mailgun's words.

    Attributes:
        title: What an address on the list is called in answers.
        table: The name of the list in answers.
        cleared: What the answer says when the list is emptied.
        removed: What the answer says when an address is taken off.
    """

    title: str
    table: str
    cleared: str
    removed: str


KINDS: Mapping[str, Kind] = {
    "bounces": Kind(
        "addresses",
        "bounces",
        "Bounced addresses for this domain have been removed",
        "Bounced addresses for this domain have been removed",
    ),
    "complaints": Kind(
        "complaint addresses",
        "complaints",
        "Complaint addresses for this domain have been removed",
        "Spam complaint has been removed",
    ),
    "unsubscribes": Kind(
        "addresses",
        "unsubscribes",
        "Unsubscribe addresses for this domain have been removed",
        "Unsubscribe event has been removed",
    ),
    "whitelists": Kind(
        "addresses",
        "allowlists",
        "Allowlist addresses/domains for this domain have been removed",
        "Allowlist address/domain has been removed",
    ),
}


class Entry(NamedTuple):
    """
    One address on a list.

    Attributes:
        address: The address as it was given; a domain may stand on the allowlist.
        created_at: Since when, in UTC.
        code: The SMTP code of a bounce.
        error: What the receiving server said.
        tags: What somebody unsubscribed from; ``*`` is all.
    """

    address: str
    created_at: datetime
    code: str = ""
    error: str = ""
    tags: tuple[str, ...] = ("*",)

    def document(self, kind: str) -> dict[str, object]:
        """
        The entry as the API tells it.
        """
        moment = self.created_at.strftime("%a, %d %b %Y %H:%M:%S UTC")
        if kind == "whitelists":
            what = "address" if "@" in self.address else "domain"
            return {"type": what, "value": self.address, "createdAt": moment, "reason": self.error}
        told: dict[str, object] = {"address": self.address, "created_at": moment}
        if kind == "bounces":
            told |= {"code": self.code, "error": self.error}
        if kind == "unsubscribes":
            told["tags"] = list(self.tags)
        return told


class Suppressions:
    """
    The lists of all domains, by domain, list and address.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[tuple[str, str], dict[str, Entry]] = {}

    def add(self, domain: str, kind: str, entry: Entry) -> None:
        """
        Put an address on a list.
        """
        with self._lock:
            entries = self._lists.setdefault((domain.lower(), kind), {})
            entries[entry.address.lower()] = entry

    def find(self, domain: str, kind: str, address: str) -> Entry:
        """
        The entry of an address.

        Raises:
            MailgunError: It is not on the list (404).
        """
        with self._lock:
            found = self._lists.get((domain.lower(), kind), {}).get(address.lower())
        if found is None:
            raise not_found(f"Address not found in {KINDS[kind].table} table")
        return found

    def remove(self, domain: str, kind: str, address: str) -> dict[str, object]:
        """
        Take an address off a list.

        Raises:
            MailgunError: It is not on the list (404).
        """
        entry = self.find(domain, kind, address)
        with self._lock:
            self._lists.get((domain.lower(), kind), {}).pop(address.lower(), None)
        return {"message": KINDS[kind].removed, "address": entry.address}

    def clear(self, domain: str, kind: str) -> dict[str, object]:
        """
        Empty a list.
        """
        with self._lock:
            self._lists.pop((domain.lower(), kind), None)
        return {"message": KINDS[kind].cleared}

    def listed_in(self, address: str) -> str | None:
        """
        The list that keeps an address from getting mail of some domain; `None` if there is none.
        """
        with self._lock:
            for kind in ("bounces", "unsubscribes", "complaints"):
                for (_, name), entries in self._lists.items():
                    if name == kind and address.lower() in entries:
                        return kind
        return None

    def create(self, domain: str, kind: str, items: object) -> dict[str, object]:
        """
        Put the addresses of a request on a list.

        Args:
            domain: The domain in the path.
            kind: The name of the list.
            items: A list of objects, each with an address.

        Raises:
            MailgunError: They are none, or too many.
        """
        if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
            raise MailgunError("Invalid JSON: a list of objects is expected")
        if not items:
            raise MailgunError("No addresses were given")
        if len(items) > _MAX_PAGE:
            raise MailgunError(f"Batch size should be less than {_MAX_PAGE}")
        key = ("address", "domain") if kind == "whitelists" else ("address",)
        entries = []
        for item in items:
            address = next((item[name] for name in key if item.get(name)), None)
            if not isinstance(address, str):
                raise MailgunError(f"Missing mandatory parameter: {'/'.join(key)}")
            entries.append(_entry(address, item))
        for entry in entries:
            self.add(domain, kind, entry)
        if kind == "whitelists":
            told = entries[0].document(kind)
            return {
                "message": "Address/Domain has been added to the allowlists table",
                "type": told["type"],
                "value": told["value"],
            }
        known = KINDS[kind]
        return {
            "message": f"{len(entries)} {known.title} have been added to the {known.table} table"
        }

    def page(self, domain: str, kind: str, query: Mapping[str, str], url: str) -> dict[str, object]:
        """
        A page of a list, with the URLs of the others.

        Args:
            domain: The domain in the path.
            kind: The name of the list.
            query: The parameters of the request.
            url: The URL of the list, without a query.

        Raises:
            MailgunError: `limit` is no number.
        """
        limit = _limit(query)
        with self._lock:
            stored = self._lists.get((domain.lower(), kind), {})
            entries = [e for _, e in sorted(stored.items())]
        term = query.get("term", "").lower()
        entries = [each for each in entries if each.address.lower().startswith(term)]
        page = _part(entries, query.get("page", ""), query.get("address", "").lower(), limit)
        first, last = (page[0].address, page[-1].address) if page else ("", "")

        def link(name: str, address: str = "") -> str:
            given = {"page": name, "address": address, "limit": str(limit), "term": term}
            return f"{url}?{urlencode({k: v for k, v in given.items() if v})}"

        return {
            "items": [entry.document(kind) for entry in page],
            "paging": {
                "first": link("first"),
                "next": link("next", last or query.get("address", "")),
                "previous": link("previous", first or query.get("address", "")),
                "last": link("last"),
            },
        }


def _entry(address: str, item: Mapping[str, object]) -> Entry:
    tags = item.get("tags", item.get("tag", "*"))
    found = tags if isinstance(tags, list) else [tags]
    return Entry(
        address=address,
        created_at=datetime.now(timezone.utc),
        code=str(item.get("code") or "550"),
        error=str(item.get("error") or item.get("reason") or ""),
        tags=tuple(map(str, found)) or ("*",),
    )


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "")
    if not text:
        return _DEFAULT_PAGE
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not int(text):
        raise MailgunError("limit parameter is not a valid number")
    return min(int(text), _MAX_PAGE)


def _part(entries: Sequence[Entry], page: str, pivot: str, limit: int) -> Sequence[Entry]:
    if page == "next" and pivot:
        return [each for each in entries if each.address.lower() > pivot][:limit]
    if page == "previous" and pivot:
        return [each for each in entries if each.address.lower() < pivot][-limit:]
    return entries[-limit:] if page == "last" else entries[:limit]
