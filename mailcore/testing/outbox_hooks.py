"""What checks of stores of outboxes share: rows, outcomes, receipts, and steps of a worker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from mailcore.events import EventType
from mailcore.message.message import Message
from mailcore.outbox.adding import new_row
from mailcore.outbox.machine import (
    Rules,
    concluded,
)
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.rows import OutboxRow, Receipt
from mailcore.outbox.store import Advanced, OutboxStore, Revision
from mailcore.result import (
    RecipientStatus,
    RecipientStatuses,
    SendResult,
    SendStatus,
)
from mailcore.testing.side_by_side import in_threads


START = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=timezone.utc)
LEASE = timedelta(minutes=1)
POLICY = OutboxPolicy(jitter=lambda: 1.0)
RULES = Rules(policy=POLICY, provider="toy")
TEXT = "\u00e4\u00f6\u00fc \U0001f600\n\t'\"\\%_ \u2028"


def later(**span: float) -> datetime:
    """A moment after the beginning of a check."""
    return START + timedelta(**span)


def made(
    number: int = 0,
    *,
    to: Sequence[str] = ("ada@example.net",),
    key: str | None = None,
    not_before: datetime | None = None,
    priority: int = 0,
) -> OutboxRow:
    """
    A row of a message.

    Args:
        number: Rows are made one microsecond after the other, by their numbers.
        to: The addresses of its recipients.
        key: The key of the row.
        not_before: When it is due; at once if None.
        priority: Which rows come first.
    """
    message = Message(
        from_email="me@example.com",
        to=to,
        subject=f"{number} \u00e4\U0001f600 '%_",
        text=TEXT,
        tags=["news", "a_%b"],
    )
    when = START + timedelta(microseconds=number)
    return new_row(message, key=key, not_before=not_before, priority=priority, now=when)


def outcome_of(row: OutboxRow, message_id: str = "") -> SendResult:
    """A result in which everybody was accepted."""
    found = message_id or f"id-{row.id}"
    status = RecipientStatus(SendStatus.QUEUED, message_id=found)
    return SendResult(
        provider="toy",
        recipients=RecipientStatuses(dict.fromkeys(row.recipients, status)),
        message_ids=(found,),
    )


def receipt_of(row: OutboxRow, name: str = "a", **fields: object) -> Receipt:
    """A receipt that says that the mail was delivered."""
    receipt = Receipt(
        row_id=row.id,
        dedupe_key=name.rjust(32, "0"),
        event_type=EventType.DELIVERED,
        recipient="ada@example.net",
        happened_at=later(seconds=30),
        provider="toy",
        message_id="id-1",
        detail=TEXT,
    )
    return replace(receipt, **fields)  # type: ignore[arg-type]  # they are fields of it


def nothing(_row: OutboxRow, _receipts: Sequence[Receipt]) -> Revision | None:
    """Decide that nothing is to be written."""
    return None


class OutboxHooks(ABC):
    """What the test of a store says of it, and what a worker does with it."""

    @abstractmethod
    def make_store(self) -> OutboxStore:
        """Make a store with nothing in it."""

    @abstractmethod
    def put(self, store: OutboxStore, rows: Sequence[OutboxRow]) -> None:
        """Write rows as they are, in one transaction, which is there when it returns."""

    @contextmanager
    def thread_of_test(self) -> Iterator[None]:
        """Surround what a check does in a thread of its own: to close what belongs to it."""
        yield

    def _row(self, store: OutboxStore, row: OutboxRow) -> OutboxRow:
        found = store.get(row.id)
        assert found is not None
        return found

    def _claimed(
        self,
        store: OutboxStore,
        *,
        limit: int,
        worker: str = "w",
        now: datetime = START + timedelta(seconds=1),
        until: datetime = START + timedelta(seconds=1) + LEASE,
    ) -> Sequence[OutboxRow]:
        rows = store.claim(worker, limit=limit, now=now, until=until)
        assert len(rows) == limit
        return rows

    def _advance(
        self,
        store: OutboxStore,
        *,
        worker: str = "w",
        conclusions: Sequence[Revision] = (),
        begin: Sequence[str] = (),
    ) -> Advanced:
        now = later(seconds=5)
        return store.advance(
            worker,
            conclusions=conclusions,
            begin=begin,
            provider="toy",
            now=now,
            until=now + LEASE,
        )

    def _begin(
        self, store: OutboxStore, row_ids: Sequence[str], *, worker: str = "w"
    ) -> frozenset[str]:
        return self._advance(store, worker=worker, begin=row_ids).begun

    def _begun(self, store: OutboxStore, row: OutboxRow) -> OutboxRow:
        assert self._begin(store, [row.id], worker=row.claimed_by) == {row.id}
        return self._row(store, row)

    def _concluded(self, row: OutboxRow) -> Revision:
        return concluded(row, outcome_of(row), now=later(seconds=9), rules=RULES)

    def _side_by_side(self, functions: Sequence[Callable[[], None]]) -> None:
        in_threads(self.thread_of_test, functions)
