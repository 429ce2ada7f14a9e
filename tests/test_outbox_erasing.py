"""A row without one of its recipients, field by field."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest

from mailcore import EventType, Message, RecipientStatus, SendStatus
from mailcore.outbox import (
    DOCUMENT_VERSION,
    OutboxPolicy,
    OutboxRow,
    OutboxState,
    Receipt,
    Revision,
    new_row,
)
from mailcore.outbox.erasing import erased, told
from mailcore.outbox.machine import resolved
from mailcore.result import RecipientStatuses


START = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
LATER = START + timedelta(days=1)
ADA, BOB, EVE = "Ada@example.net", "bob@example.org", "eve@example.com"
SENT = RecipientStatus(SendStatus.SENT, message_id="id-1", detail="ok")
REFUSED = RecipientStatus(SendStatus.REJECTED, code="550", detail=f"no {BOB}")


def row_to(*addresses: str, **fields) -> OutboxRow:
    """A row that waits."""
    message = Message(from_email="me@example.com", to=addresses, subject="Secret", text="Hi")
    return replace(new_row(message, now=START), **fields)


def without(row: OutboxRow, address: str = BOB) -> OutboxRow:
    """What is left of a row."""
    return erased(row, (), address=address, now=LATER).row


@pytest.mark.parametrize("state", [state for state in OutboxState if state.is_over])
def test_a_row_that_is_over(state):
    """Keeps what became of each, and neither the address nor what was written to it."""
    row = row_to(ADA, BOB, state=state, key="order-17", remaining=(ADA, BOB))
    row = replace(row, statuses=RecipientStatuses({ADA: SENT, BOB: REFUSED}))

    revision = erased(row, (), address="BOB@Example.org", now=LATER)

    expected = replace(
        row,
        recipients=(ADA, "erased-1"),
        remaining=(ADA,),
        statuses=RecipientStatuses({ADA: SENT, "erased-1": replace(REFUSED, detail="")}),
        subject="",
        document=None,
    )
    assert Revision(row=expected, forgotten=BOB) == revision
    assert [SENT, replace(REFUSED, detail="")] == list(revision.row.statuses.values())
    assert [ADA, "erased-1"] == list(revision.row.statuses)


def test_a_row_that_was_never_sent():
    """Nothing is known of anybody."""
    found = without(row_to(ADA, BOB, state=OutboxState.CANCELLED))

    assert ({}, None) == (dict(found.statuses), found.remaining)


@pytest.mark.parametrize(
    ("key", "kept"),
    [(f"to {BOB}", None), (f"to {BOB.upper()}", None), (f"to {ADA}", f"to {ADA}"), (None, None)],
)
def test_a_key_with_the_address(key, kept):
    """Is none any more."""
    assert kept == without(row_to(ADA, BOB, state=OutboxState.SENT, key=key)).key


@pytest.mark.parametrize("fields", [{"state": OutboxState.SENDING}, {"recipients": (ADA, EVE)}])
def test_what_is_left_alone(fields):
    """A row that is just being sent, and one to others."""
    assert erased(row_to(ADA, BOB, **fields), (), address=BOB, now=LATER) is None


@pytest.mark.parametrize(
    ("remaining", "left"), [(None, (ADA, EVE)), ((BOB, EVE), (EVE,)), ((EVE,), (EVE,))]
)
def test_a_row_that_waits_is_for_the_others(remaining, left):
    """Of those whom it was for still, in a document of this release."""
    row = row_to(ADA, BOB, EVE, remaining=remaining, document_version=0)

    found = without(row)

    assert (left, (ADA, "erased-1", EVE)) == (found.remaining, found.recipients)
    assert left == found.message().recipients
    assert (OutboxState.PENDING, START, DOCUMENT_VERSION, "") == (
        *(found.state, found.changed_at, found.document_version),
        found.subject,
    )


OPEN = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
BUSY = RecipientStatus(SendStatus.FAILED, retryable=True)


@pytest.mark.parametrize(
    ("statuses", "unsure_since", "remaining", "state"),
    [
        ({ADA: OPEN, BOB: OPEN, EVE: BUSY}, START, (EVE,), OutboxState.PENDING),
        ({ADA: SENT, BOB: OPEN, EVE: BUSY}, START, (EVE,), OutboxState.PENDING),
        ({ADA: OPEN, BOB: BUSY, EVE: OPEN}, START, (), OutboxState.UNKNOWN),
        ({ADA: SENT, BOB: OPEN, EVE: SENT}, START, (), OutboxState.UNKNOWN),
        # A person has it sent to whoever may have it.
        ({ADA: OPEN, BOB: OPEN, EVE: BUSY}, None, (ADA, EVE), OutboxState.PENDING),
    ],
)
def test_a_row_that_waits_to_be_repeated(statuses, unsure_since, remaining, state):
    """Is another message without the address: nobody gets it who may have the first."""
    row = row_to(ADA, BOB, EVE, statuses=RecipientStatuses(statuses), unsure_since=unsure_since)

    found = without(row)

    assert state is found.state
    if remaining:
        assert remaining == found.remaining == found.message().recipients


@pytest.mark.parametrize(
    ("fields", "statuses", "state"),
    [
        ({"remaining": (BOB,)}, {}, OutboxState.CANCELLED),
        ({"remaining": (BOB,)}, {ADA: SENT}, OutboxState.SENT),
        (
            {"remaining": (BOB,)},
            {ADA: RecipientStatus(SendStatus.UNKNOWN)},
            OutboxState.UNKNOWN,
        ),
        ({"document": "{"}, {}, OutboxState.CANCELLED),
    ],
)
def test_a_row_that_waits_for_nobody_else_is_called_off(fields, statuses, state):
    """Or whose document cannot be read: nothing of it is left."""
    found = without(row_to(ADA, BOB, statuses=RecipientStatuses(statuses), **fields))

    assert (state, LATER, None) == (found.state, found.changed_at, found.document)
    assert (ADA, "erased-1") == found.recipients


def test_a_batch_has_no_mail_for_those_who_get_copies_only():
    """It is called off with the last of those whom it was written to."""
    message = Message(
        from_email="me@example.com", to=[BOB], cc=[ADA], text="Hi", merge_data={BOB: {"n": "Bob"}}
    )

    found = without(new_row(message, now=START))

    assert (OutboxState.CANCELLED, None) == (found.state, found.document)


def receipt(recipient, kind=EventType.OPENED):
    """A receipt of an event."""
    return Receipt(
        row_id="",
        dedupe_key=recipient,
        event_type=kind,
        recipient=recipient.lower(),
        happened_at=START,
        provider="toy",
    )


def test_what_an_event_tells_of_a_row_without_an_address():
    """Nothing of whom it names, which is forgotten again; what others told counts."""
    row = row_to(ADA, BOB, state=OutboxState.UNKNOWN)
    row = without(replace(row, statuses=RecipientStatuses({ADA: OPEN, BOB: OPEN})))
    policy = OutboxPolicy()
    tell = partial(told, now=LATER, policy=policy)
    came = [receipt(ADA), receipt(BOB)]

    found = tell(row, came, recipient=BOB)
    assert (BOB, OutboxState.UNKNOWN) == (found.forgotten, found.row.state)
    assert [SendStatus.SENT, SendStatus.UNKNOWN] == [
        each.status for each in found.row.statuses.values()
    ]
    assert Revision(row=row, forgotten=BOB) == tell(row, came[1:], recipient=BOB)
    for recipient in ("", ADA.lower()):
        assert replace(found, forgotten="") == tell(row, came, recipient=recipient)
    alone = without(row_to(BOB, state=OutboxState.UNKNOWN, statuses=RecipientStatuses({BOB: OPEN})))
    known = tell(alone, came[1:], recipient=BOB)
    assert (OutboxState.SENT, LATER, BOB) == (
        *(known.row.state, known.row.changed_at),
        known.forgotten,
    )


def test_what_an_event_tells_of_other_rows():
    """As everywhere: whoever it names, the receipt stays."""
    row = row_to(BOB, state=OutboxState.UNKNOWN, statuses=RecipientStatuses({BOB: OPEN}))
    policy = OutboxPolicy()

    for each in (BOB, ADA):
        expected = resolved(row, [receipt(each)], now=LATER, policy=policy)
        assert expected == told(
            row, [receipt(each)], recipient=each.lower(), now=LATER, policy=policy
        )
    assert told(row, [receipt(ADA)], recipient=ADA.lower(), now=LATER, policy=policy) is None


def test_one_after_the_other():
    """Each has a name of its own."""
    row = row_to(ADA, BOB, EVE, state=OutboxState.FAILED)
    row = replace(row, statuses=RecipientStatuses({ADA: SENT, BOB: REFUSED, EVE: REFUSED}))

    found = without(without(without(row, EVE), ADA))

    assert ("erased-0", "erased-1", "erased-2") == found.recipients
    assert {"erased-0", "erased-1", "erased-2"} == set(found.statuses)
    assert SENT.status is found.statuses["erased-0"].status
