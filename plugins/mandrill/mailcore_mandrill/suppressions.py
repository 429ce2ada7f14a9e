"""
The denylist of the account: addresses that Mandrill does not deliver to.

``rejects/list``, ``rejects/add`` and ``rejects/delete`` of the OpenAPI description 1.4.0 (read
2026-11-30). A subaccount has a list of its own. An entry expires, by its reason: after a day (soft
bounces), a week (hard ones), a year, or never
(https://mailchimp.com/developer/transactional/docs/reputation-rejections/, read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

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
from mailcore.errors import MessageRejected, SendError
from mailcore.flow import Flow, HttpResponse
from mailcore.webhook import parse_timestamp
from mailcore_mandrill.asking import PROVIDER, MandrillCalls
from mailcore_mandrill.options import MandrillOptions
from mailcore_mandrill.quota import AccountQuota, get_quota


MAX_ADDRESSES = 1000
"""How many entries an answer has at most; there are no pages."""

_REASONS = {
    "hard-bounce": BOUNCE,
    "soft-bounce": BOUNCE,
    "spam": COMPLAINT,
    "unsub": UNSUBSCRIBE,
    "custom": MANUAL,
}
_ABSENT = "Invalid_Reject"
_CUT_OFF = "cut off"


class MandrillSuppressions(QuotaList[AccountQuota]):
    """
    The list of the account, or of the subaccount that the provider has.

    Args:
        options: The options of the provider.
        api_key: API key of the account.
    """

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL)
    put_reasons: ClassVar[tuple[str, ...]] = (MANUAL,)
    addresses_per_call: ClassVar[int] = 1

    def __init__(self, options: MandrillOptions, api_key: str) -> None:
        self.calls = MandrillCalls(options, api_key)
        self._subaccount = options.subaccount

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """
        The whole list: Mandrill has no pages.

        Raises:
            MessageRejected: After the first 1000, if there may be more: Mandrill gives no others.
        """
        if token == _CUT_OFF:
            reason = (
                f"Mandrill lists {MAX_ADDRESSES} addresses and no more: export the denylist there"
            )
            raise MessageRejected(reason, provider=PROVIDER, category="list_cut_off")
        found = yield from self._listed()
        return chosen.page_of(found, _CUT_OFF if len(found) >= MAX_ADDRESSES else "")

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """Ask for one address."""
        found = yield from self._listed(email=email_address)
        return self.entry_of(email_address, found)

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Put an address there, with the reason ``custom``: such an entry never expires."""
        refused = {}
        for email in email_addresses:
            document, response = yield from self.calls.make(
                "rejects/add", email=email, subaccount=self._subaccount
            )
            if not self.calls.flag(document, "added", response):
                refused[email] = "not added: an entry for it may be there"
        return refused

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off, which costs some of the account's reputation."""
        if reasons and not (yield from self.is_there_for(email_address, reasons)):
            return False
        try:
            document, response = yield from self.calls.make(
                "rejects/delete", email=email_address, subaccount=self._subaccount
            )
        except SendError as error:
            if error.code == _ABSENT:
                return False
            raise
        return self.calls.flag(document, "deleted", response)

    def quota(self) -> Flow[AccountQuota]:
        """How much may be sent."""
        return get_quota(self.calls)

    def _listed(self, email: str | None = None) -> Flow[list[SuppressedAddress]]:
        document, response = yield from self.calls.make(
            "rejects/list", email=email, include_expired=False, subaccount=self._subaccount
        )
        if not isinstance(document, list):
            raise self.calls.unreadable("is no list", response)
        return [self._entry(item, response) for item in document]

    def _entry(self, item: object, response: HttpResponse) -> SuppressedAddress:
        given: Mapping[str, Any] = item if isinstance(item, dict) else {}
        address, reason = given.get("email"), given.get("reason")
        if not isinstance(address, str) or not isinstance(reason, str):
            raise self.calls.unreadable("has an unreadable entry", response)
        detail, expires = given.get("detail"), given.get("expires_at")
        told = [detail] if isinstance(detail, str) and detail else []
        if reason == "soft-bounce":
            told.insert(0, reason)
        if isinstance(expires, str) and expires:
            told.append(f"expires {expires}")
        return SuppressedAddress(
            email_address=address,
            reason=_REASONS.get(reason, reason),
            updated_at=parse_timestamp(given.get("last_event_at") or given.get("created_at")),
            detail="; ".join(told),
        )
