"""Workers as real processes, on real databases, through the local SES: killed, stopped, cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import pytest

from sqlalchemy import Engine, text

from mailcore import EventType, Message, TrackingEvent
from mailcore.outbox import OutboxEvents, OutboxFilter, OutboxState
from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 90
DATABASES = pytest.mark.parametrize(
    "database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True
)
TWO_DATABASES = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
SENT, UNKNOWN = OutboxState.SENT, OutboxState.UNKNOWN


@pytest.fixture
def ses():
    """A local SES, whose record is what was accepted."""
    with LocalSes() as local:
        yield local


@pytest.fixture
def start(database_url, ses, tmp_path):
    """Starts `mailcore outbox work`; all that was started has ended afterwards."""
    started = []

    def work(*arguments):
        with (tmp_path / f"{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "mailcore", "outbox", "work", "--json", *arguments],
                env={
                    **os.environ,
                    "MAILCORE_OUTBOX_URL": database_url,
                    "MAILCORE_URL": ses.mailcore_url,
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=tmp_path,
            )
        started.append(process)
        return process

    yield work
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def add(outbox, engine):
    """Puts so many messages into the outbox; their rows."""

    def put(count):
        with engine.begin() as connection:
            return [
                outbox.add(
                    connection,
                    Message(
                        from_email="shop@example.com",
                        to=["ada@example.net"],
                        subject=f"Number {number}",
                        text="Hi",
                    ),
                )
                for number in range(count)
            ]

    return put


def eventually(holds, what):
    """Wait until something holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {DEADLINE_SECONDS} s: {what}")
        time.sleep(0.05)


def stopped(process):
    """Tell a process to stop; what it counted."""
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=DEADLINE_SECONDS)
    assert 0 == process.returncode
    return [json.loads(line) for line in printed.splitlines()]


def rows_of(outbox):
    """All rows."""
    return outbox.store.find(OutboxFilter(), limit=10_000)


def states(outbox):
    """How many rows each state has, of the states that there are."""
    return Counter(row.state for row in rows_of(outbox))


def accepted(ses):
    """How many times each subject was accepted."""
    return Counter(record.subject for record in ses.messages)


@DATABASES
def test_workers_share_the_work(start, add, outbox, ses):
    """Three of them send each message once, and stop when they are told to."""
    rows = add(120)
    processes = [start("--poll", "0.1", "--concurrency", "2") for _ in range(3)]
    eventually(lambda: states(outbox)[SENT] == len(rows), "all are sent")
    counts = [count for process in processes for count in stopped(process)]

    assert len(rows) == sum(each["sent"] for each in counts)
    assert 3 == len(counts)
    assert {f"Number {number}": 1 for number in range(120)} == accepted(ses)


@DATABASES
def test_a_worker_that_is_killed(start, add, outbox, ses):
    """What it had begun is unknown and not sent again; what it had claimed is sent by another."""
    ses.faults.script("ok", "hang_after_accept:600")
    rows = add(8)
    killed = start("--concurrency", "1", "--lease", "3")
    eventually(lambda: len(ses.messages) == 2, "the second message was accepted")
    eventually(lambda: SENT in states(outbox), "the first one is concluded")
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(DEADLINE_SECONDS)
    other = start("--concurrency", "1", "--poll", "0.1")
    eventually(
        lambda: {SENT: len(rows) - 1, UNKNOWN: 1} == states(outbox), "the rest is sent by another"
    )
    (counts,) = stopped(other)
    (lost,) = [row for row in rows_of(outbox) if row.state is UNKNOWN]

    assert {row.subject: 1 for row in rows} == accepted(ses)
    assert (len(rows) - 2, len(rows) - 1) == (counts["sent"], counts["recovered"])
    OutboxEvents(outbox.store)(
        TrackingEvent(
            provider="ses",
            event_type=EventType.DELIVERED,
            recipient="ada@example.net",
            metadata={"mailcore_outbox_id": lost.id},
        )
    )
    assert outbox.store.get(lost.id).state is SENT


@TWO_DATABASES
def test_a_clean_stop(start, add, outbox, ses):
    """What is under way is finished, and what is claimed is given back at once."""
    ses.faults.script("hang:2", "hang:2")
    add(20)
    process = start("--concurrency", "2")
    eventually(lambda: sum(row.attempts for row in rows_of(outbox)) == 2, "two sends have begun")
    stopped(process)
    found = states(outbox)

    assert OutboxState.SENDING not in found
    assert 20 == found.total()
    assert {0} == {row.attempts for row in rows_of(outbox) if row.state is OutboxState.PENDING} - {
        1
    }
    assert set(accepted(ses).values()) <= {1}
    assert found[SENT] <= len(ses.messages)


