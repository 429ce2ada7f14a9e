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
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from mailcore.account import (
    BOUNCE,
    COMPLAINT,
    MANUAL,
    UNSUBSCRIBE,
    Page,
    SuppressedAddress,
    SuppressionFilter,
    SuppressionList,
)
from mailcore.address import address_key
from mailcore.errors import AuthenticationFailed, MessageRejected, ProviderUnavailable, SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.foundation import redact
from mailcore.http import (
    Meaning,
    ask,
    error_answer,
    json_request,
    not_understood,
    read_json,
    settled,
)
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
_STREAM = Meaning(
    MessageRejected, "message_stream_not_found", "check message_stream, and the server it is on"
)
_FAILED = Meaning(ProviderUnavailable, "failed")
_ERRORS = {
    # Nothing is on its way here, whatever became of it.
    101: _FAILED,
    **dict.fromkeys((1222, 1226, 1227, 1235), _STREAM),
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
        self._options = options
        self._server_token = server_token
        stream = quote(options.message_stream or DEFAULT_STREAM, safe="")
        self._url = f"{options.base_url}/message-streams/{stream}/suppressions"

    def page(
        self, token: str, chosen: SuppressionFilter, page_size: int
    ) -> Flow[Page[SuppressedAddress]]:
        """The whole list: Postmark has no pages."""
        parameters = _dates(chosen)
        asked = {each for reason in chosen.reasons for each in _ASKED_FOR[reason]}
        if len(asked) == 1:
            parameters["SuppressionReason"] = asked.pop()
        found = yield from self._dump(parameters)
        return Page(items=tuple(each for each in found if chosen.takes(each)))

    def get(self, email_address: str) -> Flow[SuppressedAddress | None]:
        """Ask for one address."""
        found = yield from self._dump({"EmailAddress": email_address})
        key = address_key(email_address)
        return next((each for each in found if address_key(each.email_address) == key), None)

    def put(self, email_addresses: tuple[str, ...], reason: str) -> Flow[Mapping[str, str]]:
        """Put addresses there, as ManualSuppression of the origin Customer."""
        return (yield from self._change(self._url, email_addresses, "Suppressed"))

    def delete(self, email_address: str, reasons: tuple[str, ...]) -> Flow[bool]:
        """Take an address off; of a hard bounce, that activates it again."""
        # Postmark says "Deleted" of addresses that were not there too.
        entry = yield from self.get(email_address)
        if entry is None or (reasons and entry.reason not in reasons):
            return False
        refused = yield from self._change(f"{self._url}/delete", (email_address,), "Deleted")
        for words in refused.values():
            raise MessageRejected(redact(words), provider=PROVIDER, category="suppression_refused")
        return True

    def _dump(self, parameters: Mapping[str, str]) -> Flow[list[SuppressedAddress]]:
        query = f"?{urlencode(parameters)}" if parameters else ""
        request = HttpRequest(
            method="GET",
            url=f"{self._url}/dump{query}",
            headers={"Accept": "application/json", **self._authorization()},
            timeout_seconds=self._options.timeout_seconds,
            max_response_bytes=_MAX_LIST_BYTES,
        )
        items, response = yield from _items(request)
        return [_entry(item, response) for item in items]

    def _change(
        self, url: str, email_addresses: tuple[str, ...], status: str
    ) -> Flow[Mapping[str, str]]:
        """Postmark's words about each address that it refused."""
        request = json_request(
            url,
            {"Suppressions": [{"EmailAddress": each} for each in email_addresses]},
            headers=self._authorization(),
            timeout_seconds=self._options.timeout_seconds,
        )
        items, response = yield from _items(request)
        if len(items) != len(email_addresses):
            raise settled(not_understood("has not one result for each address", response), PROVIDER)
        refused: dict[str, str] = {}
        # In the order in which they were asked for, as the example of the documentation is.
        for address, item in zip(email_addresses, items, strict=True):
            if item.get("Status") != status:
                words = item.get("Message")
                refused[address] = words if isinstance(words, str) and words else "refused"
        return refused

    def _authorization(self) -> dict[str, str]:
        return {TOKEN_HEADER: self._server_token}


def _dates(chosen: SuppressionFilter) -> dict[str, str]:
    """
    The days in between, and one more on both sides.

    The documentation does not say which time zone they are of.
    """
    parameters = {}
    if chosen.start is not None:
        parameters["fromdate"] = _day(chosen.start, -1)
    if chosen.end is not None:
        parameters["todate"] = _day(chosen.end, 1)
    return parameters


def _day(moment: datetime, days: int) -> str:
    day = moment.date()
    try:
        return (day + timedelta(days=days)).isoformat()
    except OverflowError:
        return (date.min if days < 0 else date.max).isoformat()


def _items(request: HttpRequest) -> Flow[tuple[list[Mapping[str, Any]], HttpResponse]]:
    response: HttpResponse = yield from ask(request, provider=PROVIDER, error_of=_error_of)
    document = read_json(response)
    items = document["Suppressions"]
    if not all(isinstance(item, dict) for item in items):
        raise settled(not_understood("has an unreadable Suppressions", response), PROVIDER)
    return items, response


def _error_of(response: HttpResponse) -> SendError | None:
    """The error that an answer is; None if it has a list of suppressions."""
    is_success = 200 <= response.status_code < 300
    try:
        document = read_json(response)
    except SendError as error:
        return error if is_success else _of_status(response)
    code = document.get("ErrorCode") if isinstance(document, dict) else None
    if type(code) is int and code:
        words = document.get("Message")
        said = words if isinstance(words, str) else ""
        if code not in _ERRORS:
            return api_error(code, said, response)
        return error_answer(response, _ERRORS[code], said, code=str(code))
    if not is_success:
        return _of_status(response)
    if not isinstance(document, dict) or not isinstance(document.get("Suppressions"), list):
        return not_understood("has no Suppressions", response)
    return None


def _of_status(response: HttpResponse) -> SendError:
    if response.status_code == 500:
        return error_answer(response, _FAILED, "an internal error of Postmark's")
    return status_error(response)


def _entry(item: Mapping[str, Any], response: HttpResponse) -> SuppressedAddress:
    address, given = item.get("EmailAddress"), item.get("SuppressionReason")
    if not isinstance(address, str) or not isinstance(given, str):
        raise settled(not_understood("has an unreadable Suppressions", response), PROVIDER)
    origin = item.get("Origin")
    reason = _BY_REASON.get(given, given)
    if reason == MANUAL and origin == _RECIPIENT:
        # Whoever follows the link to unsubscribe is put there so.
        reason = UNSUBSCRIBE
    return SuppressedAddress(
        email_address=address,
        reason=reason,
        updated_at=parse_timestamp(item.get("CreatedAt")),
        detail=origin if isinstance(origin, str) else "",
    )
