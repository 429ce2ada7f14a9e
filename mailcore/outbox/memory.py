"""An outbox in the memory of this process: for tests, and to hold others against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from mailcore.address.domain import address_key
from mailcore.events import EventType
from mailcore.foundation.forking import ForkSafeLock
from mailcore.message.message import Message
from mailcore.outbox.adding import new_row, same_message
from mailcore.outbox.documents import DOCUMENT_VERSION, require_known
from mailcore.outbox.rows import OutboxAttempt, OutboxRow, Receipt
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import (
    Advanced,
    Decide,
    Happening,
    OutboxCounts,
    OutboxFilter,
    Revision,
)


class MemoryOutbox:
    """
    Rows in the memory of this process: gone with it, and unknown to other processes.

    Those in a database, with transactions, are in packages of their own.

    Args:
        now: A function that returns the time, with time zone.

    Example:
        >>> from mailcore import Mailer, Message
        >>> from mailcore.outbox import MemoryOutbox, OutboxWorker
        >>> outbox = MemoryOutbox()
        >>> row = outbox.add(Message(from_email="a@example.com", to=["b@example.net"], text="Hi"))
        >>> kept = outbox.get(row.id)
        >>> kept and str(kept.state)
        'pending'
    """

    def __init__(self, *, now: Callable[[], datetime] | None = None) -> None:
        self._now = now if now is not None else _clock
        self._lock = ForkSafeLock()
        self._rows: dict[str, OutboxRow] = {}
        self._attempts: dict[str, dict[int, OutboxAttempt]] = {}
        self._receipts: dict[str, dict[str, Receipt]] = {}

    def add(
        self,
        message: Message,
        *,
        key: str | None = None,
        not_before: datetime | timedelta | None = None,
        priority: int = 0,
    ) -> OutboxRow:
        """
        Keep a message; with a key that a row has already, that row is returned.

        Args:
            message: The message as it will be given to the worker's mailer.
            key: The caller's own name for it.
            not_before: When it may be sent at the earliest.
            priority: A number from -100 to 100; the larger ones first.

        Raises:
            MessageError: If it cannot be kept.
            IdempotencyKeyReused: If another message has the key.
        """
        row = new_row(message, key=key, not_before=not_before, priority=priority, now=self._now())
        with self._lock:
            if row.key is not None:
                for kept in self._rows.values():
                    if kept.key == row.key:
                        return same_message(kept, row)
            self.put(row)
        return row

    def put(self, row: OutboxRow) -> None:
        """Keep a row as it is, for tests."""
        with self._lock:
            self._rows[row.id] = row

    def claim(
        self, worker_id: str, *, limit: int, now: datetime, until: datetime
    ) -> Sequence[OutboxRow]:
        """Take rows that are due."""
        with self._lock:
            due = sorted(
                (
                    row
                    for row in self._rows.values()
                    if row.state is OutboxState.PENDING and row.due_at <= now and _is_known(row)
                ),
                key=lambda row: (-row.priority, row.due_at, row.id),
            )
            claimed = [
                replace(
                    row,
                    state=OutboxState.SENDING,
                    claimed_by=worker_id,
                    claimed_until=until,
                    began_at=None,
                    changed_at=now,
                )
                for row in due[:limit]
            ]
            self._rows.update((row.id, row) for row in claimed)
        return claimed

    def advance(
        self,
        worker_id: str,
        *,
        conclusions: Sequence[Revision],
        begin: Sequence[str],
        provider: str,
        now: datetime,
        until: datetime,
    ) -> Advanced:
        """Write what became of sends, and that others begin."""
        concluded, begun = [], []
        with self._lock:
            for revision in conclusions:
                row = self._rows.get(revision.row.id)
                if (
                    row is not None
                    and _is_claimed(row, worker_id)
                    and row.began_at is not None
                    and row.attempts == revision.row.attempts
                ):
                    self._write(revision)
                    concluded.append(row.id)
            for row_id in begin:
                row = self._rows.get(row_id)
                if row is not None and _is_claimed(row, worker_id) and row.began_at is None:
                    self._rows[row_id] = replace(
                        row,
                        began_at=now,
                        attempts=row.attempts + 1,
                        provider=provider,
                        claimed_until=until,
                    )
                    begun.append(row_id)
        return Advanced(concluded=frozenset(concluded), begun=frozenset(begun))

    def extend(self, worker_id: str, *, until: datetime) -> int:
        """Have all claims of a worker end at another time."""
        with self._lock:
            mine = [row for row in self._rows.values() if _is_claimed(row, worker_id)]
            self._rows.update((row.id, replace(row, claimed_until=until)) for row in mine)
        return len(mine)

    def release(self, worker_id: str, *, row_ids: Sequence[str] | None, now: datetime) -> int:
        """Give claims back that nothing was sent of."""
        with self._lock:
            mine = [
                row
                for row in self._rows.values()
                if _is_claimed(row, worker_id)
                and (row.began_at is None if row_ids is None else row.id in row_ids)
            ]
            for row in mine:
                self._rows[row.id] = replace(
                    row,
                    state=OutboxState.PENDING,
                    claimed_by="",
                    claimed_until=None,
                    began_at=None,
                    attempts=row.attempts - (row.began_at is not None),
                    changed_at=now,
                )
        return len(mine)

    def expired(self, *, now: datetime, limit: int) -> Sequence[str]:
        """Ids of rows whose claims have run out."""
        with self._lock:
            found = [
                (row.claimed_until, row.id)
                for row in self._rows.values()
                if row.state is OutboxState.SENDING
                and row.claimed_until is not None
                and row.claimed_until < now
                and _is_known(row)
            ]
        return [row_id for _, row_id in sorted(found)[:limit]]

    def revise(self, row_id: str, decide: Decide) -> OutboxRow | None:
        """Let a function decide about a row, and write what it says."""
        with self._lock:
            row = self._rows.get(row_id)
            if row is not None:
                require_known(row.document_version)
            revision = decide(row, self.receipts(row_id)) if row is not None else None
            if revision is not None:
                self._write(revision)
        return None if revision is None else revision.row

    def receive(self, row_id: str, receipt: Receipt, decide: Decide) -> bool:
        """Write a receipt, and let a function decide."""
        with self._lock:
            if row_id not in self._rows:
                return False
            own = self._receipts.setdefault(row_id, {})
            is_new = receipt.dedupe_key not in own
            own.setdefault(receipt.dedupe_key, receipt)
            try:
                self.revise(row_id, decide)
            except BaseException:
                if is_new:
                    del own[receipt.dedupe_key]
                raise
        return is_new

    def locate(self, *, row_id: str, provider: str, message_id: str) -> str | None:
        """The id of the row that an event is about."""
        with self._lock:
            if row_id in self._rows:
                return row_id
            if not message_id:
                return None
            found = [
                (row.provider == provider, row.id)
                for row in self._rows.values()
                if message_id in row.message_ids
                or any(message_id in each.message_ids for each in self.attempts(row.id))
            ]
        return max(found)[1] if found else None

    def get(self, row_id: str) -> OutboxRow | None:
        """A row, by its id."""
        return self._rows.get(row_id)

    def find(self, wanted: OutboxFilter, *, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """Rows in the order of their ids, without their documents."""
        with self._lock:
            found = sorted(
                (
                    row
                    for row in self._rows.values()
                    if row.id > after and _is_known(row) and _is_wanted(row, wanted)
                ),
                key=lambda row: row.id,
            )
        return [replace(row, document=None) for row in found[:limit]]

    def newer(self, wanted: OutboxFilter) -> int:
        """How many rows of a newer release :meth:`find` passes over."""
        with self._lock:
            return sum(
                not _is_known(row) and _is_wanted(row, wanted) for row in self._rows.values()
            )

    def attempts(self, row_id: str) -> Sequence[OutboxAttempt]:
        """The attempts of a row, in order."""
        with self._lock:
            own = self._attempts.get(row_id, {})
            return [own[number] for number in sorted(own)]

    def receipts(self, row_id: str) -> Sequence[Receipt]:
        """The receipts of a row, in the order in which things happened."""
        with self._lock:
            own = self._receipts.get(row_id, {})
            return sorted(own.values(), key=lambda each: (each.happened_at, each.dedupe_key))

    def counts(self, *, now: datetime) -> OutboxCounts:
        """How full the outbox is."""
        with self._lock:
            rows = list(self._rows.values())
        due = [row.due_at for row in rows if row.state is OutboxState.PENDING and row.due_at <= now]
        return OutboxCounts(
            by_state={state: sum(row.state is state for row in rows) for state in OutboxState},
            due=len(due),
            oldest_due_at=min(due, default=None),
            expired=len(self.expired(now=now, limit=len(rows))),
            newer=sum(not row.state.is_over and not _is_known(row) for row in rows),
        )

    def next_due_at(self) -> datetime | None:
        """When the next pending row is due, or the next claim ends."""
        with self._lock:
            rows = list(self._rows.values())
        rows = [row for row in rows if _is_known(row)]
        times = [row.due_at for row in rows if row.state is OutboxState.PENDING]
        times += [row.claimed_until for row in rows if row.claimed_until is not None]
        return min(times, default=None)

    def prune(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """Delete rows with their attempts and receipts."""
        with self._lock:
            gone = self._over(before, states)[:limit]
            for row in gone:
                del self._rows[row.id]
                self._attempts.pop(row.id, None)
                self._receipts.pop(row.id, None)
        return len(gone)

    def prune_bodies(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """Take the documents out of rows."""
        with self._lock:
            found = [row for row in self._over(before, states) if row.document is not None][:limit]
            self._rows.update((row.id, replace(row, document=None)) for row in found)
        return len(found)

    def happenings(self, *, since: datetime, until: datetime) -> Iterator[Happening]:
        """What is counted in figures."""
        with self._lock:
            rows = list(self._rows.values())
        for row in rows:
            is_sent = row.state is OutboxState.SENT and _is_known(row)
            if is_sent and since <= row.changed_at < until:
                for address, status in row.statuses.items():
                    if status.accepted:
                        yield _happening(row, EventType.SENT, row.changed_at, address_key(address))
            for receipt in self.receipts(row.id):
                if since <= receipt.happened_at < until:
                    yield replace(
                        _happening(row, receipt.event_type, receipt.happened_at, receipt.recipient),
                        provider=receipt.provider,
                    )

    def __len__(self) -> int:
        return len(self._rows)

    def _over(self, before: datetime, states: Sequence[OutboxState]) -> list[OutboxRow]:
        found = [
            row
            for row in self._rows.values()
            if row.state in states and row.state.is_over and row.changed_at < before
        ]
        return sorted(found, key=lambda row: (row.changed_at, row.id))

    def _write(self, revision: Revision) -> None:
        row = revision.row
        self._rows[row.id] = row
        if revision.attempt is not None:
            own = self._attempts.setdefault(row.id, {})
            own[revision.attempt.number] = revision.attempt
        if revision.forgotten:
            receipts = self._receipts.get(row.id, {})
            for key, receipt in receipts.items():
                if receipt.recipient == revision.forgotten:
                    receipts[key] = replace(receipt, recipient="")


def _clock() -> datetime:
    return datetime.now(timezone.utc)


def _is_known(row: OutboxRow) -> bool:
    return row.document_version <= DOCUMENT_VERSION


def _is_claimed(row: OutboxRow, worker_id: str) -> bool:
    return row.state is OutboxState.SENDING and row.claimed_by == worker_id


def _happening(row: OutboxRow, kind: EventType, when: datetime, recipient: str) -> Happening:
    return Happening(
        row_id=row.id,
        event_type=kind,
        happened_at=when,
        recipient=recipient,
        provider=row.provider,
        tags=row.tags,
    )


def _is_wanted(row: OutboxRow, wanted: OutboxFilter) -> bool:
    key = None if wanted.address is None else address_key(wanted.address)
    return (
        (not wanted.states or row.state in wanted.states)
        and wanted.key in (None, row.key)
        and (key is None or key in map(address_key, row.recipients))
        and wanted.error_category in (None, row.error_category)
        and wanted.provider in (None, row.provider)
        and (wanted.tag is None or wanted.tag in row.tags)
        and (wanted.changed_before is None or row.changed_at < wanted.changed_before)
        and (wanted.changed_since is None or row.changed_at >= wanted.changed_since)
    )
