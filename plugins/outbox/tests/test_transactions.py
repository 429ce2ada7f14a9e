"""Transactions: who may write meanwhile, what is done again after an error, and what is not."""

from __future__ import annotations

import os
import sqlite3

from contextlib import closing
from types import SimpleNamespace

import pytest

from sqlalchemy import MetaData, create_engine, event, text
from sqlalchemy.exc import InvalidRequestError, OperationalError

from mailcore import ConfigurationError, StoreError
from mailcore_outbox import database as module
from mailcore_outbox.database import Database, engine_of
from mailcore_outbox.tables import tables_in


class DriverError(Exception):
    """What a driver raises; PostgreSQL's have the code of the standard."""

    def __init__(self, *arguments, sqlstate=None):
        super().__init__(*arguments)
        self.sqlstate = sqlstate


def failure(*arguments, sqlstate=None, is_cut=False):
    """What SQLAlchemy raises for it."""
    error = DriverError(*arguments, sqlstate=sqlstate)
    return OperationalError("SELECT 1", {}, error, connection_invalidated=is_cut)


@pytest.fixture
def path(tmp_path):
    """A file for a database."""
    return tmp_path / "mail.db"


@pytest.fixture(params=["url", "engine", "engine that begins"])
def either(request, path):
    """A database with the tables: by its URL, or with an engine of the application's."""
    url = f"sqlite:///{path}"
    engine = create_engine(url)
    if request.param == "engine that begins":
        # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html (pysqlite, transactions)
        event.listen(engine, "connect", lambda it, _: setattr(it, "isolation_level", None))
        event.listen(engine, "begin", lambda it: it.exec_driver_sql("BEGIN"))
    database = Database(url if request.param == "url" else engine, tables_in(MetaData()))
    database.create()
    yield database
    database.dispose()
    engine.dispose()


def can_write(path):
    """Whether somebody else could write just now."""
    with closing(sqlite3.connect(path, timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.rollback()
        return True


def test_who_may_write_meanwhile(either, path):
    """In SQLite nobody, from the beginning of a transaction that writes; who reads lets them."""
    works = {either.read: True, either.write: False, either.write_at_once: False}
    for work, expected in works.items():
        assert expected is work("it", lambda _: can_write(path))
    assert can_write(path)


@pytest.mark.parametrize(
    ("error", "times", "times_at_once"),
    [
        pytest.param(failure(1213, "deadlock"), 5, 5, id="deadlock of MySQL"),
        pytest.param(failure(1205, "waited"), 5, 5, id="lock of MySQL"),
        pytest.param(failure("deadlock", sqlstate="40P01"), 5, 5, id="deadlock of PostgreSQL"),
        pytest.param(failure("order", sqlstate="40001"), 5, 5, id="serialization"),
        pytest.param(failure("gone", is_cut=True), 5, 1, id="connection was cut"),
        pytest.param(failure(1062, "twice"), 1, 1, id="other number"),
        pytest.param(failure("full", sqlstate="53100"), 1, 1, id="other code"),
        pytest.param(failure(), 1, 1, id="nothing"),
        pytest.param(InvalidRequestError("no"), 1, 1, id="SQLAlchemy"),
    ],
)
def test_what_is_done_again(database, error, times, times_at_once):
    """What the database has undone: up to 5 times; what may have been written is not."""
    database, _ = database
    kind = "InvalidRequestError" if isinstance(error, InvalidRequestError) else "DriverError"
    works = {database.read: times, database.write: times, database.write_at_once: times_at_once}
    for work, expected in works.items():
        left = [error] * 9

        def fail(connection, left=left):
            if left:
                raise left.pop()
            return connection.execute(text("SELECT 17")).scalar_one()

        with pytest.raises(StoreError, match=rf"^the database of it cannot be used: {kind}\b"):
            work("it", fail)
        assert expected == 9 - len(left)
        if expected > 1:
            assert 17 == work("it", fail)


def test_a_commit_that_failed_is_not_done_again(database):
    """Nobody knows whether it was written."""
    database, _ = database
    calls = []

    def lose(_connection):
        raise failure("gone", is_cut=True)

    event.listen(database.engine, "commit", lose)
    with pytest.raises(StoreError):
        database.write("it", calls.append)
    event.remove(database.engine, "commit", lose)

    assert 1 == len(calls)


def test_tables_are_looked_at_again_after_a_failure(database):
    """It may be that migrations ran."""
    database, _ = database
    with pytest.raises(StoreError):
        database.read("it", lambda it: it.execute(text("SELECT * FROM nothing")))
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE mailcore_schema SET version = 2"))
    with pytest.raises(ConfigurationError, match="of version 2"):
        database.read("it", lambda _: None)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE mailcore_schema SET version = 1"))
    assert 1 == database.read("it", lambda _: 1)


def test_errors_show_no_values(either):
    """Messages are among them, and a traceback shows the cause."""
    with pytest.raises(StoreError) as caught:
        either.read("it", lambda it: it.execute(text("SELECT :a FROM nothing"), {"a": "secret"}))

    assert "nothing" in str(caught.value.__cause__)
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


def test_an_engine_that_is_made_of_a_url(path):
    """Readers wait for nobody, writers for half a minute; errors have no values in them."""
    engine = engine_of(f"sqlite:///{path}")
    names = ("journal_mode", "busy_timeout", "synchronous")
    with engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]
        with pytest.raises(OperationalError) as caught:
            connection.execute(text("SELECT :a FROM nothing"), {"a": "secret"})
    engine.dispose()

    assert ["wal", 30_000, 2] == found
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("pauses", "seconds"), [(2, 1.0), (1, 31.0)])
def test_a_new_file_that_others_are_looking_at(path, monkeypatch, pauses, seconds):
    """It is switched over when they have done; they are not waited for without end."""
    slept = []

    def sleep(pause):
        slept.append(pause)
        if len(slept) == 2:
            other.rollback()

    clock = SimpleNamespace(monotonic=lambda: len(slept) * seconds, sleep=sleep)
    engine = engine_of(f"sqlite:///{path}")
    event.listen(engine, "do_connect", lambda *it: it[-1].update(timeout=0))
    monkeypatch.setattr(module, "time", clock)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE a (b)")
        other.execute("BEGIN")
        other.execute("SELECT * FROM a").fetchall()
        if pauses == 1:
            with pytest.raises(OperationalError, match="locked"):
                engine.connect()
        else:
            with engine.connect() as connection:
                assert "wal" == connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    engine.dispose()

    assert [0.01] * pauses == slept


