"""Stores of events that were handled, and what receive() does with them."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading

import pytest
import redis

from mailcore import (
    ConfigurationError,
    EventType,
    StoreError,
    TrackingEvent,
    WebhookRequest,
    areceive,
    hookimpl,
    receive,
)
from mailcore.webhook import (
    MemorySeenStore,
    RedisSeenStore,
    SqliteSeenStore,
    ahand_over,
    hand_over,
)


class Clock:
    def __init__(self):
        self.seconds = 1_000_000.0

    def __call__(self):
        return self.seconds


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.slow)])
def store(request, tmp_path):
    """A store of each kind."""
    if request.param == "redis":
        made = RedisSeenStore(request.getfixturevalue("redis_url"), prefix=f"seen{tmp_path.name}")
        yield made
        made.close()
        return
    if request.param == "memory":
        yield MemorySeenStore()
        return
    with SqliteSeenStore(tmp_path / "seen.db") as made:
        yield made


def event(key):
    """An event of a key."""
    return TrackingEvent(provider="x", event_type=EventType.DELIVERED, dedupe_key=key)


@pytest.fixture(params=["sync", "async"])
def give(request):
    """Hand events over, with each function."""
    if request.param == "sync":
        return hand_over
    return lambda *arguments, **options: asyncio.run(ahand_over(*arguments, **options))


@pytest.mark.parametrize("key", ["a", "", "ä@x\ud800", "k" * 10_000])
def test_keys_are_remembered(store, key):
    """Once marked, always seen; marking twice is fine."""
    before = store.seen(key)
    store.mark(key)
    store.mark(key)

    assert (False, True, False) == (before, store.seen(key), store.seen(key + "x"))


def test_memory_is_bounded():
    """The oldest keys are forgotten; marking again makes a key young."""
    store = MemorySeenStore(max_keys=2)
    for key in ("a", "b", "a", "c"):
        store.mark(key)

    assert (True, False, True) == (store.seen("a"), store.seen("b"), store.seen("c"))
    assert 2 == len(store)


def test_keys_survive_a_restart(tmp_path):
    """What is in the file is there for the next process, and without addresses."""
    with SqliteSeenStore(tmp_path / "seen.db") as store:
        store.mark("ses:bounce:1:ada@example.com")
    code = (
        "import sys; from mailcore.webhook import SqliteSeenStore\n"
        "with SqliteSeenStore(sys.argv[1]) as s: print(s.seen(sys.argv[2]))"
    )
    command = [
        sys.executable,
        "-c",
        code,
        str(tmp_path / "seen.db"),
        "ses:bounce:1:ada@example.com",
    ]

    assert "True\n" == subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert b"ada@" not in (tmp_path / "seen.db").read_bytes()


FORK = """
import os, sys
from mailcore.webhook import SqliteSeenStore

store = SqliteSeenStore(sys.argv[1])
store.mark("before")
child = os.fork()
if child == 0:
    store.mark("child")
    os._exit(0 if store.seen("before") else 1)
_, status = os.waitpid(child, 0)
store.mark("after")
print(status, store.seen("child"), store.seen("after"))
"""


def test_processes_that_fork(tmp_path):
    """Parent and child each use a connection of their own, and see each other's keys."""
    command = [sys.executable, "-W", "error", "-c", FORK, str(tmp_path / "seen.db")]

    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "0 True True\n" == finished.stdout


def test_old_keys_are_forgotten(tmp_path):
    """After max_age_seconds a key is unknown, and soon out of the file."""
    clock = Clock()
    with SqliteSeenStore(tmp_path / "seen.db", max_age_seconds=100, now=clock) as store:
        store.mark("old")
        clock.seconds += 101
        seen = store.seen("old")
        store.mark("new")
    with sqlite3.connect(tmp_path / "seen.db") as file:
        (rows,) = file.execute("SELECT count(*) FROM seen").fetchone()
    file.close()

    assert (False, 1) == (seen, rows)


@pytest.mark.slow
def test_keys_in_redis_have_an_end(redis_url):
    """The server forgets them itself, and has no more of them than a digest."""
    client = redis.Redis.from_url(redis_url)
    store = RedisSeenStore(client, max_age_seconds=100.5, prefix="seen-ends")
    store.mark("ada@example.net")
    (name,) = client.keys("seen-ends:*")

    assert 90 < client.ttl(name) <= 100
    assert b"ada" not in name
    client.close()


def test_a_redis_that_is_down_and_wrong_settings():
    """One error of a store, and one of the set-up."""
    # The discard port of this machine.
    store = RedisSeenStore("redis://127.0.0.1:9/0")
    with pytest.raises(StoreError, match="the store in Redis cannot be used: ConnectionError"):
        store.seen("a")
    with pytest.raises(StoreError):
        store.mark("a")
    store.close()
    with pytest.raises(ConfigurationError, match="max_age_seconds must be at least 1"):
        RedisSeenStore("redis://127.0.0.1:9/0", max_age_seconds=0.5)
    RedisSeenStore("redis://127.0.0.1:9/0", max_age_seconds=1).close()


