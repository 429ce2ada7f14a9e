"""The answers of providers with an HTTP API: reading JSON, and which exception an error becomes."""

from __future__ import annotations

import json
import re
import time

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING, Any

from mailcore.errors import (
    AuthenticationFailed,
    MessageRejected,
    ProviderUnavailable,
    RateLimited,
    SendError,
    UnexpectedResponse,
)
from mailcore.foundation.redaction import redact


if TYPE_CHECKING:
    # Below flow: an HttpResponse reads itself with what is here.
    from mailcore.flow import HttpResponse


@dataclass(frozen=True)
class Meaning:
    """
    What an error of a provider means.

    Args:
        error: The class of the exception that is raised.
        category: The category, as in :class:`~mailcore.errors.SendError`; empty for that of the
            class.
        hint: What to do about it, where the provider's words do not say so.
        retryable: Whether the same message may succeed later; None for what the class of the error
            says.
        maybe_accepted: Whether the message may be on its way all the same.
    """

    error: type[SendError]
    category: str = ""
    hint: str = ""
    retryable: bool | None = None
    maybe_accepted: bool = False


def meaning_of_status(status_code: int, known: Mapping[int, Meaning] | None = None) -> Meaning:
    """
    What an HTTP status means if the provider says no more (RFC 9110, section 15).

    Args:
        status_code: The HTTP status of an answer that is no success, or that is one and was not
            understood.
        known: What the provider means by some statuses, which counts more.
    """
    if known is not None and status_code in known:
        return known[status_code]
    if status_code in _BY_STATUS:
        return _BY_STATUS[status_code]
    if status_code >= 500:
        return _OPEN
    if 400 <= status_code < 500:
        return _REJECTED
    return _UNEXPECTED


def may_be_accepted(status_code: int) -> bool:
    """
    Whether a message may be on its way after an answer of which only the status is understood.

    Args:
        status_code: The HTTP status of any answer.
    """
    return meaning_of_status(status_code).maybe_accepted


_REJECTED = Meaning(MessageRejected)
_UNAVAILABLE = Meaning(ProviderUnavailable)
_OPEN = Meaning(ProviderUnavailable, retryable=False, maybe_accepted=True)
_GATEWAY = Meaning(ProviderUnavailable, "gateway", retryable=False, maybe_accepted=True)
_NO_ORIGIN = Meaning(ProviderUnavailable, "gateway")
_MOVED = Meaning(
    UnexpectedResponse, "redirected", "redirects are not followed: the base_url is wrong"
)
_SEE_OTHER = Meaning(
    UnexpectedResponse,
    "redirected",
    "redirects are not followed: check the base_url",
    maybe_accepted=True,
)
_UNEXPECTED = Meaning(UnexpectedResponse, maybe_accepted=True)

