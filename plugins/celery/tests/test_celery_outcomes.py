"""What became of a message, as a value, as JSON and as a sentence."""

from __future__ import annotations

import json

import pytest

from mailcore import RecipientStatus, SendStatus, SerializationError
from mailcore.outbox import OutboxState
from mailcore.result import RecipientStatuses
from mailcore_celery import MailOutcome


WHOLE = MailOutcome(
    state=OutboxState.UNKNOWN,
    recipients=RecipientStatuses(
        {
            "ada@example.net": RecipientStatus(SendStatus.SENT, message_id="m-1"),
            "bob@example.org": RecipientStatus(
                SendStatus.UNKNOWN,
                code="E5",
                detail="lost",
                retryable=True,
                maybe_accepted=True,
            ),
        }
    ),
    provider="toy",
    message_ids=("m-1", "m-2"),
    attempts=2,
    error_category="timeout",
    error_code="E5",
    error_text="the answer was lost",
)


@pytest.mark.parametrize("outcome", [WHOLE, MailOutcome(state=OutboxState.CANCELLED)])
def test_an_outcome_survives_json(outcome):
    """All of it."""
    found = MailOutcome.from_dict(json.loads(json.dumps(outcome.to_dict())))

    assert outcome == found
    assert list(outcome.recipients.values()) == list(found.recipients.values())


BOB = {"status": "sent", "message_id": None, "code": "", "detail": "", "retryable": False}


@pytest.mark.parametrize(
    "document",
    [
        None,
        "sent",
        ["version", 1],
        {},
        {**WHOLE.to_dict(), "version": 2},
        {**WHOLE.to_dict(), "version": None},
        {**WHOLE.to_dict(), "state": "pending"},
        {**WHOLE.to_dict(), "state": "sending"},
        {**WHOLE.to_dict(), "state": "gone"},
        {**WHOLE.to_dict(), "attempts": "two"},
        {**WHOLE.to_dict(), "message_ids": None},
        {**WHOLE.to_dict(), "recipients": ["bob@example.org"]},
        {**WHOLE.to_dict(), "recipients": {"bob@example.org": "sent"}},
        {**WHOLE.to_dict(), "recipients": {"bob@example.org": BOB}},
        {
            **WHOLE.to_dict(),
            "recipients": {"bob@example.org": {**BOB, "maybe_accepted": False, "status": "gone"}},
        },
        {name: value for name, value in WHOLE.to_dict().items() if name != "error_text"},
    ],
)
def test_what_is_no_outcome(document):
    """Of a newer release, of a message whose course is not over, or damaged: one clear error."""
    with pytest.raises(SerializationError, match="outcome"):
        MailOutcome.from_dict(document)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": OutboxState.SENT}, "sent through toy, after 2 attempts"),
        ({"state": OutboxState.SENT, "attempts": 1}, "sent through toy, after 1 attempt"),
        ({"state": OutboxState.CANCELLED}, "called off, after 2 attempts"),
        ({"state": OutboxState.FAILED}, "not sent, after 2 attempts"),
        ({"state": OutboxState.FAILED, "error_text": "no"}, "not sent, after 2 attempts: no"),
        (
            {"state": OutboxState.UNKNOWN, "error_text": "lost"},
            "nobody knows whether it was sent, after 2 attempts: lost",
        ),
    ],
)
def test_an_outcome_as_a_sentence(fields, sentence):
    """For logs and consoles."""
    assert sentence == str(MailOutcome(**{"provider": "toy", "attempts": 2, **fields}))
