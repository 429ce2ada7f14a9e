"""
The suppression list of an account or a subaccount: addresses that SparkPost does not deliver to.

https://developers.sparkpost.com/api/suppression-list/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com). An address may be there twice: for
transactional messages and for the others. Without a subaccount in the options, SparkPost looks
through the lists of all subaccounts too, which may be 20 minutes behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

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
from mailcore.errors import AuthenticationFailed, MessageRejected, SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import (
    Meaning,
    ask,
    error_answer,
    json_bytes,
    not_understood,
    read_json,
    settled,
)
from mailcore.webhook import parse_timestamp
from mailcore_sparkpost.errors import error_of, errors_in
from mailcore_sparkpost.options import SparkPostOptions
from mailcore_sparkpost.quota import PATH, SendQuota, read_quota


PROVIDER = "sparkpost"
TYPES = ("transactional", "non_transactional")

# 10,000 entries, of which each address takes two.
MAX_ADDRESSES = 5000
_MAX_LIST_BYTES = 64 * 1024 * 1024
_SOURCES = {
    COMPLAINT: ("Spam Complaint",),
    BOUNCE: ("Bounce Rule",),
    UNSUBSCRIBE: ("List Unsubscribe", "Unsubscribe Link"),
    MANUAL: ("Manually Added", "Compliance"),
}
_REASONS = {source: reason for reason, sources in _SOURCES.items() for source in sources}
_COMPLIANCE = Meaning(
    AuthenticationFailed, "not_allowed", "SparkPost's own people put the address there"
)
_INVALID = Meaning(MessageRejected, "invalid_address")


class SparkPostSuppressions(QuotaList[SendQuota]):
    """
    The list of the account, or of the subaccount of the options.

    Args:
        options: The options of the provider.
    """

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL)
    put_reasons: ClassVar[tuple[str, ...]] = (MANUAL,)
    addresses_per_call: ClassVar[int] = MAX_ADDRESSES

    def __init__(self, options: SparkPostOptions) -> None:
        self._options = options
        self._url = f"{options.api_url}/suppression-list"

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """Some entries; a token is the cursor that SparkPost told."""
        parameters = {"cursor": token or "initial", "per_page": str(page_size)}
        sources = [source for reason in chosen.reasons for source in _SOURCES[reason]]
        if sources:
            parameters["sources"] = ",".join(sources)
        for name, moment in (("from", chosen.start), ("to", chosen.end)):
            if moment is not None:
                parameters[name] = _time_text(moment)
        request = self._request("GET", f"{self._url}?{urlencode(parameters)}")
        document = yield from _document(request)
        items = list(_entries(document))
        following = _cursor(document.get("links")) if items else ""
        if following and following == parameters["cursor"]:
            response = HttpResponse(status_code=200)
            raise settled(not_understood("has itself as the next page", response), PROVIDER)
        return Page(items=tuple(each for each in items if chosen.takes(each)), next_token=following)

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """The entry of one address: a complaint before a bounce, and that before the rest."""
        found = yield from self._of(email_address)
        order = list(_SOURCES)
        return min(
            found,
            key=lambda each: order.index(each.reason) if each.reason in order else len(order),
            default=None,
        )

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Put addresses there, for messages of both types; SparkPost takes all or none."""
        entries = [
            {"recipient": address, "type": kind, "description": "put there by mailcore"}
            for address in email_addresses
            for kind in TYPES
        ]
        yield from _asked(self._request("PUT", self._url, {"recipients": entries}))
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off, for messages of either type that it is there for."""
        found = yield from self._of(email_address)
        chosen = [each for each in found if not reasons or each.reason in reasons]
        if not chosen:
            return False
        url = self._address_url(email_address)
        if len(chosen) == len(found):
            response = yield from _asked(self._request("DELETE", url))
            return not _is_absent(response)
        was_there = False
        for kind in dict.fromkeys(each.detail.partition(":")[0] for each in chosen):
            response = yield from _asked(self._request("DELETE", url, {"type": kind}))
            was_there |= not _is_absent(response)
        return was_there

    def quota(self) -> Flow[SendQuota]:
        """How much may be sent."""
        response = yield from _asked(self._request("GET", self._options.api_url + PATH))
        return read_quota(_object(response), response)

    def _of(self, email_address: str) -> Flow[list[SuppressedAddress]]:
        document = yield from _document(self._request("GET", self._address_url(email_address)))
        return list(_entries(document))

    def _address_url(self, email_address: str) -> str:
        return f"{self._url}/{quote(email_address, safe='@')}"

    def _request(self, method: str, url: str, payload: object = None) -> HttpRequest:
        return HttpRequest(
            method=method,
            url=url,
            headers=self._options.headers,
            body=b"" if payload is None else json_bytes(payload),
            timeout_seconds=self._options.timeout_seconds,
            max_response_bytes=_MAX_LIST_BYTES,
        )


def _asked(request: HttpRequest) -> Flow[HttpResponse]:
    return (yield from ask(request, provider=PROVIDER, error_of=_error_of))


def _document(request: HttpRequest) -> Flow[Mapping[str, Any]]:
    """The answer; without results if the address is not on the list."""
    response = yield from _asked(request)
    if _is_absent(response):
        return {}
    document = _object(response)
    results = document.get("results")
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise settled(not_understood("has no readable results", response), PROVIDER)
    if not all(isinstance(each.get("recipient"), str) for each in results):
        raise settled(not_understood("has an entry without a recipient", response), PROVIDER)
    return document


def _object(response: HttpResponse) -> Mapping[str, Any]:
    try:
        document = read_json(response)
    except SendError as error:
        raise settled(error, PROVIDER) from None
    if not isinstance(document, dict):
        raise settled(not_understood("is no object", response), PROVIDER)
    return document


def _entries(document: Mapping[str, Any]) -> Iterator[SuppressedAddress]:
    for item in document.get("results", ()):
        source, words = item.get("source"), item.get("description")
        told = [item.get("type"), words, source if source == "Compliance" else None]
        yield SuppressedAddress(
            email_address=item["recipient"],
            reason=_REASONS.get(source, source) if isinstance(source, str) else MANUAL,
            updated_at=parse_timestamp(item.get("updated")),
            detail=": ".join(each for each in told if isinstance(each, str) and each),
        )


def _cursor(links: object) -> str:
    """
    The cursor of the next page, of its address only: the key goes nowhere else.

    ``links`` is a list of objects with ``href`` and ``rel``, or an object with ``next``.
    """
    href = links.get("next") if isinstance(links, dict) else None
    for each in links if isinstance(links, list) else ():
        if isinstance(each, dict) and each.get("rel") == "next":
            href = each.get("href")
    if not isinstance(href, str):
        return ""
    try:
        found = parse_qs(urlsplit(href).query).get("cursor", [""])
    except ValueError:
        return ""
    return found[0]


def _is_absent(response: HttpResponse) -> bool:
    return response.status_code == 404


def _error_of(response: HttpResponse) -> SendError | None:
    if 200 <= response.status_code < 300:
        return None
    try:
        document = read_json(response)
    except SendError:
        document = None
    errors = errors_in(document)
    words = "; ".join(error.words for error in errors)
    said = words.lower()
    # Without these words, it is the address of the API that leads nowhere.
    if _is_absent(response) and errors and ("recipient" in said or "not found" in said):
        return None
    if response.status_code == 403 and "compliance" in said:
        return error_answer(response, _COMPLIANCE, words)
    if response.status_code == 400 and "recipient" in said:
        return error_answer(response, _INVALID, words)
    return error_of(response, errors)


def _time_text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")
