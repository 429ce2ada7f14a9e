"""
What a worker writes most often, in statements that SQLite's driver gets as they are.

SQLite executes such a statement in some microseconds, and SQLAlchemy takes several times as long to
hand it over. These are made once, and only their values change (`benchmarks/outbox.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect

from mailcore.outbox import ATTEMPT_COLUMNS, Advanced, Revision
from mailcore_outbox.columns import as_text
from mailcore_outbox.tables import Tables
from mailcore_outbox.writing import digest_of, found_by


_DIALECT: Dialect = sqlite.dialect()
_Values: TypeAlias = tuple[Any, ...]


class DriverStatements:
    """
    The statements of :meth:`~mailcore.outbox.OutboxStore.advance` on SQLite.

    Args:
        tables: The tables of the outbox.
    """

    def __init__(self, tables: Tables) -> None:
        rows, ids, attempts = tables.rows, tables.message_ids, tables.attempts
        self._row_columns = [each.name for each in rows.c]
        changes = [each for each in ATTEMPT_COLUMNS if each not in ("row_id", "number")]
        # All names are those of the tables, which are checked when they are made.
        self._conclude = (
            f"UPDATE {_name(rows)} SET {_to_set(self._row_columns)} "  # noqa: S608  # of tables
            "WHERE id = ? AND state = 'sending' AND claimed_by = ? AND attempts = ? "
            "AND began_at IS NOT NULL"
        )
        self._delete_document = f"DELETE FROM {_name(tables.documents)} WHERE row_id = ?"  # noqa: S608  # of tables
        self._write_attempt = (
            f"INSERT INTO {_name(attempts)} ({', '.join(ATTEMPT_COLUMNS)}) "  # noqa: S608  # of tables
            f"VALUES ({', '.join('?' for _ in ATTEMPT_COLUMNS)}) "
            "ON CONFLICT (row_id, number) DO UPDATE SET "
            f"{', '.join(f'{each} = excluded.{each}' for each in changes)}"
        )
        self._write_message_id = (
            f"INSERT INTO {_name(ids)} (row_id, digest, provider) VALUES (?, ?, ?) "  # noqa: S608  # of tables
            "ON CONFLICT DO NOTHING"
        )
        self._begin = (
            f"UPDATE {_name(rows)} SET began_at = ?, attempts = attempts + 1, provider = ?, "  # noqa: S608  # of tables
            "claimed_until = ? "
            "WHERE id = ? AND state = 'sending' AND claimed_by = ? AND began_at IS NULL"
        )

    def advance(
        self,
        worker_id: str,
        conclusions: Sequence[Revision],
        begin: Sequence[str],
        connection: Connection,
        *,
        provider: str,
        now: datetime,
        until: datetime,
    ) -> Advanced:
        """
        Write conclusions, and that sends begin.

        Args:
            worker_id: The worker that claimed the rows.
            conclusions: The rows as they are to be, with their attempts.
            begin: The ids of rows whose sends are to begin.
            connection: The connection, in a transaction that may write.
            provider: The name of the provider that these are about to be given to.
            now: The time of this moment.
            until: When the claims of the rows that begin end by themselves.
        """
        worker = as_text(worker_id)
        written = [each for each in conclusions if self._concluded(each, worker, connection)]
        if written:
            gone = [(each.row.id,) for each in written if each.row.document is None]
            _execute(connection, self._delete_document, gone)
            attempts = [each.attempt.to_columns() for each in written if each.attempt is not None]
            tried = [_values(each, ATTEMPT_COLUMNS) for each in attempts]
            _execute(connection, self._write_attempt, tried)
            ids = [
                (row_id, digest_of(message_id), as_text(provider))
                for row_id, message_id, provider in found_by(written)
            ]
            _execute(connection, self._write_message_id, ids)
        started = _kept_time(now), as_text(provider), _kept_time(until)
        begun = [
            row_id
            for row_id in begin
            if connection.exec_driver_sql(self._begin, (*started, row_id, worker)).rowcount
        ]
        return Advanced(
            concluded=frozenset(each.row.id for each in written), begun=frozenset(begun)
        )

    def _concluded(self, revision: Revision, worker: str, connection: Connection) -> bool:
        """Whether the row was as the worker knows it, and is now as it is to be."""
        row = revision.row
        values = _values(row.to_columns(), self._row_columns)
        given = (*values, row.id, worker, row.attempts)
        return connection.exec_driver_sql(self._conclude, given).rowcount == 1


def _execute(connection: Connection, statement: str, values: Sequence[_Values]) -> None:
    if values:
        connection.exec_driver_sql(statement, list(values))


def _values(columns: Mapping[str, Any], names: Iterable[str]) -> _Values:
    return tuple([_kept(columns[name]) for name in names])


def _kept(value: Any) -> Any:
    """A value as SQLAlchemy's types keep it in SQLite."""
    if isinstance(value, str):
        return as_text(value)
    return _kept_time(value) if isinstance(value, datetime) else value


def _kept_time(value: datetime) -> str:
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(" ", "microseconds")


def _to_set(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}" = ?' for name in names)


def _name(table: Table) -> str:
    return str(_DIALECT.identifier_preparer.format_table(table))
