"""What becomes of a row of an outbox: every transition, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest

from mailcore import (
    AuthenticationFailed,
    CancelSend,
    EventType,
    IdempotencyKeyReused,
    InvalidMessage,
    Message,
    MessageRejected,
    NetworkError,
    Problem,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
    RecipientStatus,
    ResultStatus,
    SendResult,
    SendStatus,
    SendTimeout,
    UnsupportedFeature,
)
from mailcore.outbox import MemoryOutbox, OutboxPolicy, OutboxRow, OutboxState, Receipt
from mailcore.outbox.erasing import erased
from mailcore.outbox.machine import (
    Rules,
    cancelled,
    concluded,
    concluded_late,
    given_back,
    must_narrow,
    narrowed,
    resolved,
    retried,
)
from mailcore.result import RecipientStatuses


START = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=timezone.utc)
POLICY = OutboxPolicy(jitter=lambda: 1.0)
RULES = Rules(policy=POLICY, provider="toy")
NATIVE = Rules(policy=POLICY, provider="toy", is_native=True)
ADA, BOB, EVE = "ada@example.net", "Bob@example.org", "eve@example.com"


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


@pytest.mark.parametrize(
    ("accepted", "left"), [(ADA, (BOB,)), (None, (BOB,))], ids=["some accepted", "nobody accepted"]
)
def test_a_part_waits_for_the_quota(accepted, left):
    """Of several requests one found no quota: its part waits, whom another refused does not."""
    quota = QuotaExceeded("used up", provider="toy", code="Q")
    refused = RecipientStatus(SendStatus.REJECTED, code="550", detail="no")
    statuses = {
        ADA: RecipientStatus(SendStatus.SENT) if accepted else refused,
        EVE: refused,
        BOB: RecipientStatus(SendStatus.FAILED, code="Q", detail="toy: used up"),
    }
    found = SendResult(provider="toy", recipients=RecipientStatuses(statuses), errors=(quota,))
    outcome = found
    if not accepted:
        outcome = RecipientsRefused("all", provider="toy", result=found, errors=(quota,))

    row = begun(message(to=[ADA, EVE, BOB]))
    revision = concluded(row, outcome, now=START, rules=RULES).row

    assert (OutboxState.PENDING, left) == (revision.state, revision.remaining)
    assert START + timedelta(hours=1) == revision.due_at


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


def lost_row(made: Message | None = None, **fields) -> OutboxRow:
    """A row of which nobody knows whether it was sent."""
    lost = SendTimeout("lost", maybe_accepted=True)
    return replace(concluded(begun(made), lost, now=START, rules=RULES).row, **fields)


def told(kind: EventType, recipient: str = ADA) -> Receipt:
    """A receipt of an event."""
    return Receipt(
        row_id="",
        dedupe_key="",
        event_type=kind,
        recipient=recipient.lower(),
        happened_at=START,
        provider="toy",
        message_id="id-1",
    )


@pytest.mark.parametrize("kind", EventType)
def test_what_an_event_says_of_a_lost_send(kind):
    """All that can only happen to a mail that was accepted, and what says that it was not sent."""
    nothing = (EventType.SUBSCRIBED, EventType.INBOUND, EventType.UNKNOWN)
    failed = (EventType.REJECTED, EventType.FAILED)
    expected = OutboxState.FAILED if kind in failed else OutboxState.SENT

    found = resolved(lost_row(), [told(kind)], now=START, policy=POLICY)

    assert (None if kind in nothing else expected) == (found and found.row.state)


@pytest.mark.parametrize(
    ("receipts", "state"),
    [
        ([told(EventType.DELIVERED)], OutboxState.UNKNOWN),
        ([told(EventType.DELIVERED), told(EventType.BOUNCED, BOB)], OutboxState.SENT),
        ([told(EventType.REJECTED), told(EventType.DELIVERED, BOB)], OutboxState.SENT),
        ([told(EventType.REJECTED), told(EventType.REJECTED, BOB)], OutboxState.FAILED),
        ([told(EventType.REJECTED), told(EventType.DELIVERED)], OutboxState.UNKNOWN),
        ([told(EventType.DELIVERED, "")], None),
        ([told(EventType.DELIVERED, "eve@example.com")], None),
    ],
)
def test_events_say_something_of_their_own_recipient_only(receipts, state):
    """A row to two people is resolved when both are."""
    row = lost_row(message(to=[ADA, BOB]))

    found = resolved(row, receipts, now=START, policy=POLICY)

    assert state == (found and found.row.state)


def test_an_event_that_names_nobody_and_somebody_whom_the_defaults_added():
    """The message went to two people, so it says nothing of either."""
    archive = "archive@example.com"
    lost = {each: RecipientStatus(SendStatus.UNKNOWN) for each in (ADA, archive)}
    outcome = SendResult(provider="toy", recipients=RecipientStatuses(lost))
    row = concluded(begun(), outcome, now=START, rules=RULES).row

    assert resolved(row, [told(EventType.OPENED, "")], now=START, policy=POLICY) is None
    both = [told(EventType.OPENED), told(EventType.OPENED, archive)]
    assert OutboxState.SENT is resolved(row, both, now=START, policy=POLICY).row.state


def test_what_a_person_has_sent_again():
    """Goes to all that are not known to have it, whatever was unsure, and for a full time again."""
    row = lost_row(attempts=12)

    again = retried(row, (), now=START + timedelta(days=9)).row

    assert (OutboxState.PENDING, 12, None) == (
        again.state,
        again.earlier_attempts,
        again.tries_until,
    )
    assert not must_narrow(again, now=START, rules=RULES)
    started = replace(again, state=OutboxState.SENDING, began_at=START, attempts=13)
    refused = concluded(started, RateLimited("slow"), now=START, rules=RULES).row
    assert OutboxState.PENDING is refused.state
    over = concluded(started, MessageRejected("no"), now=START, rules=RULES).row
    # The first send may have been accepted all the same.
    assert OutboxState.UNKNOWN is over.state


@pytest.mark.parametrize("state", OutboxState)
def test_what_can_be_retried_and_cancelled(state):
    """By a person: what is over and was not sent; what has not begun."""
    row = begun(state=state)
    over = (OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.CANCELLED)

    assert (state in over) == (retried(row, (), now=START) is not None)
    assert (state is OutboxState.PENDING) == (cancelled_state(row) is not None)
    assert retried(replace(row, document=None), (), now=START) is None


def cancelled_state(row: OutboxRow) -> OutboxState | None:
    """The state of a row that is called off; None if it is too late."""
    found = cancelled(row, (), now=START, policy=POLICY)
    return found and found.row.state


def test_a_claim_that_has_not_begun_can_be_cancelled():
    """The worker finds that it has lost it."""
    assert OutboxState.CANCELLED is cancelled_state(begun(began_at=None, attempts=0))


def test_attempts_and_age_come_to_an_end():
    """After so many attempts, and for what would be tried after so long a time."""
    twelfth = begun(attempts=12)
    old = begun(tries_until=START + timedelta(seconds=9))

    for row in (twelfth, old):
        found = concluded(row, RateLimited("slow"), now=START, rules=RULES).row
        assert (OutboxState.FAILED, "rate_limited") == (found.state, found.error_category)


def test_waits_double():
    """Up to an hour."""
    waits = []
    for attempts in (1, 2, 3, 11):
        row = begun(attempts=attempts)
        found = concluded(row, NetworkError("refused"), now=START, rules=RULES).row
        waits.append((found.due_at - START).total_seconds())

    assert [10, 20, 40, 3600] == waits


def test_a_late_conclusion_of_another_send():
    """Changes nothing while the next send is under way, and is kept where the row is over."""
    first = begun()
    conclusion = concluded(first, MessageRejected("no"), now=START, rules=RULES)
    late = partial(concluded_late, conclusion=conclusion, policy=POLICY)

    assert late(replace(first, attempts=2), ()) is None
    assert late(replace(first, claimed_by="v"), ()) is None
    assert OutboxState.FAILED is late(first, ()).row.state
    assert OutboxState.FAILED is late(lost_row(), ()).row.state
    sent = replace(first, state=OutboxState.SENT)
    assert (sent, conclusion.attempt) == (late(sent, ()).row, late(sent, ()).attempt)


@pytest.mark.parametrize(
    ("outcome", "state", "status"),
    [
        (result(ada=SendStatus.SENT, bob=SendStatus.SENT), OutboxState.SENT, SendStatus.SENT),
        (MessageRejected("no"), OutboxState.FAILED, SendStatus.FAILED),
        (RateLimited("slow"), OutboxState.FAILED, SendStatus.FAILED),
        (CancelSend("not today"), OutboxState.CANCELLED, SendStatus.FAILED),
        (SendTimeout("lost", maybe_accepted=True), OutboxState.UNKNOWN, SendStatus.UNKNOWN),
    ],
)
@pytest.mark.parametrize("key", ["order-17", f"to {ADA}"])
def test_a_late_end_of_a_row_that_was_erased(outcome, state, status, key):
    """Says what became of it, and brings neither the address back nor the body or the subject."""
    row = begun(message(to=[BOB, ADA], subject="Secret"), key=key, remaining=(BOB, ADA))
    conclusion = concluded(row, outcome, now=START, rules=RULES)
    given_up = given_back(row, (), now=START + timedelta(minutes=6), rules=RULES).row
    gone = erased(given_up, (), address=ADA.upper(), now=START + timedelta(minutes=7)).row

    late = concluded_late(gone, (), conclusion=conclusion, policy=POLICY)

    assert (state, conclusion.attempt) == (late.row.state, late.attempt)
    assert (gone.key, None, "") == (late.row.key, late.row.document, late.row.subject)
    assert (None, START) == (late.row.claimed_until, late.row.changed_at)
    assert ((BOB, "erased-1"), (BOB,)) == (late.row.recipients, late.row.remaining)
    details = {each: status.detail for each, status in conclusion.row.statuses.items()}
    assert {BOB: details[BOB], "erased-1": ""} == {
        each: status.detail for each, status in late.row.statuses.items()
    }
    assert {status} == {each.status for each in late.row.statuses.values()}
    assert ADA not in repr(vars(late.row))


def test_a_repetition_for_another_provider():
    """Is none: those who may have it are left out, and the others are sent to."""
    row = begun(message(to=[ADA, BOB]))
    half = result(ada=SendStatus.UNKNOWN, bob=SendStatus.FAILED)
    waiting = concluded(row, half, now=START, rules=NATIVE).row
    claimed = replace(waiting, state=OutboxState.SENDING, claimed_by="v")
    now = waiting.due_at

    assert not must_narrow(claimed, now=now, rules=NATIVE)
    assert must_narrow(claimed, now=now + timedelta(hours=1), rules=NATIVE)
    other = Rules(policy=POLICY, provider="other", is_native=True)
    assert (BOB,) == narrowed(claimed, (), now=now, rules=other).row.remaining
    alone = replace(claimed, remaining=(ADA,))
    assert OutboxState.UNKNOWN is narrowed(alone, (), now=now, rules=other).row.state
    told_meanwhile = narrowed(alone, [told(EventType.OPENED)], now=now, rules=other).row
    assert told_meanwhile.statuses[ADA].accepted


@pytest.mark.parametrize("is_silent", [True, False])
def test_a_refusal_of_a_repetition_says_nothing_of_the_first_send(is_silent):
    """Whether the first answer was lost, or did not say: it may have been accepted."""
    status = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=not is_silent)
    unsure = SendResult(provider="toy", recipients=RecipientStatuses({ADA: status}))
    waiting = concluded(begun(), unsure, now=START, rules=NATIVE).row
    again = replace(waiting, state=OutboxState.SENDING, began_at=START, attempts=2)

    refused = concluded(again, NetworkError("refused"), now=START, rules=NATIVE).row
    over = concluded(again, MessageRejected("no"), now=START, rules=NATIVE).row

    claimed = replace(refused, state=OutboxState.SENDING)
    assert OutboxState.PENDING is refused.state
    assert not must_narrow(claimed, now=START, rules=NATIVE)
    assert must_narrow(claimed, now=START + timedelta(hours=1), rules=NATIVE)
    assert OutboxState.UNKNOWN is over.state


def test_a_repetition_is_the_same_message():
    """To those who have it as well: the provider knows the key of the whole."""
    row = begun(message(to=[ADA, BOB]))
    half = result(ada=SendStatus.SENT, bob=SendStatus.UNKNOWN)

    assert concluded(row, half, now=START, rules=NATIVE).row.remaining is None
    found = concluded(row, half, now=START, rules=RULES).row
    assert (OutboxState.UNKNOWN, True) == (found.state, found.statuses[ADA].accepted)


def test_everything_wrong_with_a_message_is_told():
    """Of one that the provider cannot express, with its addresses left out."""
    problems = [Problem("tags", "no tags"), Problem("to", "ada@example.net is wrong")]

    found = concluded(begun(), UnsupportedFeature(problems), now=START, rules=RULES)

    assert "no tags" in found.row.error_text
    assert "a***@example.net is wrong" in found.row.error_text
    assert ResultStatus.ALL_REFUSED is found.attempt.status


def test_an_event_takes_a_claim_away_that_has_not_begun():
    """The worker knows the row as it was: it must not send to those who have it."""
    both = lost_row(message(to=[ADA, BOB]))
    claimed = replace(retried(both, (), now=START).row, state=OutboxState.SENDING, claimed_by="v")

    found = resolved(claimed, [told(EventType.OPENED)], now=START, policy=POLICY).row

    assert (OutboxState.PENDING, "", (BOB,)) == (found.state, found.claimed_by, found.remaining)
    receipts = [told(EventType.OPENED), told(EventType.DELIVERED, BOB)]
    whole = resolved(claimed, receipts, now=START, policy=POLICY).row
    assert (OutboxState.SENT, "") == (whole.state, whole.claimed_by)
    under_way = replace(claimed, began_at=START)
    assert resolved(under_way, receipts, now=START, policy=POLICY) is None


def test_an_event_and_a_repetition():
    """What waits to be repeated is repeated as it was sent, until all of it is known."""
    row = begun(message(to=[ADA, BOB]))
    half = result(ada=SendStatus.UNKNOWN, bob=SendStatus.UNKNOWN)
    waiting = concluded(row, half, now=START, rules=NATIVE).row

    found = resolved(waiting, [told(EventType.OPENED)], now=START, policy=POLICY).row

    assert (OutboxState.PENDING, None) == (found.state, found.remaining)
    assert found.statuses[ADA].accepted
