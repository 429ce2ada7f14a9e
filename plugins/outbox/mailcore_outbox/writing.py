"""Rows, attempts and receipts, into the tables and out of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    and_,
    delete,
    insert,
    literal,
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

    def add(self, row: OutboxRow, connection: Connection) -> OutboxRow | None:
        """
        Keep a new row.

        Returns:
            The row that has its key already; None if the row is kept now.
        """
        columns = self._columns(row)
        if row.key is None:
            connection.execute(insert(self._tables.rows), columns)
        else:
            connection.execute(self._insert_unless_key(connection), columns)
            kept = self._other_with_key(row, connection)
            if kept is not None:
                return kept
        if row.document is not None:
            document = {"row_id": row.id, "document": row.document}
            connection.execute(insert(self._tables.documents), document)
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
                insert_or_change(connection, self._tables.documents, ["document"]),
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

    def conclude(self, worker_id: str, revision: Revision, connection: Connection) -> bool:
        """Write a row if it is as the worker knows it; its document is left to the caller."""
        rows, row = self._tables.rows, revision.row
        expected = and_(
            rows.c.id == row.id,
            is_claimed(self._tables, worker_id),
            rows.c.attempts == row.attempts,
            rows.c.began_at.is_not(None),
        )
        done = connection.execute(update(rows).where(expected).values(self._columns(row)))
        return done.rowcount == 1

    def write_beside(self, revisions: Sequence[Revision], connection: Connection) -> None:
        """Write the attempts of rows, and by which ids of providers they are found."""
        attempts = [each.attempt for each in revisions if each.attempt is not None]
        if attempts:
            changed = [name for name in ATTEMPT_COLUMNS if name not in ("row_id", "number")]
            connection.execute(
                insert_or_change(connection, self._tables.attempts, changed),
                [each.to_columns() for each in attempts],
            )
        named = [(each.row.id, each.row.provider, each.row.message_ids) for each in revisions]
        named += [(each.row_id, each.provider, each.message_ids) for each in attempts]
        found = {
            (row_id, digest_of(message_id), provider)
            for row_id, provider, message_ids in named
            for message_id in message_ids
        }
        if found:
            names = ("row_id", "digest", "provider")
            connection.execute(
                insert_unless_there(connection, self._tables.message_ids),
                [dict(zip(names, each, strict=True)) for each in sorted(found)],
            )

    def delete_documents(self, row_ids: Sequence[str], connection: Connection) -> int:
        """Delete the documents of rows; how many there were."""
        own = self._tables.documents
        return sum(
            connection.execute(delete(own).where(own.c.row_id.in_(some))).rowcount
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
                insert(self._tables.recipients),
                [{"row_id": row.id, "digest": each} for each in sorted(digests)],
            )

    def _insert_unless_key(self, connection: Connection) -> Insert:
        rows = self._tables.rows
        if connection.dialect.name in MYSQL:
            # Not INSERT IGNORE, which passes over whatever else is wrong as well.
            return mysql.insert(rows).on_duplicate_key_update(id=rows.c.id)
        return insert_unless_there(connection, rows)

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


def is_claimed(tables: Tables, worker_id: str) -> ColumnElement[bool]:
    """The condition that a worker has a row."""
    columns = tables.rows.c
    return and_(
        columns.state == literal_state(OutboxState.SENDING), columns.claimed_by == worker_id
    )


def literal_state(state: OutboxState) -> ColumnElement[str]:
    """A state within a statement, by which PostgreSQL knows that an index for it alone will do."""
    return literal(state.value, literal_execute=True)


def some_of(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Items in portions that a statement takes."""
    for begin in range(0, len(items), AT_ONCE):
        yield items[begin : begin + AT_ONCE]
