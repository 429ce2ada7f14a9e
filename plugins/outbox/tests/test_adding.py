"""Messages that are kept in a transaction of the caller's: committed with it, undone with it."""

from __future__ import annotations

import asyncio
import threading

from datetime import datetime, timedelta, timezone

import pytest

from sqlalchemy import MetaData, create_engine, event, select, text
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from mailcore import ConfigurationError, Message, StoreError
from mailcore.errors import IdempotencyKeyReused, InvalidMessage, InvalidMessageType
from mailcore.outbox import OutboxFilter, OutboxState
from mailcore_outbox import Outbox


SERVERS = pytest.mark.parametrize(
    "database_kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
        pytest.param("mariadb", marks=pytest.mark.slow),
    ],
    indirect=True,
)
DEADLINE_SECONDS = 30


def message(**changes):
    """A message to one person."""
    return Message(
        **{
            "from_email": "shop@example.com",
            "to": ["Ada <ada@example.net>"],
            "subject": "Order 17 \N{PARTY POPPER}",
            "text": "On its way.",
            **changes,
        }
    )


def kept(outbox):
    """The ids of all rows."""
    return [row.id for row in outbox.store.find(OutboxFilter(), limit=100)]


@SERVERS
def test_a_row_is_what_was_given(outbox, engine):
    """All of it, with its document."""
    later = datetime(2027, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2)))
    with engine.begin() as connection:
        row = outbox.add(
            connection,
            message(tags=["news", 'a"b'], cc=["bob@example.net"]),
            key="order 17 ä",
            not_before=later,
            priority=-3,
        )
    found = outbox.store.get(row.id)

    assert row == found
    assert (OutboxState.PENDING, later, -3) == (found.state, found.due_at, found.priority)
    assert message(tags=["news", 'a"b'], cc=["bob@example.net"]) == found.message()
    assert outbox.store.get("nobody") is None


@SERVERS
def test_committed_and_undone(outbox, engine):
    """With the caller's own rows, whatever the caller does with its transaction."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (number INTEGER)"))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO orders VALUES (1)"))
        committed = outbox.add(connection, message())
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO orders VALUES (2)"))
        outbox.add(connection, message())
        connection.rollback()
    with engine.begin() as connection:
        kept_with_savepoint = outbox.add(connection, message())
        savepoint = connection.begin_nested()
        outbox.add(connection, message(), key="undone")
        savepoint.rollback()

    assert [committed.id, kept_with_savepoint.id] == kept(outbox)
    with engine.connect() as connection:
        assert [1] == list(connection.execute(text("SELECT number FROM orders")).scalars())


@SERVERS
def test_sessions(outbox, engine):
    """Plain ones and scoped ones: committed and undone with what else they hold."""
    with Session(engine) as session:
        first = outbox.add(session, message())
        session.commit()
        outbox.add(session, message())
        session.rollback()
    scoped = scoped_session(sessionmaker(engine))
    second = outbox.add(scoped, message())
    assert [first.id] == kept(outbox)
    scoped.commit()
    scoped.remove()

    assert [first.id, second.id] == kept(outbox)


@SERVERS
def test_a_key_stands_for_one_message(outbox, engine):
    """The same one is not kept twice; another one is refused, and the transaction goes on."""
    with engine.begin() as connection:
        first = outbox.add(connection, message(), key="order-17")
        again = outbox.add(connection, message(), key="order-17")
        with pytest.raises(IdempotencyKeyReused, match="another message is in the outbox"):
            outbox.add(connection, message(subject="Another"), key="order-17")
        other = outbox.add(connection, message(subject="Another"), key="Order-17")
    with engine.begin() as connection:
        later = outbox.add(connection, message(idempotency_key="order-17"), key="order-17x")
        same = outbox.add(connection, message(), key="order-17")

    assert first == again == same
    assert [first.id, other.id, later.id] == kept(outbox)


@SERVERS
def test_a_key_of_somebody_who_is_not_done(outbox, engine):
    """Whoever comes second waits; if the first one is undone, the second one is kept."""
    outcomes = {}

    def add(name):
        with engine.begin() as connection:
            outcomes[name] = outbox.add(connection, message(), key="order-17").id

    for commits in (False, True):
        with engine.connect() as connection:
            first = outbox.add(connection, message(), key="order-17").id
            second = threading.Thread(target=add, args=(commits,))
            second.start()
            connection.commit() if commits else connection.rollback()
            second.join(DEADLINE_SECONDS)
            assert not second.is_alive()
        if not commits:
            assert first != outcomes[commits]
    assert outcomes[False] == outcomes[True] == first
    assert [first] == kept(outbox)


@SERVERS
def test_many_with_one_key(outbox, engine):
    """Of those that come at the same moment, all get the same row."""
    start, ids = threading.Barrier(4), []

    def add():
        with engine.connect() as connection:
            start.wait(DEADLINE_SECONDS)
            ids.append(outbox.add(connection, message(), key="order-17").id)
            connection.commit()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)

    assert 4 == len(ids)
    assert set(ids) == set(kept(outbox))


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["mariadb"], indirect=True)
def test_a_key_that_came_after_the_snapshot(outbox, engine):
    """A transaction of MySQL that read before sees the row that has the key all the same."""
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with repeatable.begin() as connection:
        connection.execute(text("SELECT count(*) FROM mailcore_outbox")).scalar()
        with engine.begin() as other:
            first = outbox.add(other, message(), key="order-17")

        assert first == outbox.add(connection, message(), key="order-17")


ASYNC = pytest.mark.parametrize(
    "database_kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)


@ASYNC
def test_event_loops(outbox, database_url):
    """Connections and sessions of event loops: committed and undone in the same way."""
    url = database_url.replace("sqlite:", "sqlite+aiosqlite:")

    async def run():
        engine = create_async_engine(url)
        rows = []
        async with engine.begin() as connection:
            rows.append(await outbox.aadd(connection, message(), key="a", priority=1))
        async with AsyncSession(engine) as session:
            rows.append(await outbox.aadd(session, message()))
            await session.commit()
            await outbox.aadd(session, message())
            await session.rollback()
        scoped = async_scoped_session(async_sessionmaker(engine), scopefunc=asyncio.current_task)
        rows.append(await outbox.aadd(scoped, message(), not_before=timedelta(days=1)))
        await scoped.commit()
        await scoped.remove()
        with pytest.raises(ConfigurationError, match=r"not Async\w+ with `await outbox.aadd"):
            async with engine.connect() as connection:
                outbox.add(connection, message())
        await engine.dispose()
        return rows

    rows = asyncio.run(run())

    assert [row.id for row in rows] == kept(outbox)


def test_the_outbox_in_the_metadata_of_the_application(tmp_path):
    """Its tables are made with those of the application, and are in the same schema."""
    metadata = MetaData()
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    outbox = Outbox(engine, metadata=metadata, prefix="post_")
    metadata.create_all(engine)
    with Session(engine) as session:
        row = outbox.add(session, message())
        assert [row.id] == list(session.scalars(select(outbox.tables.rows.c.id)))
        session.commit()
    assert [row.id] == kept(Outbox(engine, prefix="post_"))
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_schema(engine):
    """The tables are in it, and nowhere else."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA mail"))
    outbox = Outbox(engine, schema="mail")
    outbox.create()
    with engine.begin() as connection:
        row = outbox.add(connection, message(), key="a")

    assert [row.id] == kept(outbox)
    with pytest.raises(ConfigurationError, match="has no outbox"):
        kept(Outbox(engine))


