"""What becomes of a row of an outbox: every transition, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from mailcore import (
    AuthenticationFailed,
    CancelSend,
    IdempotencyKeyReused,
    InvalidMessage,
    Message,
    MessageRejected,
    NetworkError,
    RateLimited,
    RecipientStatus,
    SendResult,
    SendStatus,
    SendTimeout,
    UnsupportedFeature,
)
from mailcore.outbox import MemoryOutbox, OutboxPolicy, OutboxRow, OutboxState
from mailcore.outbox.machine import Rules, concluded, given_back
from mailcore.result import RecipientStatuses


START = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=timezone.utc)
POLICY = OutboxPolicy(jitter=lambda: 1.0)
RULES = Rules(policy=POLICY, provider="toy")
NATIVE = Rules(policy=POLICY, provider="toy", is_native=True)
ADA, BOB = "ada@example.net", "Bob@example.org"


def message(**fields):
    """A message to one person."""
    return Message(from_email="me@example.com", to=[ADA], text="Hi").replace(**fields)


def begun(made: Message | None = None, **fields) -> OutboxRow:
    """A row whose first send has begun."""
    outbox = MemoryOutbox(now=lambda: START)
    row = outbox.add(made or message())
    outbox.claim("w", limit=1, now=START, until=START + timedelta(minutes=5))
    outbox.advance(
        "w",
        conclusions=[],
        begin=[row.id],
        provider="toy",
        now=START,
        until=START + timedelta(minutes=5),
    )
    return replace(outbox.get(row.id), **fields)


def result(**statuses: SendStatus) -> SendResult:
    """A result for one or two people."""
    by_name = {"ada": ADA, "bob": BOB}
    return SendResult(
        provider="toy",
        recipients=RecipientStatuses(
            {
                by_name[name]: RecipientStatus(
                    status,
                    message_id=f"id-{name}" if status.accepted else None,
                    retryable=status is SendStatus.FAILED,
                )
                for name, status in statuses.items()
            }
        ),
        message_ids=tuple(f"id-{name}" for name, status in statuses.items() if status.accepted),
    )


@pytest.mark.parametrize(
    ("outcome", "rules", "state", "wait_seconds"),
    [
        (result(ada=SendStatus.QUEUED), RULES, OutboxState.SENT, None),
        (MessageRejected("spam"), RULES, OutboxState.FAILED, None),
        (UnsupportedFeature("no tags"), RULES, OutboxState.FAILED, None),
        (CancelSend("not today"), RULES, OutboxState.CANCELLED, None),
        (NetworkError("refused"), RULES, OutboxState.PENDING, 10),
        (RateLimited("slow", retry_after_seconds=30), RULES, OutboxState.PENDING, 40),
        (AuthenticationFailed("no"), RULES, OutboxState.PENDING, 3600),
        (SendTimeout("lost", maybe_accepted=True), RULES, OutboxState.UNKNOWN, None),
        (SendTimeout("lost", maybe_accepted=True), NATIVE, OutboxState.PENDING, 10),
        (result(ada=SendStatus.UNKNOWN), RULES, OutboxState.UNKNOWN, None),
    ],
)
def test_what_an_outcome_decides(outcome, rules, state, wait_seconds):
    """The state, and when the next attempt is due."""
    revision = concluded(begun(), outcome, now=START, rules=rules)

    due_at = None if wait_seconds is None else START + timedelta(seconds=wait_seconds)
    assert (state, due_at) == (
        revision.row.state,
        revision.row.due_at if state is OutboxState.PENDING else None,
    )
    assert (revision.row.document is None) == (state is OutboxState.SENT)


def test_only_those_who_were_refused_for_now_are_sent_to_again():
    """Of two recipients one was accepted."""
    row = begun(message(to=[ADA, BOB]))
    outcome = result(ada=SendStatus.SENT, bob=SendStatus.FAILED)

    revision = concluded(row, outcome, now=START, rules=RULES)

    assert (OutboxState.PENDING, (BOB,)) == (revision.row.state, revision.row.remaining)
    assert revision.row.statuses[ADA].accepted


@pytest.mark.parametrize(
    ("fields", "rules", "state"),
    [
        ({"began_at": None, "attempts": 0}, RULES, OutboxState.PENDING),
        ({}, RULES, OutboxState.UNKNOWN),
        ({}, NATIVE, OutboxState.PENDING),
        ({"provider": "another"}, NATIVE, OutboxState.UNKNOWN),
    ],
)
def test_a_claim_that_ran_out(fields, rules, state):
    """Whether a send had begun decides."""
    late = START + timedelta(minutes=6)
    revision = given_back(begun(**fields), (), now=late, rules=rules)

    assert state is revision.row.state
    assert given_back(begun(**fields), (), now=START, rules=rules) is None


def test_a_key_stands_for_one_message():
    """The same message is kept once, another one is refused."""
    outbox = MemoryOutbox()
    row = outbox.add(message(), key="order-17")

    assert row == outbox.add(message(), key="order-17")
    with pytest.raises(IdempotencyKeyReused):
        outbox.add(message(text="Ho"), key="order-17")


def test_a_row_survives_its_columns():
    """Whatever it holds."""
    row = concluded(
        begun(message(to=[ADA, BOB], tags=["a", "ü"], subject="Grüße")),
        result(ada=SendStatus.SENT, bob=SendStatus.FAILED),
        now=START,
        rules=RULES,
    ).row

    assert row == OutboxRow.from_columns(row.to_columns())


def test_nobody_to_send_to():
    """Is told when the message is kept, not when it is sent."""
    with pytest.raises(InvalidMessage):
        MemoryOutbox().add(message(to=[]))
