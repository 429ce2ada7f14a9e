"""
Several messages in one call.

https://postmarkapp.com/developer/user-guide/send-email-with-api/batch-emails (read 2026-11-21): up
to 500 messages and 50 MB in a call; the answer is a list with a result for each, in their order.

``/email/batch`` takes the messages in an array, ``/email/batchWithTemplates`` in an object with
``Messages``. Each message is the object that ``/email`` or ``/email/withTemplate`` takes, so that
bodies of requests can be joined as they are.
"""

from __future__ import annotations

import json

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from mailcore.flow import HttpRequest, HttpResponse
from mailcore.sending import Combined, JsonCall, combined_calls, joined_request
from mailcore_postmark.options import TOKEN_HEADER


MAX_MESSAGES = 500
MAX_BYTES = 50_000_000

SINGLE, TEMPLATE = "/email", "/email/withTemplate"
BATCH, TEMPLATE_BATCH = "/email/batch", "/email/batchWithTemplates"

_BATCH_OF = {SINGLE: BATCH, TEMPLATE: TEMPLATE_BATCH}


@dataclass(frozen=True, kw_only=True)
class BatchRequest(HttpRequest):
    """
    The call of one message with a mail for each recipient.

    Args:
        messages: How many mails: the first that many of `recipients` get one each.
    """

    messages: int


# The same room in both: a message that goes alone is not changed by a template.
_ARRAY = JsonCall(max_items=MAX_MESSAGES, max_bytes=MAX_BYTES - len(b'{"Messages":}'))
_OBJECT = JsonCall(max_items=MAX_MESSAGES, max_bytes=MAX_BYTES, name="Messages")


def call_of(url: str) -> JsonCall:
    """What a call with several messages takes, by its URL; a fragment behind that is left out."""
    return _OBJECT if url.partition("#")[0].endswith(TEMPLATE_BATCH) else _ARRAY


def combinable(request: HttpRequest) -> str | None:
    """
    Which call a request could join: those with the same text can be combined.

    The text is the URL of the batch and, since one call has one token, a digest of that.

    Returns:
        None if the request cannot share a call.
    """
    if isinstance(request, BatchRequest) or request.method != "POST":
        return None
    for path, batch in _BATCH_OF.items():
        if request.url.endswith(path):
            token = request.headers.get(TOKEN_HEADER, "")
            digest = sha256(token.encode()).hexdigest()[:16]
            return f"{request.url[: -len(path)]}{batch}#{digest}"
    return None


def calls_for(requests: Sequence[HttpRequest]) -> list[Combined[HttpRequest]]:
    """The fewest calls that carry all requests: within the limits, in the order of the first."""
    return combined_calls(requests, key_of=combinable, call_of=call_of, join=combine)


def combine(requests: Sequence[HttpRequest]) -> HttpRequest:
    """
    One call for several requests.

    Args:
        requests: The requests, of which :func:`combinable` says the same; at most `MAX_MESSAGES`,
            with bodies of at most `MAX_BYTES`.

    Raises:
        ValueError: If they cannot share a call.
    """
    keys = {combinable(request) for request in requests}
    key = keys.pop() if len(keys) == 1 else None
    if key is None:
        raise ValueError("requests that cannot share a call cannot be combined")
    url = key.partition("#")[0]
    body = call_of(url).joined(request.body for request in requests)
    return joined_request(url, requests, body)


def split(requests: Sequence[HttpRequest], response: HttpResponse) -> Sequence[HttpResponse]:
    """
    The answer to each of the requests that were combined, as if it had been sent alone.

    An answer to the call as a whole is the answer to each. One that is not understood stays so: no
    request is told that it was accepted because another one was.
    """
    if not 200 <= response.status_code < 300:
        return [response] * len(requests)
    try:
        items = json.loads(response.body)
    except (ValueError, RecursionError):
        return [response] * len(requests)
    if not isinstance(items, list):
        refused = isinstance(items, dict) and items.get("ErrorCode")
        answer = response if refused else replace(response, body=b"[" + response.body + b"]")
        return [answer] * len(requests)
    if len(items) != len(requests):
        return [response] * len(requests)
    return [
        HttpResponse(
            # An item without a code is accepted: see mailcore_postmark.answers. One whose code is
            # no number is not understood, which must not become a refusal.
            status_code=422 if _is_refused(item) else 200,
            headers=response.headers,
            body=json.dumps(item).encode("ascii"),
        )
        for item in items
    ]


def _is_refused(item: Any) -> bool:
    code = item.get("ErrorCode") if isinstance(item, dict) else 0
    return type(code) is int and code != 0