def test_what_cannot_be_added(outbox, engine):
    """Each is told before anything is written, and the transaction goes on."""
    with engine.begin() as connection:
        for wrong, told, arguments in (
            (InvalidMessageType, "takes a mailcore.Message, not str", {"message": "Hi"}),
            (InvalidMessage, "no recipients", {"message": Message(from_email="a@example.com")}),
            (ConfigurationError, "key must be", {"key": ""}),
            (ConfigurationError, "priority must be", {"priority": 101}),
            (ConfigurationError, "time zone", {"not_before": datetime(2027, 1, 1)}),  # noqa: DTZ001  # on purpose
            (ConfigurationError, "not Engine$", {"transaction": engine}),
        ):
            given = {"transaction": connection, "message": message(), **arguments}
            with pytest.raises(wrong, match=told):
                outbox.add(given.pop("transaction"), given.pop("message"), **given)
        outbox.add(connection, message())
    with pytest.raises(ConfigurationError, match=r"aadd\(\) takes an AsyncConnection"):
        asyncio.run(outbox.aadd(engine, message()))

    assert 1 == len(kept(outbox))


def test_a_database_that_fails(tmp_path):
    """It is told without the message, in the texts of the causes too."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    outbox = Outbox(engine)
    told = r"database of the outbox.*OperationalError"
    with engine.begin() as connection, pytest.raises(StoreError, match=told) as caught:
        outbox.add(connection, message())
    engine.dispose()

    assert "ada@example.net" not in str(caught.value.__cause__)
    assert "hidden" in str(caught.value.__cause__)


def test_nothing_is_committed_by_the_outbox(outbox, engine):
    """Nor begun anew: the statements of the caller's transaction are all there is."""
    said = []
    for name in ("commit", "rollback", "begin"):
        event.listen(engine, name, lambda _, name=name: said.append(name))
    with engine.connect() as connection:
        outbox.add(connection, message(), key="a")
        assert ["begin"] == said
        connection.commit()

    assert ["begin", "commit"] == said


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["mariadb"], indirect=True)
def test_mariadb_by_its_own_name(database_url):
    """SQLAlchemy has a dialect that is called so; all statements are those of MySQL's."""
    with Outbox(database_url.replace("mysql+", "mariadb+")) as outbox:
        outbox.create()
        with outbox._database.engine.begin() as connection:
            rows = [outbox.add(connection, message(), key="order-17") for _ in range(2)]
        outbox.idempotency.claim("a", "b", 60)
        outbox.seen.mark("a")
        now = datetime.now(timezone.utc)

        assert rows[0] == rows[1]
        assert "b" == outbox.idempotency.claim("a", "c", 60)
        (claimed,) = outbox.store.claim("w", limit=9, now=now, until=now + timedelta(minutes=1))
        assert rows[0].message() == claimed.message()
