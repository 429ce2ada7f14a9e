"""Messages that a consumer holds: received, not yet deleted or given back."""

from __future__ import annotations

import threading

from collections.abc import Callable, Iterable

from mailcore_ses.intake.sqs_queue import QueueMessage


class InFlight:
    """
    The messages that are held, with the time at which each was last hidden from others.

    Used by several threads.

    Args:
        capacity: How many are held at most.
        clock: A function that returns seconds, from any start.
    """

    def __init__(self, capacity: int, clock: Callable[[], float]) -> None:
        self._capacity = capacity
        self._clock = clock
        self._changed = threading.Condition()
        # By the receipt handle: the message, and when it was last hidden.
        self._held: dict[str, tuple[QueueMessage, float]] = {}

    def wait_for_room(self, is_over: Callable[[], bool]) -> int:
        """Wait until there is room for a message; how many fit, 0 if it is over."""
        with self._changed:
            self._changed.wait_for(lambda: is_over() or len(self._held) < self._capacity)
            return 0 if is_over() else self._capacity - len(self._held)

    def wake(self) -> None:
        """Have those who wait look again."""
        with self._changed:
            self._changed.notify_all()

    def add(self, messages: Iterable[QueueMessage], hidden_at: float) -> None:
        """Hold messages, hidden since a time."""
        with self._changed:
            for message in messages:
                self._held[message.receipt_handle] = (message, hidden_at)

    def drop(self, messages: Iterable[QueueMessage]) -> None:
        """Hold them no longer."""
        with self._changed:
            for message in messages:
                self._held.pop(message.receipt_handle, None)
            self._changed.notify_all()

    def hidden_longer_than(self, seconds: float) -> list[QueueMessage]:
        """The messages that were last hidden at least so many seconds ago."""
        limit = self._clock() - seconds
        with self._changed:
            return [message for message, hidden_at in self._held.values() if hidden_at <= limit]

    def hidden_again(self, messages: Iterable[QueueMessage], hidden_at: float) -> None:
        """Note that they were hidden again."""
        with self._changed:
            for message in messages:
                if message.receipt_handle in self._held:
                    self._held[message.receipt_handle] = (message, hidden_at)

    def __len__(self) -> int:
        return len(self._held)
