"""Stores of policies: one suite for those in memory, in SQLite and in Redis; entries; transfers."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time

from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import ClassVar

import pytest

from hypothesis import given
from hypothesis import strategies as st
from redis import exceptions

from mailcore import ConfigurationError, InvalidAddress, StoreError
from mailcore.account import BOUNCE, COMPLAINT, MANUAL, SuppressedAddress
from mailcore.stores import (
    ALL_LISTS,
    ALL_MAIL,
    MemoryIdempotencyStore,
    MemorySuppressionStore,
    RedisIdempotencyStore,
    RedisSuppressionStore,
    SqliteIdempotencyStore,
    SqliteSuppressionStore,
    SuppressionEntry,
    digest_of_key,
    export_suppressions,
    import_suppressions,
)
from mailcore.stores.redis_client import connected, telling
from mailcore.testing import IdempotencyStoreSuite, SuppressionStoreSuite, VirtualClock
from mailcore.webhook import RedisSeenStore


DEADLINE_SECONDS = 20
NOW = datetime(2026, 11, 30, tzinfo=timezone.utc)


class TestMemorySuppressions(SuppressionStoreSuite):
    """In memory."""

    def make_store(self):
        return MemorySuppressionStore()


class TestSqliteSuppressions(SuppressionStoreSuite):
    """In a file."""

    sequences = 4

    @pytest.fixture(autouse=True)
    def _files(self, tmp_path):
        self.folder, self.made = tmp_path, []
        yield
        for store in self.made:
            store.close()

    def make_store(self):
        self.made.append(SqliteSuppressionStore(self.folder / f"{len(self.made)}.db"))
        return self.made[-1]


@pytest.mark.slow
class TestRedisSuppressions(SuppressionStoreSuite):
    """In a server."""

    @pytest.fixture(autouse=True)
    def _server(self, redis_url):
        self.url, self.made = redis_url, []
        yield
        for store in self.made:
            store._redis.flushall()
            store.close()

    def make_store(self):
        self.made.append(RedisSuppressionStore(self.url, prefix=f"test{len(self.made)}"))
        return self.made[-1]


def test_who_is_taken_off_the_list_is_forgotten():
    """Not even the address stays in memory."""
    entry = SuppressionEntry(email_address="ada@example.net", reason=BOUNCE)
    store = MemorySuppressionStore([entry])

    assert (1, {}) == (store.remove("Ada@example.net"), store._by_key)


class TestMemoryKeys(IdempotencyStoreSuite):
    """In memory."""

    def make_store(self):
        self.clock = VirtualClock()
        return MemoryIdempotencyStore(now=self.clock)

    def let_pass(self, seconds):
        self.clock.sleep(seconds)


class TestSqliteKeys(IdempotencyStoreSuite):
    """In a file."""

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path):
        self.clock = VirtualClock(now=1_000_000.0)
        self.store = SqliteIdempotencyStore(tmp_path / "keys.db", now=self.clock)
        yield
        self.store.close()

    def make_store(self):
        return self.store

    def let_pass(self, seconds):
        self.clock.sleep(seconds)


@pytest.mark.slow
class TestRedisKeys(IdempotencyStoreSuite):
    """In a server, whose keys are made older instead of waiting."""

    @pytest.fixture(autouse=True)
    def _server(self, redis_url):
        self.store = RedisIdempotencyStore(redis_url)
        yield
        self.store._redis.flushall()
        self.store.close()

    def make_store(self):
        return self.store

    def let_pass(self, seconds):
        redis = self.store._redis
        for key in redis.keys("*"):
            redis.pexpire(key, max(0, redis.pttl(key) - int(seconds * 1000)))


@pytest.mark.slow
def test_clients_that_decode_answers(redis_url):
    """A client of one's own may do so."""
    import redis

    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        suppressions = RedisSuppressionStore(client, prefix="decoded")
        entry = SuppressionEntry(email_address="ada@example.net", reason=BOUNCE, updated_at=NOW)
        suppressions.add([entry])
        keys = RedisIdempotencyStore(client, prefix="decoded-keys")
        keys.claim("a", "begun", 60)

        assert [entry] == list(suppressions.find(["ada@example.net"]))
        assert [entry] == list(suppressions.entries())
        assert "begun" == keys.claim("a", "again", 60)
        client.flushall()


