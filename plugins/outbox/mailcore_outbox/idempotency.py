"""
Keys of messages that were sent, in the database of an outbox.

Each step is a transaction of its own: a claim has to be there for every other process before the
message is sent.
"""

from __future__ import annotations

import time

from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from mailcore.errors import StoreError
from mailcore.stores import digest_of_key
from mailcore_outbox.conflicts import insert_unless_there
from mailcore_outbox.database import Database
from mailcore_outbox.tables import Tables


_WHAT = "idempotency keys"
_TRIES = 10
_FORGET_EVERY_SECONDS = 60.0


class SqlIdempotencyStore:
    """
    Keys in the database: a :class:`mailcore.stores.IdempotencyStore`.

    ``Outbox.idempotency`` is one; nobody else makes it. The table holds digests of keys. Those that
    have ended are forgotten now and then, when another key comes.

    Args:
        database: Where the table is.
        tables: The tables of the outbox.
        now: A function that returns the time, in seconds since 1970.
    """

    def __init__(
        self, database: Database, tables: Tables, *, now: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._table = tables.idempotency_keys
        self._now = now
        self._forgotten_at = 0.0

    def claim(self, key: str, record: str, life_seconds: float) -> str | None:
        """
        Keep a text, unless there is one: then that is returned.

        Raises:
            StoreError: If the table cannot be used.
        """
        for _ in range(_TRIES):
            now = self._now()
            row = {
                "digest": digest_of_key(key),
                "record": record,
                "expires_at": _time(now + life_seconds),
            }
            is_new, found = self._database.write(_WHAT, partial(self._claim, row, _time(now)))
            if is_new:
                self._forget(now)
                return None
            if found is not None:
                return found
            # It was released between the two questions.
        raise StoreError(f"the database of {_WHAT} cannot be used: a key comes and goes")

    def replace(self, key: str, old: str, new: str) -> bool:
        """
        Put a text in place of another, whose life goes on; False if it is not there.

        Raises:
            StoreError: If the table cannot be used.
        """
        statement = update(self._table).where(self._is(key, old)).values(record=new)
        return self._database.write(_WHAT, lambda it: it.execute(statement).rowcount == 1)

    def release(self, key: str, old: str) -> bool:
        """
        Forget a text; False if it is not there.

        Raises:
            StoreError: If the table cannot be used.
        """
        statement = delete(self._table).where(self._is(key, old))
        return self._database.write(_WHAT, lambda it: it.execute(statement).rowcount == 1)

    def forget(self, key: str) -> bool:
        """
        Forget whatever is there; False if nothing is.

        Raises:
            StoreError: If the table cannot be used.
        """
        statement = delete(self._table).where(self._is(key))
        return self._database.write(_WHAT, lambda it: it.execute(statement).rowcount == 1)

    def prune(self) -> int:
        """
        Forget the keys that have ended.

        Returns:
            How many there were.

        Raises:
            StoreError: If the table cannot be used.
        """
        ended = delete(self._table).where(self._table.c.expires_at <= _time(self._now()))
        return self._database.write(_WHAT, lambda it: it.execute(ended).rowcount)

    def _claim(
        self, row: dict[str, object], now: datetime, connection: Connection
    ) -> tuple[bool, str | None]:
        """Whether the key is new; else the text that is there, if it still is."""
        columns = self._table.c
        is_new = insert_unless_there(connection.dialect.name, self._table)
        counted = is_new.execution_options(preserve_rowcount=True)
        if connection.execute(counted, row).rowcount == 1:
            return True, None
        # One that has ended is as if it was not there. Of two that see so, one changes it.
        own = columns.digest == row["digest"]
        ended = update(self._table).where(own, columns.expires_at <= now).values(row)
        if connection.execute(ended).rowcount == 1:
            return True, None
        found = connection.execute(select(columns.record).where(own)).scalar_one_or_none()
        return False, None if found is None else str(found)

    def _is(self, key: str, record: str | None = None) -> ColumnElement[bool]:
        columns = self._table.c
        alive = and_(columns.digest == digest_of_key(key), columns.expires_at > _time(self._now()))
        return alive if record is None else and_(alive, columns.record == record)

    def _forget(self, now: float) -> None:
        if now - self._forgotten_at > _FORGET_EVERY_SECONDS:
            self._forgotten_at = now
            self.prune()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
