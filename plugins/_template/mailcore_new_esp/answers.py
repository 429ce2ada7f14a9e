"""What New ESP answers: statuses of recipients, or an error and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import Meaning, meaning_of_status, not_understood, read_json, send_error
from mailcore.result import RecipientStatus, SendStatus


ERRORS: Mapping[str, Meaning] = {
    "invalid_key": Meaning(AuthenticationFailed, hint="check api_key"),
    "account_suspended": Meaning(AuthenticationFailed, "account_suspended"),
    "invalid_message": Meaning(MessageRejected),
    "sender_not_verified": Meaning(
        MessageRejected,
        "sender_not_verified",
        "verify the domain of the sender",
    ),
    "template_not_found": Meaning(MessageRejected, "template_not_found"),
    "too_large": Meaning(MessageRejected, "too_large"),
    "too_many_requests": Meaning(RateLimited),
    "daily_quota": Meaning(QuotaExceeded, "daily_quota"),
    "maintenance": Meaning(ProviderUnavailable),
}
"""By the service's code; what is not here is known by its HTTP status."""

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
) -> dict[str, RecipientStatus]:
    """
    Read an answer.

    Args:
        request: What was sent.
        response: The answer to it.

    Returns:
        A status for each recipient that the answer names.

    Raises:
        SendError: If the request as a whole was refused, or the answer cannot be read.
    """
    if not 200 <= response.status_code < 300:
        raise _error(response)
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
    named = item.get("status")
    status = STATUSES.get(named) if isinstance(named, str) else None
    message_id, reason = item.get("message_id"), item.get("reason")
    return item["email"], RecipientStatus(
        status or SendStatus.UNKNOWN,
        message_id=message_id if isinstance(message_id, str) else None,
        code=named if isinstance(named, str) else "",
        detail=reason if isinstance(reason, str) else "",
        retryable=named == "deferred",
        # A status that nobody knows yet may well be one of those that send.
        maybe_accepted=status is None,
    )


def _error(response: HttpResponse) -> SendError:
    try:
        answer = read_json(response)
    except UnexpectedResponse:
        # The page of a proxy, mostly: its status says enough.
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        error = {}
    code, words = error.get("code"), error.get("message")
    known = ERRORS.get(code) if isinstance(code, str) else None
    return send_error(
        known or meaning_of_status(response.status_code),
        words if isinstance(words, str) else "",
        status_code=response.status_code,
        code=code if isinstance(code, str) else "",
        headers=response.headers,
        raw=response,
    )
