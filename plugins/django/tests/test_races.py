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
from django.db import connections

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
