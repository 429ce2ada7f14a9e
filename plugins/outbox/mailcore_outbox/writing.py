"""Rows, attempts and receipts, into the tables and out of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from hashlib import blake2b
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    String,
    and_,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import mysql

from mailcore.address import address_key
from mailcore.errors import StoreError
from mailcore.outbox import (
    ATTEMPT_COLUMNS,
    NewerDocument,
    OutboxAttempt,
    OutboxRow,
    OutboxState,
    Receipt,
    Revision,
)
from mailcore_outbox.columns import DIGEST_OCTETS, MYSQL
from mailcore_outbox.conflicts import insert_or_change, insert_unless_there
from mailcore_outbox.tables import Tables


T = TypeVar("T")

_ATTEMPT_CHANGES = tuple(each for each in ATTEMPT_COLUMNS if each not in ("row_id", "number"))

AT_ONCE = 500
"""How many ids stand in one statement: SQLite takes 999 values before 3.32."""


def digest_of(text: str) -> bytes:
    """What stands for an address or an id in an index: BLAKE2b of 16 octets."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_OCTETS).digest()


class Writer:
    """
    Statements about single messages.

    Args:
        tables: The tables of the outbox.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        rows, documents = tables.rows, tables.documents
        self._with_document = select(*rows.c, documents.c.document).select_from(
            rows.outerjoin(documents, documents.c.row_id == rows.c.id)
        )
        # Made once: to build a statement takes longer than to execute it (benchmarks/outbox.py).
        self._insert_row = insert(rows)
        self._insert_document = insert(documents)
        self._insert_recipients = insert(tables.recipients)
        self._conclude = (
            update(rows)
            .where(
                rows.c.id == bindparam("of_id"),
                is_claimed_by(tables, bindparam("of_worker")),
                rows.c.attempts == bindparam("of_attempts"),
                rows.c.began_at.is_not(None),
            )
            .values({each.name: bindparam(each.name) for each in rows.c})
        )
        self._under_way = (
            select(rows.c.id, rows.c.attempts)
            .where(
                rows.c.id.in_(bindparam("of_ids", expanding=True)),
                is_claimed_by(tables, bindparam("of_worker")),
                rows.c.began_at.is_not(None),
            )
            .with_for_update()
        )
        self._delete_documents = delete(documents).where(
            documents.c.row_id.in_(bindparam("of_ids", expanding=True))
        )
        self._write_attempts = cache(
            partial(insert_or_change, table=tables.attempts, columns=_ATTEMPT_CHANGES)
        )
        self._write_message_ids = cache(partial(insert_unless_there, table=tables.message_ids))

    def add(self, row: OutboxRow, connection: Connection) -> OutboxRow | None:
        """
        Keep a new row.

        Returns:
            The row that has its key already; None if the row is kept now.
        """
        columns = self._columns(row)
        if row.key is None:
            connection.execute(self._insert_row, columns)
        else:
            connection.execute(self._insert_unless_key(connection), columns)
            kept = self._other_with_key(row, connection)
            if kept is not None:
                return kept
        if row.document is not None:
            document = {"row_id": row.id, "document": row.document}
            connection.execute(self._insert_document, document)
        self._write_recipients(row, connection)
        return None

    def read(self, row_id: str, connection: Connection, *, lock: bool = False) -> OutboxRow | None:
        """A row with its document; locked until the transaction ends, if told."""
        rows, documents = self._tables.rows, self._tables.documents
        if not lock:
            query = self._with_document.where(rows.c.id == row_id)
            found = connection.execute(query).mappings().first()
            return None if found is None else row_of(found)
        # Not both at once: the side of an outer join that may be missing cannot be locked.
        locked = select(rows).where(rows.c.id == row_id).with_for_update()
        found = connection.execute(locked).mappings().first()
        if found is None:
            return None
        own = select(documents.c.document).where(documents.c.row_id == row_id)
        return row_of(found, connection.execute(own).scalar_one_or_none())

    def write(self, revision: Revision, connection: Connection, *, before: OutboxRow) -> None:
        """Write what was decided about a row that is locked."""
        row = revision.row
        columns = self._columns(row)
        rows = self._tables.rows
        connection.execute(update(rows).where(rows.c.id == row.id).values(columns))
        if row.document is None:
            self.delete_documents([row.id], connection)
        elif row.document != before.document:
            connection.execute(
                insert_or_change(connection.dialect.name, self._tables.documents, ["document"]),
                {"row_id": row.id, "document": row.document},
            )
        if row.recipients != before.recipients:
            own = self._tables.recipients
            connection.execute(delete(own).where(own.c.row_id == row.id))
            self._write_recipients(row, connection)
        self.write_beside([revision], connection)
        if revision.forgotten:
            receipts = self._tables.receipts
            about = and_(receipts.c.row_id == row.id, receipts.c.recipient == revision.forgotten)
            connection.execute(update(receipts).where(about).values(recipient=""))

    def conclude(
        self, worker_id: str, revisions: Sequence[Revision], connection: Connection
    ) -> frozenset[str]:
        """Write rows that are as the worker knows them; the ids of those that are."""
        written = revisions
        if len(revisions) > 1:
            # A statement with many sets of values does not say which of them changed a row.
            attempts: dict[str, int] = {}
            for some in some_of([each.row.id for each in revisions]):
                given = {"of_ids": some, "of_worker": worker_id}
                found = connection.execute(self._under_way, given)
                attempts.update((each.id, each.attempts) for each in found)
            written = [each for each in revisions if attempts.get(each.row.id) == each.row.attempts]
        if not written:
            return frozenset()
        values = [
            {
                **self._columns(each.row),
                "of_id": each.row.id,
                "of_worker": worker_id,
                "of_attempts": each.row.attempts,
            }
            for each in written
        ]
        done = connection.execute(self._conclude, values if len(values) > 1 else values[0])
        if len(revisions) == 1 and done.rowcount != 1:
            return frozenset()
        gone = [each.row.id for each in written if each.row.document is None]
        self.delete_documents(gone, connection)
        self.write_beside(written, connection)
        return frozenset(each.row.id for each in written)

    def write_beside(self, revisions: Sequence[Revision], connection: Connection) -> None:
        """Write the attempts of rows, and by which ids of providers they are found."""
        attempts = [each.attempt for each in revisions if each.attempt is not None]
        if attempts:
            connection.execute(
                self._write_attempts(connection.dialect.name),
                [each.to_columns() for each in attempts],
            )
        found = [
            {"row_id": row_id, "digest": digest_of(message_id), "provider": provider}
            for row_id, message_id, provider in found_by(revisions)
        ]
        if found:
            connection.execute(self._write_message_ids(connection.dialect.name), found)

    def delete_documents(self, row_ids: Sequence[str], connection: Connection) -> int:
        """Delete the documents of rows; how many there were."""
        return sum(
            connection.execute(self._delete_documents, {"of_ids": some}).rowcount
            for some in some_of(row_ids)
        )

    def delete(self, row_ids: Sequence[str], connection: Connection) -> int:
        """Delete rows and all that belongs to them; how many there were."""
        tables = self._tables
        self.delete_documents(row_ids, connection)
        count = 0
        for some in some_of(row_ids):
            for table in (tables.recipients, tables.message_ids, tables.attempts, tables.receipts):
                connection.execute(delete(table).where(table.c.row_id.in_(some)))
            count += connection.execute(
                delete(tables.rows).where(tables.rows.c.id.in_(some))
            ).rowcount
        return count

    def attempts(self, row_id: str, connection: Connection) -> list[OutboxAttempt]:
        """The attempts of a row, in order."""
        own = self._tables.attempts
        query = select(own).where(own.c.row_id == row_id).order_by(own.c.number)
        return [
            read(OutboxAttempt.from_columns, each) for each in connection.execute(query).mappings()
        ]

    def receipts(self, row_id: str, connection: Connection) -> list[Receipt]:
        """The receipts of a row, in the order in which things happened."""
        own = self._tables.receipts
        query = select(own).where(own.c.row_id == row_id)
        query = query.order_by(own.c.happened_at, own.c.dedupe_key)
        return [read(Receipt.from_columns, each) for each in connection.execute(query).mappings()]

    def add_receipt(self, receipt: Receipt, connection: Connection) -> bool:
        """Write a receipt of a row that is locked; whether it is new."""
        own = self._tables.receipts
        there = and_(own.c.row_id == receipt.row_id, own.c.dedupe_key == receipt.dedupe_key)
        if connection.execute(select(own.c.row_id).where(there)).first() is not None:
            return False
        connection.execute(insert(own), receipt.to_columns())
        return True

    def _columns(self, row: OutboxRow) -> dict[str, Any]:
        columns = dict(row.to_columns())
        del columns["document"]
        return columns

    def _write_recipients(self, row: OutboxRow, connection: Connection) -> None:
        digests = {digest_of(address_key(each)) for each in row.recipients}
        if digests:
            connection.execute(
                self._insert_recipients,
                [{"row_id": row.id, "digest": each} for each in sorted(digests)],
            )

    def _insert_unless_key(self, connection: Connection) -> Insert:
        rows = self._tables.rows
        if connection.dialect.name in MYSQL:
            # Not INSERT IGNORE, which passes over whatever else is wrong as well.
            return mysql.insert(rows).on_duplicate_key_update(id=rows.c.id)
        return insert_unless_there(connection.dialect.name, rows)

    def _other_with_key(self, row: OutboxRow, connection: Connection) -> OutboxRow | None:
        rows, documents = self._tables.rows, self._tables.documents
        of_key = select(rows).where(rows.c.key == row.key)
        document = select(documents.c.document)
        if connection.dialect.name in MYSQL:
            # What others committed after this transaction began to read, too.
            of_key = of_key.with_for_update(read=True)
            document = document.with_for_update(read=True)
        found = connection.execute(of_key).mappings().one()
        if found["id"] == row.id:
            return None
        own = document.where(documents.c.row_id == found["id"])
        return row_of(found, connection.execute(own).scalar_one_or_none())


def found_by(revisions: Iterable[Revision]) -> list[tuple[str, str, str]]:
    """The ids of providers that rows are found by: a row, an id and a provider, each once."""
    found: set[tuple[str, str, str]] = set()
    for each in revisions:
        row, attempt = each.row, each.attempt
        found.update((row.id, message_id, row.provider) for message_id in row.message_ids)
        if attempt is not None:
            found.update((row.id, each, attempt.provider) for each in attempt.message_ids)
    return sorted(found)


def row_of(found: Mapping[Any, Any], document: str | None = None) -> OutboxRow:
    """
    A row as it was kept.

    Raises:
        StoreError: If a value in it is none that was written.
    """
    return read(OutboxRow.from_columns, {"document": document, **found})


def read(reader: Callable[[Mapping[str, Any]], T], columns: Mapping[Any, Any]) -> T:
    """
    What stands in the tables, as a value.

    Raises:
        StoreError: If it is none that was written.
        NewerDocument: If a newer release wrote it.
    """
    try:
        return reader(columns)
    except NewerDocument:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        name = columns.get("row_id", columns.get("id", ""))
        raise StoreError(
            f"the row {name} of the outbox has values that this release of mailcore does not know"
        ) from error


def is_claimed_by(tables: Tables, worker_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a worker has a row."""
    return and_(has_state(tables, OutboxState.SENDING), tables.rows.c.claimed_by == worker_id)


def has_state(tables: Tables, state: OutboxState) -> ColumnElement[bool]:
    """
    The condition that a row has a state.

    The state is no value of the statement but a part of its text, by which PostgreSQL knows that
    the index of this state alone will do.
    """
    return tables.rows.c.state == literal_column(f"'{state.value}'", String)


def some_of(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Items in portions that a statement takes."""
    for begin in range(0, len(items), AT_ONCE):
        yield items[begin : begin + AT_ONCE]
