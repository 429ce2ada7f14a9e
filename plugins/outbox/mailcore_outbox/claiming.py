"""Claims: which rows a worker takes, keeps and gives back."""

from __future__ import annotations

import logging

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, select, update

from mailcore.errors import StoreError
from mailcore.outbox import DOCUMENT_VERSION, OutboxRow, OutboxState
from mailcore_outbox.tables import Tables
from mailcore_outbox.writing import is_claimed, literal_state, row_of, some_of


logger = logging.getLogger("mailcore_outbox")

_PENDING = OutboxState.PENDING
_SENDING = OutboxState.SENDING


class Claimer:
    """
    Statements about claims.

    A claim looks for rows priority by priority, since no index has both the largest priority first
    and, over all of them, what is due: with one look for each, neither what is over nor what is due
    later is looked at.

    Args:
        tables: The tables of the outbox.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def claim(
        self, worker_id: str, limit: int, now: datetime, until: datetime, connection: Connection
    ) -> list[OutboxRow]:
        """Take rows that are due, and that no other transaction has locked."""
        rows, documents = self._tables.rows, self._tables.documents
        found: list[Row[Any]] = []
        for priority in self.priorities(connection):
            due = (
                select(rows)
                .where(
                    rows.c.state == literal_state(_PENDING),
                    rows.c.priority == priority,
                    rows.c.due_at <= now,
                    rows.c.document_version <= DOCUMENT_VERSION,
                )
                .order_by(rows.c.due_at, rows.c.id)
                .limit(limit - len(found))
                .with_for_update(skip_locked=True)
            )
            found += connection.execute(due).all()
            if len(found) >= limit:
                break
        taken = {
            "state": _SENDING.value,
            "claimed_by": worker_id,
            "claimed_until": until,
            "began_at": None,
            "changed_at": now,
        }
        kept: dict[str, str] = {}
        for some in some_of([str(each.id) for each in found]):
            connection.execute(update(rows).where(rows.c.id.in_(some)).values(taken))
            query = select(documents.c.row_id, documents.c.document)
            kept.update(
                (each.row_id, each.document)
                for each in connection.execute(query.where(documents.c.row_id.in_(some)))
            )
        return list(self._readable(found, taken, kept, connection))

    def _readable(
        self,
        found: Sequence[Row[Any]],
        taken: dict[str, Any],
        documents: dict[str, str],
        connection: Connection,
    ) -> Iterator[OutboxRow]:
        """Rows as they are now; what cannot be read must not be claimed again and again."""
        rows = self._tables.rows
        for each in found:
            try:
                yield row_of({**each._mapping, **taken}, documents.get(each.id))
            except StoreError as error:
                logger.error("%s: it is FAILED, and is not sent", error)  # noqa: TRY400  # it has no more to tell
                failed = {
                    "state": OutboxState.FAILED.value,
                    "claimed_by": "",
                    "claimed_until": None,
                    "error_category": "unreadable",
                    "error_text": str(error),
                }
                connection.execute(update(rows).where(rows.c.id == each.id).values(failed))

    def priorities(self, connection: Connection) -> Iterator[int]:
        """The priorities that pending rows have, the largest first."""
        rows = self._tables.rows
        query = (
            select(rows.c.priority)
            .where(rows.c.state == literal_state(_PENDING))
            .order_by(rows.c.priority.desc())
            .limit(1)
        )
        found = connection.execute(query).scalar_one_or_none()
        while found is not None:
            yield int(found)
            below = query.where(rows.c.priority < found)
            found = connection.execute(below).scalar_one_or_none()

    def begin(
        self,
        worker_id: str,
        row_ids: Sequence[str],
        connection: Connection,
        *,
        provider: str,
        now: datetime,
        until: datetime,
    ) -> frozenset[str]:
        """Write that sends begin; the ids of those that may."""
        rows = self._tables.rows
        changed = {
            "began_at": now,
            "attempts": rows.c.attempts + 1,
            "provider": provider,
            "claimed_until": until,
        }
        begun: list[str] = []
        for some in some_of(row_ids):
            mine = [
                rows.c.id.in_(some),
                is_claimed(self._tables, worker_id),
                rows.c.began_at.is_(None),
            ]
            if len(some) == 1:
                done = connection.execute(update(rows).where(*mine).values(changed))
                begun += some if done.rowcount == 1 else []
                continue
            query = select(rows.c.id).where(*mine).with_for_update()
            ids = list(connection.execute(query).scalars())
            connection.execute(update(rows).where(rows.c.id.in_(ids)).values(changed))
            begun += ids
        return frozenset(begun)

    def extend(self, worker_id: str, until: datetime, connection: Connection) -> int:
        """Have all claims of a worker end at another time; how many there are."""
        mine = update(self._tables.rows).where(is_claimed(self._tables, worker_id))
        return connection.execute(mine.values(claimed_until=until)).rowcount

    def release(
        self,
        worker_id: str,
        row_ids: Sequence[str] | None,
        now: datetime,
        connection: Connection,
    ) -> int:
        """Give claims back that nothing was sent of; how many there were."""
        rows = self._tables.rows
        begun = case((rows.c.began_at.is_(None), 0), else_=1)
        values = {
            "state": _PENDING.value,
            "claimed_by": "",
            "claimed_until": None,
            # MySQL sets one column after the other, as they stand in the table: `began_at` later.
            "attempts": rows.c.attempts - begun,
            "changed_at": now,
        }
        given_back = update(rows).where(is_claimed(self._tables, worker_id)).values(values)
        if row_ids is None:
            return connection.execute(given_back.where(rows.c.began_at.is_(None))).rowcount
        return sum(
            connection.execute(given_back.where(rows.c.id.in_(some)).values(began_at=None)).rowcount
            for some in some_of(row_ids)
        )

    def expired(self, now: datetime, limit: int, connection: Connection) -> list[str]:
        """Ids of rows whose claims have run out, the oldest first."""
        rows = self._tables.rows
        query = (
            select(rows.c.id)
            .where(
                rows.c.state == literal_state(_SENDING),
                rows.c.claimed_until < now,
                rows.c.document_version <= DOCUMENT_VERSION,
            )
            .order_by(rows.c.claimed_until, rows.c.id)
            .limit(limit)
        )
        return list(connection.execute(query).scalars())

    def next_due_at(self, connection: Connection) -> datetime | None:
        """When the next pending row is due, or the next claim ends."""
        rows = self._tables.rows
        pending = rows.c.state == literal_state(_PENDING)
        sending = rows.c.state == literal_state(_SENDING)
        queries = [
            select(rows.c.due_at)
            .where(pending, rows.c.priority == priority)
            .order_by(rows.c.due_at)
            .limit(1)
            for priority in self.priorities(connection)
        ]
        queries.append(
            select(rows.c.claimed_until)
            .where(sending, rows.c.claimed_until.is_not(None))
            .order_by(rows.c.claimed_until)
            .limit(1)
        )
        times = [connection.execute(each).scalar_one_or_none() for each in queries]
        return min((each for each in times if each is not None), default=None)