# Which answers mean "no". What is not here: 4xx means no, because it is the request that is at
# fault; 5xx and all else leaves it open. Sources: RFC 9110, section 15; RFC 6585; RFC 8470, section
# 5.2; for 520 and above
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
# (read 2026-11-30), which stands before many an API. A provider that documents one of them
# otherwise says so in its own table.
_BY_STATUS = {
    # The request is to be repeated elsewhere: it was not carried out here.
    301: _MOVED,
    # "The result is over there": a server that has carried it out may say so.
    302: _SEE_OTHER,
    303: _SEE_OTHER,
    307: _MOVED,
    308: _MOVED,
    401: Meaning(AuthenticationFailed, hint="check the credentials"),
    403: Meaning(AuthenticationFailed, "access_denied", "these credentials may not do this"),
    # The server did not get the whole request in time.
    408: _UNAVAILABLE,
    413: Meaning(MessageRejected, "too_large", "the message is larger than the provider takes"),
    # Not processed because it might be a replay; later it will not be early data.
    425: _UNAVAILABLE,
    # Refused before it was carried out, to be repeated later.
    429: Meaning(RateLimited),
    # It failed while the request was carried out: before or after the mail was taken.
    500: _OPEN,
    # What a client asks for that is not there will not be there later.
    501: Meaning(ProviderUnavailable, retryable=False),
    # A gateway had no answer, or none that it understood: nobody knows what lies behind it did.
    502: _GATEWAY,
    # Overloaded or in maintenance, so it does not handle the request; to be repeated later.
    503: _UNAVAILABLE,
    504: _GATEWAY,
    505: Meaning(ProviderUnavailable, retryable=False),
    # The origin's answer was empty or not understood.
    520: _GATEWAY,
    # The origin refused the connection.
    521: _NO_ORIGIN,
    # The origin took too long to connect, or did not acknowledge the request that it was sent.
    522: _GATEWAY,
    # The origin could not be reached.
    523: _NO_ORIGIN,
    # It was connected, and did not answer in time.
    524: _GATEWAY,
    # The TLS handshake with the origin failed: nothing was written.
    525: _NO_ORIGIN,
    # So it did for an invalid certificate, which stays so until somebody replaces it.
    526: Meaning(ProviderUnavailable, "gateway", retryable=False),
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
        meaning: What the answer means, from the provider's codes or by :func:`meaning_of_status`.
        words: What the provider says is wrong, in its words.
        status_code: The HTTP status of the answer.
        code: The provider's own code of the error, which becomes the exception's `code`.
        headers: The headers of the answer, names in lower case; used are those that say when to try
            again.
        maybe_accepted: Whether the message may be on its way in this case, whatever the meaning
            says; None for what the meaning says.
        raw: The answer, which becomes the exception's `raw`.
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


def error_answer(
    response: HttpResponse,
    meaning: Meaning,
    words: str,
    *,
    code: str = "",
    headers: Mapping[str, str] | None = None,
) -> SendError:
    """
    As :func:`send_error`, with status, headers and `raw` from the answer itself.

    Args:
        response: The answer that is no success.
        meaning: What the answer means, from the provider's codes or by :func:`meaning_of_status`.
        words: What the provider says is wrong, in its words.
        code: The provider's own code of the error, which becomes the exception's `code`.
        headers: Header fields that say when to try again, in place of the answer's own.
    """
    return send_error(
        meaning,
        words,
        status_code=response.status_code,
        code=code,
        headers=response.headers if headers is None else headers,
        raw=response,
    )


def retry_after_seconds(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """
    How long the provider asks to wait (RFC 9110, section 10.2.3).

    Args:
        headers: The headers of an answer, names in lower case.
        now: Seconds since 1970; the clock's if None.

    Returns:
        Seconds, never negative; None if there is no such header or it cannot be read.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))


_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)


def seconds_until_reset(reset: str, *, now: float | None = None) -> float | None:
    """
    How long until a limit is lifted: for headers such as ``X-RateLimit-Reset``.

    No RFC says what stands there: seconds or milliseconds since 1970, or a duration in seconds.
    The sizes do not overlap. What is no number is read as a ``Retry-After``.

    Args:
        reset: The value of the header that says when the limit is reset.
        now: Seconds since 1970; the clock's if None.

    Returns:
        Seconds, never negative; None if it cannot be read.
    """
    if not _NUMBER.fullmatch(reset.strip()):
        return retry_after_seconds({"retry-after": reset}, now=now)
    value, moment = float(reset), time.time() if now is None else now
    if value > _LARGEST_EPOCH_SECONDS:
        return max(0.0, value / 1000 - moment)
    return max(0.0, value - moment) if value > _LARGEST_DURATION_SECONDS else value


_NUMBER = re.compile(r"\d{1,14}(?:\.\d{1,6})?", re.ASCII)
_LARGEST_EPOCH_SECONDS = 1e11
_LARGEST_DURATION_SECONDS = 1e9


def read_json(response: HttpResponse) -> Any:
    """
    The JSON of an answer, whatever its status.

    Raises:
        UnexpectedResponse: If the answer is not JSON; ``maybe_accepted`` as
            :func:`may_be_accepted` says.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        raise not_understood("is not JSON", response) from None


def json_or_none(response: HttpResponse) -> Any:
    """
    The JSON of an answer, whatever its status; None if it is not JSON, such as a proxy's page.

    Args:
        response: The answer that need not be JSON.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None


def text_in(document: object, name: str) -> str:
    """
    A text of a JSON object; empty if it is missing or null, or if something else is there.

    Args:
        document: The document of an answer, or an object within; what is no object has no texts.
        name: The name that the text has in the object.
    """
    value = document.get(name) if isinstance(document, Mapping) else None
    return value if isinstance(value, str) else ""


def not_understood(what: str, response: HttpResponse) -> UnexpectedResponse:
    """
    The exception for an answer that the provider's documentation does not have.

    Args:
        what: What is wrong with it, following "the answer".
        response: The answer that could not be read.
    """
    kind = response.headers.get("content-type", "")
    described = f" ({kind.partition(';')[0][:60]})" if kind else ""
    return UnexpectedResponse(
        f"the answer{described} with status {response.status_code} {what}",
        status_code=response.status_code,
        maybe_accepted=may_be_accepted(response.status_code),
        raw=response,
    )
