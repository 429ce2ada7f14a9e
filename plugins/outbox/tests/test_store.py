"""The store that workers, events and people work with: the core's suite, on each database."""

from __future__ import annotations

import json

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from sqlalchemy import create_engine

from mailcore import Message
from mailcore.outbox import OutboxFilter, OutboxState, Revision, cancel, new_row
from mailcore.testing import OutboxStoreSuite
from mailcore_outbox import Outbox
from mailcore_outbox.writing import Writer


MESSAGE = Message(from_email="me@example.com", to=["ada@example.net"], text="Hi")
DEADLINE_SECONDS = 30
SERVERS = pytest.mark.parametrize(
    "database_kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
        pytest.param("mariadb", marks=pytest.mark.slow),
    ],
    indirect=True,
)


class SuiteOnDatabase(OutboxStoreSuite):
    """A database with nothing in it for each check."""

    @pytest.fixture(autouse=True)
    def _outbox(self, database_url, make_tables):
        with Outbox(database_url) as self.outbox:
            make_tables(self.outbox)
            yield

    def make_store(self):
        return self.outbox.store

    def put(self, store, rows):
        writer = Writer(self.outbox.tables)

        def work(connection):
            for row in rows:
                writer.add(row, connection)
            writer.write_beside([Revision(row=row) for row in rows], connection)

        self.outbox._database.write("the outbox", work)


class TestPortableStatements(SuiteOnDatabase):
    """What MySQL and MariaDB get, on SQLite by a driver that is told values by their names."""

    @pytest.fixture(autouse=True)
    def _outbox(self, database_url, make_tables):
        engine = create_engine(database_url, paramstyle="named")
        with Outbox(engine) as self.outbox:
            make_tables(self.outbox)
            yield
        engine.dispose()

    @pytest.mark.slow
    def test_many_at_once(self):
        """As in the suite; it takes more than a second."""
        super().test_many_at_once()


@pytest.mark.parametrize("paramstyle", ["qmark", "named"])
def test_what_is_kept_of_texts_and_times(database_url, paramstyle):
    """Whether SQLAlchemy gives values to the driver or we do: no NUL, no surrogates, UTC."""
    engine = create_engine(database_url, paramstyle=paramstyle)
    outbox = Outbox(engine)
    outbox.create()
    until = datetime(2026, 11, 30, 12, tzinfo=timezone(timedelta(hours=2)))
    store = outbox.store
    message = Message(from_email="a@example.com", to=["b@example.net"], text="x")
    row = new_row(message, now=until - timedelta(hours=1))
    with engine.begin() as connection:
        Writer(outbox.tables).add(row, connection)
    assert 1 == len(store.claim("w\0", limit=1, now=until, until=until))
    advanced = store.advance(
        "w\0", conclusions=[], begin=[row.id], provider="p\0\ud800ü", now=until, until=until
    )
    assert advanced.begun == {row.id}
    begun = store.get(row.id)
    assert ("p\ufffd?ü", until, "w\ufffd") == (begun.provider, begun.began_at, begun.claimed_by)
    over = replace(begun, state=OutboxState.SENT, error_text="e\0\ud800ü", message_ids=("i\0",))
    advanced = store.advance(
        "w\0", conclusions=[Revision(row=over)], begin=[], provider="p", now=until, until=until
    )
    assert advanced.concluded == {row.id}
    kept = store.get(row.id)
    assert ("e\ufffd?ü", "i\0", until) == (kept.error_text, *kept.message_ids, kept.began_at)
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"], indirect=True)
def test_transactions_read_what_is_committed(database_url, outbox):
    """Whatever an engine of one's own has; the engine is left as it is."""
    strict = create_engine(database_url, isolation_level="SERIALIZABLE")
    with Outbox(database_url) as by_url:
        for each in (by_url, outbox, Outbox(strict)):
            levels = [
                work("the outbox", lambda connection: connection.get_isolation_level())
                for work in (each._database.read, each._database.write)
            ]
            assert ["READ COMMITTED"] * 2 == levels
    with strict.connect() as connection:
        assert "SERIALIZABLE" == connection.get_isolation_level()
    strict.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"], indirect=True)
