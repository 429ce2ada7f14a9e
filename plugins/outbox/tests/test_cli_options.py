"""What the options of ``mailcore outbox`` say: which rows, which worker, which days."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from mailcore import Mailer, Message
from mailcore.builtin import MemoryProvider
from mailcore.cli import main
from mailcore.cli.failures import UsageError
from mailcore.outbox import MemoryOutbox, OutboxFilter, OutboxPolicy, OutboxState, OutboxWorker
from mailcore_outbox.cli import add_parser, common, work


def parsed(*given):
    """What a command line says."""
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return parser.parse_args(["outbox", *given])


UTC = timezone.utc
DAY = timedelta(days=1)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
MESSAGE = Message(from_email="me@example.com", to=["ada@example.net"], text="Hi")
FILTERS = [
    ("--state failed", {"states": (OutboxState.FAILED,)}),
    ("--state failed --state sent", {"states": (OutboxState.FAILED, OutboxState.SENT)}),
    ("--key order-17", {"key": "order-17"}),
    ("--to Ada@example.net", {"address": "Ada@example.net"}),
    ("--tag news", {"tag": "news"}),
    ("--through ses", {"provider": "ses"}),
    ("--error throttled", {"error_category": "throttled"}),
    ("--changed-since 2027-01-01", {"changed_since": NEW_YEAR}),
    ("--changed-before 2027-01-01T01:00+01:00", {"changed_before": NEW_YEAR}),
]


@pytest.mark.parametrize(("given", "expected"), FILTERS, ids=[given for given, _ in FILTERS])
def test_which_rows(given, expected):
    """Each option is one condition."""
    arguments = parsed("show", *given.split())

    assert OutboxFilter(**expected) == common.filter_of(arguments)
    assert common.is_filtered(arguments)


@pytest.mark.parametrize("given", ["", "--limit 5", "--json --prefix own_", "id-1 id-2"])
def test_all_rows(given):
    """Neither ids nor how many are shown are conditions."""
    arguments = parsed("show", *given.split())

    assert OutboxFilter() == common.filter_of(arguments)
    assert not common.is_filtered(arguments)


@pytest.mark.parametrize(("limit", "count"), [(None, 5), (3, 3), (4, 4), (1, 1), (5, 5), (9, 5)])
def test_rows_come_in_pages(outbox, engine, monkeypatch, limit, count):
    """Each once, and no more than are wanted."""
    monkeypatch.setattr(common, "_PAGE", 2)
    with engine.begin() as connection:
        rows = [outbox.add(connection, MESSAGE).id for _ in range(5)]

    assert rows[:count] == [row.id for row in common.rows_of(outbox, OutboxFilter(), limit)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", {}),
        ("--attempts 3", {"attempts": 3}),
        ("--max-age 1.5", {"max_age_seconds": 5400.0}),
        ("--keep-bodies", {"keep_bodies": True}),
        ("--accept-duplicates", {"accept_duplicates": True}),
        ("--attempts 1 --keep-bodies", {"attempts": 1, "keep_bodies": True}),
    ],
)
def test_how_a_worker_tries_again(given, expected):
    """As the policy of the core, but for what is told."""
    assert OutboxPolicy(**expected) == work._policy(parsed("work", *given.split()))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", {}),
        ("--concurrency 7", {"concurrency": 7}),
        ("--messages-per-call 50", {"messages_per_call": 50}),
        ("--poll 0.25", {"poll_seconds": 0.25}),
        ("--lease 600", {"lease_seconds": 600.0}),
        ("--grace 5", {"grace_seconds": 5.0}),
        ("--attempts 2", {"policy": OutboxPolicy(attempts=2)}),
    ],
)
def test_how_a_worker_works(given, expected):
    """Without options as a worker that a program makes, and with them as they say."""
    mailer, outbox = Mailer(MemoryProvider()), SimpleNamespace(store=MemoryOutbox())
    found = work._worker(parsed("work", *given.split()), outbox, mailer)
    like = OutboxWorker(outbox.store, mailer, worker_id=found.worker_id, **expected)

    assert like._manner == replace(found._manner, now=like._manner.now)
    assert like._concurrency == found._concurrency


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ("", -6, 1),
        ("--days 1", 0, 1),
        ("--days 30", -29, 1),
        ("--since 2027-01-01", NEW_YEAR, 1),
        ("--since 2020-01-01 --until 2027-01-01", datetime(2020, 1, 1, tzinfo=UTC), NEW_YEAR),
        ("--days 2 --until 2027-01-01", -1, NEW_YEAR),
    ],
)
def test_days_that_are_counted(database_url, outbox, capsys, given, since, until):
    """The last ones with this one, as UTC has them, or what is told."""

    def moments(today):
        both = (since, until)
        found = (each if isinstance(each, datetime) else today + each * DAY for each in both)
        return [each.isoformat() for each in found]

    before = midnight()
    where = ["--database", database_url, "--json"]
    assert 0 == main(["outbox", "figures", *where, *given.split()])
    told = json.loads(capsys.readouterr().out)

    assert [told["since"], told["until"]] in (moments(before), moments(midnight()))


def midnight():
    """When this day began."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ("--database sqlite:///a.db", "sqlite:///b.db", "sqlite:///a.db"),
        ("", " sqlite:///b.db ", "sqlite:///b.db"),
    ],
)
def test_which_database(monkeypatch, given, environment, expected):
    """What is told, or else that of the environment."""
    monkeypatch.setenv("MAILCORE_OUTBOX_URL", environment)

    assert expected == common.database_url(parsed("status", *given.split()))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", (None, "mailcore_")),
        ("--schema mail", ("mail", "mailcore_")),
        ("--prefix own_", (None, "own_")),
    ],
)
def test_which_tables(given, expected):
    """Those of the default, unless told."""
    assert expected == common.place(parsed("status", *given.split()))


def test_an_outbox_of_the_program(outbox, tmp_path, monkeypatch):
    """An object or a function that makes one; another thing is told of."""
    (tmp_path / "own_outbox.py").write_text("box = made = other = None\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("own_outbox")
    module.box, module.made, module.other = outbox, lambda: outbox, 17
    for name in ("box", "made"):
        with common.opened(parsed("status", "--outbox", f"own_outbox:{name}")) as found:
            assert outbox is found
    for given in ("own_outbox:other", "own_outbox:box --schema a", "own_outbox:box --prefix a_"):
        arguments = parsed("status", "--outbox", *given.split())
        with pytest.raises(UsageError), common.opened(arguments):
            pass
    del sys.modules["own_outbox"]