def test_a_process_that_was_forked(path, monkeypatch):
    """It has connections of its own, and those of its parent are left open; once."""
    own = Database(f"sqlite:///{path}", tables_in(MetaData()))
    own.create()

    def connection_of(database):
        return database.read("it", lambda it: it.connection.dbapi_connection)

    parents = connection_of(own)
    with closing(parents):
        assert parents is connection_of(own)
        monkeypatch.setattr(module, "os", SimpleNamespace(getpid=lambda: os.getpid() + 1))
        ours = connection_of(own)
        assert ours is not parents
        assert ours is connection_of(own)
        assert [(1,)] == parents.execute("SELECT 1").fetchall()
    own.dispose()


def test_an_engine_of_the_application_is_left_to_it(path, monkeypatch):
    """Whatever is done about processes that are forked, and when an outbox is closed."""
    engine = create_engine(f"sqlite:///{path}")
    database = Database(engine, tables_in(MetaData()))
    database.create()
    pool = engine.pool
    monkeypatch.setattr(module, "os", SimpleNamespace(getpid=lambda: os.getpid() + 1))
    database.read("it", lambda _: None)
    database.dispose()

    assert pool is engine.pool
    engine.dispose()


def test_tables_are_made_by_several_at_once(path):
    """Who is refused tries again; but not for ever."""
    database = Database(f"sqlite:///{path}", tables_in(MetaData()))
    refusals = [failure("there already")] * 4

    def refuse(_connection, _cursor, statement, *_):
        if "CREATE TABLE" in statement and refusals:
            raise refusals.pop()

    event.listen(database.engine, "before_cursor_execute", refuse)
    database.create()
    assert 1 == database.read("it", lambda _: 1)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE mailcore_outbox"))
    refusals += [failure("there already")] * 5
    with pytest.raises(StoreError, match="the database of the outbox cannot be used: DriverError"):
        database.create()
    assert not refusals
    database.dispose()