def test_threads_share_a_store(store):
    """Every key that any thread marked is there."""
    keys = [[f"{thread}-{i}" for i in range(25)] for thread in range(4)]
    threads = [
        threading.Thread(target=lambda mine=mine: [store.mark(key) for key in mine])
        for mine in keys
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(store.seen(key) for mine in keys for key in mine)


def test_closed_files_open_again(tmp_path):
    """Closing twice is fine, and so is going on afterwards."""
    store = SqliteSeenStore(tmp_path / "seen.db")
    store.mark("a")
    store.close()
    store.close()

    assert store.seen("a")
    store.close()


NUMBERS = "max_age_seconds and busy_timeout_seconds must be above 0"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: MemorySeenStore(0), "max_keys must be above 0"),
        (lambda path: SqliteSeenStore(path / "x", max_age_seconds=0), NUMBERS),
        (lambda path: SqliteSeenStore(path / "x", busy_timeout_seconds=-1), NUMBERS),
        (lambda path: SqliteSeenStore(5), "the path of a store is str, not int"),
    ],
)
def test_wrong_settings(make, told, tmp_path):
    """They are told at once."""
    with pytest.raises(ConfigurationError, match=told):
        make(tmp_path)


def test_small_limits(tmp_path):
    """One key, or half a second, is little and no mistake."""
    assert 0 == len(MemorySeenStore(1))
    SqliteSeenStore(tmp_path / "x", max_age_seconds=0.5, busy_timeout_seconds=0.5).close()


def test_file_that_cannot_be_opened(tmp_path):
    """The error names the file and the reason; of a path without end it shows a part."""
    with pytest.raises(ConfigurationError) as caught:
        SqliteSeenStore(tmp_path)
    assert f"the store '{tmp_path}' cannot be opened: unable to open" in str(caught.value)

    with pytest.raises(ConfigurationError) as caught:
        SqliteSeenStore(tmp_path.joinpath(*["missing"] * 100))
    assert len(str(caught.value)) < 400


def test_file_of_an_older_version(tmp_path):
    """Keys are BLAKE2b of 16 octets: with another digest, no key of any file would be known."""
    with SqliteSeenStore(tmp_path / "seen.db") as store:
        store.mark("ses:delivery:m-1:ada@example.com")
    with sqlite3.connect(tmp_path / "seen.db") as file:
        ((key,),) = file.execute("SELECT key FROM seen").fetchall()
    file.close()

    assert "44c8ac8919f97b46c38afd02f665e855" == key.hex()


def test_events_are_handled_once(store, give, registry):
    """The second time they are neither handed over nor observed nor returned."""
    handled, observed = [], []

    class Observer:
        @hookimpl
        def mailcore_event_received(self, event):
            observed.append(event.dedupe_key)

    registry.register_extension(Observer())
    events = [event("a"), event("b"), event("a")]

    first = give(events, lambda e: handled.append(e.dedupe_key), seen=store, registry=registry)
    again = give(events, lambda e: handled.append(e.dedupe_key), seen=store, registry=registry)

    assert ["a", "b"] == handled == observed == [e.dedupe_key for e in first]
    assert () == again


def test_events_are_marked_after_success_only(store, give, registry):
    """What failed comes again, and what was done before it does not."""
    handled = []

    def fail_once(event):
        handled.append(event.dedupe_key)
        if handled.count("b") == 1 and event.dedupe_key == "b":
            raise RuntimeError("database is down")

    events = [event("a"), event("b"), event("c")]
    with pytest.raises(RuntimeError):
        give(events, fail_once, seen=store, registry=registry)
    give(events, fail_once, seen=store, registry=registry)

    assert ["a", "b", "b", "c"] == handled


def test_events_without_a_key_are_never_duplicates(store, give, registry):
    """Nobody knows whether they are."""
    handled = []
    give([event(""), event("")], handled.append, seen=store, registry=registry)

    assert 2 == len(handled)
    assert not store.seen("")


def test_without_a_store_everything_is_handled(give, registry):
    """A key alone makes nothing a duplicate."""
    handled = []
    give([event("a"), event("a")], handled.append, registry=registry)

    assert 2 == len(handled)


@pytest.mark.parametrize(
    "take",
    [receive, lambda *given, **options: asyncio.run(areceive(*given, **options))],
    ids=["receive", "areceive"],
)
def test_requests_that_come_twice(take, store, chunked, registry):
    """The second is answered like the first, and handled no more."""

    class Keyed(chunked):
        def parse_webhook(self, request):
            return (event("a"),)

    request = WebhookRequest("POST", {"X-Secret": "open sesame"}, b"a@x.org")
    handled = []
    for _ in range(2):
        take(Keyed(), request, on_event=handled.append, seen=store, registry=registry)

    assert ["a"] == [each.dedupe_key for each in handled]


def test_handing_over_needs_a_handler_too(give, store, registry):
    """What would be marked without one would be lost."""
    with pytest.raises(ConfigurationError, match="needs on_event"):
        give([event("a")], seen=store, registry=registry)

    assert not store.seen("a")


@pytest.mark.parametrize(
    "take",
    [receive, lambda *given, **options: asyncio.run(areceive(*given, **options))],
    ids=["receive", "areceive"],
)
def test_stores_need_a_handler(take, chunked, registry):
    """Without on_event nobody would know what was done."""
    request = WebhookRequest("POST", {"X-Secret": "open sesame"}, b"a@x.org")

    with pytest.raises(ConfigurationError, match="needs on_event"):
        take(chunked(), request, seen=MemorySeenStore(), registry=registry)
