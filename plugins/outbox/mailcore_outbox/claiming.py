"""Claims: which rows a worker takes, keeps and gives back."""

from __future__ import annotations

import logging

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Integer, bindparam, case, select, update

from mailcore.errors import StoreError
from mailcore.outbox import DOCUMENT_VERSION, OutboxRow, OutboxState
from mailcore_outbox.tables import Tables
from mailcore_outbox.writing import has_state, is_claimed_by, row_of, some_of


logger = logging.getLogger("mailcore.outbox.database")

_PENDING = OutboxState.PENDING
_SENDING = OutboxState.SENDING
_IDS: BindParameter[str] = bindparam("of_ids", expanding=True)
_WORKER: BindParameter[str] = bindparam("of_worker")
_TAKEN = ("state", "claimed_by", "claimed_until", "began_at", "changed_at")


class Claimer:
    """
    Statements about claims; each is made once, since to build one takes longer than to execute it.

    A claim looks for rows priority by priority, since no index has both the largest priority first
    and, over all of them, what is due: with one look for each, neither what is over nor what is due
    later is looked at.

    Args:
        tables: The tables of the outbox.
    """

    def __init__(self, tables: Tables) -> None:
        rows, documents = tables.rows, tables.documents
        pending, sending = has_state(tables, _PENDING), has_state(tables, _SENDING)
        is_known = rows.c.document_version <= DOCUMENT_VERSION
        of_worker = is_claimed_by(tables, _WORKER)
        self._rows = rows
        self._highest = (
            select(rows.c.priority).where(pending).order_by(rows.c.priority.desc()).limit(1)
        )
        self._next_lower = self._highest.where(rows.c.priority < bindparam("below"))
        self._due = (
            select(rows)
            .where(
                pending,
                rows.c.priority == bindparam("of_priority"),
                rows.c.due_at <= bindparam("now"),
                is_known,
            )
            .order_by(rows.c.due_at, rows.c.id)
            .limit(bindparam("most", type_=Integer))
            .with_for_update(skip_locked=True)
        )
        self._take = (
            update(rows)
            .where(rows.c.id.in_(_IDS))
            .values({name: bindparam(name) for name in _TAKEN})
        )
        self._documents = select(documents.c.row_id, documents.c.document).where(
            documents.c.row_id.in_(_IDS)
        )
        mine = (rows.c.id.in_(_IDS), rows.c.began_at.is_(None), of_worker)
        self._may_begin = select(rows.c.id).where(*mine).with_for_update()
        self._begin = (
            update(rows)
            .where(*mine)
            .values(
                began_at=bindparam("now"),
                attempts=rows.c.attempts + 1,
                provider=bindparam("of_provider"),
                claimed_until=bindparam("until"),
            )
        )
        self._extend = update(rows).where(of_worker).values(claimed_until=bindparam("until"))
        begun = case((rows.c.began_at.is_(None), 0), else_=1)
        self._release = (
            update(rows)
            .where(of_worker)
            .values(
                state=_PENDING.value,
                claimed_by="",
                claimed_until=None,
                # MySQL sets one column after the other, as they stand in the table: this before
                # `began_at`.
                attempts=rows.c.attempts - begun,
                changed_at=bindparam("now"),
            )
        )
        self._expired = (
            select(rows.c.id)
            .where(sending, rows.c.claimed_until < bindparam("now"), is_known)
            .order_by(rows.c.claimed_until, rows.c.id)
            .limit(bindparam("most", type_=Integer))
        )
        # Not by min(), for which MySQL looks at all of them.
        self._next_due = (
            select(rows.c.due_at)
            .where(pending, rows.c.priority == bindparam("of_priority"), is_known)
            .order_by(rows.c.due_at)
            .limit(1)
        )
        self._next_end = (
            select(rows.c.claimed_until)
            .where(sending, rows.c.claimed_until.is_not(None), is_known)
            .order_by(rows.c.claimed_until)
            .limit(1)
        )

    def claim(
        self, worker_id: str, limit: int, now: datetime, until: datetime, connection: Connection
    ) -> list[OutboxRow]:
        """Take rows that are due, and that no other transaction has locked."""
        found: list[dict[str, Any]] = []
        for priority in self.priorities(connection):
            given = {"of_priority": priority, "now": now, "most": limit - len(found)}
            found += [dict(each) for each in connection.execute(self._due, given).mappings()]
            if len(found) >= limit:
                break
        taken = dict(zip(_TAKEN, (_SENDING.value, worker_id, until, None, now), strict=True))
        documents: dict[str, str] = {}
        for some in some_of([str(each["id"]) for each in found]):
            connection.execute(self._take, {**taken, "of_ids": some})
            kept = connection.execute(self._documents, {"of_ids": some})
            documents.update((each.row_id, each.document) for each in kept)
        return list(self._readable([{**each, **taken} for each in found], documents, connection))

    def _readable(
        self, found: Sequence[dict[str, Any]], documents: dict[str, str], connection: Connection
    ) -> Iterator[OutboxRow]:
        """Rows as they are now; what cannot be read must not be claimed again and again."""
        for each in found:
            try:
                yield row_of(each, documents.get(each["id"]))
            except StoreError as error:
                logger.error("%s: it is FAILED, and is not sent", error)  # noqa: TRY400  # it has no more to tell
                failed = {
                    "state": OutboxState.FAILED.value,
                    "claimed_by": "",
                    "claimed_until": None,
                    "error_category": "unreadable",
                    "error_text": str(error),
                }
                own = update(self._rows).where(self._rows.c.id == each["id"])
                connection.execute(own.values(failed))

    def priorities(self, connection: Connection) -> Iterator[int]:
        """The priorities that pending rows have, the largest first."""
        found = connection.execute(self._highest).scalar_one_or_none()
        while found is not None:
            yield int(found)
            found = connection.execute(self._next_lower, {"below": found}).scalar_one_or_none()

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
        given = {"of_worker": worker_id, "of_provider": provider, "now": now, "until": until}
        begun: list[str] = []
        for some in some_of(row_ids):
            if len(some) == 1:
                done = connection.execute(self._begin, {**given, "of_ids": some})
                begun += some if done.rowcount == 1 else []
                continue
            # An update of several rows does not say, on every database, which they were.
            own = {"of_ids": some, "of_worker": worker_id}
            ids = list(connection.execute(self._may_begin, own).scalars())
            connection.execute(self._begin, {**given, "of_ids": ids})
            begun += ids
        return frozenset(begun)

    def extend(self, worker_id: str, until: datetime, connection: Connection) -> int:
        """Have all claims of a worker end at another time; how many there are."""
        given = {"of_worker": worker_id, "until": until}
        return connection.execute(self._extend, given).rowcount

    def release(
        self,
        worker_id: str,
        row_ids: Sequence[str] | None,
        now: datetime,
        connection: Connection,
    ) -> int:
        """Give claims back that nothing was sent of; how many there were."""
        given = {"of_worker": worker_id, "now": now}
        if row_ids is None:
            unbegun = self._release.where(self._rows.c.began_at.is_(None))
            return connection.execute(unbegun, given).rowcount
        own = self._release.where(self._rows.c.id.in_(_IDS)).values(began_at=None)
        return sum(
            connection.execute(own, {**given, "of_ids": some}).rowcount for some in some_of(row_ids)
        )

    def expired(self, now: datetime, limit: int, connection: Connection) -> list[str]:
        """Ids of rows whose claims have run out, the oldest first."""
        given = {"now": now, "most": limit}
        return list(connection.execute(self._expired, given).scalars())

    def next_due_at(self, connection: Connection) -> datetime | None:
        """When the next pending row is due, or the next claim ends."""
        times = [
            connection.execute(self._next_due, {"of_priority": priority}).scalar_one_or_none()
            for priority in self.priorities(connection)
        ]
        times.append(connection.execute(self._next_end).scalar_one_or_none())
        return min((each for each in times if each is not None), default=None)
