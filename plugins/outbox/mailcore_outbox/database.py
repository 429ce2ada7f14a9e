"""The database that an outbox is in: connections, transactions, and what goes wrong with them."""

from __future__ import annotations

import os
import sqlite3
import time

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, false, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    SQLAlchemyError,
    StatementError,
)

from mailcore.errors import ConfigurationError, StoreError
from mailcore.foundation import ForkSafeLock
from mailcore_outbox.columns import MYSQL
from mailcore_outbox.schema import create_tables, require_tables
from mailcore_outbox.tables import SCHEMA_VERSION, Tables


T = TypeVar("T")

BUSY_TIMEOUT_SECONDS: Final = 30.0
"""How long SQLite waits for another process that writes, on engines that are made here."""

_TRIES = 5
_PAUSE_SECONDS = 0.01
_READ_COMMITTED = "READ COMMITTED"
# By what stands before :// and +: the extra, and how a URL names the driver that it brings.
_EXTRAS = {
    "postgresql": ("postgresql", "postgresql+psycopg"),
    "postgres": ("postgresql", "postgresql+psycopg"),
    "mysql": ("mysql", "mysql+pymysql"),
    "mariadb": ("mysql", "mariadb+pymysql"),
}
# Of two transactions that wait for each other, the database ends one, which is then done again.
# https://mariadb.com/kb/en/mariadb-error-codes/ 1205, 1213; PostgreSQL's appendix A: 40001, 40P01
# (both read 2026-11-30).
_DEADLOCKS_MYSQL = frozenset({1205, 1213})
_DEADLOCKS_SQLSTATE = frozenset({"40001", "40P01"})


