"""Two processes and one event, on SQLite and PostgreSQL; and the log on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

from pathlib import Path

import pytest

from django.core.management import call_command
from django.db import connections, transaction

from mailcore import EventType, RecipientStatus, SendStatus, TrackingEvent
from mailcore_django.conf import LogSettings
from mailcore_django.log.models import Event, Recipient, SentMessage
from mailcore_django.log.recording import record_event, record_message
from mailcore_django.log.sendings import About, Sending
from mailcore_django.seen.models import SeenEvent
from mailcore_django.seen.store import DatabaseSeenStore


pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 30
# The threads of event loops keep their connections, and the database could not be dropped.
LEFT_OUT = "not asgi and not event_loop"
TESTS = ["test_seen.py", "test_log.py", "test_log_admin.py", "test_webhooks.py"]


@pytest.fixture(params=["sqlite", "postgresql"])
def second(request, tmp_path):
    """The alias of a database that threads share, with the table."""
    if request.param == "sqlite":
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "race.db")}
    else:
        database = request.getfixturevalue("postgresql")
    connections.databases["second"] = {**connections.databases["default"], **database}
    try:
        call_command("migrate", "mailcore_seen", database="second", verbosity=0)
        yield "second"
        SeenEvent.objects.using("second").all().delete()
    finally:
        connections["second"].close()
        del connections["second"]
        del connections.databases["second"]


def claim_in_thread(alias, found):
    """Claim the event in another connection; returns when it is about to ask the database."""
    asking = threading.Event()

    def tell(execute, sql, *arguments):
        if sql.startswith("INSERT"):
            asking.set()
        return execute(sql, *arguments)

    def claim():
        try:
            with (
                connections[alias].execute_wrapper(tell),
                DatabaseSeenStore(using=alias).claim("toy:1") as is_new,
            ):
                found.append(is_new)
        finally:
            connections[alias].close()

    thread = threading.Thread(target=claim)
    thread.start()
    assert asking.wait(DEADLINE_SECONDS)
    return thread


def test_the_second_waits_for_the_first(second):
    """It finds the event handled once the first has committed."""
    found = []
    with DatabaseSeenStore(using=second).claim("toy:1") as is_new:
        thread = claim_in_thread(second, found)
        assert is_new
        assert [] == found
    thread.join(DEADLINE_SECONDS)

    assert [False] == found


def test_the_second_takes_over_from_one_that_fails(second):
    """As from a process that dies: its transaction is undone."""
    found = []

    def fail():
        with DatabaseSeenStore(using=second).claim("toy:1"):
            threads.append(claim_in_thread(second, found))
            raise RuntimeError

    threads = []
    with pytest.raises(RuntimeError):
        fail()
    threads[0].join(DEADLINE_SECONDS)

    assert [True] == found


class ToSecond:
    """A router of Django's: all goes to the second database."""

    def db_for_read(self, model, **hints):
        return "second"

    db_for_write = db_for_read


@pytest.fixture
def second_log(postgresql, django_settings):
    """The tables of the log on PostgreSQL, where two transactions are open at once."""
    connections.databases["second"] = {**connections.databases["default"], **postgresql}
    call_command("migrate", "mailcore_log", database="second", verbosity=0)
    django_settings(DATABASE_ROUTERS=[ToSecond()])
    try:
        yield
        for model in (SentMessage, Event):
            model.objects.all().delete()
    finally:
        connections["second"].close()
        del connections["second"]
        del connections.databases["second"]


def record_the_message():
    """Ada's, which the provider called m-1."""
    status = RecipientStatus(SendStatus.QUEUED, message_id="m-1")
    about = About(mailer="default", provider="toy")
    sending = Sending(about=about, status="all_accepted", recipients={"ada@example.net": status})
    record_message(sending, LogSettings())


def record_the_event():
    """It was delivered."""
    event = TrackingEvent(
        provider="toy",
        event_type=EventType.DELIVERED,
        recipient="ada@example.net",
        message_id="m-1",
        dedupe_key="toy:1",
    )
    record_event(event, LogSettings())


def in_another_connection(function):
    """Run it to its end, with a transaction of its own."""

    def run():
        try:
            function()
        finally:
            connections["second"].close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("first", "meanwhile"),
    [
        pytest.param(record_the_message, record_the_event, id="an event before the commit"),
        pytest.param(record_the_event, record_the_message, id="a message before the commit"),
    ],
)
def test_a_message_and_its_event_at_the_same_moment(second_log, first, meanwhile):
    """Neither transaction sees the other's rows: whoever commits last brings them together."""
    with transaction.atomic(using="second"):
        first()
        in_another_connection(meanwhile)

    assert ["delivered"] == list(Recipient.objects.values_list("state", flat=True))


def test_the_other_tests_on_postgresql(postgresql):
    """What they say of SQLite holds there too."""
    here = Path(__file__).parent
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-k", LEFT_OUT, *TESTS],
        cwd=here,
        env={**os.environ, "MAILCORE_TEST_DATABASE": json.dumps(postgresql)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert 0 == run.returncode, run.stdout[-5000:]
    assert " passed" in run.stdout