def test_a_claim_passes_over_what_another_has_locked(outbox, engine):
    """It does not wait for that one's transaction."""
    with engine.begin() as connection:
        rows = [outbox.add(connection, MESSAGE).id for _ in range(3)]
    now = datetime.now(timezone.utc) + timedelta(seconds=1)
    claim = {"now": now, "until": now + timedelta(minutes=1)}
    store = outbox.store

    def work(connection):
        (held,) = store._claimer.claim("w", 1, *claim.values(), connection)
        other = pool.submit(store.claim, "v", limit=9, **claim)
        return [held, *other.result(DEADLINE_SECONDS)]

    with ThreadPoolExecutor(1) as pool:
        found = outbox._database.write("the outbox", work)
    assert sorted(rows) == sorted(row.id for row in found)


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"], indirect=True)
def test_pruning_passes_over_what_another_has_locked(outbox, engine):
    """As a claim does: it is pruned the next time."""
    with engine.begin() as connection:
        rows = [outbox.add(connection, MESSAGE).id for _ in range(3)]
    store = outbox.store
    for row_id in rows:
        assert cancel(store, row_id) is not None
    old = {"before": datetime.now(timezone.utc) + timedelta(days=1), "limit": 9}

    def work(connection):
        assert store._writer.read(rows[1], connection, lock=True) is not None
        pruned = pool.submit(store.prune, states=[OutboxState.CANCELLED], **old)
        return pruned.result(DEADLINE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        assert 2 == outbox._database.write("the outbox", work)
    assert [rows[1]] == [row.id for row in store.find(OutboxFilter(), limit=9)]


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_pruning_locks_no_more_than_its_limit(outbox, engine):
    """Another one prunes the rest meanwhile."""
    with engine.begin() as connection:
        rows = [outbox.add(connection, MESSAGE).id for _ in range(3)]
    store = outbox.store
    for row_id in rows:
        assert cancel(store, row_id) is not None
    cancelled, before = [OutboxState.CANCELLED], datetime.now(timezone.utc) + timedelta(days=1)

    def work(connection):
        assert rows[:1] == store._finder.over(before, cancelled, 1, connection)
        pruned = pool.submit(store.prune, states=cancelled, before=before, limit=9)
        return pruned.result(DEADLINE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        assert 2 == outbox._database.write("the outbox", work)
    assert rows[:1] == [row.id for row in store.find(OutboxFilter(), limit=9)]


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"], indirect=True)
def test_sends_that_end_lock_nothing_else(outbox, engine):
    """Whatever else the worker has under way can be changed meanwhile."""
    with engine.begin() as connection:
        ids = [outbox.add(connection, MESSAGE).id for _ in range(3)]
    now = datetime.now(timezone.utc) + timedelta(seconds=1)
    until = now + timedelta(minutes=1)
    store = outbox.store
    assert 3 == len(store.claim("w", limit=3, now=now, until=until))
    begin = {"provider": "toy", "now": now, "until": until}
    assert 3 == len(store.advance("w", conclusions=[], begin=ids, **begin).begun)
    ends = [
        Revision(row=replace(store.get(each), state=OutboxState.SENT, claimed_until=None))
        for each in ids
    ]

    def work(connection):
        concluded = store._writer.conclude("w", ends[:2], connection)
        other = pool.submit(store.revise, ids[2], lambda *_: ends[2])
        return concluded, other.result(DEADLINE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        concluded, other = outbox._database.write("the outbox", work)
    assert (frozenset(ids[:2]), ends[2].row) == (concluded, other)
    assert [each.row for each in ends] == [store.get(each) for each in ids]


@SERVERS
def test_a_document_that_changes(outbox, engine):
    """As one does that an address is taken out of, with the index of its recipients."""
    with engine.begin() as connection:
        row, beside = [outbox.add(connection, MESSAGE) for _ in range(2)]
    store = outbox.store
    other = json.dumps({"from_email": "me@example.com"})
    changed = replace(row, document=other, recipients=("bob@example.org",), subject="Ho")
    store.revise(row.id, lambda *_: Revision(row=changed))

    assert [changed, beside] == [store.get(each.id) for each in (row, beside)]
    for address, expected in (("ada@example.net", beside), ("bob@example.org", row)):
        found = store.find(OutboxFilter(address=address), limit=9)
        assert [expected.id] == [each.id for each in found]
    store.revise(row.id, lambda *_: Revision(row=replace(changed, document=None)))
    assert store.get(row.id).document is None


@SERVERS
class TestStore(SuiteOnDatabase):
    """In SQLite, PostgreSQL and MariaDB."""

    @pytest.mark.slow
    def test_many_at_once(self):
        """As in the suite; it takes more than a second."""
        super().test_many_at_once()