class Database:
    """
    An engine of SQLAlchemy, and the transactions that stores need.

    The first use in a process looks whether the tables are there, and of the version that this
    release has; so does the first one after a failure.

    Args:
        engine: An engine of your own, or a URL as SQLAlchemy reads it, which may hold a password:
            ``sqlite:///mail.db``, ``postgresql+psycopg://…``, ``mysql+pymysql://…``.
        tables: The tables of the outbox.

    Raises:
        ConfigurationError: If the engine is neither, if its driver is not installed, if it names a
            database in memory, or another kind of database than these.
    """

    def __init__(self, engine: Engine | URL | str, tables: Tables) -> None:
        self._is_own = not isinstance(engine, Engine)
        self.engine: Engine = engine if isinstance(engine, Engine) else engine_of(engine)
        name = self.engine.dialect.name
        if name not in ("sqlite", "postgresql", *MYSQL):
            raise ConfigurationError(
                f"an outbox is kept in SQLite, PostgreSQL, MySQL or MariaDB, not in {name!r}"
            )
        self._tables = tables
        self._is_checked = False
        # With more, MySQL would lock what lies between the rows of a claim, against those who add
        # some, and would read receipts as they were before a row was locked.
        self._of_work = self.engine
        if not self._is_own and name != "sqlite":
            self._of_work = self.engine.execution_options(isolation_level=_READ_COMMITTED)
        self._process_id = os.getpid()
        self._lock = ForkSafeLock()

    def read(self, what: str, work: Callable[[Connection], T]) -> T:
        """
        Ask the database something.

        Args:
            what: What is asked for, for the text of an error.
            work: A function that takes a connection, and may be called again.

        Raises:
            StoreError: If the database cannot be used.
            ConfigurationError: If the tables are missing, or of another version.
        """
        return self._tried(what, work, writes=False)

    def write(self, what: str, work: Callable[[Connection], T]) -> T:
        """
        Change something in a transaction of its own, which is committed when this returns.

        Args:
            what: What is written, for the text of an error.
            work: A function that takes a connection; it may be called again, after what it did was
                undone. SQLite lets nobody else write meanwhile.

        Raises:
            StoreError: If the database cannot be used. Nothing is changed then; but of an error
                while the transaction was being committed, nobody knows.
            ConfigurationError: If the tables are missing, or of another version.
        """
        return self._tried(what, work, writes=True)

    def write_at_once(self, what: str, work: Callable[[Connection], T]) -> T:
        """
        Change something by one statement, which is a transaction without being told so.

        That saves the server two answers. On SQLite it is the same as :meth:`write`.

        Args:
            what: What is written, for the text of an error.
            work: A function that takes a connection and executes one statement; it is called again
                after a deadlock, which undoes it.

        Raises:
            StoreError: If the database cannot be used. Where the connection was lost, nobody knows
                whether something was changed.
            ConfigurationError: If the tables are missing, or of another version.
        """
        return self._tried(what, work, writes=True, at_once=True)

    def check_again(self) -> None:
        """Have the next use look at the tables."""
        self._is_checked = False

    def create(self) -> None:
        """
        Make the tables that are missing.

        Raises:
            StoreError: If the database cannot be used.
            ConfigurationError: If there are tables of another version.
        """
        self._leave_inherited()
        for left in reversed(range(_TRIES)):
            try:
                with self.engine.begin() as connection:
                    _begin_to_write(connection)
                    create_tables(connection, self._tables)
                return
            except SQLAlchemyError as error:
                # Of two processes that make them at the same moment, one is refused.
                if not left:
                    raise told("the outbox", error) from error

    def dispose(self) -> None:
        """Close the connections, if the engine was made here."""
        if self._is_own:
            self.engine.dispose()

    def _tried(
        self, what: str, work: Callable[[Connection], T], *, writes: bool, at_once: bool = False
    ) -> T:
        self._leave_inherited()
        for left in reversed(range(_TRIES)):
            is_committing = at_once
            try:
                if not self._is_checked:
                    with self.engine.connect() as connection:
                        require_tables(connection, self._tables)
                    self._is_checked = True
                with self._transaction(at_once=at_once) as connection:
                    if writes:
                        self._take_lock(connection)
                    found = work(connection)
                    is_committing = True
                return found
            except SQLAlchemyError as error:
                is_lost = is_committing and not _is_deadlock(error)
                if is_lost or not left or not _may_repeat(error):
                    self._require_tables()
                    raise told(what, error) from error
        raise AssertionError  # the last try returned or raised

    @contextmanager
    def _transaction(self, *, at_once: bool) -> Iterator[Connection]:
        with self._of_work.connect() as connection:
            if at_once and connection.dialect.name != "sqlite":
                yield connection.execution_options(isolation_level="AUTOCOMMIT")
                return
            with connection.begin():
                yield connection

    def _require_tables(self) -> None:
        """Look whether the tables are why something failed."""
        self._is_checked = False
        with suppress(SQLAlchemyError), self.engine.connect() as connection:
            require_tables(connection, self._tables)

    def _take_lock(self, connection: Connection) -> None:
        if not _begin_to_write(connection):
            # This changes nothing, and has the lock too.
            versions = self._tables.versions
            connection.execute(update(versions).where(false()).values(version=SCHEMA_VERSION))

    def _leave_inherited(self) -> None:
        # A connection must not be used by two processes; the parent's is not closed here.
        # https://docs.sqlalchemy.org/en/20/core/pooling.html (read 2026-11-30)
        if self._is_own and self._process_id != os.getpid():
            with self._lock:
                if self._process_id != os.getpid():
                    self.engine.dispose(close=False)
                    self._process_id = os.getpid()


