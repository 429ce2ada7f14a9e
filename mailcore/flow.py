"""
Flows: logic that says what I/O it needs, and lets a driver do it.

A flow is a generator. It yields effects, gets their outcome back from ``yield``, and returns its
value; an effect that failed is thrown into it. So one implementation serves sync and async code,
and a test drives it without a network or a clock::

    def fetch(url: str) -> Flow[bytes]:
        response = yield Exchange(HttpRequest(method="GET", url=url))
        return response.body

    run(fetch("https://example.com/"), transport)            # blocking
    await arun(fetch("https://example.com/"), transport)     # in an event loop
"""

from __future__ import annotations

import time

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from mailcore.foundation.redaction import shown_url


if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = [
    "Call",
    "Effect",
    "Exchange",
    "Flow",
    "HttpRequest",
    "HttpResponse",
    "Progress",
    "Request",
    "Sleep",
    "Submit",
    "Transport",
    "arun",
    "progress_of_exchange",
    "run",
]


T = TypeVar("T")


class Transport(Protocol):
    """
    Does I/O and knows no provider: takes a request, returns the response to it.

    One that has an event loop's own I/O adds ``async def aexchange(self, request)``, which is
    awaited then and raises the same; without it, async callers run ``exchange`` in a thread, and
    so they do with requests of which a method ``blocks(request)`` says True. One
    that keeps connections says how many by an attribute ``connections``: an
    :class:`~mailcore.mailer.AsyncMailer` has that many threads for it.

    It raises :class:`~mailcore.errors.NetworkError` or :class:`~mailcore.errors.SendTimeout`, with
    ``maybe_accepted`` told truthfully, when there is no response; a response that says no is a
    response.
    """

    def exchange(self, request: Any) -> Any:
        """Send the request and return its response."""
        ...

    def close(self) -> None:
        """Release connections. Closing twice is fine."""
        ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    What every request has in common, whatever transport takes it.

    A field with which two requests still ask for the same is declared with ``compare=False``;
    ``mailcore send --dry-run`` does not show it.

    Args:
        recipients: The addresses that this request is for, as the message spells them; what a
            failure of this request is blamed on. Empty for a request that sends nothing.
        copied: Addresses that get a copy of each mail of a batch, whichever request they are the
            recipients of: a copy that any request got accepted counts.
    """

    recipients: tuple[str, ...] = field(default=(), repr=False)
    copied: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class HttpRequest(Request):
    """
    One HTTP request.

    Redirects are never followed: a redirected POST would repeat a send, a redirected certificate
    would come from elsewhere.

    Args:
        method: The HTTP method in capitals, such as ``GET`` or ``POST``.
        url: The absolute URL, with its query.
        headers: May hold secrets, so they stay out of the repr, as does what the URL has besides
            its host.
        body: The octets that are sent as the body.
        timeout_seconds: How many seconds connecting may take, and how many the whole answer may,
            from the last byte of the request written to the last byte of the answer read; of a
            large body, up to 8 seconds more for what lies in buffers on the way. Writing has a
            bound of its own: this time and a second for each 16 KiB of the body, and never longer
            than this time, or 10 seconds if that is more, without the peer taking anything.
        connect_timeout_seconds: How many seconds connecting may take, if not *timeout_seconds*.
        max_response_bytes: A larger answer is cut off with an error.
        place: What texts call the host, if not by its name and port.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout_seconds: float = 30.0
    connect_timeout_seconds: float | None = None
    max_response_bytes: int = 10 * 1024 * 1024
    place: str = field(default="", repr=False, compare=False)

    def __repr__(self) -> str:
        return f"HttpRequest(method={self.method!r}, url={shown_url(self.url)!r})"


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """One HTTP response; the names of `headers` are in lower case."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> object:
        """
        The body, read as JSON: what ``result.raw`` and ``error.raw`` are looked into with.

        Returns:
            dict, list, str, int, float, bool or None, as :func:`json.loads` makes them.

        Raises:
            UnexpectedResponse: If it is no JSON.
        """
        from mailcore.http.answers import read_json

        answer: object = read_json(self)
        return answer


class Progress:
    """
    How far an exchange is: shared by the thread that makes it and those that wait for it.

    Attributes:
        began: Whether anything of the request was written, or may have been: True from the moment
            when the transport is called. A transport that knows better says so to
            :func:`progress_of_exchange`.
        goes_on: Whether a thread goes on with it although nobody waits for it any more.
    """

    def __init__(self) -> None:
        self.began = False
        self.goes_on = False

    @property
    def maybe_accepted(self) -> bool:
        """Whether the message may be accepted if nothing more is heard of the exchange."""
        return self.began or self.goes_on


@dataclass(frozen=True)
class Exchange:
    """Effect: send a request; answered with its response."""

    request: Any
    transport: Transport | None = None
    """Where to; None means the driver's own."""
    progress: Progress = field(default_factory=Progress, compare=False, repr=False)


@dataclass(frozen=True)
class Sleep:
    """Effect: wait."""

    seconds: float


