"""
What keeps the rows of an outbox: the protocol that an implementation has to fulfil.

A store keeps, and decides nothing. What becomes of a row is computed by
:mod:`mailcore.outbox.machine`, and a store writes it under one of two conditions:

* a *comparison*: :meth:`OutboxStore.advance` and its like write if the row is still as the worker
  knows it, in one statement;
* a *lock*: :meth:`OutboxStore.revise` and :meth:`OutboxStore.receive` lock the row, read it, let a
  pure function decide, and write what it says, in one transaction.

:class:`mailcore.testing.OutboxStoreSuite` has all of it as tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.events import EventType
from mailcore.outbox.rows import OutboxAttempt, OutboxRow, Receipt
from mailcore.outbox.states import OutboxState


@dataclass(frozen=True, kw_only=True)
class Revision:
    """
    What is to be written of a row.

    Args:
        row: The row as it is to be.
        attempt: An attempt to be written beside it; one of the same row and number is replaced.
        forgotten: The key of an address that receipts of the row must not have any more; empty if
            there is none.
    """

    row: OutboxRow
    attempt: OutboxAttempt | None = None
    forgotten: str = field(default="", repr=False)


Decide: TypeAlias = Callable[[OutboxRow, Sequence[Receipt]], "Revision | None"]
"""Takes a row as it is and its receipts, and says what is to be written; None for nothing."""


@dataclass(frozen=True, kw_only=True)
class OutboxFilter:
    """
    Which rows somebody asks for; each condition that is given must hold.

    Args:
        states: The states that a row may have; any if empty.
        key: The key of the row.
        address: An address of a recipient, in any spelling.
        error_category: The category of the last error.
        provider: The name of the provider that it was given to last.
        tag: A tag among those of the message.
        changed_before: Rows whose state changed last before this moment.
        changed_since: Rows whose state changed last at this moment, or after it.
    """

    states: tuple[OutboxState, ...] = ()
    key: str | None = None
    address: str | None = field(default=None, repr=False)
    error_category: str | None = None
    provider: str | None = None
    tag: str | None = None
    changed_before: datetime | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """
    What of :meth:`OutboxStore.advance` was written.

    Args:
        concluded: The ids of the rows whose conclusion was written.
        begun: The ids of the rows whose sends may begin now.
    """

    concluded: frozenset[str]
    begun: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class OutboxCounts:
    """
    How full an outbox is.

    Args:
        by_state: How many rows each state has; every state is there.
        due: How many pending rows are due.
        oldest_due_at: When the pending row that waits longest was due; None if none is due.
        expired: How many rows are claimed by workers that did not come back in time.
        newer: How many rows that are not over were kept by a newer release, whose workers alone
            send them.
    """

    by_state: Mapping[OutboxState, int]
    due: int
    oldest_due_at: datetime | None
    expired: int
    newer: int = 0


@dataclass(frozen=True, kw_only=True)
class Happening:
    """
    One thing that is counted in figures.

    Args:
        row_id: The row that it is about.
        event_type: What happened to the mail; ``SENT`` for the acceptance by the provider.
        happened_at: When it happened, in UTC.
        recipient: The key of the address that it is about; empty if nobody knows.
        provider: The name of the provider.
        tags: The tags of the message.
    """

    row_id: str
    event_type: EventType
    happened_at: datetime
    recipient: str = field(repr=False)
    provider: str
    tags: tuple[str, ...]


class OutboxStore(Protocol):
    """
    What keeps rows, attempts and receipts; used by several threads and processes at once.

    Every method is one transaction of its own: when it returns, what it wrote is there after a
    crash; when it raises, either all of it is written or nothing, and the caller may not know
    which. Each raises :class:`~mailcore.errors.StoreError` if the database cannot be used, and
    :class:`~mailcore.errors.ConfigurationError` if the tables are missing or of another version.

    Ids that are asked for and do not exist are passed over. Rows come back with all of their
    fields, unless told otherwise; a document is not looked into.

    Rows whose `document_version` is above ``DOCUMENT_VERSION`` were kept by a newer release, whose
    words this one may not know. Where several are asked for, they are passed over, and
    :meth:`newer` says how many; where one is asked for by its id, the store may raise
    :class:`~mailcore.outbox.NewerDocument`.

    ``add()``, which writes a row within the caller's own transaction, is a function of each
    package: connections and sessions are its own.
    """

    def claim(
        self, worker_id: str, *, limit: int, now: datetime, until: datetime
    ) -> Sequence[OutboxRow]:
        """
        Take rows that are due, which no other worker gets from then on.

        Rows in the state ``PENDING`` with `due_at` at `now` or before it: those with the largest
        priority first, among these the one that was due first, among these by id. They become
        ``SENDING`` with `claimed_by` `worker_id`, `claimed_until` `until`, `began_at` None and
        `changed_at` `now`. Rows that another claim has locked are passed over, not waited for,
        where the database can do that; and so are those whose `document_version` is above
        ``DOCUMENT_VERSION``, which a newer release has kept.

        Args:
            worker_id: Who takes them: an id that no other run of a worker has.
            limit: How many at most.
            now: The time of this moment.
            until: When the claim ends by itself.

        Returns:
            The rows as they are then, in the order given above.
        """
        ...

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
        """
        Write what became of sends, and that others begin, in one transaction.

        A conclusion is written if the row is ``SENDING``, its `claimed_by` is `worker_id`, its
        `attempts` are those of the revised row, and `began_at` is not None: then every field of
        the row gets the value of ``revision.row``, and its attempt is written. Those that are not
        as expected are left alone.

        A send may begin if the row is ``SENDING``, its `claimed_by` is `worker_id`, and its
        `began_at` is None: then `began_at` becomes `now`, `attempts` one more, `provider` that of
        the argument, `claimed_until` `until`.

        Args:
            worker_id: The worker that claimed the rows.
            conclusions: The rows as they are to be, with their attempts.
            begin: The ids of rows whose sends are to begin.
            provider: The name of the provider that these are about to be given to.
            now: The time of this moment.
            until: When the claims of the rows that begin end by themselves.

        Returns:
            The ids of the rows that were as expected.
        """
        ...

    def extend(self, worker_id: str, *, until: datetime) -> int:
        """Have all claims of a worker (``SENDING``) end at another time; how many there are."""
        ...

    def release(self, worker_id: str, *, row_ids: Sequence[str] | None, now: datetime) -> int:
        """
        Give claims back that nothing was sent of.

        Rows that are ``SENDING`` with `claimed_by` `worker_id` become ``PENDING``, `claimed_by`
        empty, `claimed_until` None, `changed_at` `now`. With `row_ids`, those; and `began_at`
        becomes None, and `attempts` one less, if it was set: the caller knows that the send did not
        begin. With None, all claims of the worker whose `began_at` is None.

        Returns:
            How many there were.
        """
        ...

    def expired(self, *, now: datetime, limit: int) -> Sequence[str]:
        """
        Ids of ``SENDING`` rows whose `claimed_until` is before a time, the oldest first.

        Those of a newer release are passed over, as by :meth:`claim`.
        """
        ...

    def revise(self, row_id: str, decide: Decide) -> OutboxRow | None:
        """
        Lock a row, let a function decide, and write what it says.

        Args:
            row_id: The id of the row.
            decide: Is called with the row and all of its receipts, once or, where the database has
                a transaction begin anew, several times; it does no I/O.

        Returns:
            The row as it was written; None if there is no such row, or nothing to write.

        Raises:
            NewerDocument: If a newer release has kept the row.
        """
        ...

    def receive(self, row_id: str, receipt: Receipt, decide: Decide) -> bool:
        """
        Lock a row, write a receipt, and let a function decide, as :meth:`revise` does.

        The function sees the new receipt among the others. A receipt whose `dedupe_key` the row
        has already is not written again; the function is asked all the same.

        Returns:
            Whether the receipt is new; False as well if there is no such row.
        """
        ...

    def locate(self, *, row_id: str, provider: str, message_id: str) -> str | None:
        """
        The id of the row that an event is about.

        Args:
            row_id: What the event brings as the id of a row; empty if it brings none. It comes from
                outside, and may be anything.
            provider: The name of the provider that reports it.
            message_id: The provider's id of the message; empty if it does not say.

        Returns:
            `row_id` if there is such a row, or else the row that has `message_id` among its
            `message_ids`, or in an attempt; of several, one of the provider's, the newest.
        """
        ...

    def get(self, row_id: str) -> OutboxRow | None:
        """A row, by its id."""
        ...

    def find(self, wanted: OutboxFilter, *, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """
        Rows in the order of their ids, with `document` None, whether they have one or not.

        Those of a newer release are passed over: see :meth:`newer`.

        Args:
            wanted: Which rows to look for.
            limit: How many at most.
            after: The last id of those that came before; empty for the first.
        """
        ...

    def newer(self, wanted: OutboxFilter) -> int:
        """
        How many rows :meth:`find` passes over, because a newer release has kept them.

        Args:
            wanted: Which rows to count: as for :meth:`find`, by what this release knows of them.
        """
        ...

    def attempts(self, row_id: str) -> Sequence[OutboxAttempt]:
        """The attempts of a row, in order."""
        ...

    def receipts(self, row_id: str) -> Sequence[Receipt]:
        """The receipts of a row, in the order in which things happened."""
        ...

    def counts(self, *, now: datetime) -> OutboxCounts:
        """How full the outbox is."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next pending row is due, or the next claim ends; None if there is neither."""
        ...

    def prune(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """
        Delete rows with their attempts and receipts.

        Args:
            before: Rows whose `changed_at` is before this moment.
            states: The states that such a row has; only those that are over.
            limit: How many at most, the oldest first; a large table is pruned in several calls.

        Returns:
            How many rows were deleted.
        """
        ...

    def prune_bodies(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """Set `document` to None in such rows that have one; how many."""
        ...

    def happenings(self, *, since: datetime, until: datetime) -> Iterator[Happening]:
        """
        What is counted in figures, in any order; acceptances of rows of a newer release are not.

        For each recipient of a row in the state ``SENT`` whose status is accepted, one with
        ``SENT`` at the row's `changed_at`; and one for each receipt. Those at `since` or after it,
        and before `until`.
        """
        ...


def require_outbox_store(store: object, what: str) -> None:
    """
    Refuse what keeps no rows, before the first one is asked for.

    Args:
        store: What was given as a store.
        what: Who wants it, for the error.

    Raises:
        ConfigurationError: If it is something else, a class of stores, or an object that has one.
    """
    if not isinstance(store, type) and callable(getattr(store, "receive", None)):
        return
    kind = store.__qualname__ if isinstance(store, type) else type(store).__name__
    hint = ": give its `store`" if hasattr(store, "store") else ""
    raise ConfigurationError(f"{what} takes a store such as MemoryOutbox(), not {kind}{hint}")
