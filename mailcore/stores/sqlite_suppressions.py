"""The suppression list in an SQLite file: for one machine's processes, and the command line."""

from __future__ import annotations

import os

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mailcore.address.domain import address_key
from mailcore.stores.sqlite_file import SqliteFile
from mailcore.stores.suppressions import SuppressionEntry, asked_reasons, restored


if TYPE_CHECKING:
    from typing_extensions import Self

_COLUMNS = "address, scope, reason, updated_at, source, detail"
_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS suppressions (
        address TEXT NOT NULL,
        scope TEXT NOT NULL,
        reason TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        source TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (address, scope, reason)
    ) WITHOUT ROWID
    """,
)
# SQLite takes 999 before 3.32 (https://www.sqlite.org/limits.html, read 2026-11-30).
_KEYS_AT_ONCE = 500
_PAGE = 1000


class SqliteSuppressionStore:
    """
    Entries in an SQLite file. It must not lie on a network file system.

    Args:
        path: The file; it is created if it is missing. It holds addresses: keep it where you keep
            those.
        busy_timeout_seconds: How many seconds to wait for another process that writes.

    Raises:
        ConfigurationError: If the file cannot be opened, with its path, or the time is not above 0.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout_seconds: float = 10.0) -> None:
        self._file = SqliteFile(path, schema=_SCHEMA, busy_timeout_seconds=busy_timeout_seconds)

    def find(self, keys: Sequence[str]) -> Sequence[SuppressionEntry]:
        """
        All entries of some addresses.

        Raises:
            StoreError: If the file cannot be read, with its path.
        """
        found: list[SuppressionEntry] = []
        with self._file.reading() as connection:
            for begin in range(0, len(keys), _KEYS_AT_ONCE):
                some = [_kept(key) for key in keys[begin : begin + _KEYS_AT_ONCE]]
                marks = ", ".join("?" * len(some))
                query = f"SELECT {_COLUMNS} FROM suppressions WHERE address IN ({marks})"  # noqa: S608  # question marks
                found += map(_read, connection.execute(query, some))
        return found

    def add(self, entries: Iterable[SuppressionEntry]) -> None:
        """
        Keep entries, all or none; of the same address, scope and reason, the last one given.

        Raises:
            StoreError: If the file cannot be written, with its path.
        """
        rows = list(map(_written, entries))
        with self._file.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO suppressions VALUES (?, ?, ?, ?, ?, ?)", rows
            )

    def remove(
        self, email_address: str, *, reasons: Iterable[str] = (), scope: str | None = None
    ) -> int:
        """
        Forget the entries of an address, of any reason and scope unless told; how many.

        Raises:
            StoreError: If the file cannot be written, with its path.
        """
        where, values = _condition(reasons, scope)
        with self._file.writing() as connection:
            gone = connection.execute(
                f"DELETE FROM suppressions WHERE address = ?{where}",  # noqa: S608  # columns and question marks
                (_kept(address_key(email_address)), *values),
            )
            return gone.rowcount

    def entries(
        self, *, containing: str = "", reasons: Iterable[str] = (), scope: str | None = None
    ) -> Iterator[SuppressionEntry]:
        """
        Entries in the order of their addresses, a thousand at a time.

        Raises:
            StoreError: If the file cannot be read, with its path.
        """
        where, values = _condition(reasons, scope)
        query = (
            f"SELECT {_COLUMNS} FROM suppressions"  # noqa: S608  # columns and question marks
            f" WHERE (address, scope, reason) > (?, ?, ?) AND instr(address, ?) > 0{where}"
            f" ORDER BY address, scope, reason LIMIT {_PAGE}"
        )
        part = _kept(address_key(containing))
        return self._pages(query, part, values)

    def _pages(self, query: str, part: str, values: tuple[str, ...]) -> Iterator[SuppressionEntry]:
        after, more = ("", "", ""), True
        while more:
            with self._file.reading() as connection:
                rows = connection.execute(query, (*after, part, *values)).fetchall()
            yield from map(_read, rows)
            more = len(rows) == _PAGE
            after = rows[-1][:3] if rows else after

    def close(self) -> None:
        """Close the file. Closing twice is fine; the next use opens it again."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _condition(reasons: Iterable[str], scope: str | None) -> tuple[str, tuple[str, ...]]:
    chosen = asked_reasons(reasons)
    where = f" AND reason IN ({', '.join('?' * len(chosen))})" if chosen else ""
    if scope is None:
        return where, chosen
    return f"{where} AND scope = ?", (*chosen, _kept(scope))


def _written(entry: SuppressionEntry) -> tuple[str, ...]:
    return (
        entry.email_address,
        entry.scope,
        entry.reason,
        entry.since.isoformat(),
        entry.source,
        _kept(entry.detail),
    )


def _read(row: tuple[str, ...]) -> SuppressionEntry:
    address, scope, reason, since, source, detail = row
    return restored(
        (address, scope, reason),
        since=datetime.fromisoformat(since),
        source=source,
        detail=detail,
    )


def _kept(text: str) -> str:
    # A surrogate cannot be written as UTF-8; in what is looked for it finds nothing.
    return text.encode("utf-8", "replace").decode()
