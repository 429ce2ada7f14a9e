"""``null``: accepts every message and forgets it."""

from __future__ import annotations

from mailcore.builtin._local import LocalProvider, MessageRequest, new_message_id


class NullTransport:
    """Takes every message, and sends none."""

    def exchange(self, request: MessageRequest) -> str:
        """Answer with a new id."""
        return new_message_id()

    def close(self) -> None:
        """Nothing is open."""


class NullProvider(LocalProvider):
    """Accepts every message and forgets it: for benchmarks, and where mail must not leave."""

    name = "null"
    label = "Nowhere"

    def create_transport(self) -> NullTransport:
        """A transport that does nothing."""
        return NullTransport()
