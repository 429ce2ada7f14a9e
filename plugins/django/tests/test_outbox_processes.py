"""
Workers in processes of their own, on SQLite and PostgreSQL: several, told to stop, and killed.

The project is made by `startproject`; mail goes to the local SES over real HTTP.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import django
import pytest

from started import Project

from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 60
HAS_MAILERS = django.VERSION >= (6, 1)
COUNT = 40

SETTINGS = """

import json, os

DEBUG = False
INSTALLED_APPS += ["mailcore_django", "mailcore_django.outbox"]
DEFAULT_FROM_EMAIL = "Shop <shop@example.com>"
DATABASES = {"default": json.loads(os.environ["SHOP_DATABASE"])}
OPTIONS = {
    "region_name": "us-east-1",
    "endpoint_url": {"env": "SHOP_SES"},
    "middleware": ["shop.hanging.hang"],
}
MAILCORE = {"OUTBOX": {"first_wait_seconds": 0.1}}
"""

WITH_MAILERS = """
MAILERS = {
    "default": {
        "BACKEND": "mailcore_django.EmailBackend",
        "OPTIONS": {"provider": "ses", **OPTIONS},
    },
}
"""

WITHOUT_MAILERS = """
EMAIL_BACKEND = "mailcore_django.EmailBackend"
MAILCORE |= {
    "PROVIDER": "ses", "MIDDLEWARE": OPTIONS.pop("middleware"), "OPTIONS": OPTIONS,
}
"""

HANGING = '''
"""Middleware that hangs before the message is given to the provider, if it is told to."""

import os
import pathlib
import threading


def hang(message, send):
    if message.subject == "hang" and "SHOP_HANG" in os.environ:
        pathlib.Path(os.environ["SHOP_HANG"]).write_text("hanging")
        threading.Event().wait()
    return (yield from send(message))
'''

KEEP = """
from django.core.mail import send_mail
from django.db import transaction

with transaction.atomic():
    for number in range({count}):
        send_mail("{subject}", "Hello", None, [f"user{{number}}@example.net"])
with transaction.atomic():
    send_mail("undone", "Hello", None, ["eve@example.net"])
    transaction.set_rollback(True)
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def project(request, tmp_path_factory):
    """A project with the tables of the outbox."""
    directory = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        name = str(directory / "db.sqlite3")
        options = {"timeout": DEADLINE_SECONDS}
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
    else:
        database = request.getfixturevalue("postgresql")
    made = Project(directory)
    made.environment["SHOP_DATABASE"] = json.dumps(database)
    made.run("-m", "django", "startproject", "shop", ".")
    settings = directory / "shop" / "settings.py"
    own = SETTINGS + (WITH_MAILERS if HAS_MAILERS else WITHOUT_MAILERS)
    settings.write_text(settings.read_text("utf-8") + own, encoding="utf-8")
    (directory / "shop" / "hanging.py").write_text(HANGING, encoding="utf-8")
    made.manage("migrate", "--verbosity", "0", "mailcore_outbox")
    yield made
    made.manage("migrate", "--verbosity", "0", "mailcore_outbox", "zero")


@pytest.fixture
def ses(project, monkeypatch):
    """The local SES that the project sends to; the outbox is empty before and after."""
    with LocalSes() as local:
        monkeypatch.setitem(project.environment, "SHOP_SES", local.url)
        yield local
    project.script(
        "from mailcore_django.outbox.models import OutboxMessage\n"
        "OutboxMessage.objects.all().delete()"
    )


@pytest.fixture
def worker(project, tmp_path):
    """Starts workers; those that are there after the test are killed."""
    started = []

    def start(*arguments, **environment):
        path = tmp_path / f"worker-{len(started)}"
        with path.open("wb") as file:
            made = subprocess.Popen(
                [
                    *(sys.executable, "-W", "error", "manage.py", "mailcore", "work"),
                    *("--poll-seconds", "0.1", *arguments),
                ],
                cwd=project.directory,
                env={**project.environment, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        made.shown = path.read_text
        started.append(made)
        return made

    yield start
    for each in started:
        if each.poll() is None:
            each.kill()
        each.wait(DEADLINE_SECONDS)


def wait_until(happened, *workers):
    """Ask again until it happened, while the workers live."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        for each in workers:
            assert each.poll() is None, each.shown()
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def states(project):
    """How many messages have each state."""
    shown = project.run("manage.py", "mailcore", "status", "--json", code=None)
    counts = json.loads(shown)["default"]
    return {state: count for state, count in counts.items() if count and "_" not in state}


def end(worker):
    """Tell a worker to stop, once it listens; it does so in order."""
    wait_until(lambda: "has begun" in worker.shown(), worker)
    worker.send_signal(signal.SIGTERM)
    worker.wait(DEADLINE_SECONDS)
    assert 0 == worker.returncode, worker.shown()


def test_several_workers(project, ses, worker):
    """Each message goes once, what was rolled back never; SIGTERM ends them in order."""
    project.script(KEEP.format(count=COUNT, subject="order"))
    workers = [worker(), worker()]

    wait_until(lambda: len(ses.messages) >= COUNT, *workers)
    for each in workers:
        end(each)

    assert {"sent": COUNT} == states(project)
    to = [each.to[0] for each in ses.messages]
    assert sorted(f"user{number}@example.net" for number in range(COUNT)) == sorted(to)


def test_a_worker_that_is_killed(project, ses, worker, tmp_path):
    """What it had begun is unknown and not sent again; what it had only claimed is sent."""
    marker = tmp_path / "marker"
    project.script(KEEP.format(count=1, subject="hang") + KEEP.format(count=3, subject="order"))
    lease = ("--lease-seconds", "2", "--concurrency", "1")
    killed = worker(*lease, SHOP_HANG=str(marker))
    wait_until(marker.exists, killed)
    killed.send_signal(signal.SIGKILL)
    killed.wait(DEADLINE_SECONDS)

    other = worker(*lease)
    wait_until(
        lambda: len(ses.messages) >= 3 and "did not come back; it is unknown" in other.shown(),
        other,
    )
    end(other)

    assert {"sent": 3, "unknown": 1} == states(project)
    assert ["order"] * 3 == [each.subject for each in ses.messages]


def test_a_database_without_the_tables(project, worker):
    """One clear error, not a loop."""
    project.manage("migrate", "--verbosity", "0", "mailcore_outbox", "zero")
    try:
        alone = worker()
        alone.wait(DEADLINE_SECONDS)
    finally:
        project.manage("migrate", "--verbosity", "0", "mailcore_outbox")

    assert 2 == alone.returncode, alone.shown()
    assert "manage.py migrate" in alone.shown()
    assert "Traceback" not in alone.shown()
