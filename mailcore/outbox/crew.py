"""Threads that send, and hand back what became of it."""

from __future__ import annotations

import queue
import threading

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailcore.outbox.rows import OutboxRow


if TYPE_CHECKING:
    from mailcore.errors import MailcoreError
    from mailcore.outbox.sending import RowSender
    from mailcore.result import SendResult

    Ended = tuple[OutboxRow, SendResult | MailcoreError]


class Crew:
    """
    Threads of a worker.

    They are daemons: a process that is told to stop does not wait for a send that hangs. Its row
    has begun, and so it counts as unknown once its claim has run out.

    Args:
        sender: What sends the rows.
        size: How many threads there are.
    """

    def __init__(self, sender: RowSender, size: int) -> None:
        self._sender = sender
        self._jobs: queue.SimpleQueue[Sequence[OutboxRow] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[list[Ended] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"mailcore-sends-{number}", daemon=True)
            for number in range(size)
        ]
        self.under_way = 0
        for thread in self._threads:
            thread.start()

    @property
    def idle(self) -> int:
        """How many threads have nothing to do."""
        return len(self._threads) - self.under_way

    def begin(self, rows: Sequence[OutboxRow]) -> None:
        """Have rows sent, in one call."""
        self.under_way += 1
        self._jobs.put(rows)

    def ended(self, wait_seconds: float) -> list[Ended]:
        """
        What has ended: all that is there, or the first that comes within a time.

        Args:
            wait_seconds: How long to wait if nothing is there; less if :meth:`wake` is called.
        """
        found: list[Ended] = []
        try:
            piece = self._ended.get(timeout=wait_seconds) if wait_seconds > 0 else None
            while True:
                if piece is not None:
                    self.under_way -= 1
                    found += piece
                piece = self._ended.get_nowait()
        except queue.Empty:
            return found

    def wake(self) -> None:
        """End a wait, from any thread or from a signal handler."""
        self._ended.put(None)

    def dismiss(self) -> None:
        """Let the threads end once they are done."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while True:
            rows = self._jobs.get()
            if rows is None:
                return
            self._ended.put(list(zip(rows, self._sender.send(rows), strict=True)))