@pytest.mark.parametrize("kind", [RedisSuppressionStore, RedisIdempotencyStore])
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"redis": "http://x"}, "the URL of Redis is none: write redis://HOST"),
        ({"redis": 5}, "redis must be a URL or a client of redis-py, not int"),
        ({"redis": "redis://x", "prefix": "{a"}, "prefix must be a text without braces"),
        ({"redis": "redis://x", "prefix": "a}"}, "prefix must be a text without braces"),
        ({"redis": "redis://x", "prefix": ""}, "prefix must be a text without braces"),
        ({"redis": "redis://x", "prefix": 5}, "prefix must be a text without braces"),
    ],
)
def test_wrong_settings_of_redis(kind, arguments, told):
    """They are told at once, without what stands in the URL."""
    with pytest.raises(ConfigurationError, match=told):
        kind(**arguments)


def test_a_server_that_is_not_there():
    """The error says so, without the password in the URL."""
    store = RedisSuppressionStore("redis://:secret@127.0.0.1:9/0")

    with pytest.raises(StoreError, match=r"^the store in Redis .*: ConnectionError: check that it"):
        store.find(["ada@example.net"])
    with pytest.raises(StoreError, match="ConnectionError"):
        RedisIdempotencyStore("redis://127.0.0.1:9/0").claim("a", "b", 1)


def test_a_server_that_hangs():
    """It takes connections and answers nobody: it is waited for, and not for ever."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"redis://127.0.0.1:{hanging.getsockname()[1]}"
        with connected(url, timeout_seconds=0.1) as client:
            with pytest.raises(StoreError, match="TimeoutError"):
                RedisIdempotencyStore(client).claim("a", "b", 1)
            given = client.get_connection_kwargs()
            assert (0.1, 0.1) == (given["socket_timeout"], given["socket_connect_timeout"])


@pytest.mark.slow
def test_names_of_keys_in_redis(redis_url):
    """They are the same in each release; each has an end; prefixes keep stores apart."""
    from redis import Redis

    with Redis.from_url(redis_url) as client:
        client.flushall()
        keys, other = RedisIdempotencyStore(client), RedisIdempotencyStore(client, prefix="other")
        keys.claim("a", "begun", 10_000)
        RedisSeenStore(client).mark("a")
        RedisSuppressionStore(client).add(
            [SuppressionEntry(email_address="ada@example.net", reason=BOUNCE)]
        )

        digest = digest_of_key("a").hex().encode()
        assert [
            b"mailcore:idempotency:" + digest,
            b"mailcore:seen:" + digest,
            b"{mailcore:suppressions}:entries",
            b"{mailcore:suppressions}:index",
        ] == sorted(client.keys())
        assert 9_900_000 < client.pttl(b"mailcore:idempotency:" + digest) <= 10_000_000
        assert other.claim("a", "begun", 60) is None
        assert [] == list(RedisSuppressionStore(client, prefix="other").entries())
        assert not RedisSeenStore(client, prefix="third").seen("a")
        client.flushall()


@pytest.mark.slow
def test_what_is_no_address_is_on_no_list_in_redis(redis_url):
    """Nor is its beginning that of an entry; it is asked for all the same."""
    with closing(RedisSuppressionStore(redis_url, prefix="surrogate")) as store:
        store.add([SuppressionEntry(email_address="ada@example.net", reason=BOUNCE)])

        assert [] == store.find(["ada\ud800@example.net", "ada@example", ""])


RACE = """
import sys
from mailcore.stores import SqliteIdempotencyStore

