"""Handlers of events: functions and coroutine functions, called from threads and from loops."""

from __future__ import annotations

import inspect
import os
import threading

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.events import Event
from mailcore.foundation.forking import ForkSafeLock


if TYPE_CHECKING:
    import asyncio

_YIELDS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR

Handler: TypeAlias = Callable[[Event], object]
"""Takes one event: a function, or a coroutine function. Returning means that it is done."""


def require_handler(handler: object, what: str) -> None:
    """
    Refuse a handler that cannot be called, before the first event comes.

    Raises:
        ConfigurationError: Naming what wants it; also for a function with ``yield``, because a call
            runs nothing of it, and every event would count as handled.
    """
    if type(handler) is FunctionType and not handler.__code__.co_flags & _YIELDS:
        # The usual one, told in a twentieth of the time (benchmarks/receive.py).
        return
    kind = "" if callable(handler) else type(handler).__name__
    for function in (handler, getattr(handler, "__call__", None)):  # noqa: B004  # as below
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            kind = "a generator: take out its `yield`"
    if kind:
        raise ConfigurationError(
            f"{what} needs a handler, a function that takes an event, not {kind}"
        )


def is_coroutine_function(handler: Handler) -> bool:
    """Whether a handler is to be awaited, as far as can be told before it is called."""
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        # Objects with an `async def __call__`.
        getattr(handler, "__call__", None)  # noqa: B004  # it is not about being callable
    )


def blocking(handler: Handler) -> Callable[[Event], None]:
    """
    A function that returns once the handler is done with the event.

    What is awaitable runs in one event loop that all of them share, in a thread of its own, so that
    connections that belong to a loop live as long as the process.

    Raises:
        ConfigurationError: If it is no handler.
    """
    require_handler(handler, "mailcore")

    def call(event: Event) -> None:
        outcome = handler(event)
        if inspect.isawaitable(outcome):
            _shared_loop().finish(outcome)

    return call


def unblocking(handler: Handler) -> Callable[[Event], Awaitable[None]]:
    """A coroutine function; a plain function runs in a thread, so that the loop goes on."""
    routed = in_loop(handler)
    if routed is not None:
        return routed
    is_async = is_coroutine_function(handler)

    async def call(event: Event) -> None:
        import asyncio

        outcome = handler(event) if is_async else await asyncio.to_thread(_guarded, handler, event)
        if inspect.isawaitable(outcome):
            await outcome

    return call


class LoopHandler(ABC):
    """A handler that threads call, and that has a coroutine function of its own for event loops."""

    @abstractmethod
    def __call__(self, event: Event) -> object:
        """Handle an event in this thread."""

    @abstractmethod
    async def handle(self, event: Event) -> None:
        """Handle an event in an event loop."""


def in_loop(handler: object) -> Callable[[Event], Awaitable[None]] | None:
    """What a handler itself has for event loops; None for those that have nothing of their own."""
    return handler.handle if isinstance(handler, LoopHandler) else None


def _guarded(handler: Handler, event: Event) -> object:
    try:
        return handler(event)
    except StopIteration as error:
        # A future cannot hold it: the loop would wait for ever.
        raise RuntimeError("a handler raised StopIteration") from error


class _LoopThread:
    """An event loop that runs as long as the process does."""

    def __init__(self) -> None:
        import asyncio

        self.process_id = os.getpid()
        self._loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="mailcore-handlers", daemon=True
        )
        self._thread.start()

    def finish(self, awaitable: Awaitable[object]) -> None:
        import asyncio

        if threading.current_thread() is self._thread:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
            # It would wait for itself, and every other handler for it.
            raise RuntimeError(
                "a coroutine function calls a handler that is one too, and would wait for itself: "
                "await it, such as EventRouter.handle(event)"
            )
        coroutine: Coroutine[Any, Any, object] = _awaiting(awaitable)
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


async def _awaiting(awaitable: Awaitable[object]) -> object:
    try:
        return await awaitable
    except (KeyboardInterrupt, SystemExit) as error:
        # It would end the loop, and all who wait for it would wait for ever.
        raise RuntimeError(f"a handler raised {type(error).__name__}") from error


_loop: _LoopThread | None = None
_loop_lock = ForkSafeLock()


def _shared_loop() -> _LoopThread:
    global _loop  # noqa: PLW0603  # one per process is what it is for
    with _loop_lock:
        # Threads do not survive a fork.
        if _loop is None or _loop.process_id != os.getpid():
            _loop = _LoopThread()
        return _loop
