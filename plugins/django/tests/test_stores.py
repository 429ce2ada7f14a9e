"""The suppression list and the keys of messages in the database, and what Django adds to them."""

from __future__ import annotations

import contextlib

from datetime import datetime, timedelta, timezone
from io import StringIO

import django
import pytest

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client

from mailcore import (
    ConfigurationError,
    EventType,
    HandlersFailed,
    Mailer,
    Message,
    OutcomeUnknown,
    RecipientsRefused,
    StoreError,
    StoreUnavailable,
    TrackingEvent,
)
from mailcore.account import BOUNCE, COMPLAINT, MANUAL, UNSUBSCRIBE
from mailcore.events import BounceClass
from mailcore.middleware import Idempotency
from mailcore.stores import ALL_LISTS, ALL_MAIL, SuppressionEntry
from mailcore.testing import IdempotencyStoreSuite, SuppressionStoreSuite
from mailcore_django import get_mailer
from mailcore_django.columns import as_time, read_time, usable
from mailcore_django.conf import get_settings
from mailcore_django.idempotency.models import IdempotencyKey
from mailcore_django.idempotency.store import DatabaseIdempotencyStore
from mailcore_django.suppression import listening
from mailcore_django.suppression.models import Suppression
from mailcore_django.suppression.store import DatabaseSuppressionStore
from mailcore_django.webhooks.receivers import deliver


ADA = "ada@example.net"
POLICY = "mailcore_django.suppression.policy.suppression"
START = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def second(request, databases, tmp_path_factory):
    """The alias of a database that threads share, with the tables."""
    if request.param == "sqlite":
        place = tmp_path_factory.mktemp("db") / "stores.db"
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(place)}
    else:
        database = request.getfixturevalue("postgresql")
    connections.databases["second"] = {**connections.databases["default"], **database}
    try:
        for app in ("mailcore_suppression", "mailcore_idempotency"):
            call_command("migrate", app, database="second", verbosity=0)
        yield "second"
    finally:
        connections["second"].close()
        del connections["second"]
        del connections.databases["second"]


@contextlib.contextmanager
def closing_second():
    """A thread's connection ends with it."""
    try:
        yield
    finally:
        connections["second"].close()


@pytest.mark.slow
class TestSuppressions(SuppressionStoreSuite):
    """What every store does."""

    sequences = 2

    @pytest.fixture(autouse=True)
    def _table(self, second):
        yield
        Suppression.objects.using(second).all().delete()

    def thread_of_test(self):
        return closing_second()

    def make_store(self):
        return DatabaseSuppressionStore(using="second")


@pytest.mark.slow
class TestKeys(IdempotencyStoreSuite):
    """What every store does."""

    @pytest.fixture(autouse=True)
    def _table(self, second):
        self.now = START
        yield
        IdempotencyKey.objects.using(second).all().delete()

    def thread_of_test(self):
        return closing_second()

    def make_store(self):
        return DatabaseIdempotencyStore(using="second", now=lambda: self.now)

    def let_pass(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize("app", ["mailcore_suppression", "mailcore_idempotency"])
def test_no_migration_is_missing(databases, app):
    """The models are what the migrations make."""
    told = StringIO()

    call_command("makemigrations", app, check=True, dry_run=True, stdout=told)
    assert "No changes detected" in told.getvalue()


@pytest.mark.parametrize(
    ("given", "uses_tz", "expected"),
    [
        (None, True, None),
        (START, True, START),
        (START, False, START.replace(tzinfo=None)),
        (START.replace(tzinfo=None), False, START.replace(tzinfo=None)),
    ],
)
def test_times_in_columns(django_settings, given, uses_tz, expected):
    """As the setting has them, and with a time zone again when they are read."""
    django_settings(USE_TZ=uses_tz, TIME_ZONE="UTC")

    found = as_time(given)

    assert (expected, expected and expected.tzinfo) == (found, found and found.tzinfo)
    assert found is None or read_time(found) == START


def test_a_connection_that_has_had_its_time(databases, tmp_path):
    """It is closed before the next question, but not within a transaction."""
    place = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "age.db")}
    connections.databases["aged"] = {**connections.databases["default"], **place}
    aged = connections["aged"]
    try:
        with transaction.atomic(using="aged"):
            aged.close_at = 0
            usable("aged")
            assert aged.connection is not None
        usable("aged")
        assert aged.connection is None
    finally:
        aged.close()
        del connections["aged"]
        del connections.databases["aged"]


# The suppression list.


def entry(address=ADA, reason=BOUNCE, **fields):
    """An entry of the list."""
    return SuppressionEntry(email_address=address, reason=reason, **fields)


def sent_by_django(to, **fields):
    """Send one of Django's messages."""
    return EmailMessage("Hi", "Hi", "me@example.com", to, **fields).send()


