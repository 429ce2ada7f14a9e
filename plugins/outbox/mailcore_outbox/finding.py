"""Questions about many messages: which there are, how many, and what happened to them."""

from __future__ import annotations

import json

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    func,
    select,
    tuple_,
)

from mailcore.address import address_key
from mailcore.events import EventType
from mailcore.outbox import (
    DOCUMENT_VERSION,
    Happening,
    OutboxCounts,
    OutboxFilter,
    OutboxRow,
    OutboxState,
)
from mailcore_outbox.database import Database
from mailcore_outbox.tables import Tables
from mailcore_outbox.writing import digest_of, has_state, row_of


_WHAT = "the outbox"
_PAGE = 500


class Finder:
    """
    Statements about many messages.

    Args:
        tables: The tables of the outbox.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def locate(
        self, row_id: str, provider: str, message_id: str, connection: Connection
    ) -> str | None:
        """The id of the row that an event is about."""
        rows, own = self._tables.rows, self._tables.message_ids
        if row_id:
            found = connection.execute(select(rows.c.id).where(rows.c.id == row_id)).scalar()
            # MySQL takes a text with blanks behind it for the same text.
            if found == row_id:
                return str(found)
        if not message_id:
            return None
        is_own = case((own.c.provider == provider, 1), else_=0)
        query = (
            select(own.c.row_id)
            .where(own.c.digest == digest_of(message_id))
            .order_by(is_own.desc(), own.c.row_id.desc())
            .limit(1)
        )
        found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def find(
        self, wanted: OutboxFilter, limit: int, after: str, connection: Connection
    ) -> list[OutboxRow]:
        """Rows in the order of their ids, without their documents; none of a newer release."""
        rows = self._tables.rows
        query = select(rows).where(rows.c.id > after, *self._conditions(wanted, connection))
        query = query.where(rows.c.document_version <= DOCUMENT_VERSION)
        query = query.order_by(rows.c.id).limit(limit)
        return [row_of(each) for each in connection.execute(query).mappings()]

    def newer(self, wanted: OutboxFilter, connection: Connection) -> int:
        """How many rows of a newer release `find` passes over."""
        rows = self._tables.rows
        query = select(func.count()).select_from(rows)
        query = query.where(
            rows.c.document_version > DOCUMENT_VERSION, *self._conditions(wanted, connection)
        )
        return int(connection.execute(query).scalar_one())

    def counts(self, now: datetime, connection: Connection) -> OutboxCounts:
        """How full the outbox is."""
        rows = self._tables.rows
        by_state = dict.fromkeys(OutboxState, 0)
        grouped = select(rows.c.state, func.count()).group_by(rows.c.state)
        for state, count in connection.execute(grouped):
            by_state[OutboxState(state)] = int(count)
        due = select(func.count(), func.min(rows.c.due_at)).where(
            has_state(self._tables, OutboxState.PENDING), rows.c.due_at <= now
        )
        count, oldest = connection.execute(due).one()
        expired = select(func.count()).where(
            has_state(self._tables, OutboxState.SENDING),
            rows.c.claimed_until < now,
            rows.c.document_version <= DOCUMENT_VERSION,
        )
        newer = select(func.count()).where(
            rows.c.state.in_([state.value for state in OutboxState if not state.is_over]),
            rows.c.document_version > DOCUMENT_VERSION,
        )
        return OutboxCounts(
            by_state=by_state,
            due=int(count),
            oldest_due_at=oldest,
            expired=int(connection.execute(expired).scalar_one()),
            newer=int(connection.execute(newer).scalar_one()),
        )

    def over(
        self,
        before: datetime,
        states: Sequence[OutboxState],
        limit: int,
        connection: Connection,
        *,
        with_document: bool = False,
    ) -> list[str]:
        """
        Ids of rows that are over, whose state changed before a moment, the oldest first.

        They are locked; those that another transaction has locked are passed over.
        """
        rows, documents = self._tables.rows, self._tables.documents
        found: list[tuple[datetime, str]] = []
        # State by state: the index has the times of each in order.
        for state in states:
            if not state.is_over:
                continue
            query = select(rows.c.changed_at, rows.c.id)
            if with_document:
                query = query.join(documents, documents.c.row_id == rows.c.id)
            query = query.where(has_state(self._tables, state), rows.c.changed_at < before)
            query = query.order_by(rows.c.changed_at, rows.c.id).limit(limit)
            query = query.with_for_update(skip_locked=True)
            found += [(each.changed_at, each.id) for each in connection.execute(query)]
        return [row_id for _, row_id in sorted(found)[:limit]]

    def happenings(
        self, database: Database, since: datetime, until: datetime
    ) -> Iterator[Happening]:
        """What is counted in figures, some hundred at a time."""
        rows, receipts = self._tables.rows, self._tables.receipts
        sent = select(rows).where(
            has_state(self._tables, OutboxState.SENT),
            rows.c.changed_at >= since,
            rows.c.changed_at < until,
            rows.c.document_version <= DOCUMENT_VERSION,
        )
        for found in _pages(database, sent, (rows.c.changed_at, rows.c.id)):
            row = row_of(found._mapping)
            for address, status in row.statuses.items():
                if status.accepted:
                    yield Happening(
                        row_id=row.id,
                        event_type=EventType.SENT,
                        happened_at=row.changed_at,
                        recipient=address_key(address),
                        provider=row.provider,
                        tags=row.tags,
                    )
        reported = (
            select(receipts, rows.c.tags)
            .join(rows, rows.c.id == receipts.c.row_id)
            .where(receipts.c.happened_at >= since, receipts.c.happened_at < until)
        )
        place = (receipts.c.happened_at, receipts.c.row_id, receipts.c.dedupe_key)
        for each in _pages(database, reported, place):
            yield Happening(
                row_id=each.row_id,
                event_type=EventType(each.event_type),
                happened_at=each.happened_at,
                recipient=each.recipient,
                provider=each.provider,
                tags=tuple(json.loads(each.tags)),
            )

    def _conditions(
        self, wanted: OutboxFilter, connection: Connection
    ) -> Iterator[ColumnElement[bool]]:
        rows, recipients = self._tables.rows.c, self._tables.recipients.c
        if wanted.states:
            yield rows.state.in_([each.value for each in wanted.states])
        if wanted.key is not None:
            yield rows.key == wanted.key
        if wanted.address is not None:
            own = recipients.digest == digest_of(address_key(wanted.address))
            yield rows.id.in_(select(recipients.row_id).where(own))
        if wanted.error_category is not None:
            yield rows.error_category == wanted.error_category
        if wanted.provider is not None:
            yield rows.provider == wanted.provider
        if wanted.tag is not None:
            # As it stands in the list: a quote within a text has a backslash before it.
            position = func.strpos if connection.dialect.name == "postgresql" else func.instr
            yield position(rows.tags, json.dumps(wanted.tag)) > 0
        if wanted.changed_before is not None:
            yield rows.changed_at < wanted.changed_before
        if wanted.changed_since is not None:
            yield rows.changed_at >= wanted.changed_since


def _pages(
    database: Database, query: Select[Any], place: Sequence[ColumnElement[Any]]
) -> Iterator[Row[Any]]:
    """Rows in the order of some columns, each portion in a transaction of its own."""
    ordered = query.order_by(*place).limit(_PAGE)
    after = ordered
    while True:
        found = database.read(_WHAT, partial(_all, after))
        yield from found
        if len(found) < _PAGE:
            return
        last = [found[-1]._mapping[each] for each in place]
        after = ordered.where(tuple_(*place) > tuple_(*last))


def _all(query: Select[Any], connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(query).all()