store = SqliteIdempotencyStore(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    if store.claim(f"key {number}", sys.argv[2], 60) is None:
        print(number)
"""


@pytest.mark.slow
def test_processes_open_and_claim_at_the_same_moment(tmp_path):
    """A new file, which all of them make: each key is claimed by one."""
    command = [sys.executable, "-W", "error", "-c", RACE, str(tmp_path / "keys.db")]
    processes = [
        subprocess.Popen(
            [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    try:
        for process in processes:
            assert "ready\n" == process.stdout.readline()
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        claimed = [process.communicate(timeout=60)[0].split() for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()

    assert sorted(range(100)) == sorted(int(each) for own in claimed for each in own)


def test_files_are_read_by_the_next_process(tmp_path):
    """What is closed is there when it is opened again; a path that is none is told."""
    with SqliteSuppressionStore(tmp_path / "list.db") as store:
        store.add([SuppressionEntry(email_address="ada@example.net", reason=BOUNCE)])
    store.close()

    assert 1 == len(store.find(["ada@example.net"]))
    store.close()
    for kind in (SqliteSuppressionStore, SqliteIdempotencyStore):
        with pytest.raises(ConfigurationError, match="cannot be opened: unable to open"):
            kind(tmp_path)
        with pytest.raises(ConfigurationError, match="busy_timeout_seconds must be above 0"):
            kind(tmp_path / "x", busy_timeout_seconds=0)


def test_a_file_that_is_broken(tmp_path):
    """The error says which; what was begun is undone."""
    store = SqliteSuppressionStore(tmp_path / "list.db", busy_timeout_seconds=0.01)
    writer = sqlite3.connect(tmp_path / "list.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    entry = SuppressionEntry(email_address="ada@example.net", reason=BOUNCE)
    with pytest.raises(StoreError, match=r"list\.db' cannot be used: database is locked"):
        store.add([entry])
    writer.execute("ROLLBACK")
    store.add([entry])
    writer.execute("DROP TABLE suppressions")
    with pytest.raises(StoreError, match="no such table"):
        store.find(["ada@example.net"])
    writer.close()
    store.close()


def test_a_new_file_that_another_process_is_making(tmp_path, monkeypatch):
    """It is waited for; one that stays locked is told."""
    path = tmp_path / "list.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConfigurationError, match=r"list\.db' cannot be opened: .* is locked"):
        SqliteSuppressionStore(path, busy_timeout_seconds=0.01)

    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(time, "sleep", lambda pause: pause > 0 and other.execute("ROLLBACK"))
    store = SqliteSuppressionStore(path, busy_timeout_seconds=0.02)
    monkeypatch.undo()
    with store._file.reading() as connection:
        modes = [
            connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("journal_mode", "busy_timeout")
        ]
    assert [("wal",), (20,)] == modes
    store.close()
    other.close()


def test_a_connection_is_not_carried_across_a_fork(tmp_path, monkeypatch):
    """The child makes one of its own, and leaves that of its parent open."""
    with SqliteSuppressionStore(tmp_path / "list.db") as store:
        store.add([SuppressionEntry(email_address="ada@example.net", reason=BOUNCE)])
        parents = store._file._connection
        monkeypatch.setattr(os, "getpid", lambda: 1)
        assert 1 == len(store.find(["ada@example.net"]))
        own = store._file._connection
        assert own is not parents
        # What nobody holds is closed.
        assert [parents] == store._file._inherited
        monkeypatch.setattr(os, "getpid", lambda: 2)
        store.close()

    for connection in (own, parents):
        assert (1,) == connection.execute("SELECT 1").fetchone()
        connection.close()


def test_keys_that_have_ended_leave_the_file(tmp_path):
    """Once a minute, so that not each message pays for it."""
    clock = VirtualClock(now=1_000_000.0)
    counts = []
    with SqliteIdempotencyStore(tmp_path / "keys.db", now=clock) as store:
        for pause in (0, 20, 39, 2):
            clock.sleep(pause)
            store.claim(f"key at {clock.now}", "begun", 10)
            with store._file.reading() as connection:
                found = connection.execute("SELECT count(*) FROM idempotency_keys")
                counts.append(found.fetchone()[0])

    assert [1, 2, 3, 2] == counts


def test_keys_are_not_in_the_file(tmp_path):
    """They may hold addresses: a digest of each is."""
    with SqliteIdempotencyStore(tmp_path / "keys.db") as store:
        store.claim("welcome ada@example.net", "begun", 60)
    assert b"ada@" not in (tmp_path / "keys.db").read_bytes()


def test_digests_stay():
    """A later release finds the keys that an earlier one has kept."""
    assert "dfc164b129ef6f11861bd2062345a12b" == digest_of_key("order-17").hex()


def test_memory_is_bounded():
    """The oldest keys are forgotten."""
    assert MemoryIdempotencyStore(1).claim("a", "begun", 60) is None
    store = MemoryIdempotencyStore(max_keys=2)
    for key in ("a", "b", "c"):
        store.claim(key, "begun", 60)

    assert 2 == len(store)
    assert store.claim("a", "again", 60) is None
    with pytest.raises(ConfigurationError, match="max_keys must be above 0"):
        MemoryIdempotencyStore(0)


def test_a_key_that_comes_again_is_young():
    """One whose life is over, and that is kept anew, is not the oldest."""
    clock = VirtualClock()
    store = MemoryIdempotencyStore(max_keys=2, now=clock)
    store.claim("a", "begun", 10)
    store.claim("b", "begun", 60)
    clock.sleep(10)
    for key in ("a", "c"):
        assert store.claim(key, "again", 60) is None

    assert "again" == store.claim("a", "once more", 60)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_life_ends_to_the_second(tmp_path, kind):
    """At its end a key is as if it had never been there."""
    clock = VirtualClock(now=1_000_000.0)
    path = tmp_path / "keys.db"
    store = (
        MemoryIdempotencyStore(now=clock)
        if kind == "memory"
        else SqliteIdempotencyStore(path, now=clock)
    )
    store.claim("a", "begun", 60)
    clock.sleep(60)

    assert not store.replace("a", "begun", "done")
    assert not store.release("a", "begun")
    assert not store.forget("a")
    assert store.claim("a", "again", 60) is None
    if kind == "sqlite":
        store.close()


# Entries


@pytest.mark.parametrize(
    ("reason", "scope", "expected"),
    [
        ("bounce", "", ALL_MAIL),
        ("COMPLAINT", "", ALL_MAIL),
        ("manual", "", ALL_MAIL),
        ("unsubscribe", "", ALL_LISTS),
        ("unsubscribe", "news", "news"),
        ("manual", ALL_LISTS, ALL_LISTS),
        ("manual", "a" * 100, "a" * 100),
    ],
)
def test_what_an_entry_blocks(reason, scope, expected):
    """Dead addresses and complaints all mail, an unsubscription lists."""
    entry = SuppressionEntry(
        email_address="Ada <ADA@B\u00fccher.example>", reason=reason, scope=scope
    )

    assert (expected, reason.upper()) == (entry.scope, entry.reason)
    assert "ada@xn--bcher-kva.example" == entry.email_address
    assert "ada@" not in repr(entry)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": "gone"}, "a reason is one of BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL"),
        ({"scope": "*news"}, r"a scope that begins with \* is '\*' \(all mail\) or '\*lists'"),
        ({"scope": "a\nb"}, "a scope is a printable text of 1 to 100 characters"),
        ({"scope": "a" * 101}, "not 101 characters"),
        ({"scope": 5}, "not int"),
        ({"source": "a" * 101}, "source must be a printable text of at most 100"),
        ({"source": "a\0"}, "source must be a printable text"),
        ({"updated_at": NOW.replace(tzinfo=None)}, "updated_at must be a datetime with time zone"),
        ({"updated_at": "2026"}, "updated_at must be a datetime with time zone"),
    ],
)
def test_wrong_entries(fields, told):
    """They are told when they are made."""
    with pytest.raises(ConfigurationError, match=told):
        SuppressionEntry(**{"email_address": "ada@example.net", "reason": BOUNCE, **fields})
    with pytest.raises(InvalidAddress):
        SuppressionEntry(email_address="ada", reason=BOUNCE)


def test_times_are_held_in_utc():
    """Whatever the zone of the machine; a source may be as long as its column."""
    given_time = datetime(2026, 11, 30, 14, tzinfo=timezone(timedelta(hours=2)))
    entry = SuppressionEntry(
        email_address="ada@example.net", reason=BOUNCE, updated_at=given_time, source="a" * 100
    )

    assert timezone.utc is entry.updated_at.tzinfo
    assert given_time == entry.updated_at


def test_surrogates_in_a_file(tmp_path):
    """They are kept as question marks; in what is looked for they find nothing."""
    with SqliteSuppressionStore(tmp_path / "list.db") as store:
        store.add(
            [SuppressionEntry(email_address="ada@example.net", reason=BOUNCE, detail="\udc80")]
        )
        assert ["?"] == [each.detail for each in store.find(["ada@example.net"])]
        assert [] == list(store.entries(containing="\udc80"))


NAMES = st.from_regex(r"[a-zA-Z0-9\u00e4\u0444]{1,8}", fullmatch=True)


@given(name=NAMES, domain=st.sampled_from(["example.net", "b\u00fccher.example", "\u0444.example"]))
def test_any_spelling_is_the_same_address(name, domain):
    """Case and punycode do not matter, in what is kept and in what is looked for."""
    spellings = [f"{name}@{domain}", f"{name}@{domain}".upper(), f"{name.lower()}@{domain}"]
    spellings.append(f"{name}@{domain.encode('idna').decode()}")
    keys = {SuppressionEntry(email_address=each, reason=BOUNCE).email_address for each in spellings}

    assert 1 == len(keys)


# Transfers


def test_import_from_a_provider():
    """Reasons keep their scope; what is unknown is counted, what is no address is told."""
    store = MemorySuppressionStore()
    theirs = [
        SuppressedAddress(email_address="Ada@example.net", reason="BOUNCE", updated_at=NOW),
        SuppressedAddress(email_address="bob@example.net", reason="UNSUBSCRIBE", detail="clicked"),
        SuppressedAddress(email_address="eve@example.net", reason="INVALID"),
        SuppressedAddress(email_address="zoe@example.net", reason="BLOCK"),
        SuppressedAddress(email_address="no address", reason="BOUNCE"),
    ]
    done = import_suppressions(store, iter(theirs), source="toy", reasons={"INVALID": BOUNCE})

    assert (3, {"BLOCK": 1}, ["no address"]) == (done.done, done.skipped, list(done.refused))
    found = {each.email_address: each for each in store.entries()}
    assert (NOW, ALL_MAIL, "toy") == (
        found["ada@example.net"].updated_at,
        found["ada@example.net"].scope,
        found["ada@example.net"].source,
    )
    assert (ALL_LISTS, "clicked") == (
        found["bob@example.net"].scope,
        found["bob@example.net"].detail,
    )
    assert BOUNCE == found["eve@example.net"].reason
    import_suppressions(store, theirs, source="toy")
    assert 3 == len(store)


def test_a_long_list_is_taken_over_in_parts():
    """Five hundred at a time, into a scope of your own, and all of it is counted."""

    class Noting(MemorySuppressionStore):
        added: ClassVar[list[int]] = []

        def add(self, entries):
            self.added.append(len(entries))
            super().add(entries)

    theirs = [
        SuppressedAddress(email_address=f"{number}@example.net", reason="BOUNCE")
        for number in range(501)
    ]
    theirs += [
        SuppressedAddress(email_address="eve@example.net", reason=reason)
        for reason in ("BLOCK", "BLOCK", "INVALID")
    ]
    theirs.append(SuppressedAddress(email_address="no address", reason="BOUNCE"))
    store = Noting()
    Noting.added.clear()
    done = import_suppressions(store, theirs, source="toy", scope="news")

    assert (501, {"BLOCK": 2, "INVALID": 1}) == (done.done, done.skipped)
    assert [500, 1] == Noting.added
    assert {"news"} == {each.scope for each in store.entries()}
    assert "Invalid email address" in done.refused["no address"]


@pytest.mark.parametrize(
    "wrong", [{"scope": "*x"}, {"source": "a\nb"}, {"reasons": {"INVALID": "DEAD"}}]
)
def test_import_checks_before_it_asks(wrong):
    """Nothing is fetched for a scope that cannot be."""

    def never():
        raise AssertionError
        yield

    with pytest.raises(ConfigurationError):
        import_suppressions(MemorySuppressionStore(), never(), **{"source": "toy", **wrong})


class Account:
    """A provider's account that takes MANUAL, and refuses one address."""

    def __init__(self):
        self.put = []

    def put_all_suppressed(self, email_addresses, reason):
        self.put += [(each, reason) for each in email_addresses]
        return {each: "no" for each in email_addresses if each.startswith("zoe")}


def test_export_to_a_provider():
    """What blocks all mail, with a reason that the provider takes; not what came from there."""
    entries = [
        SuppressionEntry(email_address="ada@example.net", reason=BOUNCE),
        SuppressionEntry(email_address="bob@example.net", reason="UNSUBSCRIBE", scope="news"),
        SuppressionEntry(email_address="eve@example.net", reason="COMPLAINT", source="toy"),
        SuppressionEntry(email_address="joe@example.net", reason=MANUAL),
        SuppressionEntry(email_address="zoe@example.net", reason=BOUNCE),
    ]
    account = Account()
    done = export_suppressions(
        MemorySuppressionStore(entries), account, put_reasons=[MANUAL], source="toy"
    )

    assert [(f"{name}@example.net", MANUAL) for name in ("ada", "joe", "zoe")] == account.put
    assert (2, {"UNSUBSCRIBE": 1, "COMPLAINT": 1}) == (done.done, done.skipped)
    assert {"zoe@example.net": "no"} == done.refused


@pytest.mark.parametrize(
    ("put_reasons", "reasons"),
    [
        ((MANUAL, COMPLAINT), [MANUAL, COMPLAINT, MANUAL]),
        ((), [BOUNCE, COMPLAINT, MANUAL]),
    ],
    ids=["two", "none"],
)
def test_reasons_that_the_provider_takes_stay(put_reasons, reasons):
    """One that takes none says so itself."""
    names = ("ada", "bob", "eve")
    entries = [
        SuppressionEntry(email_address=f"{name}@example.net", reason=reason)
        for name, reason in zip(names, (BOUNCE, COMPLAINT, MANUAL), strict=True)
    ]
    entries += [
        SuppressionEntry(email_address=f"{name}@example.net", reason="UNSUBSCRIBE")
        for name in names
    ]
    account = Account()
    done = export_suppressions(
        MemorySuppressionStore(entries), account, put_reasons=put_reasons, source="toy"
    )

    expected = [
        (f"{name}@example.net", reason) for name, reason in zip(names, reasons, strict=True)
    ]
    assert expected == sorted(account.put)
    assert (3, {"UNSUBSCRIBE": 3}) == (done.done, done.skipped)


@pytest.mark.slow
def test_the_list_of_ses_and_back(monkeypatch):
    """Over real HTTP, with the local SES."""
    from mailcore_local.ses import LocalSes
    from mailcore_ses import SesProvider

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "invented")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")
    with LocalSes() as local:
        provider = SesProvider(**local.provider_options)
        provider.account.put_suppressed("ada@example.net", "COMPLAINT")
        store = MemorySuppressionStore()
        store.add([SuppressionEntry(email_address="bob@example.net", reason=BOUNCE)])
        found = import_suppressions(store, provider.account.suppressed(), source="ses")
        put = export_suppressions(
            store,
            provider.account,
            put_reasons=provider.suppressions().put_reasons,
            source="ses",
        )

        assert (1, 1) == (found.done, put.done)
        theirs = {each.email_address: each.reason for each in provider.account.suppressed()}
        assert {"ada@example.net": "COMPLAINT", "bob@example.net": "BOUNCE"} == theirs
        assert {"ada@example.net", "bob@example.net"} == {
            each.email_address for each in store.entries()
        }


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("AuthenticationError", "check the user and the password"),
        ("NoPermissionError", "check the user and the password"),
        ("ReadOnlyError", "give the URL of the primary"),
        ("BusyLoadingError", "can be used in a while"),
        ("TimeoutError", "check that it runs"),
        ("ResponseError", "the cause of this error"),
    ],
)
def test_what_to_do_about_redis(name, told):
    """By what its client raises, whose own text may hold a password."""
    kind = getattr(exceptions, name)

    with pytest.raises(StoreError, match=rf"cannot be used: {name}: .*{told}") as caught, telling():
        raise kind("s3cret")

    assert "s3cret" not in str(caught.value)
