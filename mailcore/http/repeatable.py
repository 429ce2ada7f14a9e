"""
Requests that send no mail, so that each may be repeated.

Where a lost connection leaves open whether a mail was sent, here it leaves open nothing that asking
again would not settle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mailcore.errors import NetworkError, ProviderUnavailable, RateLimited, SendError, SendTimeout
from mailcore.flow import Exchange, Flow, Request, Sleep


ResponseT = TypeVar("ResponseT")

_PAUSES_SECONDS = (1.0, 2.0, 4.0)
# Longer than this nobody waits for a list: the error says how long the provider asks for.
_LONGEST_PAUSE_SECONDS = 60.0


def ask(
    request: Request,
    *,
    provider: str,
    error_of: Callable[[ResponseT], SendError | None],
) -> Flow[ResponseT]:
    """
    Make a request, and again after a pause where the provider says that it was one too many.

    Args:
        request: A request that sends no mail, so that it may be made again.
        provider: The provider's name, for errors.
        error_of: The error that an answer is; None if it is what was asked for.

    Returns:
        The answer.

    Raises:
        SendError: As `error_of` reads it; never `maybe_accepted`.
    """
    pauses = iter(_PAUSES_SECONDS)
    while True:
        try:
            response: ResponseT = yield Exchange(request)
        except SendError as error:
            settled(error, provider)
            raise
        refusal = error_of(response)
        if refusal is None:
            return response
        pause = next(pauses, None) if isinstance(refusal, RateLimited) else None
        wanted = refusal.retry_after_seconds or 0.0
        if pause is None or wanted > _LONGEST_PAUSE_SECONDS:
            raise settled(refusal, provider)
        yield Sleep(max(pause, wanted))


def settled(error: SendError, provider: str) -> SendError:
    """The same error of a request that sends nothing: asking again settles what it leaves open."""
    error.provider = error.provider or provider
    if error.maybe_accepted:
        error.maybe_accepted = False
        error.retryable = isinstance(error, (NetworkError, ProviderUnavailable, SendTimeout))
    return error
