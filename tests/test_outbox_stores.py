"""The suite for stores of outboxes, held against the one in memory."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from mailcore import Message
from mailcore.outbox import Erasure, MemoryOutbox, erase
from mailcore.testing import OutboxStoreSuite


START = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


class TestMemoryOutbox(OutboxStoreSuite):
    """In memory."""

    def make_store(self):
        return MemoryOutbox()

    def put(self, store, rows):
        for row in rows:
            store.put(row)


def test_what_is_kept_in_memory():
    """As it was given; at once and without priority if nothing is said."""
    outbox = MemoryOutbox(now=lambda: START)
    message = Message(from_email="me@example.com", to=["ada@example.net"], text="Hi")
    plain = outbox.add(message)
    later = outbox.add(message, key="order-17", not_before=timedelta(hours=1), priority=-3)

    assert [plain, later] == [outbox.get(each.id) for each in (plain, later)]
    assert (None, START, 0) == (plain.key, plain.due_at, plain.priority)
    assert ("order-17", START + timedelta(hours=1), -3) == (later.key, later.due_at, later.priority)
    assert 2 == len(outbox)


def test_erasing_sees_what_a_worker_has_claimed_meanwhile():
    """A row that is claimed after it was found, and before it is revised, is counted."""

    class Claiming(MemoryOutbox):
        def find(self, wanted, *, limit, after=""):
            found = super().find(wanted, limit=limit, after=after)
            self.claim("w", limit=9, now=START, until=START + timedelta(minutes=1))
            return found

    outbox = Claiming(now=lambda: START)
    outbox.add(Message(from_email="me@example.com", to=["ada@example.net"], text="Hi"))

    assert Erasure(erased=0, being_sent=1) == erase(outbox, "ada@example.net", now=START)
