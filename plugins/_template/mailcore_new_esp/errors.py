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
)
from mailcore.flow import HttpResponse
from mailcore.http import Meaning, error_answer, json_or_none, meaning_of_status, text_in


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
    # What is not JSON is the page of a proxy, mostly: its status says enough.
    answer = json_or_none(response)
    error = answer.get("error") if isinstance(answer, dict) else None
    code = text_in(error, "code")
    return error_answer(
        response,
        ERRORS.get(code) or meaning_of_status(response.status_code),
        text_in(error, "message"),
        code=code,
    )
