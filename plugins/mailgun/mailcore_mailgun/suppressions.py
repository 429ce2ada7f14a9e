"""
The lists of addresses that Mailgun does not deliver to: bounces, complaints, unsubscribes.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/bounces, complaints and
unsubscribe, as in Mailgun's OpenAPI description (read 2026-11-30). Each domain has its own. The
allowlist is not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    UNSUBSCRIBE,
    Page,
    SuppressedAddress,
    SuppressionFilter,
    SuppressionList,
)
from mailcore.errors import SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import ask, json_request, not_understood, read_json, settled
from mailcore_mailgun.errors import error_of


PROVIDER = "mailgun"
# "up to 1000 records", and "Batch size should be less than 1000" of more: this satisfies both.
MAX_ADDRESSES = 999

_LISTS = {COMPLAINT: "complaints", BOUNCE: "bounces", UNSUBSCRIBE: "unsubscribes"}
_ALL_TAGS = "*"
_HARD_BOUNCE = "550"
_NO_YEAR = " 0001 "


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a list is, and how to ask for it."""

    base_url: str
    domain: str
    authorization: str
    timeout_seconds: float

    def url(self, name: str) -> str:
        return f"{self.base_url}/v3/{self.domain}/{name}"

    def request(self, method: str, url: str) -> HttpRequest:
        return HttpRequest(
            method=method,
            url=url,
            headers={"Accept": "application/json", "Authorization": self.authorization},
            timeout_seconds=self.timeout_seconds,
            max_response_bytes=64 * 1024 * 1024,
        )


class MailgunSuppressions(SuppressionList):
    """
    The three lists of a domain.

    Args:
        base_url: The URL of the API, without its version.
        domain: The domain of the sender, whose lists these are.
        authorization: Value of the header, with a key that may do more than send.
        timeout_seconds: How many seconds each request may take.
    """

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE)
    put_reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE)
    addresses_per_call: ClassVar[int] = MAX_ADDRESSES

    def __init__(
        self, *, base_url: str, domain: str, authorization: str, timeout_seconds: float = 30.0
    ) -> None:
        self._place = _Place(
            base_url=base_url,
            domain=domain,
            authorization=authorization,
            timeout_seconds=timeout_seconds,
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
            url = f"{self._place.url(_LISTS[reason])}?{urlencode({'limit': page_size})}"
        response = yield from _ask(self._place.request("GET", url))
        items, following = self._read(response, reason)
        if following == url:
            raise settled(not_understood("has itself as the next page", response), PROVIDER)
        next_token = f"{reason} {following}"
        if not items:
            # The last page says a next one too, which is empty.
            position = lists.index(reason) + 1
            next_token = lists[position] if position < len(lists) else ""
        found = [_entry(reason, item, response) for item in items]
        return Page(
            items=tuple(each for each in found if chosen.takes(each)), next_token=next_token
        )

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """The entry of one address: a complaint before a bounce, and that before the rest."""
        for reason, name in _LISTS.items():
            url = f"{self._place.url(name)}/{quote(email_address, safe='')}"
            response = yield from _find(self._place.request("GET", url))
            if response is not None:
                return _entry(reason, _document(response), response)
        return None

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Put addresses on one of the lists; Mailgun takes all or none."""
        now = datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S UTC")
        more: dict[str, object] = {}
        if reason == BOUNCE:
            more = {"code": _HARD_BOUNCE, "error": ""}
        elif reason == UNSUBSCRIBE:
            more = {"tags": [_ALL_TAGS]}
        request = json_request(
            self._place.url(_LISTS[reason]),
            [{"address": each, **more, "created_at": now} for each in email_addresses],
            headers={"Authorization": self._place.authorization},
            timeout_seconds=self._place.timeout_seconds,
        )
        yield from _ask(request)
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off each of the lists, or off those for these reasons."""
        was_there = False
        for reason in reasons or self.reasons:
            url = f"{self._place.url(_LISTS[reason])}/{quote(email_address, safe='')}"
            response = yield from _find(self._place.request("DELETE", url))
            was_there = was_there or response is not None
        return was_there

    def _read(self, response: HttpResponse, reason: str) -> tuple[list[Mapping[str, Any]], str]:
        """
        The items of a page, and the address of the next.

        Raises:
            UnexpectedResponse: If the answer has neither, or leads elsewhere than to the same list:
                the key would go there.
        """
        document = _document(response)
        items, paging = document.get("items"), document.get("paging")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise settled(not_understood("has no readable items", response), PROVIDER)
        following = paging.get("next") if isinstance(paging, dict) else None
        if not items:
            return [], ""
        if not isinstance(following, str) or not _is_same(
            following, self._place.url(_LISTS[reason])
        ):
            raise settled(
                not_understood("has a next page that is not of the same list", response), PROVIDER
            )
        return items, following


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


def _ask(request: HttpRequest) -> Flow[HttpResponse]:
    return (yield from ask(request, provider=PROVIDER, error_of=_error_of))


def _find(request: HttpRequest) -> Flow[HttpResponse | None]:
    """The answer; None if the address is not on the list."""
    response: HttpResponse = yield from ask(request, provider=PROVIDER, error_of=_error_if_any)
    return None if response.status_code == 404 else response


def _error_of(response: HttpResponse) -> SendError | None:
    return None if response.status_code == 200 else error_of(response)


def _error_if_any(response: HttpResponse) -> SendError | None:
    return None if _says_absent(response) else _error_of(response)


def _says_absent(response: HttpResponse) -> bool:
    """
    Whether the answer says that the address is not there, and not that the domain is not.

    "Address not found in bounces table", "Address not found in unsubscribers table",
    "No spam complaints found for this address", "Unsubscribe event for this tag does not exist".
    """
    if response.status_code != 404:
        return False
    try:
        document = read_json(response)
    except SendError:
        return False
    words = document.get("message") if isinstance(document, dict) else None
    return isinstance(words, str) and "domain" not in words.lower()


def _document(response: HttpResponse) -> Mapping[str, Any]:
    try:
        document = read_json(response)
    except SendError as error:
        raise settled(error, PROVIDER) from None
    if not isinstance(document, dict):
        raise settled(not_understood("is no object", response), PROVIDER)
    return document


def _entry(reason: str, item: Mapping[str, Any], response: HttpResponse) -> SuppressedAddress:
    address = item.get("address")
    if not isinstance(address, str):
        raise settled(not_understood("has an entry without an address", response), PROVIDER)
    return SuppressedAddress(
        email_address=address,
        reason=reason,
        updated_at=_time(item.get("created_at")),
        detail=_detail(reason, item),
    )


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
