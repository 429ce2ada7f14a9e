"""Events that were handled, in the database of an outbox."""

from __future__ import annotations

import time

from collections.abc import Callable
from datetime import datetime, timezone

from sqlalchemy import delete, select

from mailcore.errors import ConfigurationError
from mailcore.stores import digest_of_key
from mailcore_outbox.conflicts import insert_or_change
from mailcore_outbox.database import Database
from mailcore_outbox.tables import Tables


_WHAT = "seen events"
_DAY_SECONDS = 86_400.0
KEPT_SECONDS = 15 * _DAY_SECONDS
"""An SQS queue keeps messages for up to 14 days, and no provider goes on trying for longer."""


class SqlSeenStore:
    """
    Keys of events that were handled: a :class:`mailcore.webhook.SeenStore`.

    ``Outbox.seen`` is one; nobody else makes it. The table holds digests of keys. Old ones are
    forgotten now and then, when another one comes.

    Args:
        database: Where the table is.
        tables: The tables of the outbox.
        max_age_seconds: How many seconds a key is remembered.
        now: A function that returns the time, in seconds since 1970.

    Raises:
        ConfigurationError: If the number is not above 0.
    """

    def __init__(
        self,
        database: Database,
        tables: Tables,
        *,
        max_age_seconds: float = KEPT_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        if max_age_seconds <= 0:
            raise ConfigurationError("max_age_seconds must be above 0")
        self._database = database
        self._table = tables.seen_events
        self._max_age_seconds = max_age_seconds
        self._now = now
        self._forgotten_at = 0.0

    def seen(self, key: str) -> bool:
        """
        Whether the event of this key was handled, and is still remembered.

        Raises:
            StoreError: If the table cannot be read.
        """
        columns = self._table.c
        query = select(columns.marked_at).where(
            columns.digest == digest_of_key(key), columns.marked_at >= self._oldest()
        )
        return self._database.read(_WHAT, lambda it: it.execute(query).first() is not None)

    def mark(self, key: str) -> None:
        """
        Remember that it was. Marking twice is fine.

        Raises:
            StoreError: If the table cannot be written.
        """
        now = self._now()
        row = {"digest": digest_of_key(key), "marked_at": _time(now)}
        self._database.write(
            _WHAT,
            lambda it: it.execute(
                insert_or_change(it.dialect.name, self._table, ["marked_at"]), row
            ),
        )
        if now - self._forgotten_at > self._max_age_seconds / 100:
            self._forgotten_at = now
            self.prune()

    def prune(self) -> int:
        """
        Forget the keys that are too old.

        Returns:
            How many there were.

        Raises:
            StoreError: If the table cannot be written.
        """
        old = delete(self._table).where(self._table.c.marked_at < self._oldest())
        return self._database.write(_WHAT, lambda it: it.execute(old).rowcount)

    def _oldest(self) -> datetime:
        return _time(self._now() - self._max_age_seconds)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
