"""What the errors of New ESP mean: which exception, and whether to try again."""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse
from mailcore.http import Meaning, error_answer, meaning_of_status, read_json


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
"""Errors by the service's code; what is not here is known by its HTTP status."""


def error_of(response: HttpResponse) -> SendError:
    """
    Tell the exception for an answer that is no success.

    Args:
        response: The answer that is no success.
    """
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
    return error_answer(
        response,
        known or meaning_of_status(response.status_code),
        words if isinstance(words, str) else "",
        code=code if isinstance(code, str) else "",
    )
