"""The answers of providers with an HTTP API: reading JSON, and which exception an error becomes."""

from __future__ import annotations

import json
import re
import time

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any

from mailcore.address import redact
from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.flow import HttpResponse


@dataclass(frozen=True)
class Meaning:
    """
    What an error of a provider means.

    Args:
        error: The exception.
        category: See :class:`~mailcore.errors.SendError`; empty for that of the class.
        hint: What to do about it, where the provider's words do not say so.
        retryable: If it differs from that of the class.
        maybe_accepted: Whether the message may be on its way all the same.
    """

    error: type[SendError]
    category: str = ""
    hint: str = ""
    retryable: bool | None = None
    maybe_accepted: bool = False


def meaning_of_status(status_code: int) -> Meaning:
    """
    What an HTTP status means if the provider says no more (RFC 9110, section 15).

    Args:
        status_code: Of an answer that is no success.
    """
    if status_code in _BY_STATUS:
        return _BY_STATUS[status_code]
    if status_code >= 500:
        return _UNAVAILABLE
    if 400 <= status_code < 500:
        return _REJECTED
    return _UNEXPECTED


_REJECTED = Meaning(MessageRejected)
_UNAVAILABLE = Meaning(ProviderUnavailable)
_UNEXPECTED = Meaning(UnexpectedResponse)
_GATEWAY = Meaning(ProviderUnavailable, "gateway", retryable=False, maybe_accepted=True)
_BY_STATUS = {
    401: Meaning(AuthenticationFailed, hint="check the credentials"),
    403: Meaning(AuthenticationFailed, "access_denied", "these credentials may not do this"),
    408: _UNAVAILABLE,
    413: Meaning(MessageRejected, "too_large", "the message is larger than the provider takes"),
    429: Meaning(RateLimited),
    # RFC 9110, section 15.6: what a client asks for that is not there will not be there later.
    501: Meaning(ProviderUnavailable, retryable=False),
    # A gateway had no answer, or none that it understood: nobody knows what lies behind it did.
    502: _GATEWAY,
    504: _GATEWAY,
    505: Meaning(ProviderUnavailable, retryable=False),
}


def send_error(
    meaning: Meaning,
    words: str,
    *,
    status_code: int,
    code: str = "",
    headers: Mapping[str, str] | None = None,
    maybe_accepted: bool = False,
    raw: Any = None,
) -> SendError:
    """
    The exception for an error answer; its text is the provider's words, redacted, and the hint.

    Args:
        meaning: From the provider's codes, or :func:`meaning_of_status`.
        words: The provider's.
        status_code: Of the answer.
        code: The provider's own.
        headers: Of the answer, names in lower case: those that say when to try again.
        maybe_accepted: If it is so in this case, whatever the meaning says.
        raw: The answer.
    """
    said = redact(" ".join(words.split()))[:500] or "no message"
    text = f"{code or status_code}: {said}"
    return meaning.error(
        f"{text} ({meaning.hint})" if meaning.hint else text,
        category=meaning.category,
        retryable=meaning.retryable,
        maybe_accepted=meaning.maybe_accepted or maybe_accepted,
        status_code=status_code,
        code=code,
        retry_after_seconds=retry_after_seconds(headers or {}),
        raw=raw,
    )


def retry_after_seconds(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """
    How long the provider asks to wait (RFC 9110, section 10.2.3).

    Args:
        headers: Of an answer, names in lower case.
        now: Seconds since 1970; the clock's if None.

    Returns:
        Seconds, never negative; None if there is no such header or it cannot be read.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))


_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)


def read_json(response: HttpResponse) -> Any:
    """
    The JSON of an answer, whatever its status.

    Raises:
        UnexpectedResponse: If it is none; ``maybe_accepted`` if the status says success.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        raise not_understood("is not JSON", response) from None


def not_understood(what: str, response: HttpResponse) -> UnexpectedResponse:
    """
    The exception for an answer that the provider's documentation does not have.

    Args:
        what: What is wrong with it, following "the answer".
        response: The answer.
    """
    kind = response.headers.get("content-type", "")
    described = f" ({kind.partition(';')[0][:60]})" if kind else ""
    return UnexpectedResponse(
        f"the answer{described} with status {response.status_code} {what}",
        status_code=response.status_code,
        maybe_accepted=200 <= response.status_code < 300,
        raw=response,
    )
