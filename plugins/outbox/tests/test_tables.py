"""The tables: what is in them, whose MetaData has them, and what is said where they are missing."""

from __future__ import annotations

import pytest

from sqlalchemy import Column, Integer, MetaData, Table, create_engine, text
from sqlalchemy.exc import OperationalError

from mailcore import ConfigurationError, Message
from mailcore.outbox import ATTEMPT_COLUMNS, RECEIPT_COLUMNS, ROW_COLUMNS
from mailcore_outbox import Outbox, tables_in
from mailcore_outbox.database import told
from mailcore_outbox.tables import SCHEMA_VERSION


MESSAGE = Message(from_email="shop@example.com", to=["ada@example.net"], text="Hi")


def names_in(table):
    """The names of a table's columns."""
    return [each.name for each in table.c]


def test_every_field_has_a_column():
    """In the order of the fields; the document of a message has a table of its own."""
    tables = tables_in(MetaData())

    assert [name for name in ROW_COLUMNS if name != "document"] == names_in(tables.rows)
    assert list(ATTEMPT_COLUMNS) == names_in(tables.attempts)
    assert list(RECEIPT_COLUMNS) == names_in(tables.receipts)


def test_several_in_one_metadata():
    """With the same names they share the tables, with others each has its own."""
    metadata = MetaData()
    first, same = tables_in(metadata), tables_in(metadata)
    other = tables_in(metadata, prefix="post_", schema="mail")

    assert all(one is another for one, another in zip(first, same, strict=True))
    assert "mail.post_outbox" == other.rows.fullname
    assert 20 == len(metadata.tables)


def test_the_schema_of_the_metadata():
    """It is that of the tables, unless another one is given."""
    metadata = MetaData(schema="shop")

    assert "shop.mailcore_outbox" == tables_in(metadata).rows.fullname
    assert tables_in(metadata).rows is tables_in(metadata).rows
    assert "mail.mailcore_outbox" == tables_in(metadata, schema="mail").rows.fullname


def test_a_table_of_somebody_else_has_the_name():
    """It is not taken for the outbox's."""
    metadata = MetaData()
    Table("mailcore_suppressions", metadata, Column("id", Integer, primary_key=True))

    with pytest.raises(ConfigurationError, match="a table 'mailcore_suppressions' that is not"):
        Outbox("sqlite:///mail.db", metadata=metadata)


@pytest.mark.parametrize("prefix", ["", "Mail_", "1_", "a b", "a-", "x" * 21, "ä_"])
def test_prefixes(prefix):
    """Names that every database takes without quotes."""
    with pytest.raises(ConfigurationError, match="prefix must be small letters"):
        tables_in(MetaData(), prefix=prefix)


def test_no_metadata():
    """A wrong type is told."""
    with pytest.raises(ConfigurationError, match="metadata must be a MetaData"):
        tables_in({})


def test_a_database_without_the_tables(tmp_path):
    """One error, with the way out; and it works as soon as they are there."""
    with Outbox(f"sqlite:///{tmp_path / 'mail.db'}") as outbox:
        for ask in (
            outbox.store.next_due_at,
            lambda: outbox.suppressions.find(["ada@example.net"]),
            lambda: outbox.idempotency.claim("a", "b", 60),
            lambda: outbox.seen.mark("a"),
        ):
            with pytest.raises(ConfigurationError, match=r"no outbox .*`mailcore outbox create`"):
                ask()
        outbox.create()
        outbox.create()

        assert outbox.store.next_due_at() is None


def test_a_table_is_missing(tmp_path):
    """It is named, though the outbox was used before."""
    engine = create_engine(f"sqlite:///{tmp_path / 'mail.db'}")
    outbox = Outbox(engine)
    outbox.create()
    outbox.store.next_due_at()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE mailcore_outbox_receipts"))

    with pytest.raises(ConfigurationError, match=r"are missing.*: mailcore_outbox_receipts;"):
        outbox.store.receipts("a")
    engine.dispose()


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (SCHEMA_VERSION + 1, "of version 2.*upgrade mailcore-outbox here"),
        (0, "of version 0.*migrations bring them up to date"),
    ],
)
def test_another_version(tmp_path, version, told):
    """Neither read nor written, and the next worker says which way to go."""
    engine = create_engine(f"sqlite:///{tmp_path / 'mail.db'}")
    Outbox(engine).create()
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE mailcore_schema SET version = {version}"))
    outbox = Outbox(engine)

    for ask in (outbox.store.next_due_at, outbox.create, lambda: outbox.seen.mark("a")):
        with pytest.raises(ConfigurationError, match=told):
            ask()
    engine.dispose()


