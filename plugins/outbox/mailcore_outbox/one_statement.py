"""
What a worker writes most often, in one statement of PostgreSQL.

Concluding some sends and having others begin takes five statements elsewhere. A server that is
asked over a socket has an answer to each; here the rows travel as JSON, and the statement changes
all tables (https://www.postgresql.org/docs/current/queries-with.html, 7.8.4, read 2026-11-30).
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from mailcore.outbox import ATTEMPT_COLUMNS, Advanced, Revision
from mailcore_outbox.columns import UtcTime, as_text
from mailcore_outbox.tables import Tables
from mailcore_outbox.writing import digest_of, found_by


# Names as they are: text() writes each % twice where a driver needs it.
_DIALECT: Dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
_encode = json.JSONEncoder(separators=(",", ":")).encode


class OneStatement:
    """
    The statement of :meth:`~mailcore.outbox.OutboxStore.advance` on PostgreSQL.

    Args:
        tables: The tables of the outbox.
    """

    def __init__(self, tables: Tables) -> None:
        self._row_columns = [each.name for each in tables.rows.c]
        self._times = {
            each.name
            for table in (tables.rows, tables.attempts)
            for each in table.c
            if isinstance(each.type, UtcTime)
        }
        self._statement = _statement(tables)

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
            connection: The connection, in a transaction.
            provider: The name of the provider that these are about to be given to.
            now: The time of this moment.
            until: When the claims of the rows that begin end by themselves.
        """
        attempts = [each.attempt for each in conclusions if each.attempt is not None]
        given = {
            "of_rows": self._rows(conclusions),
            "of_attempts": _encode([self._plain(each.to_columns()) for each in attempts]),
            "of_ids": _encode(list(_named(conclusions))),
            "of_begin": list(begin),
            "of_worker": as_text(worker_id),
            "of_provider": as_text(provider),
            "now": now,
            "until": until,
        }
        found = connection.execute(self._statement, given).all()
        return Advanced(
            concluded=frozenset(row_id for row_id, is_over in found if is_over),
            begun=frozenset(row_id for row_id, is_over in found if not is_over),
        )

    def _rows(self, conclusions: Iterable[Revision]) -> str:
        found = []
        for each in conclusions:
            columns = each.row.to_columns()
            plain = self._plain({name: columns[name] for name in self._row_columns})
            plain["is_pruned"] = each.row.document is None
            found.append(plain)
        return _encode(found)

    def _plain(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The columns as JSON holds them."""
        plain: dict[str, Any] = {}
        for name, value in columns.items():
            if isinstance(value, str):
                plain[name] = as_text(value)
            elif value is not None and name in self._times:
                plain[name] = value.isoformat()
            else:
                plain[name] = value
        return plain


def _named(conclusions: Iterable[Revision]) -> Iterator[dict[str, str]]:
    for row_id, message_id, provider in found_by(conclusions):
        digest = digest_of(message_id).hex()
        yield {"row_id": row_id, "digest": f"\\x{digest}", "provider": as_text(provider)}


def _statement(tables: Tables) -> TextClause:
    rows, attempts, documents = tables.rows, tables.attempts, tables.documents
    ids = tables.message_ids
    row_names = [each.name for each in rows.c]
    changes = [each for each in ATTEMPT_COLUMNS if each not in ("row_id", "number")]
    return text(
        f"""
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:of_rows AS jsonb))
    AS g({_typed(rows)}, is_pruned boolean)
), done AS (
    UPDATE {_name(rows)} AS r SET ({", ".join(row_names)}) = ROW({_of("g", row_names)})
    FROM given AS g
    WHERE r.id = g.id AND r.state = 'sending' AND r.claimed_by = :of_worker
    AND r.attempts = g.attempts AND r.began_at IS NOT NULL
    RETURNING r.id, g.is_pruned
), gone AS (
    DELETE FROM {_name(documents)} AS d USING done WHERE d.row_id = done.id AND done.is_pruned
), tried AS (
    INSERT INTO {_name(attempts)} ({", ".join(ATTEMPT_COLUMNS)})
    SELECT {_of("a", ATTEMPT_COLUMNS)}
    FROM jsonb_to_recordset(CAST(:of_attempts AS jsonb)) AS a({_typed(attempts)})
    JOIN done ON done.id = a.row_id
    ON CONFLICT (row_id, number) DO UPDATE SET
    {", ".join(f"{each} = excluded.{each}" for each in changes)}
), named AS (
    INSERT INTO {_name(ids)} (row_id, digest, provider)
    SELECT n.row_id, n.digest, n.provider
    FROM jsonb_to_recordset(CAST(:of_ids AS jsonb)) AS n({_typed(ids)})
    JOIN done ON done.id = n.row_id
    ON CONFLICT DO NOTHING
), begun AS (
    UPDATE {_name(rows)} SET began_at = :now, attempts = attempts + 1,
    provider = :of_provider, claimed_until = :until
    WHERE id = ANY(CAST(:of_begin AS text[])) AND state = 'sending'
    AND claimed_by = :of_worker AND began_at IS NULL
    RETURNING id
)
SELECT id, true FROM done UNION ALL SELECT id, false FROM begun
"""  # noqa: S608  # the names are those of the tables
    )


def _name(table: Table) -> str:
    # What begins with a colon would be a value for text().
    return str(_DIALECT.identifier_preparer.format_table(table)).replace(":", r"\:")


def _typed(table: Table) -> str:
    return ", ".join(f"{each.name} {each.type.compile(_DIALECT)}" for each in table.c)


def _of(alias: str, names: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)
