"""``memory``: keeps every message in a list, for tests."""

from __future__ import annotations

from mailcore.builtin._local import LocalProvider, MessageRequest, new_message_id
from mailcore.message.message import Message


class MemoryTransport:
    """Appends messages to a list."""

    def __init__(self, outbox: list[Message]) -> None:
        self._outbox = outbox

    def exchange(self, request: MessageRequest) -> str:
        """Keep the message; answer with a new id."""
        # Appending is atomic, so threads need no lock.
        self._outbox.append(request.message)
        return new_message_id()

    def close(self) -> None:
        """Nothing is open; the list stays."""


class MemoryProvider(LocalProvider):
    """Keeps what is sent in :attr:`outbox`: see :mod:`mailcore.testing` for assertions on it."""

    name = "memory"
    label = "Memory"

    def __init__(self) -> None:
        self.outbox: list[Message] = []
        """The messages sent, in order."""

    def create_transport(self) -> MemoryTransport:
        """A transport that appends to the outbox."""
        return MemoryTransport(self.outbox)
