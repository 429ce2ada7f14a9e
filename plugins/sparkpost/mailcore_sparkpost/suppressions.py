"""
The suppression list of an account or a subaccount: addresses that SparkPost does not deliver to.

https://developers.sparkpost.com/api/suppression-list/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com). An address may be there twice: for
transactional messages and for the others. Without a subaccount in the options, SparkPost looks
through the lists of all subaccounts too, which may be 20 minutes behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    MANUAL,
    UNSUBSCRIBE,
    AccountCalls,
    Page,
    QuotaList,
    SuppressedAddress,
    SuppressionFilter,
)
from mailcore.errors import AuthenticationFailed, MessageRejected, SendError
from mailcore.flow import Flow, HttpResponse
from mailcore.http import Meaning, error_answer, json_or_none
from mailcore.webhook import parse_timestamp
from mailcore_sparkpost.errors import error_of, errors_in
from mailcore_sparkpost.options import SparkPostOptions
from mailcore_sparkpost.quota import PATH, SendQuota, read_quota


PROVIDER = "sparkpost"
TYPES = ("transactional", "non_transactional")

# 10,000 entries, of which each address takes two.
MAX_ADDRESSES = 5000
_LIST = "/suppression-list"
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
        self._calls = AccountCalls(
            PROVIDER,
            options.api_url,
            options.headers,
            error_of=_error_of,
            is_absent=_says_absent,
            timeout_seconds=options.timeout_seconds,
        )

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
        items, following = yield from self._listed(_LIST, parameters)
        return chosen.page_of(items, following)

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """The entry of one address: a complaint before a bounce, and that before the rest."""
        found, _ = yield from self._listed(_path(email_address))
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
        yield from self._calls.ask("PUT", _LIST, {"recipients": entries})
        return {}

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off, for messages of either type that it is there for."""
        found, _ = yield from self._listed(_path(email_address))
        chosen = [each for each in found if not reasons or each.reason in reasons]
        if not chosen:
            return False
        path = _path(email_address)
        if len(chosen) == len(found):
            return (yield from self._calls.find("DELETE", path)) is not None
        was_there = False
        for kind in dict.fromkeys(each.detail.partition(":")[0] for each in chosen):
            response = yield from self._calls.find("DELETE", path, {"type": kind})
            was_there |= response is not None
        return was_there

    def quota(self) -> Flow[SendQuota]:
        """How much may be sent."""
        response = yield from self._calls.ask("GET", PATH)
        return read_quota(self._calls.read_object(response), response)

    def _listed(
        self, path: str, query: Mapping[str, str] | None = None
    ) -> Flow[tuple[list[SuppressedAddress], str]]:
        """The entries of an answer, and the cursor of the next page; of what is absent, none."""
        response = yield from self._calls.find("GET", path, query=query)
        if response is None:
            return [], ""
        document = self._calls.read_object(response)
        items = self._calls.objects(document.get("results"), "has no readable results", response)
        if not all(isinstance(each.get("recipient"), str) for each in items):
            raise self._calls.unreadable("has an entry without a recipient", response)
        following = _cursor(document.get("links")) if items else ""
        if following and query is not None and following == query["cursor"]:
            raise self._calls.unreadable("has itself as the next page", response)
        return list(map(_entry, items)), following


def _path(email_address: str) -> str:
    return f"{_LIST}/{quote(email_address, safe='@')}"


def _entry(item: Mapping[str, Any]) -> SuppressedAddress:
    source, words = item.get("source"), item.get("description")
    told = [item.get("type"), words, source if source == "Compliance" else None]
    return SuppressedAddress(
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


def _says_absent(response: HttpResponse) -> bool:
    """Without these words, it is the address of the API that leads nowhere."""
    if response.status_code != 404:
        return False
    said = "; ".join(error.words for error in errors_in(json_or_none(response))).lower()
    return "recipient" in said or "not found" in said


def _error_of(response: HttpResponse) -> SendError:
    errors = errors_in(json_or_none(response))
    words = "; ".join(error.words for error in errors)
    if response.status_code == 403 and "compliance" in words.lower():
        return error_answer(response, _COMPLIANCE, words)
    if response.status_code == 400 and "recipient" in words.lower():
        return error_answer(response, _INVALID, words)
    return error_of(response, errors)


def _time_text(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")
