"""
The event loop that all servers of a process share, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import os
import threading

from collections.abc import Coroutine
from typing import Any, TypeVar


T = TypeVar("T")


class LoopThread:
    """
    An event loop in a thread that does not keep the program alive.

    The thread starts with the first server and ends with the last one, so that none is left behind.
    """

    def __init__(self) -> None:
        self.users = 0
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mailcore-local", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        Run a coroutine in the loop, from another thread, and wait for what it returns.
        """
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def end(self) -> None:
        """
        Stop the loop and wait for the thread.
        """
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()


class _Shared:
    """
    What a process has of this: at most one thread.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: LoopThread | None = None


_shared = _Shared()


def _forget() -> None:
    # A forked child has the object, and no thread behind it.
    global _shared  # noqa: PLW0603 - the lock may be held by a thread that the child does not have
    _shared = _Shared()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def enter() -> LoopThread:
    """
    The thread of this process, started when it is not there; each call needs a `leave`.
    """
    with _shared.lock:
        if _shared.thread is None:
            _shared.thread = LoopThread()
        _shared.thread.users += 1
        return _shared.thread


def leave(thread: LoopThread) -> None:
    """
    Give it back; the last one ends it.
    """
    with _shared.lock:
        thread.users -= 1
        if thread.users:
            return
        if _shared.thread is thread:
            _shared.thread = None
        thread.end()
