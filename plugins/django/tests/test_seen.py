"""Events that were handled, in the database: the store, what it promises, and its table."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest

from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from django.utils.connection import ConnectionDoesNotExist

from mailcore import EventType, TrackingEvent
from mailcore.webhook import EventRouter, hand_over
from mailcore_django.seen.models import SeenEvent
from mailcore_django.seen.store import DatabaseSeenStore


EVENT = TrackingEvent(
    provider="toy", event_type=EventType.OPENED, recipient="ada@example.net", dedupe_key="toy:1"
)


def test_the_protocol_of_the_core(database):
    """What `hand_over()` and a router want of a store."""
    told = []
    store = DatabaseSeenStore()
    for _ in range(2):
        hand_over([EVENT], told.append, seen=store)
    router = EventRouter(seen=store)
    router.add(told.append, name="keep")
    for _ in range(2):
        router(EVENT)

    assert [EVENT, EVENT] == told
    store.mark("toy:1")
    assert store.seen("toy:1")
    assert not store.seen("toy:2")
    assert 2 == SeenEvent.objects.count()


@pytest.mark.parametrize("key", ["", "a" * 10_000, "\ud800", "ä\0", "ada@example.net"])
def test_any_key(database, key):
    """Kept as a digest: no address stands in the table."""
    with DatabaseSeenStore().claim(key) as is_new:
        assert is_new
    with DatabaseSeenStore().claim(key) as is_new:
        assert not is_new
    (row,) = SeenEvent.objects.all()
    assert 32 == len(str(row))
    assert int(row.digest, 16)


def test_a_claim_is_undone_with_what_failed(database):
    """What the handler wrote, and the note that it is done: neither is there."""
    from django.contrib.auth.models import Group

    def handle():
        with DatabaseSeenStore().claim("toy:1"):
            Group.objects.create(name="written by a handler")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        handle()

    assert not DatabaseSeenStore().seen("toy:1")
    assert not Group.objects.exists()


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.seen("toy:1"),
        lambda store: store.mark("toy:1"),
        lambda store: store.claim("toy:1").__enter__(),
        lambda store: store.prune(),
    ],
    ids=["seen", "mark", "claim", "prune"],
)
def test_another_database(database, ask):
    """All of it is in the one that is named."""
    with pytest.raises(ConnectionDoesNotExist):
        ask(DatabaseSeenStore(using="nowhere"))


class ToOther:
    """A router of Django's: what was seen goes to another database than all else."""

    def db_for_write(self, model, **hints):
        return "other" if model is SeenEvent else None


@pytest.fixture
def other(database, tmp_path):
    """Another database, with the table: in a file, since Django never closes one in memory."""
    file = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "other.sqlite3"}
    connections.databases["other"] = {**connections.databases["default"], **file}
    try:
        with connections["other"].schema_editor() as editor:
            editor.create_model(SeenEvent)
        yield SeenEvent.objects.using("other")
    finally:
        connections["other"].close()
        del connections["other"]
        del connections.databases["other"]


@pytest.mark.parametrize(
    ("routers", "named"), [([], {"using": "other"}), ([ToOther()], {})], ids=["named", "routed"]
)
def test_claims_in_another_database(other, django_settings, routers, named):
    """Notes stand in that one alone, and a claim that finds one goes on with its transaction."""
    django_settings(DATABASE_ROUTERS=routers)
    store = DatabaseSeenStore(**named)
    with store.claim("toy:1") as is_new:
        assert is_new
    with store.claim("toy:1") as is_new:
        assert not is_new
        assert store.seen("toy:1")
    assert (1, 0) == (other.count(), SeenEvent.objects.using("default").count())


def test_pruning(database):
    """What is older than that is forgotten."""
    store = DatabaseSeenStore()
    for days in (14, 15, 16):
        store.mark(f"{days}")
    now = timezone.now()
    for days, row in zip((14, 15, 16), SeenEvent.objects.order_by("marked_at"), strict=True):
        SeenEvent.objects.filter(pk=row.pk).update(marked_at=now - timedelta(days=days, seconds=1))

    assert 2 == store.prune()
    assert [True, False, False] == [store.seen(str(days)) for days in (14, 15, 16)]


def test_no_migration_is_missing(databases):
    """The models are what the migrations make."""
    told = StringIO()

    call_command("makemigrations", "mailcore_seen", check=True, dry_run=True, stdout=told)
    assert "No changes detected" in told.getvalue()
