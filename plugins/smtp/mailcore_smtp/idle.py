"""Connections that wait for the next mail: of this process, and none that waited for too long."""

from __future__ import annotations

import os
import time

from typing import Generic, Protocol, TypeVar

from mailcore.foundation import ForkSafeLock


class Waiting(Protocol):
    """A connection that can wait for the next mail."""

    used_at: float
    is_clean: bool

    def quit(self) -> None:
        """Say good-bye, and close it."""

    def close(self) -> None:
        """Close it, without a word."""


WaitingT = TypeVar("WaitingT", bound=Waiting)


class Idle(Generic[WaitingT]):
    """
    A stack of connections.

    The child of a fork neither uses nor closes its parent's.

    Args:
        most: How many connections are kept.
        max_seconds: How many seconds each is kept.
    """

    def __init__(self, *, most: int, max_seconds: float) -> None:
        self._most = most
        self._max_seconds = max_seconds
        self._lock = ForkSafeLock()
        self._process_id = os.getpid()
        self._waiting: list[WaitingT] = []
        self._inherited: list[list[WaitingT]] = []

    def take(self) -> WaitingT | None:
        """The one that was used last; None if there is none."""
        with self._lock:
            self._forget_the_parents()
            found = self._waiting.pop() if self._waiting else None
        if found is None or time.monotonic() - found.used_at <= self._max_seconds:
            return found
        # Those beneath have waited for longer still.
        found.quit()
        self.close()
        return None

    def keep(self, connection: WaitingT) -> None:
        """Let one wait, or end it if there are enough."""
        connection.used_at = time.monotonic()
        with self._lock:
            self._forget_the_parents()
            if len(self._waiting) < self._most:
                self._waiting.append(connection)
                return
        connection.quit()

    def close(self) -> None:
        """Say good-bye to all servers, and close the connections."""
        with self._lock:
            self._forget_the_parents()
            waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.quit()

    def _forget_the_parents(self) -> None:
        if self._process_id != os.getpid():
            # Kept: what is collected would be closed.
            self._inherited.append(self._waiting)
            self._waiting = []
            self._process_id = os.getpid()