def children_of(process_id):
    """The ids of the processes that a process has started."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process_id and fields[0] != "Z":
            found.add(int(path.parent.name))
    return found


def is_running(process_id):
    """Whether a process is there."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_team(start, add, outbox, ses, tmp_path):
    """Each worker has a process; one that is killed is replaced; all stop together."""
    team = start("--workers", "2", "--poll", "0.1", "--lease", "2")
    eventually(lambda: len(children_of(team.pid)) == 2, "two workers run")
    before = children_of(team.pid)
    add(5)
    eventually(lambda: states(outbox)[SENT] == 5, "the first messages are sent")
    os.kill(min(before), signal.SIGKILL)
    eventually(
        lambda: len(children_of(team.pid)) == 2 and children_of(team.pid) != before, "one is new"
    )
    after = children_of(team.pid)
    add(5)
    eventually(lambda: states(outbox)[SENT] == 10, "the others are sent")
    counts = stopped(team)

    assert 10 == len(ses.messages)
    # One that is stopped while it is being started has nothing to say.
    assert 1 <= len(counts) <= 2
    assert not any(map(is_running, before | after))
    assert "was killed by signal 9" in (tmp_path / "0.log").read_text()


def test_a_team_whose_head_is_killed(start, add, outbox):
    """Nobody is left behind, and nothing is claimed."""
    team = start("--workers", "2", "--poll", "0.1")
    eventually(lambda: len(children_of(team.pid)) == 2, "two workers run")
    workers = children_of(team.pid)
    add(4)
    eventually(lambda: states(outbox)[SENT] == 4, "they work")
    os.kill(team.pid, signal.SIGKILL)
    team.wait(DEADLINE_SECONDS)

    eventually(lambda: not any(map(is_running, workers)), "the workers have ended")


def test_a_team_that_cannot_work(start, tmp_path):
    """It is told once, and no worker is started."""
    team = start("--workers", "2", "--prefix", "other_")
    assert 2 == team.wait(DEADLINE_SECONDS)

    told = (tmp_path / "0.log").read_text()
    assert 1 == told.count("has no outbox")


@POSTGRESQL
def test_the_database_is_restarted(start, add, outbox, ses, postgresql):
    """Workers wait for it, and go on; nothing is sent twice."""
    rows = add(60)
    processes = [start("--poll", "0.1", "--concurrency", "1") for _ in range(2)]
    eventually(lambda: len(ses.messages) >= 5, "they have begun")
    postgresql.stop(at_once=True)
    postgresql.start()
    more = add_after_restart(add)
    total = len(rows) + len(more)
    eventually(lambda: states(outbox)[SENT] + states(outbox)[UNKNOWN] == total, "all are over")
    for process in processes:
        assert process.poll() is None
        stopped(process)
    names = Counter(row.subject for row in (*rows, *more))

    assert accepted(ses) <= names
    missing = (names - accepted(ses)).total()
    assert missing <= states(outbox)[UNKNOWN]
    assert states(outbox)[UNKNOWN] <= 2


def add_after_restart(add):
    """Add some, on connections that the restart has cut."""
    from mailcore import StoreError

    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return add(5)
        except StoreError:
            assert time.monotonic() < deadline


@POSTGRESQL
def test_connections_are_cut(start, add, outbox, ses, engine: Engine):
    """Again and again, while workers work: what is over is right, and nothing is sent twice."""
    rows = add(80)
    processes = [start("--poll", "0.1", "--concurrency", "2", "--lease", "5") for _ in range(2)]
    cut = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for least in (5, 20, 40):
        eventually(lambda least=least: len(ses.messages) >= least, f"{least} are accepted")
        engine.dispose()
        outbox._database.engine.dispose()
        with engine.connect() as connection:
            connection.execute(cut)
    eventually(lambda: states(outbox)[SENT] + states(outbox)[UNKNOWN] == len(rows), "all are over")
    for process in processes:
        stopped(process)
    names = Counter(row.subject for row in rows)

    assert accepted(ses) <= names
    assert (names - accepted(ses)).total() <= states(outbox)[UNKNOWN]


@TWO_DATABASES
def test_a_worker_of_an_older_release(start, add, outbox, engine):
    """It ends with one error when migrations have run, and nothing is lost."""
    rows = add(3)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mailcore_schema SET version = 99"))
    process = start("--once")

    assert 2 == process.wait(DEADLINE_SECONDS)
    with engine.begin() as connection:
        connection.execute(text("UPDATE mailcore_schema SET version = 1"))
    assert {OutboxState.PENDING: len(rows)} == states(outbox)
    assert datetime.now(timezone.utc) > outbox.store.next_due_at()
