"""
The lists of addresses that SendGrid does not deliver to, and how much may be sent.

https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/retrieve-all-bounces and the pages of
the other lists beside it, https://www.twilio.com/docs/sendgrid/api-reference/suppressions-global-suppressions,
https://www.twilio.com/docs/sendgrid/api-reference/users-api (read 2026-11-30, as
https://github.com/twilio/sendgrid-oai has them). Lists of unsubscribe groups are not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    UNSUBSCRIBE,
    AccountCalls,
    Page,
    QuotaList,
    SuppressedAddress,
    SuppressionFilter,
)
from mailcore.flow import Flow, HttpResponse
from mailcore.webhook import parse_epoch
from mailcore_sendgrid.errors import error_of
from mailcore_sendgrid.options import SendGridOptions


PROVIDER = "sendgrid"
BLOCK, INVALID = "BLOCK", "INVALID"
MAX_PAGE = 500
MAX_ADDRESSES = 1000

_LISTS = {
    COMPLAINT: "/suppression/spam_reports",
    BOUNCE: "/suppression/bounces",
    UNSUBSCRIBE: "/suppression/unsubscribes",
    INVALID: "/suppression/invalid_emails",
    BLOCK: "/suppression/blocks",
}
_GLOBAL = "/asm/suppressions/global"


@dataclass(frozen=True, kw_only=True)
class SendQuota:
    """
    The credits of an account: one for each recipient of a mail.

    Args:
        total: How many there are in a period; None if SendGrid does not say.
        used: How many of them are used; None if SendGrid does not say.
        remaining: How many are left; None if SendGrid does not say.
    """

    total: int | None = None
    used: int | None = None
    remaining: int | None = None


class SendGridSuppressions(QuotaList[SendQuota]):
    """
    The five lists of an account, or of a subuser.

    Args:
        options: The options of the provider, which has a key that may do more than send.
    """

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE, INVALID, BLOCK)
    put_reasons: ClassVar[tuple[str, ...]] = (UNSUBSCRIBE,)
    addresses_per_call: ClassVar[int] = MAX_ADDRESSES

    def __init__(self, options: SendGridOptions) -> None:
        self._calls = AccountCalls(
            PROVIDER,
            options.api_url,
            options.authorization,
            error_of=error_of,
            timeout_seconds=options.timeout_seconds,
        )

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """
        Some addresses of a list; after the last page of one, the first of the next.

        A token is the reason, and how many addresses of its list came before.
        """
        lists = chosen.reasons or self.reasons
        reason, _, offset = (token or lists[0]).partition(" ")
        limit = min(page_size, MAX_PAGE)
        before = int(offset or 0)
        query: dict[str, int] = {"limit": limit, "offset": before}
        if chosen.start is not None:
            query["start_time"] = int(chosen.start.timestamp())
        if chosen.end is not None:
            query["end_time"] = int(chosen.end.timestamp()) + 1
        response = yield from self._calls.ask("GET", _LISTS[reason], query=query)
        items = self._calls.objects(self._calls.read(response), "is no list of entries", response)
        next_token = f"{reason} {before + len(items)}"
        if len(items) < limit:
            position = lists.index(reason) + 1
            next_token = lists[position] if position < len(lists) else ""
        found = [self._entry(reason, item, response) for item in items]
        return chosen.page_of(found, next_token)

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """The entry of one address: a complaint first, then a bounce, then the rest."""
        for reason in _LISTS:
            entry = yield from self._get(email_address, reason)
            if entry is not None:
                return entry
        return None

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Unsubscribe addresses from all mail; SendGrid takes all or none."""
        yield from self._calls.ask("POST", _GLOBAL, {"recipient_emails": list(email_addresses)})
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off each of the lists, or off those for these reasons."""
        was_there = False
        for reason in reasons or self.reasons:
            # What SendGrid answers for an address that is on none of them, no page says.
            entry = yield from self._get(email_address, reason)
            if entry is not None:
                yield from self._calls.find("DELETE", _path(reason, email_address))
                was_there = True
        return was_there

    def quota(self) -> Flow[SendQuota]:
        """How much may be sent: ``GET /v3/user/credits``."""
        response = yield from self._calls.ask("GET", "/user/credits")
        document = self._calls.read_object(response)
        return SendQuota(
            total=_number(document, "total"),
            used=_number(document, "used"),
            remaining=_number(document, "remain"),
        )

    def _get(self, email_address: str, reason: str) -> Flow[SuppressedAddress | None]:
        response = yield from self._calls.find("GET", _path(reason, email_address))
        if response is None:
            return None
        document = self._calls.read(response)
        if reason == UNSUBSCRIBE:
            # An empty object for who is not there.
            found = document.get("recipient_email") if isinstance(document, dict) else None
            if not isinstance(found, str) or not found:
                return None
            return SuppressedAddress(email_address=found, reason=UNSUBSCRIBE)
        items = document if isinstance(document, list) else [document]
        if not items or items == [{}]:
            return None
        if not isinstance(items[0], dict):
            raise self._calls.unreadable("has no readable entry", response)
        return self._entry(reason, items[0], response)

    def _entry(
        self, reason: str, item: Mapping[str, Any], response: HttpResponse
    ) -> SuppressedAddress:
        address = item.get("email")
        if not isinstance(address, str):
            raise self._calls.unreadable("has an entry without an address", response)
        said = [item[name] for name in ("status", "reason") if isinstance(item.get(name), str)]
        return SuppressedAddress(
            email_address=address,
            reason=reason,
            updated_at=_time(item.get("created")),
            detail=" ".join(filter(None, said)),
        )


def _path(reason: str, email_address: str) -> str:
    path = _GLOBAL if reason == UNSUBSCRIBE else _LISTS[reason]
    return f"{path}/{quote(email_address, safe='')}"


def _number(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    return value if type(value) is int else None


def _time(value: object) -> datetime | None:
    return parse_epoch(value) if type(value) is int else None
