"""Keys of messages that were sent, in an SQLite file: for the processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import time

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailcore.stores.idempotency import digest_of_key
from mailcore.stores.sqlite_file import SqliteFile


if TYPE_CHECKING:
    from typing_extensions import Self

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS idempotency_keys (
        key BLOB PRIMARY KEY,
        record TEXT NOT NULL,
        expires_at REAL NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS idempotency_by_end ON idempotency_keys (expires_at)",
)
_FORGET_EVERY_SECONDS = 60.0


class SqliteIdempotencyStore:
    """
    Keys in an SQLite file: they survive a restart, and the processes of one machine share them.

    The file holds digests of keys. It must not lie on a network file system.

    Args:
        path: The file; it is created if it is missing.
        busy_timeout_seconds: How many seconds to wait for another process that writes.
        now: A function that returns the time, in seconds since 1970.

    Raises:
        ConfigurationError: If the file cannot be opened, with its path, or the time is not above 0.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        busy_timeout_seconds: float = 10.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file = SqliteFile(path, schema=_SCHEMA, busy_timeout_seconds=busy_timeout_seconds)
        self._now = now
        self._forgotten_at = 0.0

    def claim(self, key: str, record: str, life_seconds: float) -> str | None:
        """
        Keep a text, unless there is one: then that is returned.

        Raises:
            StoreError: If the file cannot be used, with its path.
        """
        digest, now = digest_of_key(key), self._now()
        with self._file.writing() as connection:
            found = _record_of(connection, digest, now)
            if found is not None:
                return found
            connection.execute(
                "INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?)",
                (digest, record, now + life_seconds),
            )
            if now - self._forgotten_at > _FORGET_EVERY_SECONDS:
                self._forgotten_at = now
                connection.execute("DELETE FROM idempotency_keys WHERE expires_at <= ?", (now,))
        return None

    def replace(self, key: str, old: str, new: str) -> bool:
        """
        Put a text in place of another, whose life goes on; False if it is not there.

        Raises:
            StoreError: If the file cannot be used, with its path.
        """
        with self._file.writing() as connection:
            done = connection.execute(
                "UPDATE idempotency_keys SET record = ?"
                " WHERE key = ? AND record = ? AND expires_at > ?",
                (new, digest_of_key(key), old, self._now()),
            )
            return done.rowcount == 1

    def release(self, key: str, old: str) -> bool:
        """
        Forget a text; False if it is not there.

        Raises:
            StoreError: If the file cannot be used, with its path.
        """
        with self._file.writing() as connection:
            done = connection.execute(
                "DELETE FROM idempotency_keys WHERE key = ? AND record = ? AND expires_at > ?",
                (digest_of_key(key), old, self._now()),
            )
            return done.rowcount == 1

    def forget(self, key: str) -> bool:
        """
        Forget whatever is there; False if nothing is.

        Raises:
            StoreError: If the file cannot be used, with its path.
        """
        digest = digest_of_key(key)
        with self._file.writing() as connection:
            was_there = _record_of(connection, digest, self._now()) is not None
            connection.execute("DELETE FROM idempotency_keys WHERE key = ?", (digest,))
        return was_there

    def close(self) -> None:
        """Close the file. Closing twice is fine; the next use opens it again."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _record_of(connection: sqlite3.Connection, digest: bytes, now: float) -> str | None:
    query = "SELECT record FROM idempotency_keys WHERE key = ? AND expires_at > ?"
    row = connection.execute(query, (digest, now)).fetchone()
    return None if row is None else str(row[0])
