"""What a transition of the outbox writes, field by field, and to which moment its bounds are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest

from mailcore import (
    AuthenticationFailed,
    CancelSend,
    EventType,
    Message,
    MessageRejected,
    NetworkError,
    ProviderUnavailable,
    RateLimited,
    RecipientStatus,
    ResultStatus,
    SendResult,
    SendStatus,
    SendTimeout,
)
from mailcore.outbox import OutboxPolicy, OutboxRow, OutboxState, Receipt, new_row
from mailcore.outbox.machine import (
    LOST,
    Rules,
    begun,
    cancelled,
    concluded,
    concluded_late,
    given_back,
    narrowed,
    resolved,
    retried,
)
from mailcore.outbox.rows import OutboxAttempt
from mailcore.result import RecipientStatuses


START = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
LEASE = timedelta(minutes=1)
LATER = START + timedelta(seconds=7)
POLICY = OutboxPolicy(jitter=lambda: 1.0)
RULES = Rules(policy=POLICY, provider="toy")
NATIVE = Rules(policy=POLICY, provider="toy", is_native=True)
OTHER = Rules(policy=POLICY, provider="other", is_native=True)
ADA, BOB, EVE = "ada@example.net", "Bob@example.org", "eve@example.com"
SENT = RecipientStatus(SendStatus.SENT, message_id="id-1")
BUSY = RecipientStatus(SendStatus.FAILED, code="busy", retryable=True)
REFUSED = RecipientStatus(SendStatus.REJECTED, code="spam")
OPEN = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
LOST_ANSWER = SendTimeout("lost", maybe_accepted=True)


def row_to(*addresses: str, **fields) -> OutboxRow:
    """A row whose first send has begun."""
    message = Message(from_email="me@example.com", to=addresses or [ADA], text="Hi")
    claimed = replace(
        new_row(message, now=START),
        state=OutboxState.SENDING,
        claimed_by="w",
        claimed_until=START + LEASE,
        changed_at=START,
    )
    row = begun(claimed, provider="toy", now=START, until=START + LEASE)
    return replace(row, **fields)


def said(**fields) -> RecipientStatuses:
    """Statuses by the first parts of the addresses."""
    names = {"ada": ADA, "bob": BOB, "eve": EVE}
    return RecipientStatuses({names[name]: status for name, status in fields.items()})


def result_of(*, provider="toy", ids=(), **statuses) -> SendResult:
    """A result with these statuses."""
    return SendResult(provider=provider, recipients=said(**statuses), message_ids=ids)


def attempt_of(row: OutboxRow, status: ResultStatus, **fields) -> OutboxAttempt:
    """The attempt of a row, which ended a moment later."""
    given = {"worker_id": "w", "provider": "toy", "began_at": START, "ended_at": LATER, **fields}
    return OutboxAttempt(row_id=row.id, number=row.attempts, status=status, **given)


def receipt(kind: EventType, recipient: str = ADA, message_id: str = "id-2") -> Receipt:
    """A receipt of an event."""
    return Receipt(
        row_id="",
        dedupe_key="",
        event_type=kind,
        recipient=recipient.lower(),
        happened_at=START,
        provider="toy",
        message_id=message_id,
        reject_reason="spam",
        detail="said so",
    )


OVER = {"claimed_until": None, "changed_at": LATER, "tries_until": START + timedelta(days=2)}
PENDING_AGAIN = {
    **OVER,
    "state": OutboxState.PENDING,
    "claimed_by": "",
    "began_at": None,
    "due_at": LATER + timedelta(seconds=10),
}
UNAVAILABLE = {
    "error_category": "provider_unavailable",
    "error_code": "E5",
    "error_text": "toy: try later",
}


@pytest.mark.parametrize(
    ("outcome", "changes", "status", "told"),
    [
        pytest.param(
            result_of(ada=SENT, ids=("id-1", "id-2")),
            {
                **OVER,
                "state": OutboxState.SENT,
                "statuses": said(ada=SENT),
                "message_ids": ("id-0", "id-1", "id-2"),
                "document": None,
            },
            ResultStatus.ALL_ACCEPTED,
            {"message_ids": ("id-1", "id-2")},
            id="accepted",
        ),
        pytest.param(
            result_of(ada=SENT, provider="backup"),
            {
                **OVER,
                "state": OutboxState.SENT,
                "provider": "backup",
                "statuses": said(ada=SENT),
                "document": None,
            },
            ResultStatus.ALL_ACCEPTED,
            {"provider": "backup"},
            id="accepted by one of a pool",
        ),
        pytest.param(
            result_of(ada=BUSY, provider="backup"),
            {
                **PENDING_AGAIN,
                "statuses": said(ada=BUSY),
                "error_category": "failed",
                "error_code": "busy",
            },
            ResultStatus.ALL_REFUSED,
            {"provider": "backup", "error_category": "failed", "error_code": "busy"},
            id="refused by one of a pool, for now",
        ),
        pytest.param(
            ProviderUnavailable("try later", provider="toy", code="E5"),
            {
                **PENDING_AGAIN,
                "statuses": said(ada=RecipientStatus(SendStatus.FAILED, code="E5", retryable=True)),
                **UNAVAILABLE,
            },
            ResultStatus.ALL_REFUSED,
            UNAVAILABLE,
            id="refused for now",
        ),
        pytest.param(
            CancelSend("not today"),
            {
                **OVER,
                "state": OutboxState.CANCELLED,
                "statuses": said(ada=RecipientStatus(SendStatus.FAILED, code="cancel_send")),
                "error_category": "cancel_send",
                "error_text": "not today",
            },
            ResultStatus.ALL_REFUSED,
            {"error_category": "cancel_send", "error_text": "not today"},
            id="called off by a hook",
        ),
    ],
)
def test_an_end_of_a_send(outcome, changes, status, told):
    """The row and the attempt are what this says, and nothing else of the row has changed."""
    row = row_to(message_ids=("id-0",))

    found = concluded(row, outcome, now=LATER, rules=RULES)

    expected = replace(row, **changes)
    details = {each: status.detail for each, status in found.row.statuses.items()}
    statuses = {
        each: replace(status, detail=details[each]) for each, status in expected.statuses.items()
    }
    assert replace(expected, statuses=RecipientStatuses(statuses)) == found.row
    assert attempt_of(row, status, **told) == found.attempt


def test_a_hook_calls_off_what_a_pool_sent_before():
    """The provider that took it stays; a mail to somebody is not called off."""
    row = row_to(ADA, BOB, remaining=(BOB,), statuses=said(ada=SENT, bob=BUSY), provider="toy")

    found = concluded(row, CancelSend("not today"), now=LATER, rules=RULES).row

    assert (OutboxState.SENT, "toy", None) == (found.state, found.provider, found.document)


def test_what_a_provider_says_has_an_end():
    """Names and ids are cut, and are such as databases take."""
    long = result_of(ada=SENT, provider="p\0" * 99, ids=("\ud800" * 999,))

    found = concluded(row_to(), long, now=LATER, rules=RULES)

    for each in (found.row, found.attempt):
        assert ("p\ufffd" * 50, ("?" * 300,)) == (each.provider, each.message_ids)


@pytest.mark.parametrize(
    ("fields", "rules", "seconds", "may"),
    [
        ({"unsure_since": None}, RULES, 9999, True),
        ({}, RULES, 0, False),
        ({}, NATIVE, 0, True),
        ({}, NATIVE, 899.999999, True),
        ({}, NATIVE, 900, False),
        ({}, OTHER, 0, False),
        ({}, replace(RULES, policy=replace(POLICY, accept_duplicates=True)), 9999, True),
        ({}, replace(NATIVE, policy=replace(POLICY, repeat_within_seconds=60)), 59, True),
        ({}, replace(NATIVE, policy=replace(POLICY, repeat_within_seconds=60)), 60, False),
    ],
)
def test_when_an_open_send_may_be_repeated(fields, rules, seconds, may):
    """Only by the same provider that drops what it has had, for as long as it remembers."""
    row = row_to(**{"unsure_since": START, **fields})

    assert may is rules.may_repeat(row, START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("attempts", "first_wait_seconds", "state"),
    [
        (1, 10, OutboxState.PENDING),
        (1, 900, OutboxState.UNKNOWN),
        (12, 10, OutboxState.UNKNOWN),
    ],
)
def test_an_answer_that_was_lost(attempts, first_wait_seconds, state):
    """It is repeated if the next attempt is due in time, and there is one."""
    policy = OutboxPolicy(first_wait_seconds=first_wait_seconds, jitter=lambda: 1.0)
    row = row_to(attempts=attempts)

    found = concluded(row, LOST_ANSWER, now=START, rules=replace(NATIVE, policy=policy)).row

    assert (state, START) == (found.state, found.unsure_since)


def test_the_first_send_of_which_nobody_knows_counts():
    """However often it is repeated."""
    row = row_to(unsure_since=START - LEASE, statuses=said(ada=OPEN))

    for outcome in (LOST_ANSWER, NetworkError("refused"), result_of(ada=SENT)):
        found = concluded(row, outcome, now=LATER, rules=NATIVE).row
        assert START - LEASE == found.unsure_since


@pytest.mark.parametrize(
    ("statuses", "outcome", "rules", "remaining"),
    [
        (said(), result_of(ada=SENT, bob=BUSY, eve=REFUSED), RULES, (BOB,)),
        (said(), result_of(ada=REFUSED, bob=BUSY, eve=BUSY), RULES, (BOB, EVE)),
        (said(), result_of(ada=BUSY, bob=BUSY, eve=BUSY), RULES, None),
        (said(), result_of(ada=SENT, bob=BUSY, eve=OPEN), RULES, (BOB,)),
        (said(), result_of(ada=SENT, bob=OPEN, eve=REFUSED), NATIVE, None),
        (said(), result_of(ada=OPEN, bob=BUSY, eve=REFUSED), NATIVE, None),
        (said(), AuthenticationFailed("no"), RULES, None),
        # Those who have it from a send before are passed over, whatever this one says.
        (said(ada=SENT), result_of(ada=BUSY, bob=BUSY, eve=SENT), RULES, (BOB,)),
        # Of Ada nobody has known since the first send: not this provider's refusal counts.
        (said(ada=OPEN), result_of(ada=BUSY, bob=BUSY, eve=SENT), RULES, (BOB,)),
        (said(ada=OPEN), result_of(ada=BUSY, bob=SENT, eve=SENT), NATIVE, None),
        (
            said(ada=OPEN),
            result_of(ada=BUSY, bob=BUSY, eve=SENT),
            replace(RULES, policy=replace(POLICY, accept_duplicates=True)),
            (ADA, BOB),
        ),
    ],
)
def test_whom_the_next_attempt_is_for(statuses, outcome, rules, remaining):
    """Those who were refused for now, and what may be repeated; None is all of them."""
    row = row_to(ADA, BOB, EVE, statuses=statuses, unsure_since=START if statuses else None)

    found = concluded(row, outcome, now=LATER, rules=rules).row

    assert (OutboxState.PENDING, remaining) == (found.state, found.remaining)


def test_a_person_has_decided_about_an_open_send():
    """So a refusal for now is tried again, though the first send may have been accepted."""
    row = row_to(statuses=said(ada=OPEN), unsure_since=None)

    assert (
        OutboxState.PENDING is concluded(row, RateLimited("slow"), now=LATER, rules=RULES).row.state
    )


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"attempts": 11}, OutboxState.PENDING),
        ({"attempts": 12}, OutboxState.FAILED),
        ({"attempts": 23, "earlier_attempts": 12}, OutboxState.PENDING),
        ({"attempts": 24, "earlier_attempts": 12}, OutboxState.FAILED),
        ({"tries_until": LATER + timedelta(seconds=40)}, OutboxState.PENDING),
        ({"tries_until": LATER + timedelta(seconds=39.999999)}, OutboxState.FAILED),
    ],
)
def test_the_last_attempt(fields, state):
    """By number since a person had it sent, and by the time at which the next one would begin."""
    policy = replace(POLICY, longest_wait_seconds=10)
    slow = RateLimited("slow", retry_after_seconds=30)

    row = concluded(row_to(**fields), slow, now=LATER, rules=replace(RULES, policy=policy)).row

    assert state is row.state
    assert row.document is not None


def test_the_time_to_go_on_begins_with_the_first_send():
    """However late that was."""
    late = row_to(began_at=START + timedelta(days=30))
    policy = replace(POLICY, max_age_seconds=60)

    row = concluded(
        late, RateLimited("slow"), now=late.began_at, rules=replace(RULES, policy=policy)
    )

    assert START + timedelta(days=30, seconds=60) == row.row.tries_until
    assert OutboxState.PENDING is row.row.state


WAITING = {"claimed_by": "v", "began_at": None, "unsure_since": START}


@pytest.mark.parametrize(
    ("fields", "rules", "now"),
    [
        ({}, NATIVE, START),
        ({"began_at": START}, OTHER, START),
        ({"unsure_since": None}, OTHER, START),
        ({"remaining": (BOB,)}, OTHER, START),
        ({"state": OutboxState.SENT}, OTHER, START),
    ],
)
def test_nothing_to_narrow(fields, rules, now):
    """The same provider in time, a send that has begun, nobody who may have it."""
    row = row_to(ADA, BOB, statuses=said(ada=OPEN, bob=BUSY), **{**WAITING, **fields})

    assert narrowed(row, (), now=now, rules=rules) is None


def test_too_late_to_repeat():
    """Those who may have it are left out; if there are no others, nobody is sent to."""
    row = row_to(ADA, BOB, statuses=said(ada=OPEN, bob=BUSY), **WAITING)
    now = START + timedelta(hours=1)

    assert replace(row, remaining=(BOB,)) == narrowed(row, (), now=now, rules=NATIVE).row
    alone = replace(row, remaining=(ADA,))
    over = replace(
        alone, state=OutboxState.UNKNOWN, claimed_by="", claimed_until=None, changed_at=now
    )
    assert over == narrowed(alone, (), now=now, rules=NATIVE).row
    told = narrowed(alone, [receipt(EventType.OPENED)], now=now, rules=NATIVE).row
    assert (OutboxState.SENT, now, None) == (told.state, told.changed_at, told.document)


@pytest.mark.parametrize(
    ("fields", "now", "is_given_back"),
    [
        ({}, START + LEASE, False),
        ({}, START + LEASE + timedelta(microseconds=1), True),
        ({"claimed_until": None}, START, True),
        ({"state": OutboxState.PENDING}, START + 2 * LEASE, False),
        ({"state": OutboxState.UNKNOWN}, START + 2 * LEASE, False),
    ],
)
def test_when_a_claim_has_run_out(fields, now, is_given_back):
    """After its last moment, and while it is one."""
    for began_at in (START, None):
        row = row_to(began_at=began_at, **fields)
        assert is_given_back == (given_back(row, (), now=now, rules=RULES) is not None)


def test_a_claim_that_is_given_back():
    """As it was before it was claimed; of a send that had begun the attempt has no end."""
    now = START + 2 * LEASE
    row = row_to(began_at=None, attempts=3, remaining=(ADA,))
    back = replace(row, state=OutboxState.PENDING, claimed_by="", claimed_until=None)
    assert replace(back, changed_at=now) == given_back(row, (), now=now, rules=RULES).row

    lost = given_back(row_to(), (), now=now, rules=RULES)
    told = "toy: the worker did not come back after it had begun to send"
    assert (OutboxState.UNKNOWN, now, LOST, told, "w") == (
        *(lost.row.state, lost.row.changed_at, lost.row.error_category, lost.row.error_text),
        lost.row.claimed_by,
    )
    assert lost.attempt == attempt_of(
        lost.row, ResultStatus.UNKNOWN, ended_at=None, error_category=LOST, error_text=told
    )
    known = given_back(row_to(), [receipt(EventType.SENT)], now=now, rules=RULES)
    assert (OutboxState.SENT, now, None) == (
        *(known.row.state, known.row.changed_at),
        known.attempt.ended_at,
    )


def test_a_late_end():
    """Is written to a row that was given up, and where a send goes on that was not concluded."""
    row = row_to(message_ids=("id-0",))
    unknown = given_back(row, (), now=START + 2 * LEASE, rules=RULES).row
    for outcome in (RateLimited("slow"), MessageRejected("no"), result_of(ada=SENT), LOST_ANSWER):
        conclusion = concluded(row, outcome, now=LATER, rules=RULES)
        late = partial(concluded_late, conclusion=conclusion, policy=POLICY)
        assert late(row, ()) == late(unknown, ()) == conclusion
    told = late(unknown, [receipt(EventType.SENT)])
    assert (OutboxState.SENT, LATER, ("id-0", "id-2"), conclusion.attempt) == (
        *(told.row.state, told.row.changed_at, told.row.message_ids),
        told.attempt,
    )
    kept = partial(concluded_late, conclusion=conclusion, policy=replace(POLICY, keep_bodies=True))
    assert row.document == kept(row, [receipt(EventType.SENT)]).row.document


@pytest.mark.parametrize(
    "fields",
    [
        {"claimed_by": "v"},
        {"attempts": 2},
        {"began_at": None},
        {"state": OutboxState.PENDING, "claimed_by": "", "began_at": None},
    ],
)
def test_a_late_end_of_what_another_has_now(fields):
    """Changes nothing."""
    conclusion = concluded(row_to(), MessageRejected("no"), now=LATER, rules=RULES)

    found = concluded_late(row_to(**fields), (), conclusion=conclusion, policy=POLICY)

    assert found is None


@pytest.mark.parametrize("state", [OutboxState.SENT, OutboxState.FAILED, OutboxState.CANCELLED])
def test_a_late_end_of_what_was_settled(state):
    """The row stays as it was settled, and the attempt is kept."""
    conclusion = concluded(row_to(), MessageRejected("no"), now=LATER, rules=RULES)
    settled = row_to(state=state)

    found = concluded_late(settled, (), conclusion=conclusion, policy=POLICY)

    assert (settled, conclusion.attempt) == (found.row, found.attempt)


def unknown(*addresses: str, **fields) -> OutboxRow:
    """A row of which nobody knows."""
    row = concluded(row_to(*addresses), LOST_ANSWER, now=START, rules=RULES).row
    return replace(row, **fields)


def test_what_events_resolve():
    """Whole rows: ids are kept once, and the state has changed when it has."""
    row = unknown(message_ids=("id-2",))
    took = replace(
        row,
        state=OutboxState.SENT,
        statuses=said(ada=RecipientStatus(SendStatus.SENT, message_id="id-2")),
        changed_at=LATER,
        document=None,
    )
    resolve = partial(resolved, now=LATER, policy=POLICY)
    assert took == resolve(row, [receipt(EventType.OPENED)]).row
    nameless = receipt(EventType.OPENED, message_id="")
    assert row.message_ids == resolve(row, [nameless]).row.message_ids

    refused = resolve(row, [receipt(EventType.REJECTED)]).row
    status = RecipientStatus(SendStatus.REJECTED, message_id="id-2", code="spam", detail="said so")
    expected = replace(row, state=OutboxState.FAILED, changed_at=LATER, statuses=said(ada=status))
    assert expected == refused
    assert status == refused.statuses[ADA]

    both = unknown(ADA, BOB)
    half = resolve(both, [receipt(EventType.SENT)]).row
    assert (OutboxState.UNKNOWN, START, ("id-2",)) == (
        *(half.state, half.changed_at, half.message_ids),
    )
    assert resolve(half, [receipt(EventType.SENT)]) is None
    keeping = resolved(
        row, [receipt(EventType.SENT)], now=LATER, policy=replace(POLICY, keep_bodies=True)
    )
    assert row.document == keeping.row.document


def test_what_events_resolve_of_what_waits():
    """Who has it is not sent to; what is repeated stays whole; all may have it."""
    statuses = said(ada=OPEN, bob=OPEN, eve=BUSY)
    fields = {**WAITING, "state": OutboxState.PENDING, "claimed_by": "", "claimed_until": None}
    row = row_to(ADA, BOB, EVE, statuses=statuses, **fields)
    resolve = partial(resolved, now=LATER, policy=POLICY)
    ada, bob = receipt(EventType.OPENED), receipt(EventType.OPENED, BOB)

    repeated = resolve(row, [ada]).row
    assert (OutboxState.PENDING, None, START) == (
        *(repeated.state, repeated.remaining, repeated.changed_at),
    )
    assert (BOB, EVE) == resolve(replace(row, unsure_since=None), [ada]).row.remaining
    assert (EVE,) == resolve(row, [ada, bob]).row.remaining
    over = resolve(replace(row, statuses=said(ada=OPEN, bob=OPEN, eve=SENT)), [ada, bob]).row
    assert (OutboxState.SENT, LATER, None) == (over.state, over.changed_at, over.document)
    for state in OutboxState:
        is_open = state in (OutboxState.PENDING, OutboxState.UNKNOWN, OutboxState.SENDING)
        assert is_open == (resolve(replace(row, state=state), [ada]) is not None)


def test_what_a_person_decides():
    """Whole rows: what is sent again, and what is called off."""
    row = unknown(ADA, BOB, statuses=said(ada=SENT, bob=OPEN), attempts=3)
    again = replace(
        row,
        state=OutboxState.PENDING,
        claimed_by="",
        began_at=None,
        earlier_attempts=3,
        tries_until=None,
        unsure_since=None,
        remaining=(BOB,),
        due_at=LATER,
        changed_at=LATER,
    )
    assert again == retried(row, (), now=LATER).row
    assert retried(unknown(ADA, BOB), (), now=LATER).row.remaining is None

    waiting = row_to(ADA, BOB, began_at=None)
    off = replace(
        waiting,
        state=OutboxState.CANCELLED,
        claimed_by="",
        claimed_until=None,
        changed_at=LATER,
    )
    assert off == cancelled(waiting, (), now=LATER, policy=POLICY).row
    for statuses, state, keeps in (
        (said(ada=SENT, bob=BUSY), OutboxState.SENT, False),
        (said(ada=SENT, bob=OPEN), OutboxState.UNKNOWN, True),
        (said(ada=BUSY, bob=BUSY), OutboxState.CANCELLED, True),
    ):
        found = cancelled(replace(waiting, statuses=statuses), (), now=LATER, policy=POLICY).row
        assert (state, keeps) == (found.state, found.document is not None)
