"""
The file of a mailbox: opened, made, and refused where it is something else.
"""

from __future__ import annotations

import os
import sqlite3

from pathlib import Path

from mailcore_local.mailbox import tables


# https://wire.phall.io/magic/sqlite, which quotes the database header (read 2026-11-30).
_HEAD = b"SQLite format 3\0"


def open_database(path: Path | None) -> sqlite3.Connection:
    """
    The database of a mailbox, which is made if it is not there.

    Args:
        path: The file; `None` for one in memory.

    Raises:
        ValueError: The file is none of this version's.
        OSError: It cannot be opened.
    """
    if path is not None:
        # For this user only: mails are nobody else's business.
        with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "rb") as file:
            head = file.read(len(_HEAD))
        # SQLite itself would write over a file that is shorter than its own head.
        if head not in (b"", _HEAD):
            raise ValueError(f"{path} is no mailbox of mailcore-local: name another file")
    database = sqlite3.connect(
        ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(database)
    except sqlite3.DatabaseError as error:
        database.close()
        raise ValueError(f"{path} is no mailbox of mailcore-local: {error}") from None
    except ValueError as error:
        database.close()
        raise ValueError(f"{path}: {error}") from None
    return database


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == tables.VERSION:
        return
    (others,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version or others:
        raise ValueError("the file is of another version or another program; name another file")
    database.execute("BEGIN")
    for statement in tables.SCHEMA.split(";"):
        database.execute(statement)
    try:
        database.execute(tables.WORDS_TABLE)
    except sqlite3.OperationalError:
        database.execute(tables.PLAIN_WORDS_TABLE)
    database.execute(f"PRAGMA user_version = {tables.VERSION:d}")
    database.execute("COMMIT")


def has_full_text(database: sqlite3.Connection) -> bool:
    """
    Whether words are found by SQLite's own index, which not every build of it has.
    """
    (statement,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'words'").fetchone()
    return "fts5" in statement