def test_a_line_of_settings(database, django_settings, mailcore_settings):
    """Recipients on the list are left out of Django's mail."""
    backend = "mailcore_django.EmailBackend"
    if django.VERSION >= (6, 1):
        django_settings(MAILERS={"default": {"BACKEND": backend}})
    else:
        django_settings(EMAIL_BACKEND=backend)
    mailcore_settings(PROVIDER="memory", MIDDLEWARE=[POLICY], SCOPES=["newsletter"])
    store = DatabaseSuppressionStore()
    store.add([entry(), entry("bob@example.net", UNSUBSCRIBE, scope="newsletter")])

    assert 1 == sent_by_django(["Ada@Example.NET", "bob@example.net"])
    (message,) = get_mailer().provider.outbox
    assert ["bob@example.net"] == list(message.recipients)
    with pytest.raises(RecipientsRefused, match="2 of 2 recipients are on the suppression list"):
        get_mailer().send(
            Message(
                from_email="me@example.com",
                to=[ADA, "bob@example.net"],
                text="News",
                tags=["newsletter"],
            )
        )


def test_wrong_scopes(mailcore_settings):
    """What cannot be the name of a list is told."""
    mailcore_settings(SCOPES=["news", "*", 5])

    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    assert "MAILCORE['SCOPES']: '*' is the name of no list" in str(caught.value)
    assert "MAILCORE['SCOPES']: a scope is a printable text" in str(caught.value)


def event(kind, **fields):
    """An event about Ada."""
    fields = {"recipient": ADA, "dedupe_key": f"toy:{kind}", **fields}
    return TrackingEvent(provider="toy", event_type=EventType(kind), **fields)


@pytest.fixture
def connected():
    """The list hears of events."""
    listening.connect()
    yield
    listening.disconnect()


def test_events_fill_the_list(database, connected, mailcore_settings):
    """In the way of the webhook, for the lists of the setting."""
    mailcore_settings(PROVIDER="memory", SCOPES=["newsletter"])
    provider = get_mailer().provider
    deliver(event("bounced", bounce_class=BounceClass.HARD), provider)
    deliver(event("complained", recipient_certain=False), provider)
    deliver(event("unsubscribed", tags=["newsletter", "x"]), provider)

    assert {(BOUNCE, ALL_MAIL), (UNSUBSCRIBE, "newsletter")} == {
        (row.reason, row.scope) for row in Suppression.objects.all()
    }


def test_a_list_that_cannot_be_written(database, connected, mailcore_settings, monkeypatch):
    """The receiver fails, so that the webhook answers 500 and the event comes again."""

    def fail(*_, **__):
        raise StoreError("it is down")

    mailcore_settings(PROVIDER="memory")
    provider = get_mailer().provider
    with monkeypatch.context() as broken:
        broken.setattr(DatabaseSuppressionStore, "add", fail)
        with pytest.raises(HandlersFailed):
            deliver(event("complained"), provider)
    deliver(event("complained"), provider)

    assert 1 == Suppression.objects.count()


def test_a_table_that_is_not_there(database):
    """It is a StoreError, and the transaction goes on."""
    store = DatabaseSuppressionStore()
    Suppression._meta.db_table = "not_there"
    try:
        with pytest.raises(
            StoreError, match=r"cannot be used: Operational.*: what the database said"
        ):
            store.find([ADA])
        with pytest.raises(StoreError, match="cannot be used"):
            store.add([entry()])
    finally:
        Suppression._meta.db_table = "mailcore_suppression_suppression"

    assert [] == list(store.entries())


def test_times_without_zones(database, django_settings):
    """With USE_TZ = False the table has local times, and entries have theirs."""
    django_settings(USE_TZ=False)
    store = DatabaseSuppressionStore()
    store.add([entry(updated_at=START)])

    assert [START] == [each.updated_at for each in store.entries()]


def test_erasing(database):
    """What its owner wants is kept without words; the rest is deleted."""
    store = DatabaseSuppressionStore()
    words = {"detail": f"{ADA} complained", "source": "toy"}
    store.add(
        [
            entry(reason=BOUNCE, **words),
            entry(reason=COMPLAINT, **words),
            entry(reason=UNSUBSCRIBE, scope="news", **words),
            entry(reason=MANUAL, **words),
            entry("bob@example.net", **words),
        ]
    )
    told = StringIO()
    call_command("mailcore", "erase", "ADA@example.net", stdout=told)

    assert "suppression: 2 entries deleted, 2 wishes not to be written to kept" in told.getvalue()
    assert {(COMPLAINT, "", ""), (UNSUBSCRIBE, "", "")} == {
        (each.reason, each.detail, each.source) for each in store.find([ADA])
    }
    assert 1 == len(store.find(["bob@example.net"]))


