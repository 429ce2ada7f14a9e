"""
The suppression list of a message stream: addresses that Postmark does not deliver to.

https://postmarkapp.com/developer/api/suppressions-api and the errors of
https://postmarkapp.com/developer/api/overview#error-codes (read 2026-11-30, the second half of the
first in the tests of Postmark's clients and in copies of the list). There are no pages: one answer
has the whole list. Postmark takes up to 50 addresses in a call, and may need a minute until what
was asked for counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    MANUAL,
    UNSUBSCRIBE,
    AccountCalls,
    Page,
    SuppressedAddress,
    SuppressionFilter,
    SuppressionList,
)
from mailcore.errors import AuthenticationFailed, MessageRejected, ProviderUnavailable, SendError
from mailcore.flow import Flow, HttpResponse
from mailcore.foundation import redact
from mailcore.http import Meaning, error_answer, json_or_none, text_in
from mailcore.webhook import parse_timestamp
from mailcore_postmark.errors import api_error, status_error
from mailcore_postmark.options import TOKEN_HEADER, PostmarkOptions


PROVIDER = "postmark"
DEFAULT_STREAM = "outbound"
MAX_ADDRESSES = 50

# Some 150 bytes for each address.
_MAX_LIST_BYTES = 512 * 1024 * 1024
_BY_REASON = {"HardBounce": BOUNCE, "SpamComplaint": COMPLAINT, "ManualSuppression": MANUAL}
_RECIPIENT = "Recipient"
_ASKED_FOR = {
    BOUNCE: ("HardBounce",),
    COMPLAINT: ("SpamComplaint",),
    MANUAL: ("ManualSuppression",),
    UNSUBSCRIBE: ("ManualSuppression",),
}

_OURS = Meaning(MessageRejected, "bad_request", "Postmark's API is not as it is known here")
_FAILED = Meaning(ProviderUnavailable, "failed")
# What is not here means the same as when a message is sent.
_ERRORS = {
    # Nothing is on its way here, whatever became of it.
    101: _FAILED,
    **dict.fromkeys(range(1400, 1406), _OURS),
    1406: Meaning(
        AuthenticationFailed, "not_allowed", "Postmark lets nobody change spam complaints"
    ),
    1407: _FAILED,
    1408: Meaning(MessageRejected, "invalid_address"),
    **dict.fromkeys(range(1409, 1412), _OURS),
}


class PostmarkSuppressions(SuppressionList):
    """
    The list of a stream.

    Args:
        options: The options of the provider.
        server_token: API token of the server.
    """

    provider: ClassVar[str] = PROVIDER
    reasons: ClassVar[tuple[str, ...]] = (BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL)
    put_reasons: ClassVar[tuple[str, ...]] = (MANUAL,)
    addresses_per_call: ClassVar[int] = MAX_ADDRESSES

    def __init__(self, options: PostmarkOptions, server_token: str) -> None:
        stream = quote(options.message_stream or DEFAULT_STREAM, safe="")
        self._calls = AccountCalls(
            PROVIDER,
            f"{options.base_url}/message-streams/{stream}/suppressions",
            {TOKEN_HEADER: server_token},
            error_of=_error_of,
            error_in=_error_in,
            timeout_seconds=options.timeout_seconds,
            max_response_bytes=_MAX_LIST_BYTES,
        )

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """The whole list: Postmark has no pages."""
        parameters = _dates(chosen)
        asked = {each for reason in chosen.reasons for each in _ASKED_FOR[reason]}
        if len(asked) == 1:
            parameters["SuppressionReason"] = asked.pop()
        found = yield from self._dump(parameters)
        return chosen.page_of(found)

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """Ask for one address."""
        found = yield from self._dump({"EmailAddress": email_address})
        return self.entry_of(email_address, found)

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Put addresses there, as ManualSuppression of the origin Customer."""
        return (yield from self._change("", email_addresses, "Suppressed"))

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off; of a hard bounce, that activates it again."""
        # Postmark says "Deleted" of addresses that were not there too.
        if not (yield from self.is_there_for(email_address, reasons)):
            return False
        refused = yield from self._change("/delete", (email_address,), "Deleted")
        for words in refused.values():
            raise MessageRejected(redact(words), provider=PROVIDER, category="suppression_refused")
        return True

    def _dump(self, parameters: Mapping[str, str]) -> Flow[list[SuppressedAddress]]:
        response = yield from self._calls.ask("GET", "/dump", query=parameters)
        return [self._entry(item, response) for item in self._items(response)]

    def _change(
        self, path: str, email_addresses: tuple[str, ...], status: str
    ) -> Flow[Mapping[str, str]]:
        """Postmark's words about each address that it refused."""
        asked = {"Suppressions": [{"EmailAddress": each} for each in email_addresses]}
        response = yield from self._calls.ask("POST", path, asked)
        items = self._items(response)
        if len(items) != len(email_addresses):
            raise self._calls.unreadable("has not one result for each address", response)
        refused: dict[str, str] = {}
        # In the order in which they were asked for, as the example of the documentation is.
        for address, item in zip(email_addresses, items, strict=True):
            if item.get("Status") != status:
                refused[address] = text_in(item, "Message") or "refused"
        return refused

    def _items(self, response: HttpResponse) -> list[Mapping[str, Any]]:
        listed = self._calls.read_object(response).get("Suppressions")
        return self._calls.objects(listed, "has no readable Suppressions", response)

    def _entry(self, item: Mapping[str, Any], response: HttpResponse) -> SuppressedAddress:
        address, given = item.get("EmailAddress"), item.get("SuppressionReason")
        if not isinstance(address, str) or not isinstance(given, str):
            raise self._calls.unreadable("has an unreadable Suppressions", response)
        reason, origin = _BY_REASON.get(given, given), text_in(item, "Origin")
        if reason == MANUAL and origin == _RECIPIENT:
            # Whoever follows the link to unsubscribe is put there so.
            reason = UNSUBSCRIBE
        return SuppressedAddress(
            email_address=address,
            reason=reason,
            updated_at=parse_timestamp(item.get("CreatedAt")),
            detail=origin,
        )


def _dates(chosen: SuppressionFilter) -> dict[str, str]:
    """
    The days in between, and one more on both sides.

    The documentation does not say which time zone they are of.
    """
    days = zip(("fromdate", "todate"), chosen.days, strict=True)
    return {name: day for name, day in days if day is not None}


def _error_of(response: HttpResponse) -> SendError:
    error = _error_in(response)
    if error is not None:
        return error
    if response.status_code == 500:
        return error_answer(response, _FAILED, "an internal error of Postmark's")
    return status_error(response)


def _error_in(response: HttpResponse) -> SendError | None:
    """The error of an answer with a code, whatever its status."""
    document = json_or_none(response)
    code = document.get("ErrorCode") if isinstance(document, dict) else None
    if type(code) is not int or not code:
        return None
    words = text_in(document, "Message")
    if code not in _ERRORS:
        return api_error(code, words, response)
    return error_answer(response, _ERRORS[code], words, code=str(code))
