"""The suppression list, idempotency keys and seen events: the core's suites, on each database."""

from __future__ import annotations

import pytest

from mailcore import ConfigurationError, Mailer, Message, StoreError
from mailcore.middleware import Idempotency
from mailcore.stores import ALL_MAIL, SuppressionEntry
from mailcore.testing import IdempotencyStoreSuite, SuppressionStoreSuite, VirtualClock
from mailcore_outbox.idempotency import SqlIdempotencyStore
from mailcore_outbox.seen import SqlSeenStore
from mailcore_outbox.suppressions import SqlSuppressionStore


SERVERS = pytest.mark.parametrize(
    "database_kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
        pytest.param("mariadb", marks=pytest.mark.slow),
    ],
    indirect=True,
)


@SERVERS
class TestSuppressions(SuppressionStoreSuite):
    """In SQLite, PostgreSQL and MariaDB."""

    sequences = 2

    @pytest.fixture(autouse=True)
    def _database(self, database):
        self.database, self.tables = database

    def make_store(self):
        return SqlSuppressionStore(self.database, self.tables)


@SERVERS
class TestKeys(IdempotencyStoreSuite):
    """In SQLite, PostgreSQL and MariaDB."""

    @pytest.fixture(autouse=True)
    def _database(self, database):
        self.clock = VirtualClock(now=1_000_000.0)
        self.store = SqlIdempotencyStore(*database, now=self.clock)

    def make_store(self):
        return self.store

    def let_pass(self, seconds):
        self.clock.sleep(seconds)


@SERVERS
def test_seen_events(database):
    """They are remembered for as long as is said, whatever their keys are."""
    clock = VirtualClock(now=1_000_000.0)
    store = SqlSeenStore(*database, max_age_seconds=100, now=clock)
    keys = ("", "a" * 10_000, "\ud800", "ä\0", "ada@example.net", "ADA@example.net")
    for key in keys:
        assert not store.seen(key)
        store.mark(key)
        store.mark(key)
        assert store.seen(key)
    clock.sleep(60)
    store.mark("a" * 10_000)
    clock.sleep(41)

    assert [key == "a" * 10_000 for key in keys] == [store.seen(key) for key in keys]
    assert len(keys) - 1 == store.prune()
    assert 0 == store.prune()


def test_a_wrong_age(database):
    """A store that remembers nothing is a mistake."""
    with pytest.raises(ConfigurationError, match="max_age_seconds"):
        SqlSeenStore(*database, max_age_seconds=0)


def test_old_keys_are_forgotten_when_others_come(database):
    """Nobody has to remember it."""
    clock = VirtualClock(now=1_000_000.0)
    keys, seen = SqlIdempotencyStore(*database, now=clock), SqlSeenStore(*database, now=clock)
    for number in range(3):
        keys.claim(f"{number}", "begun", 30)
        seen.mark(f"{number}")
        clock.sleep(16 * 86_400)

    assert (1, 1) == (keys.prune(), seen.prune())


def test_a_message_is_sent_once(database):
    """The policy of the core works with the store, and the table has no address."""
    mailer = Mailer("memory", middleware=[Idempotency(SqlIdempotencyStore(*database))])
    message = Message(
        from_email="me@example.com", to=["ada@example.net"], text="Hi", idempotency_key="order-17"
    )
    first, again = mailer.send(message), mailer.send(message)

    assert (first, 1) == (again, len(mailer.provider.outbox))


def test_an_entry_is_replaced(database):
    """Of the same address, scope and reason the last one is there."""
    store = SqlSuppressionStore(*database)
    for detail in ("first", "second \0"):
        store.add(
            [SuppressionEntry(email_address="ada@example.net", reason="BOUNCE", detail=detail)]
        )
    (found,) = store.entries(scope=ALL_MAIL)

    assert "second \ufffd" == found.detail


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        (SqlIdempotencyStore, "claim", ["a", "one", 30]),
        (SqlIdempotencyStore, "replace", ["a", "one", "two"]),
        (SqlIdempotencyStore, "release", ["a", "one"]),
        (SqlIdempotencyStore, "forget", ["a"]),
        (SqlIdempotencyStore, "prune", []),
        (SqlSeenStore, "seen", ["a"]),
        (SqlSeenStore, "mark", ["a"]),
        (SqlSeenStore, "prune", []),
        (SqlSuppressionStore, "find", [["ada@example.net"]]),
        (SqlSuppressionStore, "add", [[SuppressionEntry(email_address="a@b.c", reason="BOUNCE")]]),
        (SqlSuppressionStore, "remove", ["ada@example.net"]),
        (SqlSuppressionStore, "entries", []),
    ],
)
def test_a_database_that_cannot_be_used(database, tmp_path, kind, name, arguments):
    """It is told for what, and nothing of what was asked."""
    store = kind(*database)
    database[0].engine.dispose()
    for old in tmp_path.glob("mail.db*"):
        old.write_bytes(b"no database" * 100)
    wanted = {
        SqlIdempotencyStore: "idempotency keys",
        SqlSeenStore: "seen events",
        SqlSuppressionStore: "suppressed addresses",
    }

    with pytest.raises(StoreError, match=f"the database of {wanted[kind]} cannot be used"):
        list(getattr(store, name)(*arguments) or ())
