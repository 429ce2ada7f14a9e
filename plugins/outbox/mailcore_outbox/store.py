"""What keeps rows, attempts and receipts, for workers, events and people."""

from __future__ import annotations

import time

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection

from mailcore.outbox import (
    Advanced,
    Decide,
    Happening,
    OutboxAttempt,
    OutboxCounts,
    OutboxFilter,
    OutboxRow,
    OutboxState,
    Receipt,
    Revision,
)
from mailcore_outbox.claiming import Claimer
from mailcore_outbox.database import Database
from mailcore_outbox.driver_statements import DriverStatements
from mailcore_outbox.finding import Finder
from mailcore_outbox.one_statement import OneStatement
from mailcore_outbox.tables import Tables
from mailcore_outbox.writing import Writer


_WHAT = "the outbox"
_CHECK_EVERY_SECONDS: Final = 60.0


class SqlOutboxStore:
    """
    Rows in the database: a :class:`mailcore.outbox.OutboxStore`.

    ``Outbox.store`` is one; nobody else makes it. Every method is a transaction of its own, on a
    connection of its own: with a transaction of yours goes :meth:`mailcore_outbox.Outbox.add`.

    Args:
        database: Where the tables are.
        tables: The tables of the outbox.
    """

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._writer = Writer(tables)
        self._claimer = Claimer(tables)
        self._finder = Finder(tables)
        dialect = database.engine.dialect
        self._own: OneStatement | DriverStatements | None = None
        if dialect.name == "postgresql":
            self._own = OneStatement(tables)
        elif dialect.name == "sqlite" and dialect.paramstyle == "qmark":
            self._own = DriverStatements(tables)
        self._checked_at = time.monotonic()

    def claim(
        self, worker_id: str, *, limit: int, now: datetime, until: datetime
    ) -> Sequence[OutboxRow]:
        """
        Take rows that are due, which no other worker gets from then on.

        Once a minute it also looks whether the tables are still of the version of this release,
        since migrations may run while workers do.

        Args:
            worker_id: Who takes them.
            limit: How many at most.
            now: The time of this moment.
            until: When the claim ends by itself.

        Raises:
            StoreError: If the database cannot be used.
            ConfigurationError: If the tables are missing, or of another version.
        """
        if time.monotonic() - self._checked_at > _CHECK_EVERY_SECONDS:
            self._checked_at = time.monotonic()
            self._database.check_again()
        work = partial(self._claimer.claim, worker_id, limit, now, until)
        return self._database.write(_WHAT, work)

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

        Args:
            worker_id: The worker that claimed the rows.
            conclusions: The rows as they are to be, with their attempts.
            begin: The ids of rows whose sends are to begin.
            provider: The name of the provider that these are about to be given to.
            now: The time of this moment.
            until: When the claims of the rows that begin end by themselves.

        Raises:
            StoreError: If the database cannot be used.
            ConfigurationError: If the tables are missing, or of another version.
        """
        own, database = self._own, self._database
        if own is not None:
            of_the_database = partial(
                own.advance,
                worker_id,
                conclusions,
                begin,
                provider=provider,
                now=now,
                until=until,
            )
            write = database.write_at_once if isinstance(own, OneStatement) else database.write
            return write(_WHAT, of_the_database)

        def work(connection: Connection) -> Advanced:
            concluded = self._writer.conclude(worker_id, conclusions, connection)
            begun = self._claimer.begin(
                worker_id, begin, connection, provider=provider, now=now, until=until
            )
            return Advanced(concluded=concluded, begun=begun)

        return self._database.write(_WHAT, work)

    def extend(self, worker_id: str, *, until: datetime) -> int:
        """
        Have all claims of a worker end at another time; how many there are.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.write(_WHAT, partial(self._claimer.extend, worker_id, until))

    def release(self, worker_id: str, *, row_ids: Sequence[str] | None, now: datetime) -> int:
        """
        Give claims back that nothing was sent of; how many there were.

        Raises:
            StoreError: If the database cannot be used.
        """
        work = partial(self._claimer.release, worker_id, row_ids, now)
        return self._database.write(_WHAT, work)

    def expired(self, *, now: datetime, limit: int) -> Sequence[str]:
        """
        Ids of rows whose claims have run out, the oldest first.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, partial(self._claimer.expired, now, limit))

    def revise(self, row_id: str, decide: Decide) -> OutboxRow | None:
        """
        Lock a row, let a function decide, and write what it says.

        Args:
            row_id: The id of the row.
            decide: Called with the row and all of its receipts, and again after a deadlock.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(connection: Connection) -> OutboxRow | None:
            row = self._writer.read(row_id, connection, lock=True)
            return None if row is None else self._decided(row, decide, connection)

        return self._database.write(_WHAT, work)

    def receive(self, row_id: str, receipt: Receipt, decide: Decide) -> bool:
        """
        Lock a row, write a receipt, and let a function decide; whether the receipt is new.

        Args:
            row_id: The id of the row.
            receipt: What was reported.
            decide: Called with the row and all of its receipts, and again after a deadlock.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(connection: Connection) -> bool:
            row = self._writer.read(row_id, connection, lock=True)
            if row is None:
                return False
            is_new = self._writer.add_receipt(receipt, connection)
            self._decided(row, decide, connection)
            return is_new

        return self._database.write(_WHAT, work)

    def locate(self, *, row_id: str, provider: str, message_id: str) -> str | None:
        """
        The id of the row that an event is about; None if there is none.

        Raises:
            StoreError: If the database cannot be used.
        """
        work = partial(self._finder.locate, row_id, provider, message_id)
        return self._database.read(_WHAT, work)

    def get(self, row_id: str) -> OutboxRow | None:
        """
        A row, by its id.

        Raises:
            NewerDocument: If a newer release has kept the row.
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, partial(self._writer.read, row_id))

    def find(self, wanted: OutboxFilter, *, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """
        Rows in the order of their ids, without their documents; none of a newer release.

        Args:
            wanted: Which rows are asked for.
            limit: How many at most.
            after: The last id of those that came before; empty for the first.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, partial(self._finder.find, wanted, limit, after))

    def newer(self, wanted: OutboxFilter) -> int:
        """
        How many rows of a newer release :meth:`find` passes over.

        Args:
            wanted: Which rows are counted.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, partial(self._finder.newer, wanted))

    def attempts(self, row_id: str) -> Sequence[OutboxAttempt]:
        """
        The attempts of a row, in order.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, partial(self._writer.attempts, row_id))

    def receipts(self, row_id: str) -> Sequence[Receipt]:
        """
        The receipts of a row, in the order in which things happened.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, partial(self._writer.receipts, row_id))

    def counts(self, *, now: datetime) -> OutboxCounts:
        """
        How full the outbox is.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, partial(self._finder.counts, now))

    def next_due_at(self) -> datetime | None:
        """
        When the next pending row is due, or the next claim ends; None if there is neither.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._database.read(_WHAT, self._claimer.next_due_at)

    def prune(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """
        Delete rows with their attempts and receipts, the oldest first; how many.

        Args:
            before: Rows whose state changed last before this moment.
            states: The states that such a row has; only those that are over.
            limit: How many at most.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(connection: Connection) -> int:
            gone = self._finder.over(before, states, limit, connection)
            return self._writer.delete(gone, connection)

        return self._database.write(_WHAT, work)

    def prune_bodies(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """
        Delete the documents of such rows; how many.

        Args:
            before: Rows whose state changed last before this moment.
            states: The states that such a row has; only those that are over.
            limit: How many at most.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(connection: Connection) -> int:
            found = self._finder.over(before, states, limit, connection, with_document=True)
            return self._writer.delete_documents(found, connection)

        return self._database.write(_WHAT, work)

    def happenings(self, *, since: datetime, until: datetime) -> Iterator[Happening]:
        """
        What is counted in figures, in any order; asked for as it is wanted.

        Raises:
            StoreError: If the database cannot be used.
        """
        return self._finder.happenings(self._database, since, until)

    def _decided(self, row: OutboxRow, decide: Decide, connection: Connection) -> OutboxRow | None:
        revision = decide(row, self._writer.receipts(row.id, connection))
        if revision is None:
            return None
        self._writer.write(revision, connection, before=row)
        return revision.row
