"""
Several messages in one call.

https://dev.mailjet.com/reference/email/send-emails/ (read 2026-11-30): up to 50 in ``Messages``,
each with a result in the answer, in their order. ``Globals`` has what all of them share: in no
guide, but in the types of Mailjet's own clients, node-mailjet (``lib/types/api/SendEmail.ts``) and
mailjet-rest (``mailjet_rest/types.py`` of 1.9.1), and what django-anymail sends (read 2026-11-30).
So do a batch's mails here; single messages stand alone, and can be joined as they are.
"""

from __future__ import annotations

import json

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import json_or_none
from mailcore.sending import Combined, JsonCall, combined_calls, joined_request


MAX_MESSAGES = 50
MAX_BYTES = 15_000_000
"""
How large calls for several messages are made. Mailjet documents 15 MB for the files of a message
(_send-api.md, read 2026-11-30), and for a call that there is a limit (``mj-0011``), not which.
"""

_MESSAGES = "Messages"


_ALONE = JsonCall(max_items=MAX_MESSAGES, max_bytes=MAX_BYTES, name=_MESSAGES)


class Layout(NamedTuple):
    """
    What stands where in a call.

    Attributes:
        beside: What it has beside ``Messages``: see :class:`~mailcore.sending.JsonCall`.
        to: How many recipients of the one mail stand in ``To``; in a batch it is one in each.
        cc: How many stand in ``Cc``; what is left does in ``Bcc``.
        mails: How many mails a batch has, one for each of the first recipients; 0 if it is none.
    """

    beside: bytes = b""
    to: int = 1
    cc: int = 0
    mails: int = 0


_SINGLE = Layout()


@dataclass(frozen=True, kw_only=True)
class SendRequest(HttpRequest):
    """
    A call of Send API v3.1.

    Args:
        layout: What stands where in it.
    """

    layout: Layout = _SINGLE


def call_with(beside: bytes) -> JsonCall:
    """What a call takes that has this beside its messages."""
    return replace(_ALONE, beside=beside) if beside else _ALONE


def calls_for(requests: Sequence[HttpRequest]) -> list[Combined[HttpRequest]]:
    """The fewest calls that carry all requests within the limits, ordered by their first ones."""
    return combined_calls(requests, key_of=_key, call_of=_call_of, join=combine)


def _key(request: HttpRequest) -> str | None:
    if not isinstance(request, SendRequest) or request.layout.mails:
        return None
    return f"{request.url}#{request.layout.beside.decode('ascii')}"


def _call_of(key: str) -> JsonCall:
    return call_with(key.partition("#")[2].encode("ascii"))


def combine(requests: Sequence[HttpRequest]) -> HttpRequest:
    """
    One call for several requests of a message each.

    Args:
        requests: The requests to join, `MAX_MESSAGES` at most, which say the same beside their
            messages.

    Raises:
        ValueError: If they cannot share a call.
    """
    keys = {_key(request) for request in requests}
    key = keys.pop() if len(keys) == 1 else None
    if key is None:
        raise ValueError("requests that cannot share a call cannot be combined")
    call = _call_of(key)
    body = call.joined(call.within(request.body) for request in requests)
    return joined_request(requests[0].url, requests, body)


def split(requests: Sequence[HttpRequest], response: HttpResponse) -> Sequence[HttpResponse]:
    """
    The answer to each of the requests that were combined, as if it had been sent alone.

    An answer without one result for each, such as an error of the whole call, is the answer to
    each: no request is told that it was accepted because another one was.
    """
    items = _results(response)
    if items is None or len(items) != len(requests):
        return [response] * len(requests)
    return [
        replace(
            response,
            status_code=_status_of(item, response.status_code),
            body=json.dumps({_MESSAGES: [item]}).encode("ascii"),
        )
        for item in items
    ]


def _results(response: HttpResponse) -> list[Any] | None:
    document = json_or_none(response)
    items = document.get(_MESSAGES) if isinstance(document, dict) else None
    return items if isinstance(items, list) else None


def _status_of(item: Any, status_code: int) -> int:
    """The call has one status for all: 400 if a single one of its messages is refused."""
    status = item.get("Status") if isinstance(item, dict) else None
    if status == "success":
        return 200
    if status == "error":
        return max(status_code, 400)
    return status_code
