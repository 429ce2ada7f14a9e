"""
The messages that a stand-in accepted.
"""

from __future__ import annotations

import threading

from pathlib import Path
from typing import Generic, TypeVar

from mailcore_local.engine.records import AcceptedMessage


MessageT = TypeVar("MessageT", bound=AcceptedMessage)


class Accepted(Generic[MessageT]):
    """
    Accepted messages, in order.

    Args:
        changed: The lock of the stand-in; whoever waits for messages waits on it.
        directory: Where messages are also written as `.eml` files, but for those whose template
            could not be rendered.
        max_messages: How many are kept; the first one is forgotten then. `None` keeps all.
    """

    def __init__(
        self,
        changed: threading.Condition,
        *,
        directory: Path | None = None,
        max_messages: int | None = None,
    ) -> None:
        self._changed = changed
        self._max_messages = max_messages
        self._directory = directory
        self._messages: dict[str, MessageT] = {}

    def add(self, message: MessageT) -> None:
        """
        Keep a message.

        Raises:
            OSError: Its file cannot be written; the message is not kept then.
        """
        with self._changed:
            if self._directory is not None and message.rendering_error is None:
                name = f"{len(self._messages) + 1:04d}-{message.message_id}.eml"
                (self._directory / name).write_bytes(message.raw)
            self._messages[message.message_id] = message
            if self._max_messages is not None and len(self._messages) > self._max_messages:
                del self._messages[next(iter(self._messages))]
            self._changed.notify_all()

    def get(self, message_id: str) -> MessageT | None:
        """
        The message with an id, or `None`.
        """
        with self._changed:
            return self._messages.get(message_id)

    def all(self) -> list[MessageT]:
        """
        All accepted messages, the first one first.
        """
        with self._changed:
            return list(self._messages.values())

    def clear(self) -> None:
        """
        Forget all accepted messages.
        """
        with self._changed:
            self._messages.clear()

    def wait_for(self, count: int, timeout_seconds: float) -> list[MessageT]:
        """
        Wait until at least `count` were accepted.

        Returns:
            All so far.

        Raises:
            TimeoutError: Fewer were accepted in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._messages) >= count, timeout_seconds):
                raise TimeoutError(
                    f"{len(self._messages)} of {count} messages were accepted"
                    f" in {timeout_seconds:g} seconds"
                )
            return list(self._messages.values())