ADMIN = "/admin/mailcore_suppression/suppression/"


def client_of(*permissions):
    """A member of the staff with some permissions, logged in."""
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=[f"{each}_suppression" for each in permissions])
    )
    client = Client()
    client.force_login(user)
    return client


def test_adding_in_the_admin(database):
    """The address is read as ever; what cannot be is told in the form."""
    client = client_of("add", "view")
    given = {"address": "Ada <ADA@Example.net>", "reason": "MANUAL", "scope": "", "detail": "asked"}
    assert 302 == client.post(ADMIN + "add/", given).status_code

    (found,) = DatabaseSuppressionStore().entries()
    assert (ADA, MANUAL, ALL_MAIL, "admin", "asked") == (
        found.email_address, found.reason, found.scope, found.source, found.detail,
    )  # fmt: skip
    for wrong, told in (
        (given, "This address is on the list"),
        ({**given, "address": "ada"}, "address"),
        ({**given, "scope": "*x"}, "a scope that begins with *"),
        ({**given, "reason": "DEAD"}, "not one of the available choices"),
    ):
        answer = client.post(ADMIN + "add/", wrong)
        assert 200 == answer.status_code
        assert told in answer.content.decode()
    assert 1 == Suppression.objects.count()
    assert ADA not in str(LogEntry.objects.get())


def test_searching_and_taking_off(database):
    """By a part of the address; nothing can be changed."""
    DatabaseSuppressionStore().add([entry(), entry("bob@example.net")])
    client = client_of("view", "delete")
    shown = client.get(ADMIN, {"q": "ADA@"}).content.decode()
    assert (True, False) == (ADA in shown, "bob@" in shown)
    row = Suppression.objects.get(address=ADA)
    page = client.get(f"{ADMIN}{row.pk}/change/")
    assert (200, False) == (page.status_code, '"_save"' in page.content.decode())
    assert 403 == client.post(f"{ADMIN}{row.pk}/change/", {"address": "x@y.z"}).status_code
    assert 302 == client.post(f"{ADMIN}{row.pk}/delete/", {"post": "yes"}).status_code

    assert ["bob@example.net"] == [each.address for each in Suppression.objects.all()]


def test_permissions(database):
    """Who may look may not add or delete; who has none sees nothing."""
    row = Suppression(digest="1", address=ADA, reason=BOUNCE, scope=ALL_LISTS)
    row.save()
    client = client_of("view")
    assert 200 == client.get(ADMIN).status_code
    assert 403 == client.post(ADMIN + "add/", {}).status_code
    assert 403 == client.post(f"{ADMIN}{row.pk}/delete/", {"post": "yes"}).status_code
    User.objects.all().delete()
    assert 403 == client_of().get(ADMIN).status_code


# Keys.


def a_message():
    """A message with a key."""
    return Message(
        from_email="me@example.com", to=[ADA], text="Hi", idempotency_key="order-17-shipped"
    )


def test_a_message_is_sent_once(transactional_database):
    """The keys are in the database, as digests."""
    mailer = Mailer("memory", middleware=[Idempotency(DatabaseIdempotencyStore())])
    first, again = mailer.send(a_message()), mailer.send(a_message())

    assert (first, 1) == (again, len(mailer.provider.outbox))
    (row,) = IdempotencyKey.objects.all()
    assert "order" not in str(row)
    assert "example.net" not in row.record


def test_within_a_transaction(transactional_database):
    """It raises: the claim would be undone with the transaction, and seen by nobody before."""
    mailer = Mailer("memory", middleware=[Idempotency(DatabaseIdempotencyStore())])
    with transaction.atomic():
        with pytest.raises(StoreUnavailable, match=r"Send in transaction\.on_commit\(\)"):
            mailer.send(a_message())
        done = []
        transaction.on_commit(lambda: done.append(mailer.send(a_message())))

    assert 1 == len(done)


def test_one_that_died(transactional_database):
    """Its claim is there for the next process."""
    store = DatabaseIdempotencyStore()

    def dying(message, send):
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        Mailer("memory", middleware=[Idempotency(store), dying]).send(a_message())
    policy = Idempotency(store, wait_seconds=0)
    with pytest.raises(OutcomeUnknown):
        Mailer("memory", middleware=[policy]).send(a_message())
    assert store.forget("order-17-shipped")


def test_old_keys_are_pruned(transactional_database):
    """By the command that prunes everything."""
    store = DatabaseIdempotencyStore(now=lambda: datetime.now(timezone.utc) - timedelta(hours=1))
    store.claim("old", "x", 60)
    DatabaseIdempotencyStore().claim("new", "y", 60)
    told = StringIO()
    call_command("mailcore", "prune", stdout=told)

    assert "idempotency: 1 keys forgotten" in told.getvalue()
    assert 1 == IdempotencyKey.objects.count()
