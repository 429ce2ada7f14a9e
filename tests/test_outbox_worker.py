"""The worker of an outbox, through mailers of all kinds of luck, over the store in memory."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    EventType,
    Feature,
    Features,
    Mailer,
    Message,
    MessageRejected,
    NetworkError,
    Problem,
    RateLimited,
    RecipientStatus,
    SendResult,
    SendStatus,
    SendTimeout,
    StoreError,
    TrackingEvent,
    UnsupportedFeature,
)
from mailcore.builtin import MemoryProvider
from mailcore.outbox import MemoryOutbox, OutboxEvents, OutboxPolicy, OutboxState, OutboxWorker
from mailcore.result import RecipientStatuses


POLICY = OutboxPolicy(jitter=lambda: 1.0)
DEADLINE_SECONDS = 30


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        """Let it pass."""
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    """A time that stands still."""
    return Clock()


@pytest.fixture
def outbox(clock):
    """An outbox with nothing in it."""
    return MemoryOutbox(now=clock)


def message(**fields):
    """A message to one person."""
    return Message(from_email="me@example.com", to=["ada@example.net"], text="Hi").replace(**fields)


def mailer_of(*outcomes, **settings):
    """A mailer whose sends end as told, one after the other, and then well."""
    left = list(outcomes)

    def middleware(message, send):
        outcome = left.pop(0) if left else None
        if callable(outcome):
            outcome = outcome(message)
        if isinstance(outcome, BaseException):
            raise outcome
        if outcome is not None:
            return outcome
        return (yield from send(message))

    return Mailer(MemoryProvider(), middleware=[middleware], **settings)


def worker_of(outbox, mailer, clock, **settings):
    """A worker with the time of the test."""
    settings = {"policy": POLICY, "concurrency": 1, "now": clock, **settings}
    return OutboxWorker(outbox, mailer, **settings)


@pytest.mark.parametrize("make", [lambda it: OutboxWorker(it, Mailer("null")), OutboxEvents])
def test_an_object_that_has_a_store(make, outbox):
    """What is to be given instead; a store itself will do."""
    with pytest.raises(ConfigurationError, match="not SimpleNamespace: give its `store`"):
        make(SimpleNamespace(store=outbox))
    with pytest.raises(ConfigurationError, match=r"not MemoryOutbox$"):
        make(MemoryOutbox)

    assert make(outbox)


def test_everything_is_sent(outbox, clock):
    """Those with the larger number first, and each with the id of its row."""
    rows = [outbox.add(message(subject=str(number)), priority=number) for number in range(5)]
    mailer = mailer_of()

    worked = worker_of(outbox, mailer, clock).run_once()

    assert 5 == worked.sent
    assert {OutboxState.SENT} == {outbox.get(row.id).state for row in rows}
    assert ["4", "3", "2", "1", "0"] == [each.subject for each in mailer.provider.outbox]
    assert [row.id for row in reversed(rows)] == [
        each.metadata["mailcore_outbox_id"] for each in mailer.provider.outbox
    ]


def test_what_is_not_due_waits(outbox, clock):
    """Until it is."""
    row = outbox.add(message(), not_before=timedelta(hours=1))
    worker = worker_of(outbox, mailer_of(), clock)

    assert 0 == worker.run_once().attempts
    clock.pass_by(hours=1)
    assert 1 == worker.run_once().sent
    assert OutboxState.SENT is outbox.get(row.id).state


@pytest.mark.parametrize(
    ("outcome", "state", "category"),
    [
        (MessageRejected("spam"), OutboxState.FAILED, "message_rejected"),
        (RateLimited("slow"), OutboxState.PENDING, "rate_limited"),
        (SendTimeout("lost", maybe_accepted=True), OutboxState.UNKNOWN, "timeout"),
        (RuntimeError("a hook"), OutboxState.FAILED, "fault"),
        (SystemExit(1), OutboxState.UNKNOWN, "fault"),
    ],
)
def test_every_end_of_a_send_is_an_outcome(outbox, clock, outcome, state, category):
    """Whatever is raised; and the next message is sent."""
    row = outbox.add(message(), priority=1)
    other = outbox.add(message())

    worker_of(outbox, mailer_of(outcome), clock).run_once()

    found = outbox.get(row.id)
    assert (state, category) == (found.state, found.error_category)
    assert OutboxState.SENT is outbox.get(other.id).state


def test_a_row_that_cannot_be_read(outbox, clock):
    """It fails with a reason, and keeps its body."""
    row = outbox.add(message())
    outbox.put(replace(row, document='{"nonsense": 1}'))

    assert 1 == worker_of(outbox, mailer_of(), clock).run_once().failed
    found = outbox.get(row.id)
    assert "nonsense" in found.error_text
    assert '{"nonsense": 1}' == found.document


def test_a_row_of_a_newer_release(outbox, clock):
    """It waits for a worker of that release."""
    row = outbox.add(message())
    outbox.put(replace(row, document_version=2))

    assert 0 == worker_of(outbox, mailer_of(), clock).run_once().attempts
    assert 1 == outbox.counts(now=clock()).newer
    assert OutboxState.PENDING is outbox.get(row.id).state


def test_only_one_run_at_a_time(outbox, clock):
    """A worker is one worker."""
    inner = []

    def again(_message):
        try:
            worker.run_once()
        except ConfigurationError as error:
            inner.append(error)

    worker = worker_of(outbox, mailer_of(again), clock)
    outbox.add(message())
    worker.run_once()
    assert 1 == len(inner)


def test_an_asynchronous_mailer_is_refused(outbox):
    """With the class that is wanted."""
    with pytest.raises(ConfigurationError, match=r"mailcore\.Mailer"):
        OutboxWorker(outbox, AsyncMailer("memory"))


class Twice(MemoryProvider):
    """A provider without metadata, with an idempotency of its own."""

    name = "twice"
    idempotency = "native"
    features = Features(
        **{
            feature.value: support
            for feature, support in MemoryProvider.features.items()
            if feature is not Feature.METADATA
        }
    )


class Failing:
    """A store whose calls fail as told, before or after they did what they are asked for."""

    def __init__(self, store: MemoryOutbox) -> None:
        self.store = store
        self.fails: dict[str, list[str]] = {}

    def __getattr__(self, name):
        method = getattr(self.store, name)
        if name == "store" or not callable(method):
            return method

        def call(*args, **kwargs):
            plan = self.fails.get(name) or [""]
            when = plan.pop(0)
            if when == "before":
                raise StoreError("the database is away")
            result = method(*args, **kwargs)
            if when == "after":
                raise StoreError("the database is away")
            return result

        return call


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch):
    """Waits for a store are short."""
    monkeypatch.setattr("mailcore.outbox.working._FIRST_STORE_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("mailcore.outbox.working._LONGEST_STORE_WAIT_SECONDS", 0.002)


@pytest.mark.parametrize("method", ["claim", "advance", "release", "expired", "extend"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_database_that_is_away(outbox, clock, method, when):
    """The worker waits and goes on; each mail is sent once, whether the call had done its work."""
    store = Failing(outbox)
    store.fails[method] = [when, "", when, when, "", "", when]
    for _ in range(12):
        outbox.add(message())
    mailer = mailer_of(*[None] * 11, lambda _message: worker.stop())
    worker = worker_of(
        store, mailer, clock, concurrency=2, claim_size=3, poll_seconds=0.01, lease_seconds=1
    )

    worker.run()

    assert 12 == len(mailer.provider.outbox)
    assert 12 == outbox.counts(now=clock()).by_state[OutboxState.SENT]
    assert {1} == {row.attempts for row in outbox._rows.values()}


def test_rows_that_are_not_sent_after_all(outbox, clock):
    """A whole claim of them does not end a run: what is due behind them is sent."""
    lost = SendTimeout("lost", maybe_accepted=True)
    waiting = [outbox.add(message()) for _ in range(2)]
    worker_of(outbox, Mailer(Twice(), middleware=[failing(lost, lost)]), clock).run_once()
    clock.pass_by(minutes=1)
    other = outbox.add(message())

    worked = worker_of(outbox, mailer_of(), clock, claim_size=2).run_once()

    assert 1 == worked.sent
    assert OutboxState.SENT is outbox.get(other.id).state
    assert {OutboxState.UNKNOWN} == {outbox.get(row.id).state for row in waiting}


def test_a_database_that_is_away_when_a_run_begins(outbox, clock):
    """Is told to whoever asked for one run."""
    store = Failing(outbox)
    store.fails["claim"] = ["before"]
    store.fails["release"] = ["before"]

    with pytest.raises(StoreError, match="away"):
        worker_of(store, mailer_of(), clock).run_once()


def test_tables_that_are_missing(outbox, clock):
    """End a worker, with what is wrong."""

    def claim(*_args, **_kwargs):
        raise ConfigurationError("no tables")

    store = Failing(outbox)
    store.claim = claim
    with pytest.raises(ConfigurationError, match="no tables"):
        worker_of(store, mailer_of(), clock).run(threading.Event())


def test_some_recipients_are_sent_to_again(outbox, clock):
    """Those that were refused for now, and nobody else."""
    half = SendResult(
        provider="memory",
        recipients=RecipientStatuses(
            {
                "ada@example.net": RecipientStatus(SendStatus.SENT, message_id="1"),
                "bob@example.org": RecipientStatus(SendStatus.FAILED, retryable=True),
            }
        ),
        message_ids=("1",),
    )
    row = outbox.add(message(to=["ada@example.net", "bob@example.org"]))
    mailer = mailer_of(half, defaults={"bcc": ["archive@example.com"]})
    worker = worker_of(outbox, mailer, clock)

    assert 1 == worker.run_once().postponed
    clock.pass_by(seconds=10)
    assert 1 == worker.run_once().sent

    (sent,) = mailer.provider.outbox
    assert ("bob@example.org",) == sent.recipients
    found = outbox.get(row.id)
    assert {"ada@example.net", "bob@example.org"} == {
        each for each, status in found.statuses.items() if status.accepted
    }
    assert [1, 2] == [each.number for each in outbox.attempts(row.id)]


def test_a_provider_with_keys_is_given_what_was_lost_again(outbox, clock):
    """With the same key, and without metadata if it has none."""
    seen = []

    def lose(message):
        seen.append(message)
        return SendTimeout("lost", maybe_accepted=True)

    row = outbox.add(message())
    mailer = Mailer(Twice(), middleware=[losing(lose)])
    worker = worker_of(outbox, mailer, clock)

    worker.run_once()
    assert OutboxState.PENDING is outbox.get(row.id).state
    clock.pass_by(seconds=10)
    worker.run_once()

    assert OutboxState.SENT is outbox.get(row.id).state
    keys = {seen[0].idempotency_key, mailer.provider.outbox[0].idempotency_key}
    assert {row.id} == keys
    assert {} == dict(mailer.provider.outbox[0].metadata)


def failing(*errors):
    """Middleware that raises these, one after the other."""
    left = list(errors)

    def middleware(message, send):
        if left:
            raise left.pop(0)
        return (yield from send(message))

    return middleware


def losing(lose):
    """Middleware that loses the first answer."""
    left = [lose]

    def middleware(message, send):
        if left:
            raise left.pop()(message)
        return (yield from send(message))

    return middleware


def test_a_key_of_the_message_names_the_row(outbox, clock):
    """A provider without idempotency does not see it."""
    made = message(idempotency_key="order-17")
    row = outbox.add(made)
    mailer = mailer_of()

    assert "order-17" == row.key
    assert row == outbox.add(made)
    worker_of(outbox, mailer, clock).run_once()
    assert [None] == [each.idempotency_key for each in mailer.provider.outbox]


def test_metadata_that_has_no_room(outbox, clock):
    """The message is sent without the id of its row."""

    def full(given):
        if "mailcore_outbox_id" in given.metadata:
            raise UnsupportedFeature([Problem("metadata", "one at most", feature="metadata")])

    mailer = mailer_of(full)
    outbox.add(message(metadata={"order": 17}))

    assert 1 == worker_of(outbox, mailer, clock).run_once().sent
    assert {"order": 17} == dict(mailer.provider.outbox[0].metadata)


def test_an_event_resolves(outbox, clock):
    """A send of which nobody knew; and it leaves one receipt however often it comes."""
    row = outbox.add(message())
    worker_of(outbox, mailer_of(SendTimeout("lost", maybe_accepted=True)), clock).run_once()
    assert OutboxState.UNKNOWN is outbox.get(row.id).state
    event = TrackingEvent(
        provider="memory",
        event_type=EventType.DELIVERED,
        recipient="ADA@example.net",
        message_id="id-1",
        dedupe_key="x",
        metadata={"mailcore_outbox_id": row.id},
    )
    handle = OutboxEvents(outbox, now=clock)

    handle(event)
    asyncio.run(handle.handle(event))

    found = outbox.get(row.id)
    assert (OutboxState.SENT, ("id-1",), None) == (found.state, found.message_ids, found.document)
    assert 1 == len(outbox.receipts(row.id))
    assert row.id == outbox.locate(row_id="", provider="memory", message_id="id-1")


@pytest.mark.parametrize(
    "metadata",
    [{}, {"mailcore_outbox_id": "0" * 32}, {"mailcore_outbox_id": 7}, {"mailcore_outbox_id": "'"}],
)
def test_events_about_other_mail(outbox, clock, metadata):
    """Change nothing, whatever stands where an id should."""
    row = outbox.add(message())
    OutboxEvents(outbox, now=clock)(
        TrackingEvent(
            provider="memory",
            event_type=EventType.DELIVERED,
            recipient="ada@example.net",
            message_id="\0\ud800",
            metadata=metadata,
        )
    )
    assert [] == list(outbox.receipts(row.id))


@pytest.mark.parametrize("concurrency", [1, 4])
def test_several_messages_in_one_call(outbox, clock, concurrency):
    """Each has an outcome of its own, whatever is wrong with another."""
    rows = [outbox.add(message(subject=str(number))) for number in range(7)]
    outbox.put(replace(rows[3], document="[]"))
    mailer = mailer_of()
    mailer.provider.max_messages_per_call = 5
    worker = worker_of(outbox, mailer, clock, concurrency=concurrency, messages_per_call=5)

    worked = worker.run_once()

    assert (6, 1) == (worked.sent, worked.failed)
    assert 6 == len(mailer.provider.outbox)


def test_a_provider_that_fails_for_everybody(outbox, clock):
    """Is not asked with every row: each attempt counts."""
    rows = [outbox.add(message()) for _ in range(20)]
    failing = [NetworkError("down")] * 20
    worker = worker_of(outbox, mailer_of(*failing), clock)

    worked = worker.run_once()

    assert 3 == worked.postponed
    states = [outbox.get(row.id) for row in rows]
    assert 17 == sum(row.attempts == 0 for row in states)
    assert {OutboxState.PENDING} == {row.state for row in states}


def test_a_worker_that_is_told_to_stop_gives_back_what_has_not_begun(outbox, clock):
    """And concludes what has."""
    for _ in range(5):
        outbox.add(message())
    stopped = []

    def stop(_message):
        worker.stop()
        stopped.append(1)

    worker = worker_of(outbox, mailer_of(stop), clock)
    worker.run()

    counts = outbox.counts(now=clock()).by_state
    assert (1, 4, 0) == (
        counts[OutboxState.SENT],
        counts[OutboxState.PENDING],
        counts[OutboxState.SENDING],
    )
    assert 4 == worker.run_once().sent


def test_a_stop_between_runs_ends_the_next(outbox, clock):
    """A signal may come before the run has begun."""
    outbox.add(message())
    worker = worker_of(outbox, mailer_of(), clock)
    worker.stop()
    assert 0 == worker.run().attempts
    assert 1 == worker.run_once().sent


def test_a_send_that_hangs_does_not_keep_a_worker_from_stopping(outbox, clock, caplog):
    """Its row has begun, and counts as unknown once the claim has run out."""
    row = outbox.add(message())
    release = threading.Event()
    began = threading.Event()

    def hang(_message):
        began.set()
        release.wait(DEADLINE_SECONDS)
        return SendTimeout("lost", maybe_accepted=True)

    worker = worker_of(outbox, mailer_of(hang), clock, grace_seconds=0.01)
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert began.wait(DEADLINE_SECONDS)
    worker.stop()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    assert "under way still" in caplog.text
    release.set()

    clock.pass_by(minutes=2)
    assert 1 == worker_of(outbox, mailer_of(), clock).run_once().recovered
    found = outbox.get(row.id)
    assert (OutboxState.UNKNOWN, "worker_lost") == (found.state, found.error_category)


def test_claims_of_a_worker_that_is_gone(outbox, clock):
    """What it had not begun is sent by another, once."""
    row = outbox.add(message())
    outbox.claim("gone", limit=1, now=clock(), until=clock() + timedelta(minutes=1))
    mailer = mailer_of()

    assert 0 == worker_of(outbox, mailer, clock).run_once().attempts
    clock.pass_by(minutes=2)
    worked = worker_of(outbox, mailer, clock).run_once()
    assert (1, 1) == (worked.recovered, worked.sent)
    assert 1 == outbox.get(row.id).attempts


def test_nothing_of_a_message_is_logged(outbox, clock, caplog):
    """Neither addresses nor subjects, whatever becomes of it."""
    caplog.set_level(logging.DEBUG, "mailcore.outbox")
    for outcome in (None, MessageRejected("ada@example.net is blocked"), RateLimited("slow")):
        outbox.add(message(subject="Secret"))
        worker_of(outbox, mailer_of(outcome), clock).run_once()

    assert "ada@" not in caplog.text
    assert "Secret" not in caplog.text
    assert "a***@example.net is blocked" in caplog.text


_PROGRAM = """
import threading
import time
from mailcore import Mailer, Message
from mailcore.outbox import MemoryOutbox, OutboxWorker
outbox = MemoryOutbox()
outbox.add(Message(from_email="a@example.com", to=["b@example.net"], text="Hi"))
def middleware(message, send):
    print("sending", flush=True)
    return (yield from send(message))
worker = OutboxWorker(outbox, Mailer("null", middleware=[middleware]))
print(worker.run_forever().sent)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker(number):
    """It finishes what is under way, and returns."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert "sending\n" == process.stdout.readline()
        os.kill(process.pid, number)
        assert "1\n" == process.stdout.readline()
        assert 0 == process.wait(DEADLINE_SECONDS)
