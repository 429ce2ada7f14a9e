"""Threads that somebody owns, for work that blocks: as many as it needs, ended with their owner."""

from __future__ import annotations

import os

from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from mailcore.foundation.forking import ForkSafeLock


if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")


class Threads:
    """A bounded number of threads, started as they are needed; a forked process starts its own."""

    def __init__(self) -> None:
        self._least = 1
        self._width = 0
        self._executor: ThreadPoolExecutor | None = None
        self._process_id = os.getpid()
        self._lock = ForkSafeLock()

    def submit(self, function: Callable[[], T], width: Callable[[], int]) -> Future[T]:
        """
        Have a thread call the function, in a copy of the context.

        Args:
            function: What to call.
            width: Says how many threads there may be, when the first is needed.
        """
        with self._lock:
            executor = self._executor
            if executor is None or self._process_id != os.getpid():
                from concurrent.futures import ThreadPoolExecutor

                # That of a parent is left alone: its threads are not here.
                self._width = max(width(), self._least)
                executor = ThreadPoolExecutor(self._width, thread_name_prefix="mailcore")
                self._executor, self._process_id = executor, os.getpid()
            return executor.submit(copy_context().run, function)

    def at_least(self, width: int) -> None:
        """Allow so many; what is under way goes on where it is."""
        with self._lock:
            self._least = max(width, self._least)
            if self._least > self._width:
                self.close()

    def close(self) -> None:
        """End them once they have done what they are about; the next use starts others."""
        with self._lock:
            executor, self._executor = self._executor, None
            if executor is not None and self._process_id == os.getpid():
                executor.shutdown(wait=False)
