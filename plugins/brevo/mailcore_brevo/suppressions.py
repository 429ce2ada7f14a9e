"""
The blocked contacts: addresses that Brevo does not deliver transactional mail to.

``/v3/smtp/blockedContacts`` (``api/swagger.yaml`` of https://github.com/getbrevo/brevo-go, of
2025-02-07, read 2026-11-30): in pages of up to 100, the latest first, between two days. There is no
call for one address, which is looked for in the list, and none that puts an address there. Beside
sending, an account has 100 calls in an hour (https://developers.brevo.com/docs/api-limits, as of
2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar
from urllib.parse import quote

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    MANUAL,
    UNSUBSCRIBE,
    Page,
    QuotaList,
    SuppressedAddress,
    SuppressionFilter,
)
from mailcore.flow import Flow, HttpResponse
from mailcore.webhook import parse_timestamp
from mailcore_brevo.asking import PROVIDER, calls_of
from mailcore_brevo.options import BrevoOptions
from mailcore_brevo.quota import PlanCredits, get_credits


MAX_PAGE = 100
_PATH = "/smtp/blockedContacts"
REASONS = {
    "hardBounce": BOUNCE,
    "contactFlaggedAsSpam": COMPLAINT,
    # By a marketing automation, a mail's link, the API.
    "unsubscribedViaMA": UNSUBSCRIBE,
    "unsubscribedViaEmail": UNSUBSCRIBE,
    "unsubscribedViaApi": UNSUBSCRIBE,
    "adminBlocked": MANUAL,
}
"""What Brevo's codes of reasons are here."""

_FIRST_DAY = "2000-01-01"


class BrevoSuppressions(QuotaList[tuple[PlanCredits, ...]]):
    """
    The list of the account.

    Args:
        options: The options of the provider, with the key.
    """

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL)
    put_reasons: ClassVar[tuple[str, ...]] = ()
    addresses_per_call: ClassVar[int] = 1

    def __init__(self, options: BrevoOptions) -> None:
        self.calls = calls_of(options)

    def __repr__(self) -> str:
        return "<BrevoSuppressions>"

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """Up to 100 addresses; the token is the place of the first."""
        limit = min(page_size, MAX_PAGE)
        offset = int(token or "0")
        query = {"limit": str(limit), "offset": str(offset), **_days(chosen)}
        response = yield from self.calls.ask("GET", _PATH, query=query)
        document = self.calls.read_object(response)
        items: list[Mapping[str, Any]] = []
        # Of none there may be no array.
        if document.get("contacts") is not None or document.get("count") != 0:
            listed = document.get("contacts")
            items = self.calls.objects(listed, "has an unreadable contacts", response)
        found = (self._entry(item, response) for item in items)
        return chosen.page_of(found, str(offset + limit) if len(items) >= limit else "")

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """Look for one address, page by page: Brevo has no call for one."""
        token = ""
        while True:
            page = yield from self.page(token, SuppressionFilter(), MAX_PAGE)
            entry, token = self.entry_of(email_address, page.items), page.next_token
            if entry is not None or not token:
                return entry

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off; with reasons, it is looked for before."""
        if reasons and not (yield from self.is_there_for(email_address, reasons)):
            return False
        path = f"{_PATH}/{quote(email_address, safe='')}"
        return (yield from self.calls.find("DELETE", path)) is not None

    def quota(self) -> Flow[tuple[PlanCredits, ...]]:
        """What may still be sent, by plan."""
        return get_credits(self.calls)

    def _entry(self, item: Mapping[str, Any], response: HttpResponse) -> SuppressedAddress:
        address, reason = item.get("email"), item.get("reason")
        code = reason.get("code") if isinstance(reason, dict) else None
        if not isinstance(address, str) or not isinstance(code, str):
            raise self.calls.unreadable("has an unreadable contact", response)
        # An address is blocked for one sender, or for all.
        sender = item.get("senderEmail")
        return SuppressedAddress(
            email_address=address,
            reason=REASONS.get(code, code),
            updated_at=parse_timestamp(item.get("blockedAt")),
            detail=f"sender {sender}" if isinstance(sender, str) and sender else "",
        )


def _days(chosen: SuppressionFilter) -> dict[str, str]:
    """
    The days in between, and one more on both sides: nothing says which time zone they are of.

    Brevo wants both or none.
    """
    first, last = chosen.days
    if first is None and last is None:
        return {}
    _, tomorrow = SuppressionFilter(end=datetime.now(timezone.utc)).days
    return {"startDate": first or _FIRST_DAY, "endDate": last or str(tomorrow)}
