"""The suppression list in the database of an outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, select, true, tuple_

from mailcore.address import address_key
from mailcore.stores import SuppressionEntry, asked_reasons, restored
from mailcore_outbox.columns import DIGEST_OCTETS, as_text
from mailcore_outbox.conflicts import insert_or_change
from mailcore_outbox.database import Database
from mailcore_outbox.tables import Tables


_WHAT = "suppressed addresses"
_AT_ONCE = 500
_PAGE = 1000
_CHANGED = ("source", "detail", "updated_at")


class SqlSuppressionStore:
    """
    Entries in the database: a :class:`mailcore.stores.SuppressionStore`.

    ``Outbox.suppressions`` is one; nobody else makes it.

    Args:
        database: Where the table is.
        tables: The tables of the outbox.
    """

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.suppressions
        names = ("address", "scope", "reason", "updated_at", "source", "detail")
        self._query = select(*(self._table.c[name] for name in names))

    def find(self, keys: Sequence[str]) -> Sequence[SuppressionEntry]:
        """
        All entries of some addresses.

        Raises:
            StoreError: If the table cannot be read.
        """
        wanted = {as_text(key) for key in keys}
        rows = self._database.read(_WHAT, partial(self._rows_of, sorted(wanted)))
        # MySQL takes a text with a blank behind it for the same text.
        return [_read(row) for row in rows if row.address in wanted]

    def add(self, entries: Iterable[SuppressionEntry]) -> None:
        """
        Keep entries, all or none; of the same address, scope and reason, the last one given.

        Raises:
            StoreError: If the table cannot be written.
        """
        # PostgreSQL does not change a row twice in one statement.
        rows = list({row["digest"]: row for row in map(_written, entries)}.values())
        if rows:
            self._database.write(_WHAT, partial(self._add, rows))

    def remove(
        self, email_address: str, *, reasons: Iterable[str] = (), scope: str | None = None
    ) -> int:
        """
        Forget the entries of an address, of any reason and scope unless told; how many.

        Raises:
            StoreError: If the table cannot be written.
        """
        own = self._table.c.address == address_key(email_address)
        gone = delete(self._table).where(own, *self._conditions(asked_reasons(reasons), scope))
        return self._database.write(_WHAT, lambda connection: connection.execute(gone).rowcount)

    def entries(
        self, *, containing: str = "", reasons: Iterable[str] = (), scope: str | None = None
    ) -> Iterator[SuppressionEntry]:
        """
        Entries in the order of their addresses, a thousand at a time.

        Raises:
            StoreError: If the table cannot be read.
        """
        part = as_text(address_key(containing))
        conditions = self._conditions(asked_reasons(reasons), scope)
        if part:
            conditions.append(self._table.c.address.contains(part, autoescape=True))
        return self._pages(part, and_(true(), *conditions))

    def _pages(self, part: str, condition: ColumnElement[bool]) -> Iterator[SuppressionEntry]:
        columns = self._table.c
        place = (columns.address, columns.scope, columns.reason)
        query = self._query.where(condition).order_by(*place).limit(_PAGE)
        after = query
        while True:
            rows = self._database.read(_WHAT, partial(_all, after))
            # Not every database takes ``a`` and ``A`` for two letters in LIKE.
            yield from (_read(row) for row in rows if part in row.address)
            if len(rows) < _PAGE:
                return
            after = query.where(
                tuple_(*place) > (rows[-1].address, rows[-1].scope, rows[-1].reason)
            )

    def _rows_of(self, keys: Sequence[str], connection: Connection) -> list[Row[Any]]:
        found: list[Row[Any]] = []
        for begin in range(0, len(keys), _AT_ONCE):
            some = keys[begin : begin + _AT_ONCE]
            found += connection.execute(self._query.where(self._table.c.address.in_(some)))
        return found

    def _add(self, rows: Sequence[dict[str, object]], connection: Connection) -> None:
        statement = insert_or_change(connection.dialect.name, self._table, _CHANGED)
        for begin in range(0, len(rows), _AT_ONCE):
            connection.execute(statement, rows[begin : begin + _AT_ONCE])

    def _conditions(self, reasons: Sequence[str], scope: str | None) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if reasons:
            found.append(self._table.c.reason.in_(reasons))
        if scope is not None:
            found.append(self._table.c.scope == scope)
        return found


def _all(query: Select[Any], connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def _written(entry: SuppressionEntry) -> dict[str, object]:
    address, scope = as_text(entry.email_address), as_text(entry.scope)
    place = f"{address}\0{scope}\0{entry.reason}"
    return {
        "digest": blake2b(place.encode(), digest_size=DIGEST_OCTETS).digest(),
        "address": address,
        "scope": scope,
        "reason": entry.reason,
        "source": entry.source,
        "detail": entry.detail,
        "updated_at": entry.since,
    }


def _read(row: Row[Any]) -> SuppressionEntry:
    place = (row.address, row.scope, row.reason)
    return restored(place, since=row.updated_at, source=row.source, detail=row.detail)
