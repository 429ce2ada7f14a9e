"""
An SQLite file that threads and processes of one machine share.

The connection is made at first use, is never carried across a fork, and what goes wrong with it is
told with the path.
"""

from __future__ import annotations

import os
import sqlite3
import time

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mailcore.errors import ConfigurationError, StoreError
from mailcore.foundation.forking import ForkSafeLock
from mailcore.foundation.redaction import shown_text


_LONGEST_PATH = 300
_PAUSE_SECONDS = 0.01


class SqliteFile:
    """
    A file with the tables that a store needs. It must not lie on a network file system.

    Args:
        path: The file; it is created if it is missing.
        schema: Statements that make the tables where they are missing.
        busy_timeout_seconds: How many seconds to wait for another process that writes.

    Raises:
        ConfigurationError: If the path is empty, the time is not above 0, or the file cannot be
            opened, with its path.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        schema: Sequence[str],
        busy_timeout_seconds: float = 10.0,
    ) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise ConfigurationError(f"the path of a store is str, not {type(path).__name__}")
        if busy_timeout_seconds <= 0:
            raise ConfigurationError("busy_timeout_seconds must be above 0")
        self._path = Path(path)
        self._schema = tuple(schema)
        self._busy_timeout_seconds = busy_timeout_seconds
        self._lock = ForkSafeLock()
        self._process_id = 0
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        with self._lock:
            try:
                self._open()
            except sqlite3.Error as error:
                raise ConfigurationError(self._told("cannot be opened", error)) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """
        Have the connection, while no other thread does.

        Raises:
            StoreError: If the file cannot be used, with its path.
        """
        with self._lock, self._telling_where():
            yield self._open()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """
        Have the connection in a transaction, while no other thread or process writes.

        It is committed at the end, and undone if an exception leaves it.

        Raises:
            StoreError: If the file cannot be used, with its path.
        """
        with self._lock, self._telling_where():
            connection = self._open()
            # At once: one that has read before is refused to write if another wrote meanwhile
            # (https://www.sqlite.org/rescode.html#busy_snapshot, read 2026-11-30).
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                # SQLite has undone it itself after some errors.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file. Closing twice is fine; the next use opens it again."""
        with self._lock:
            self._leave_inherited()
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _telling_where(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(self._told("cannot be used", error)) from error

    def _told(self, what: str, error: sqlite3.Error) -> str:
        return (
            f"the store '{shown_text(str(self._path.absolute()), _LONGEST_PATH)}' {what}: {error}"
        )

    def _open(self) -> sqlite3.Connection:
        self._leave_inherited()
        if self._connection is None:
            connection = sqlite3.connect(
                self._path,
                timeout=self._busy_timeout_seconds,
                check_same_thread=False,
                isolation_level=None,
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._process_id = connection, os.getpid()
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._busy_timeout_seconds
        while True:
            try:
                # Readers do not wait for a writer. Of two processes that switch a new file over at
                # the same moment, one is refused at once: this statement waits for nobody.
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
        for statement in self._schema:
            connection.execute(statement)

    def _leave_inherited(self) -> None:
        # A connection must not be carried across a fork: https://www.sqlite.org/howtocorrupt.html,
        # section 2.6 (read 2026-11-21). The parent's must not even be closed here.
        if self._connection is not None and self._process_id != os.getpid():
            self._inherited.append(self._connection)
            self._connection = None
