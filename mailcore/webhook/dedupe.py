"""
Remembering events that were handled, since every provider delivers some of them twice.

Give a store to :func:`~mailcore.webhook.receive` and its relatives as ``seen``. An event counts as
seen once its handler succeeded; two processes that get the same event at the same moment may both
handle it, so this saves work and does not replace handlers that bear a repetition.
"""

from __future__ import annotations

import os
import time

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from mailcore.errors import ConfigurationError
from mailcore.foundation.forking import ForkSafeLock
from mailcore.stores.sqlite_file import SqliteFile


if TYPE_CHECKING:
    from typing_extensions import Self


_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS seen (key BLOB PRIMARY KEY, marked_at REAL NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS by_age ON seen (marked_at)",
)

DAY_SECONDS = 86_400.0
DEFAULT_MAX_AGE_SECONDS = 15 * DAY_SECONDS
"""An SQS queue keeps messages for up to 14 days."""


class SeenStore(Protocol):
    """What remembers `dedupe_key` values; used by several threads at once."""

    def seen(self, key: str) -> bool:
        """Whether the event of this key was handled."""
        ...

    def mark(self, key: str) -> None:
        """Remember that it was. Marking twice is fine."""
        ...


class MemorySeenStore:
    """
    The last keys, in the memory of this process.

    Args:
        max_keys: The oldest are forgotten beyond that; one takes about 150 bytes.

    Raises:
        ConfigurationError: If the number is not above 0.
    """

    def __init__(self, max_keys: int = 100_000) -> None:
        if max_keys <= 0:
            raise ConfigurationError("max_keys must be above 0")
        self._max_keys = max_keys
        self._lock = ForkSafeLock()
        self._digests: dict[bytes, None] = {}

    def seen(self, key: str) -> bool:
        """Whether the event of this key was handled, and is still remembered."""
        return _digest(key) in self._digests

    def mark(self, key: str) -> None:
        """Remember that it was."""
        digest = _digest(key)
        with self._lock:
            self._digests.pop(digest, None)
            self._digests[digest] = None
            if len(self._digests) > self._max_keys:
                del self._digests[next(iter(self._digests))]

    def __len__(self) -> int:
        return len(self._digests)


class SqliteSeenStore:
    """
    Keys in an SQLite file: they survive a restart, and the processes of one machine share them.

    The file holds digests and times, no addresses. It must not lie on a network file system.

    Args:
        path: The file; it is created if it is missing.
        max_age_seconds: How many seconds a key is remembered; older ones are forgotten.
        busy_timeout_seconds: How long to wait for another process that writes.
        now: A function that returns the time, in seconds since 1970.

    Raises:
        ConfigurationError: If a number is not above 0.
        ConfigurationError: If the file cannot be opened, with its path.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS,
        busy_timeout_seconds: float = 10.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        if min(max_age_seconds, busy_timeout_seconds) <= 0:
            raise ConfigurationError("max_age_seconds and busy_timeout_seconds must be above 0")
        self._file = SqliteFile(path, schema=_SCHEMA, busy_timeout_seconds=busy_timeout_seconds)
        self._max_age_seconds = max_age_seconds
        self._now = now
        self._forgotten_at = 0.0

    def seen(self, key: str) -> bool:
        """
        Whether the event of this key was handled, and is still remembered.

        Raises:
            StoreError: If the file cannot be read, with its path.
        """
        oldest = self._now() - self._max_age_seconds
        query = "SELECT 1 FROM seen WHERE key = ? AND marked_at >= ?"
        with self._file.reading() as connection:
            return connection.execute(query, (_digest(key), oldest)).fetchone() is not None

    def mark(self, key: str) -> None:
        """
        Remember that it was; when this returns, it is in the file.

        Raises:
            StoreError: If the file cannot be written, with its path.
        """
        now = self._now()
        with self._file.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (_digest(key), now))
            if now - self._forgotten_at > self._max_age_seconds / 100:
                self._forgotten_at = now
                oldest = now - self._max_age_seconds
                connection.execute("DELETE FROM seen WHERE marked_at < ?", (oldest,))

    def close(self) -> None:
        """Close the file. Closing twice is fine; the next use opens it again."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _digest(key: str) -> bytes:
    # Keys hold addresses.
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