def test_a_worker_sees_that_migrations_ran(tmp_path, monkeypatch):
    """It looks again once a minute."""
    from mailcore_outbox import store

    engine = create_engine(f"sqlite:///{tmp_path / 'mail.db'}")
    outbox = Outbox(engine)
    outbox.create()
    claim = {"limit": 1, "now": outbox_time(), "until": outbox_time()}
    outbox.store.claim("w", **claim)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mailcore_schema SET version = 2"))
    outbox.store.claim("w", **claim)
    monkeypatch.setattr(store, "_CHECK_EVERY_SECONDS", -1.0)

    with pytest.raises(ConfigurationError, match="of version 2"):
        outbox.store.claim("w", **claim)
    engine.dispose()


def test_tables_that_others_made(tmp_path):
    """Without a version the columns are compared."""
    engine = create_engine(f"sqlite:///{tmp_path / 'mail.db'}")
    metadata = MetaData()
    outbox = Outbox(engine, metadata=metadata)
    metadata.create_all(engine)
    assert outbox.store.next_due_at() is None
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE mailcore_outbox DROP COLUMN tags"))

    with pytest.raises(ConfigurationError, match=r"columns differ: mailcore_outbox\.tags$"):
        Outbox(engine).store.next_due_at()
    engine.dispose()


def outbox_time():
    """Now."""
    from datetime import datetime, timezone

    return datetime.now(timezone.utc)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sqlite://", "in memory does not survive"),
        ("sqlite:///", "in memory does not survive .* as in sqlite:///mail.db$"),
        ("sqlite:///:memory:", "in memory does not survive"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory does not survive"),
        ("nothing", r"is none: write sqlite:///mail\.db, postgresql.* or mysql\+pymysql://USER:"),
        ("postgresql+psycopg://:secret@:a/b", "is none: write"),
        ("postgresql+nodriver://a/b", "no dialect 'postgresql.nodriver'"),
        (
            "postgres://a/b",
            r"no dialect 'postgres'.*\[postgresql\]', .* with postgresql.psycopg://",
        ),
        ("postgresql+psycopg2://a/b", r"\[postgresql\]', .* with postgresql\+psycopg://"),
        ("mysql+mysqldb://a/b", r"is not installed: .*\[mysql\]', .* with mysql\+pymysql://"),
        ("sqlite+aiosqlite:///mail.db", "is a driver for event loops"),
        ("oracle+oracledb://a/b", "not installed|not in 'oracle'"),
        (17, "not int"),
        (None, "not NoneType"),
    ],
)
def test_databases_that_cannot_be_used(given, told):
    """Each with what to write instead, and without a password."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        Outbox(given)

    assert "secret" not in str(caught.value)


class DriverError(Exception):
    """What a driver raises: with SQLSTATE, SQLite's name, or MySQL's number before its text."""

    sqlstate = None


@pytest.mark.parametrize(
    ("arguments", "attributes", "shown"),
    [
        (("s3cret",), {"sqlstate": "57P03"}, "DriverError 57P03"),
        (("s3cret",), {"sqlite_errorname": "SQLITE_BUSY"}, "DriverError SQLITE_BUSY"),
        ((2013, "s3cret"), {}, "DriverError 2013"),
        (("s3cret",), {}, "DriverError"),
        ((), {}, "DriverError"),
    ],
    ids=["sqlstate", "sqlite", "mysql", "text", "nothing"],
)
def test_what_a_database_said(arguments, attributes, shown):
    """By its code, since its own words may hold a message."""
    error = DriverError(*arguments)
    vars(error).update(attributes)

    found = told("the outbox", OperationalError("SELECT", {}, error))

    assert f"cannot be used: {shown}: what it said is the cause of this error" in str(found)
    assert "s3cret" not in str(found)
