"""
The log of requests and answers, ``mailcore.wire``: for a debugger, and off until it is asked for.

It is on when the logger itself has the level DEBUG, and not when only a parent has it: who turns on
all debug output of a program does not want every mail of it in there::

    logging.getLogger("mailcore.wire").setLevel(logging.DEBUG)

What is written is redacted by :mod:`mailcore.http.wire_text` and bounded; while the log is off, it
costs one comparison for each request.
"""

from __future__ import annotations

import itertools
import logging
import time

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mailcore.errors import MailcoreError


if TYPE_CHECKING:
    from mailcore.flow import HttpRequest, HttpResponse

__all__ = ["http_logged", "http_logged_async", "is_on", "logged", "logged_async", "logger"]

T = TypeVar("T")

logger = logging.getLogger("mailcore.wire")
"""Named ``mailcore.wire``; its level DEBUG switches the log on."""

_numbers = itertools.count(1)


def is_on() -> bool:
    """Whether requests and answers are to be written to the log."""
    return 0 < logger.level <= logging.DEBUG and logger.isEnabledFor(logging.DEBUG)


def logged(
    exchange: Callable[[], T], *, request: Callable[[], str], answer: Callable[[T], str]
) -> T:
    """
    Make an exchange, with a record before it and one after it.

    Args:
        exchange: Sends the request, and returns its answer.
        request: What to say of the request, redacted.
        answer: What to say of an answer, redacted.

    Returns:
        What *exchange* returned. What it raises goes on; nothing that goes wrong with the log does.
    """
    with _recorded(request, answer) as came:
        outcome = exchange()
        came(outcome)
    return outcome


async def logged_async(
    exchange: Callable[[], Awaitable[T]],
    *,
    request: Callable[[], str],
    answer: Callable[[T], str],
) -> T:
    """The same as :func:`logged`, of an exchange that is awaited."""
    with _recorded(request, answer) as came:
        outcome = await exchange()
        came(outcome)
    return outcome


@contextmanager
def _recorded(
    request: Callable[[], str], answer: Callable[[T], str]
) -> Iterator[Callable[[T], None]]:
    number = next(_numbers)
    logger.debug("#%d %s", number, _said(request))
    began = time.monotonic()

    def came(outcome: T) -> None:
        seconds = time.monotonic() - began
        logger.debug("#%d after %.3f s %s", number, seconds, _said(lambda: answer(outcome)))

    try:
        yield came
    except Exception as error:
        # The text of anybody else's may repeat what was sent.
        words = f": {error}" if isinstance(error, MailcoreError) else ""
        seconds = time.monotonic() - began
        logger.debug("#%d after %.3f s %s%s", number, seconds, type(error).__name__, words)
        raise


def _said(describe: Callable[[], str]) -> str:
    try:
        return describe()
    except Exception as error:  # noqa: BLE001  # a log must not end a send
        return f"cannot be shown ({type(error).__name__})"


def http_logged(
    request: HttpRequest, exchange: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    """Make an HTTP exchange, with its records."""
    from mailcore.http.wire_http import answer_text, request_text, secrets_of

    secrets = secrets_of(request)
    return logged(
        lambda: exchange(request),
        request=lambda: request_text(request, secrets),
        answer=lambda answer: answer_text(answer, secrets),
    )


async def http_logged_async(
    request: HttpRequest, exchange: Callable[[HttpRequest], Awaitable[HttpResponse]]
) -> HttpResponse:
    """Make an HTTP exchange in an event loop, with its records."""
    from mailcore.http.wire_http import answer_text, request_text, secrets_of

    secrets = secrets_of(request)
    return await logged_async(
        lambda: exchange(request),
        request=lambda: request_text(request, secrets),
        answer=lambda answer: answer_text(answer, secrets),
    )
