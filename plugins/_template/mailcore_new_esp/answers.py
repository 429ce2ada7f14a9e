"""What became of each recipient, from the answers of New ESP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import not_understood, read_json, text_in
from mailcore.result import RecipientStatus, SendStatus
from mailcore_new_esp.errors import error_of


STATUSES: Mapping[str, SendStatus] = {
    "queued": SendStatus.QUEUED,
    "sent": SendStatus.SENT,
    "suppressed": SendStatus.REJECTED,
    "invalid": SendStatus.INVALID,
    "deferred": SendStatus.FAILED,
}
"""What the service says of a recipient."""


def statuses_of(
    request: HttpRequest,
    response: HttpResponse,
) -> Mapping[str, RecipientStatus]:
    """
    Read an answer.

    Args:
        request: The request that was sent.
        response: The answer to it.

    Returns:
        A status for each recipient that the answer names.

    Raises:
        SendError: If the request as a whole was refused, or the answer cannot be read.
    """
    if not 200 <= response.status_code < 300:
        raise error_of(response)
    answer = read_json(response)
    items = answer.get("recipients") if isinstance(answer, dict) else None
    if not isinstance(items, list) or not items:
        raise not_understood("names no recipients", response)
    statuses = dict(_status(item, response) for item in items)
    asked = set(map(address_key, request.recipients))
    if not asked.issuperset(map(address_key, statuses)):
        raise not_understood("names somebody else", response)
    return statuses


def _status(item: Any, response: HttpResponse) -> tuple[str, RecipientStatus]:
    if not isinstance(item, dict) or not isinstance(item.get("email"), str):
        raise not_understood("has a recipient without an address", response)
    named = text_in(item, "status")
    status = STATUSES.get(named)
    return item["email"], RecipientStatus(
        status or SendStatus.UNKNOWN,
        message_id=text_in(item, "message_id") or None,
        code=named,
        detail=text_in(item, "reason"),
        retryable=named == "deferred",
        # A status that nobody knows yet may well be one of those that send.
        maybe_accepted=status is None,
    )
