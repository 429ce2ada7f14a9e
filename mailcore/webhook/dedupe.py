"""
Remembering events that were handled, since every provider delivers some of them twice.

Give a store to :func:`~mailcore.webhook.receive` and its relatives as ``seen``. An event counts as
seen once its handler succeeded; two processes that get the same event at the same moment may both
handle it, so this saves work and does not replace handlers that bear a repetition.
"""

from __future__ import annotations

import os
import sqlite3
import time

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mailcore.errors import ConfigurationError, MailcoreError
from mailcore.foundation.forking import ForkSafeLock
from mailcore.foundation.redaction import shown_text


if TYPE_CHECKING:
    from typing_extensions import Self


_LONGEST_PATH = 300

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
        if not isinstance(path, (str, os.PathLike)):
            raise ConfigurationError(f"the path of a store is str, not {type(path).__name__}")
        self._path = Path(path)
        self._max_age_seconds = max_age_seconds
        self._busy_timeout_seconds = busy_timeout_seconds
        self._now = now
        self._lock = ForkSafeLock()
        self._forgotten_at = 0.0
        self._process_id = 0
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        with self._lock:
            try:
                self._open()
            except sqlite3.Error as error:
                raise ConfigurationError(self._told("cannot be opened", error)) from error

    def seen(self, key: str) -> bool:
        """
        Whether the event of this key was handled, and is still remembered.

        Raises:
            MailcoreError: If the file cannot be read, with its path.
        """
        oldest = self._now() - self._max_age_seconds
        query = "SELECT 1 FROM seen WHERE key = ? AND marked_at >= ?"
        with self._lock, self._telling_where():
            return self._open().execute(query, (_digest(key), oldest)).fetchone() is not None

    def mark(self, key: str) -> None:
        """
        Remember that it was; when this returns, it is in the file.

        Raises:
            MailcoreError: If the file cannot be written, with its path.
        """
        now = self._now()
        with self._lock, self._telling_where(), self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (_digest(key), now))
            if now - self._forgotten_at > self._max_age_seconds / 100:
                self._forgotten_at = now
                oldest = now - self._max_age_seconds
                connection.execute("DELETE FROM seen WHERE marked_at < ?", (oldest,))

    def close(self) -> None:
        """Close the file. Closing twice is fine; the next use opens it again."""
        with self._lock:
            self._leave_inherited()
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextmanager
    def _telling_where(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise MailcoreError(self._told("cannot be used", error)) from error

    def _told(self, what: str, error: sqlite3.Error) -> str:
        return (
            f"the store '{shown_text(str(self._path.absolute()), _LONGEST_PATH)}' {what}: {error}"
        )

    def _open(self) -> sqlite3.Connection:
        self._leave_inherited()
        if self._connection is None:
            connection = sqlite3.connect(
                self._path, timeout=self._busy_timeout_seconds, check_same_thread=False
            )
            # Readers do not wait for a writer.
            connection.execute("PRAGMA journal_mode = WAL")
            with connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS seen"
                    " (key BLOB PRIMARY KEY, marked_at REAL NOT NULL) WITHOUT ROWID"
                )
                connection.execute("CREATE INDEX IF NOT EXISTS by_age ON seen (marked_at)")
            self._connection, self._process_id = connection, os.getpid()
        return self._connection

    def _leave_inherited(self) -> None:
        # A connection must not be carried across a fork: https://www.sqlite.org/howtocorrupt.html,
        # section 2.6 (read 2026-11-21). The parent's must not even be closed here.
        if self._connection is not None and self._process_id != os.getpid():
            self._inherited.append(self._connection)
            self._connection = None


def _digest(key: str) -> bytes:
    # Keys hold addresses.
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