@dataclass(frozen=True)
class Call:
    """Effect: call a function that may block; answered with what it returns."""

    function: Callable[[], Any]


_PROGRESS: ContextVar[Progress | None] = ContextVar("mailcore_progress", default=None)


def progress_of_exchange() -> Progress:
    """The progress of the exchange under way, where a transport notes that writing begins."""
    return _PROGRESS.get() or Progress()


@contextmanager
def _began(progress: Progress) -> Iterator[None]:
    progress.began = True
    token = _PROGRESS.set(progress)
    try:
        yield
    finally:
        _PROGRESS.reset(token)


Effect: TypeAlias = Exchange | Sleep | Call
"""What a flow yields, for whoever drives it to carry out; what came of it is sent back."""
Flow: TypeAlias = Generator[Effect, Any, T]
"""A generator that yields effects and returns a value: `run` and `arun` drive it to its end."""
Submit: TypeAlias = "Callable[[Callable[[], Any]], Future[Any]]"
"""Has a thread call a function, and gives the future of what it returns."""


def run(flow: Flow[T], transport: Transport | None = None) -> T:
    """
    Drive a flow to its end, blocking.

    Args:
        flow: The flow to run to its end.
        transport: The transport that makes the exchanges which do not name their own.

    Returns:
        What the flow returns.
    """
    try:
        effect = next(flow)
        while True:
            failure = None
            try:
                outcome = _perform(effect, transport)
            except Exception as error:  # noqa: BLE001  # the flow handles it, or raises it
                failure = error
            # Not while it is handled here: it would be the context of all that the flow raises.
            effect = flow.send(outcome) if failure is None else flow.throw(failure)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _perform(effect: Effect, transport: Transport | None) -> Any:
    if isinstance(effect, Exchange):
        return _exchanged(effect, _transport_of(effect, transport))
    if isinstance(effect, Sleep):
        return time.sleep(max(0.0, effect.seconds))
    return effect.function()


def _exchanged(effect: Exchange, transport: Transport) -> Any:
    # Not _began(): this way costs a third of it (benchmarks/send.py).
    effect.progress.began = True
    token = _PROGRESS.set(effect.progress)
    try:
        return transport.exchange(effect.request)
    finally:
        _PROGRESS.reset(token)


def _transport_of(effect: Exchange, default: Transport | None) -> Transport:
    chosen = effect.transport if effect.transport is not None else default
    if chosen is None:
        raise RuntimeError("this flow exchanges requests: give run() a transport")
    return chosen


async def arun(
    flow: Flow[T], transport: Transport | None = None, *, submit: Submit | None = None
) -> T:
    """
    Drive a flow to its end in an event loop; blocking work goes to threads.

    Cancelling the task ends the flow. A request that is already in a thread finishes there, and
    its outcome is lost with the task: such a message is *maybe accepted* once writing began, and
    reported so to ``mailcore_message_failed``.

    Args:
        flow: The flow to run to its end.
        transport: The transport that makes the exchanges which do not name their own.
        submit: Has a thread call a function, and gives a future of
            :mod:`concurrent.futures`; by default a thread of the loop's own executor does, of
            which there are few: 4 more than the machine has processors.

    Returns:
        What the flow returns.
    """
    import asyncio

    async def perform(effect: Effect) -> Any:
        if isinstance(effect, Exchange):
            chosen = _transport_of(effect, transport)
            aexchange = getattr(chosen, "aexchange", None)
            if aexchange is not None and not _blocks(chosen, effect.request):
                with _began(effect.progress):
                    return await aexchange(effect.request)
            return await _in_thread(
                lambda: _exchanged(effect, chosen), submit, progress=effect.progress
            )
        if isinstance(effect, Sleep):
            return await asyncio.sleep(effect.seconds)
        return await _in_thread(effect.function, submit)

    try:
        effect = next(flow)
        while True:
            failure = None
            try:
                outcome = await perform(effect)
            except Exception as error:  # noqa: BLE001  # the flow handles it, or raises it
                failure = error
            # Not while it is handled here: it would be the context of all that the flow raises.
            effect = flow.send(outcome) if failure is None else flow.throw(failure)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        flow.close()


def _blocks(transport: Transport, request: Any) -> bool:
    blocks = getattr(transport, "blocks", None)
    return blocks is not None and bool(blocks(request))


async def _in_thread(
    function: Callable[[], Any], submit: Submit | None, progress: Progress | None = None
) -> Any:
    import asyncio

    in_queue = submit(lambda: _guarded(function)) if submit is not None else None
    try:
        if in_queue is not None:
            return await asyncio.wrap_future(in_queue)
        return await asyncio.to_thread(_guarded, function)
    except asyncio.CancelledError:
        # One that no thread had begun is not begun any more.
        if progress is not None:
            progress.goes_on = in_queue is None or not in_queue.cancelled()
        raise


def _guarded(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except StopIteration as error:
        # A future cannot hold it: the loop would wait for ever.
        raise RuntimeError("a transport or call raised StopIteration") from error
