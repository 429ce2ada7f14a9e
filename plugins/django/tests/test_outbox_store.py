"""The outbox in the database: what every store does, on SQLite and PostgreSQL, and its tables."""

from __future__ import annotations

import contextlib

from datetime import datetime, timezone
from io import StringIO

import pytest

from django.core.management import call_command
from django.db import connections, transaction

from mailcore import Message
from mailcore.outbox import (
    ATTEMPT_COLUMNS,
    RECEIPT_COLUMNS,
    ROW_COLUMNS,
)
from mailcore.testing import OutboxStoreSuite
from mailcore_django.outbox.keeping import write_row
from mailcore_django.outbox.models import (
    OutboxAttempt,
    OutboxMessage,
    OutboxReceipt,
)
from mailcore_django.outbox.store import DatabaseOutboxStore


START = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
MESSAGE = Message(from_email="shop@example.com", to=["ada@example.net"], subject="Hi", text="Hi")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def second(request, databases, tmp_path_factory):
    """The alias of a database that threads share, with the tables."""
    if request.param == "sqlite":
        place = tmp_path_factory.mktemp("db") / "outbox.db"
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(place)}
    else:
        database = request.getfixturevalue("postgresql")
    connections.databases["second"] = {**connections.databases["default"], **database}
    try:
        call_command("migrate", "mailcore_outbox", database="second", verbosity=0)
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
class TestOutbox(OutboxStoreSuite):
    """What every store does."""

    @pytest.fixture(autouse=True)
    def _table(self, second):
        yield
        OutboxMessage.objects.using(second).all().delete()

    def thread_of_test(self):
        return closing_second()

    def make_store(self):
        return DatabaseOutboxStore(using="second")

    def put(self, store, rows):
        with transaction.atomic(using="second"):
            for row in rows:
                write_row(row, "default", "second")


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (OutboxMessage, ROW_COLUMNS),
        (OutboxAttempt, ATTEMPT_COLUMNS),
        (OutboxReceipt, RECEIPT_COLUMNS),
    ],
)
def test_the_tables_have_every_column_of_the_core(model, columns):
    """A field that a release of the core adds is a migration."""
    names = {each.attname for each in model._meta.concrete_fields}
    assert set() == set(columns) - names


def test_no_migration_is_missing(databases):
    """The models are what the migrations make."""
    told = StringIO()

    call_command("makemigrations", "mailcore_outbox", check=True, dry_run=True, stdout=told)
    assert "No changes detected" in told.getvalue()
