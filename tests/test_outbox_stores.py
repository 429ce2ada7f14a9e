"""The suite for stores of outboxes, held against the one in memory."""

from __future__ import annotations

from mailcore.outbox import MemoryOutbox
from mailcore.testing import OutboxStoreSuite


class TestMemoryOutbox(OutboxStoreSuite):
    """In memory."""

    def make_store(self):
        return MemoryOutbox()

    def put(self, store, rows):
        for row in rows:
            store.put(row)
