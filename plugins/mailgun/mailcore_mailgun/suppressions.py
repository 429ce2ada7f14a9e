"""
The lists of addresses that Mailgun does not deliver to: bounces, complaints, unsubscribes.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/bounces, complaints and
unsubscribe, as in Mailgun's OpenAPI description (read 2026-11-30). Each domain has its own. The
allowlist is not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    UNSUBSCRIBE,
    AccountCalls,
    Page,
    SuppressedAddress,
    SuppressionFilter,
    SuppressionList,
)
from mailcore.flow import Flow, HttpResponse
from mailcore.http import json_or_none
from mailcore_mailgun.errors import error_of
from mailcore_mailgun.options import MailgunOptions


PROVIDER = "mailgun"
# "up to 1000 records", and "Batch size should be less than 1000" of more: this satisfies both.
MAX_ADDRESSES = 999

_LISTS = {COMPLAINT: "/complaints", BOUNCE: "/bounces", UNSUBSCRIBE: "/unsubscribes"}
_ALL_TAGS = "*"
_HARD_BOUNCE = "550"
_NO_YEAR = " 0001 "


class MailgunSuppressions(SuppressionList):
    """
    The three lists of a domain.

    Args:
        options: The options of the provider, which has a key that may do more than send.
        domain: The domain of the sender, whose lists these are.
    """

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE)
    put_reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE)
    addresses_per_call: ClassVar[int] = MAX_ADDRESSES

    def __init__(self, options: MailgunOptions, domain: str) -> None:
        self._url = f"{options.api_url}/v3/{domain}"
        self._calls = AccountCalls(
            PROVIDER,
            self._url,
            {"Authorization": options.authorization},
            error_of=error_of,
            is_absent=_says_absent,
            timeout_seconds=options.timeout_seconds,
        )

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """
        Some addresses of a list; after the last page of one, the first of the next.

        A token is the reason and the address of the page, which Mailgun told.
        """
        lists = chosen.reasons or self.reasons
        reason, _, url = (token or lists[0]).partition(" ")
        if not url:
            url = f"{self._url}{_LISTS[reason]}?limit={page_size}"
        response = yield from self._calls.ask("GET", url)
        items, following = self._read(response, reason)
        if following == url:
            raise self._calls.unreadable("has itself as the next page", response)
        next_token = f"{reason} {following}"
        if not items:
            # The last page says a next one too, which is empty.
            position = lists.index(reason) + 1
            next_token = lists[position] if position < len(lists) else ""
        found = [self._entry(reason, item, response) for item in items]
        return chosen.page_of(found, next_token)

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """The entry of one address: a complaint before a bounce, and that before the rest."""
        for reason in _LISTS:
            response = yield from self._calls.find("GET", _path(reason, email_address))
            if response is not None:
                return self._entry(reason, self._calls.read_object(response), response)
        return None

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Put addresses on one of the lists; Mailgun takes all or none."""
        now = datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S UTC")
        more: dict[str, object] = {}
        if reason == BOUNCE:
            more = {"code": _HARD_BOUNCE, "error": ""}
        elif reason == UNSUBSCRIBE:
            more = {"tags": [_ALL_TAGS]}
        entries = [{"address": each, **more, "created_at": now} for each in email_addresses]
        yield from self._calls.ask("POST", _LISTS[reason], entries)
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off each of the lists, or off those for these reasons."""
        was_there = False
        for reason in reasons or self.reasons:
            response = yield from self._calls.find("DELETE", _path(reason, email_address))
            was_there = was_there or response is not None
        return was_there

    def _read(self, response: HttpResponse, reason: str) -> tuple[list[Mapping[str, Any]], str]:
        """
        The items of a page, and the address of the next.

        Raises:
            UnexpectedResponse: If the answer has neither, or leads elsewhere than to the same list:
                the key would go there.
        """
        document = self._calls.read_object(response)
        items = self._calls.objects(document.get("items"), "has no readable items", response)
        if not items:
            return [], ""
        paging = document.get("paging")
        following = paging.get("next") if isinstance(paging, dict) else None
        if not isinstance(following, str) or not _is_same(following, self._url + _LISTS[reason]):
            raise self._calls.unreadable("has a next page that is not of the same list", response)
        return items, following

    def _entry(
        self, reason: str, item: Mapping[str, Any], response: HttpResponse
    ) -> SuppressedAddress:
        address = item.get("address")
        if not isinstance(address, str):
            raise self._calls.unreadable("has an entry without an address", response)
        return SuppressedAddress(
            email_address=address,
            reason=reason,
            updated_at=_time(item.get("created_at")),
            detail=_detail(reason, item),
        )


def _path(reason: str, email_address: str) -> str:
    return f"{_LISTS[reason]}/{quote(email_address, safe='')}"


def _is_same(url: str, list_url: str) -> bool:
    """Whether an address is a page of a list: same scheme, host, port and path."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        given, known = urlsplit(url), urlsplit(list_url)
    except ValueError:
        return False
    return (given.scheme, given.netloc, given.path) == (
        known.scheme,
        known.netloc,
        known.path,
    ) and not given.fragment


def _says_absent(response: HttpResponse) -> bool:
    """
    Whether the answer says that the address is not there, and not that the domain is not.

    "Address not found in bounces table", "Address not found in unsubscribers table",
    "No spam complaints found for this address", "Unsubscribe event for this tag does not exist".
    """
    if response.status_code != 404:
        return False
    document = json_or_none(response)
    words = document.get("message") if isinstance(document, dict) else None
    return isinstance(words, str) and "domain" not in words.lower()


def _detail(reason: str, item: Mapping[str, Any]) -> str:
    """The bounce's code and text; the tags that somebody unsubscribed from, unless it is all."""
    if reason == BOUNCE:
        said = [str(item[name]) for name in ("code", "error") if item.get(name)]
        return " ".join(said)
    tags = item.get("tags")
    if reason == UNSUBSCRIBE and isinstance(tags, list):
        named = [each for each in tags if isinstance(each, str) and each != _ALL_TAGS]
        return f"tags: {', '.join(named)}" if named and _ALL_TAGS not in tags else ""
    return ""


def _time(value: object) -> datetime | None:
    """A time such as ``Thu, 11 Dec 2025 01:49:40 UTC``; the year 1 means that nobody knows."""
    # Which Python reads as 2001 (RFC 5322, section 4.3).
    if not isinstance(value, str) or _NO_YEAR in value:
        return None
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.astimezone(timezone.utc)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
