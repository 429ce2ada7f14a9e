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
from urllib.parse import quote, urlencode

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    UNSUBSCRIBE,
    Page,
    QuotaList,
    SuppressedAddress,
    SuppressionFilter,
)
from mailcore.errors import SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import ask, json_request, not_understood, read_json, settled
from mailcore.webhook import parse_epoch
from mailcore_sendgrid.errors import error_of
from mailcore_sendgrid.options import SendGridOptions


PROVIDER = "sendgrid"
BLOCK, INVALID = "BLOCK", "INVALID"
MAX_PAGE = 500
MAX_ADDRESSES = 1000

_LISTS = {
    COMPLAINT: "suppression/spam_reports",
    BOUNCE: "suppression/bounces",
    UNSUBSCRIBE: "suppression/unsubscribes",
    INVALID: "suppression/invalid_emails",
    BLOCK: "suppression/blocks",
}
_GLOBAL = "asm/suppressions/global"


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
        self._options = options

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
        items, response = yield from self._items(f"{_LISTS[reason]}?{urlencode(query)}")
        next_token = f"{reason} {before + len(items)}"
        if len(items) < limit:
            position = lists.index(reason) + 1
            next_token = lists[position] if position < len(lists) else ""
        found = [_entry(reason, item, response) for item in items]
        return Page(
            items=tuple(each for each in found if chosen.takes(each)), next_token=next_token
        )

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """The entry of one address: a complaint first, then a bounce, then the rest."""
        for reason in _LISTS:
            entry = yield from self._get(email_address, reason)
            if entry is not None:
                return entry
        return None

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Unsubscribe addresses from all mail; SendGrid takes all or none."""
        request = json_request(
            f"{self._options.api_url}/{_GLOBAL}",
            {"recipient_emails": list(email_addresses)},
            headers=self._options.authorization,
            timeout_seconds=self._options.timeout_seconds,
        )
        yield from _ask(request)
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off each of the lists, or off those for these reasons."""
        was_there = False
        for reason in reasons or self.reasons:
            # What SendGrid answers for an address that is on none of them, no page says.
            entry = yield from self._get(email_address, reason)
            if entry is not None:
                path = _GLOBAL if reason == UNSUBSCRIBE else _LISTS[reason]
                yield from _find(self._request("DELETE", f"{path}/{_quoted(email_address)}"))
                was_there = True
        return was_there

    def quota(self) -> Flow[SendQuota]:
        """How much may be sent: ``GET /v3/user/credits``."""
        response = yield from _ask(self._request("GET", "user/credits"))
        document = _json(response)
        if not isinstance(document, dict):
            raise settled(not_understood("is no object", response), PROVIDER)
        return SendQuota(
            total=_number(document, "total"),
            used=_number(document, "used"),
            remaining=_number(document, "remain"),
        )

    def _get(self, email_address: str, reason: str) -> Flow[SuppressedAddress | None]:
        path = _GLOBAL if reason == UNSUBSCRIBE else _LISTS[reason]
        response = yield from _find(self._request("GET", f"{path}/{_quoted(email_address)}"))
        if response is None:
            return None
        document = _json(response)
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
            raise settled(not_understood("has no readable entry", response), PROVIDER)
        return _entry(reason, items[0], response)

    def _items(self, path: str) -> Flow[tuple[list[Mapping[str, Any]], HttpResponse]]:
        response = yield from _ask(self._request("GET", path))
        items = _json(response)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise settled(not_understood("is no list of entries", response), PROVIDER)
        return items, response

    def _request(self, method: str, path: str) -> HttpRequest:
        return HttpRequest(
            method=method,
            url=f"{self._options.api_url}/{path}",
            headers={"Accept": "application/json", **self._options.authorization},
            timeout_seconds=self._options.timeout_seconds,
        )


def _quoted(email_address: str) -> str:
    return quote(email_address, safe="")


def _ask(request: HttpRequest) -> Flow[HttpResponse]:
    return (yield from ask(request, provider=PROVIDER, error_of=_error_if_any))


def _find(request: HttpRequest) -> Flow[HttpResponse | None]:
    """The answer; None if the address is not on the list."""
    response: HttpResponse = yield from ask(request, provider=PROVIDER, error_of=_unless_absent)
    return None if response.status_code == 404 else response


def _error_if_any(response: HttpResponse) -> SendError | None:
    return None if 200 <= response.status_code < 300 else error_of(response)


def _unless_absent(response: HttpResponse) -> SendError | None:
    return None if response.status_code == 404 else _error_if_any(response)


def _json(response: HttpResponse) -> Any:
    try:
        return read_json(response)
    except SendError as error:
        raise settled(error, PROVIDER) from None


def _number(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    return value if type(value) is int else None


def _entry(reason: str, item: Mapping[str, Any], response: HttpResponse) -> SuppressedAddress:
    address = item.get("email")
    if not isinstance(address, str):
        raise settled(not_understood("has an entry without an address", response), PROVIDER)
    said = [item[name] for name in ("status", "reason") if isinstance(item.get(name), str)]
    return SuppressedAddress(
        email_address=address,
        reason=reason,
        updated_at=_time(item.get("created")),
        detail=" ".join(filter(None, said)),
    )


def _time(value: object) -> datetime | None:
    return parse_epoch(value) if type(value) is int else None
