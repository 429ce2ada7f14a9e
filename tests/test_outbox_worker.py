"""The worker of an outbox, through mailers of all kinds of luck, over the store in memory."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    Mailer,
    Message,
    MessageRejected,
    RateLimited,
    SendTimeout,
)
from mailcore.builtin import MemoryProvider
from mailcore.outbox import MemoryOutbox, OutboxPolicy, OutboxState, OutboxWorker
from mailcore.outbox.rows import OutboxRow


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
    outbox.put(replaced(row, document='{"nonsense": 1}'))

    assert 1 == worker_of(outbox, mailer_of(), clock).run_once().failed
    found = outbox.get(row.id)
    assert "nonsense" in found.error_text
    assert '{"nonsense": 1}' == found.document


def test_a_row_of_a_newer_release(outbox, clock):
    """It waits for a worker of that release."""
    row = outbox.add(message())
    outbox.put(replaced(row, document_version=2))

    assert 0 == worker_of(outbox, mailer_of(), clock).run_once().attempts
    assert 1 == outbox.counts(now=clock()).newer
    assert OutboxState.PENDING is outbox.get(row.id).state


def replaced(row: OutboxRow, **fields) -> OutboxRow:
    """A row with other fields."""
    import dataclasses

    return dataclasses.replace(row, **fields)


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