def engine_of(url: URL | str) -> Engine:
    """
    An engine for an outbox.

    Its errors show no values of statements, since messages are among them. An SQLite file is
    switched to write-ahead logging, in which readers do not wait for a writer.

    Raises:
        ConfigurationError: If it is no URL, if its driver is not installed, or if it names a
            database in memory.
    """
    if not isinstance(url, (URL, str)):
        raise ConfigurationError(
            f"an outbox needs an engine of SQLAlchemy or a URL, not {type(url).__name__}"
        )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Its text may hold a password.
        raise ConfigurationError(
            "the URL of the outbox's database is none: write sqlite:///mail.db, "
            "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE or "
            "mysql+pymysql://USER:PASSWORD@HOST/DATABASE"
        ) from None
    options: dict[str, Any] = {"hide_parameters": True}
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite:
        if parsed.database in (None, "", ":memory:") or "mode" in parsed.query:
            raise ConfigurationError(
                "an outbox in memory does not survive the process: name a file, as in "
                "sqlite:///mail.db"
            )
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_SECONDS}
    else:
        options["isolation_level"] = _READ_COMMITTED
    try:
        if parsed.get_dialect().is_async:
            raise ConfigurationError(
                f"{parsed.drivername!r} is a driver for event loops, and the outbox works in "
                "threads: give it another driver's URL; add mail in AsyncSession with "
                "`await outbox.aadd(…)`"
            )
        engine = create_engine(parsed, **options)
    except NoSuchModuleError as error:
        raise ConfigurationError(
            f"SQLAlchemy has no dialect {parsed.drivername!r}: it is the part of the URL before ://"
            f"{_way_out(parsed)}"
        ) from error
    except ImportError as error:
        raise ConfigurationError(
            f"the driver of {parsed.drivername!r} is not installed{_way_out(parsed)}"
        ) from error
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _way_out(url: URL) -> str:
    """
    What to write and to install, for databases that there is an extra for.

    Which driver ``postgresql://`` means depends on the release of SQLAlchemy, and ``postgres://``
    is what hosting services write, so the URL names the driver of the extra.
    """
    name = url.get_backend_name()
    if name not in _EXTRAS:
        return ""
    extra, driver = _EXTRAS[name]
    return f": pip install 'mailcore-outbox[{extra}]', and begin the URL with {driver}://"


def told(what: str, error: SQLAlchemyError) -> StoreError:
    """
    What to raise for an error of SQLAlchemy, whose own text shows no values from here on.

    Args:
        what: What was asked for or written.
        error: What SQLAlchemy raised.
    """
    if isinstance(error, StatementError):
        # Messages are among them, and a traceback shows the cause.
        error.hide_parameters = True
    cause: BaseException = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig
    shown = f"{type(cause).__name__} {_code_of(cause)}".rstrip()
    return StoreError(
        f"the database of {what} cannot be used: {shown}: what it said is the cause of this error"
    )


def _code_of(error: BaseException) -> str:
    """SQLSTATE, or the number or the name that SQLite and MySQL have instead; empty without."""
    # psycopg; sqlite3 from Python 3.11 on.
    for name in ("sqlstate", "sqlite_errorname"):
        code = getattr(error, name, None)
        if isinstance(code, str):
            return code
    first = error.args[0] if error.args else None
    return str(first) if type(first) is int else ""


def _begin_to_write(connection: Connection) -> bool:
    """
    Have SQLite begin a transaction in which nobody else writes.

    Returns:
        False on an engine of somebody who begins transactions: others may write still.
    """
    if connection.dialect.name != "sqlite":
        return True
    if getattr(connection.connection.dbapi_connection, "in_transaction", False):
        return False
    # At once: a transaction that has read before is refused to write if another wrote meanwhile
    # (https://www.sqlite.org/rescode.html#busy_snapshot, read 2026-11-30).
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    return True


def _may_repeat(error: SQLAlchemyError) -> bool:
    """Whether the same may be done again at once: a deadlock, or a connection that was closed."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or _is_deadlock(error)


def _is_deadlock(error: SQLAlchemyError) -> bool:
    """Whether the database has undone what was done, so that others can go on."""
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in _DEADLOCKS_SQLSTATE:
        return True
    arguments: tuple[object, ...] = getattr(error.orig, "args", ())
    return bool(arguments) and arguments[0] in _DEADLOCKS_MYSQL


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    cursor = connection.cursor()
    try:
        while True:
            try:
                # Readers do not wait for a writer. Of two processes that switch a new file over at
                # the same moment, one is refused at once: this statement waits for nobody.
                cursor.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
        # What is committed survives a power cut.
        cursor.execute("PRAGMA synchronous = FULL")
    finally:
        cursor.close()
