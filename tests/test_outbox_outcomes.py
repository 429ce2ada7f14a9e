"""What an outbox reads out of results, errors and receipts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from mailcore import (
    AuthenticationFailed,
    CancelSend,
    ConfigurationError,
    EventType,
    MessageRejected,
    NetworkError,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
    RecipientStatus,
    SendError,
    SendResult,
    SendStatus,
    SendTimeout,
    StoreError,
    UnsupportedFeature,
)
from mailcore.outbox import Receipt
from mailcore.outbox.evidence import ACCEPTED, is_unsure, told_by
from mailcore.outbox.outcomes import Cause, kept_text, plain_text, read_outcome
from mailcore.result import RecipientStatuses


ADA, BOB, EVE = "ada@example.net", "Bob@example.org", "eve@example.com"
SENT = RecipientStatus(SendStatus.SENT, message_id="id-1")
REFUSED = RecipientStatus(SendStatus.REJECTED, code="550", detail=f"no {ADA}")
SLOW = RateLimited("slow", provider="toy", code="429", retry_after_seconds=30)


def result_of(statuses, **fields) -> SendResult:
    """A result with these statuses."""
    return SendResult(provider="toy", recipients=RecipientStatuses(statuses), **fields)


def test_an_answer_that_is_not_complete():
    """Those whom it does not name may have been accepted; each is spelled as it was asked."""
    given = result_of({BOB.lower(): REFUSED, EVE: SENT}, message_ids=("id-1",))

    result, _ = read_outcome(given, [ADA, BOB])

    silent = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
    assert [ADA, BOB, EVE] == list(result.recipients)
    assert [silent, REFUSED, SENT] == [
        replace(status, detail="") if status.status is SendStatus.UNKNOWN else status
        for status in result.recipients.values()
    ]
    assert "does not say" in result.recipients[ADA].detail
    assert (given.provider, given.message_ids) == (result.provider, result.message_ids)


@pytest.mark.parametrize(
    ("status", "open_afterwards"),
    [
        (SENT, False),
        (REFUSED, False),
        (RecipientStatus(SendStatus.UNKNOWN), True),
        (RecipientStatus(SendStatus.FAILED, maybe_accepted=True), True),
        (RecipientStatus(SendStatus.QUEUED, maybe_accepted=True), False),
    ],
)
def test_what_may_have_been_accepted_says_so(status, open_afterwards):
    """In the statuses too, so that no later refusal takes its place."""
    result, _ = read_outcome(result_of({ADA: status}), [ADA])

    assert open_afterwards is is_unsure(status)
    assert (status.maybe_accepted or open_afterwards) is result.recipients[ADA].maybe_accepted


ERRORS = [
    pytest.param(
        MessageRejected(f"no {ADA}", provider="toy", code="X1"),
        Cause(category="message_rejected", code="X1", text="toy: no a***@example.net"),
        id="refused",
    ),
    pytest.param(
        SLOW,
        Cause(category="rate_limited", code="429", text="toy: slow", wait_seconds=30),
        id="refused for now",
    ),
    pytest.param(
        AuthenticationFailed("who", code="A"),
        Cause(category="authentication", code="A", text="who", is_patient=True),
        id="credentials",
    ),
    pytest.param(
        QuotaExceeded("full", retry_after_seconds=60),
        Cause(category="quota_exceeded", text="full", wait_seconds=60, is_patient=True),
        id="quota",
    ),
    pytest.param(
        ConfigurationError("no region"),
        Cause(category="configuration_error", text="no region", is_patient=True),
        id="settings",
    ),
    pytest.param(
        StoreError("away"), Cause(category="store_error", text="away", is_patient=True), id="store"
    ),
    pytest.param(CancelSend("no"), Cause(category="cancel_send", text="no"), id="called off"),
    pytest.param(
        RecipientsRefused("all", retry_after_seconds=5),
        Cause(category="recipients_refused", text="all", wait_seconds=5),
        id="all refused, nobody says who",
    ),
    pytest.param(
        SendError("x" * 2000, category="c" * 200, code="d" * 200),
        Cause(category="c" * 100, code="d" * 100, text="x" * 1000),
        id="cut",
    ),
]


@pytest.mark.parametrize(("error", "cause"), ERRORS)
def test_why_nobody_was_reached(error, cause):
    """In words without addresses, and whether somebody has to see to it."""
    result, found = read_outcome(error, [ADA, BOB])

    assert cause == found
    assert [ADA, BOB] == list(result.recipients)
    (status,) = set(result.recipients.values())
    assert SendStatus.FAILED is status.status
    assert (getattr(error, "code", "") or getattr(error, "category", "") or cause.category) == (
        status.code
    )
    assert (getattr(error, "provider", ""), getattr(error, "retryable", False)) == (
        *(result.provider, status.retryable),
    )


def test_errors_of_other_kinds_name_their_provider():
    """Those that have one."""
    result, cause = read_outcome(UnsupportedFeature("no tags", provider="toy"), [ADA])

    assert ("toy", "unsupported_feature") == (result.provider, cause.category)
    assert cause.text == result.recipients[ADA].detail


def test_a_lost_answer():
    """Of everybody nobody knows."""
    result, cause = read_outcome(SendTimeout("lost", maybe_accepted=True), [ADA])

    assert is_unsure(result.recipients[ADA])
    assert Cause(category="timeout", text="lost") == cause


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (result_of({ADA: SENT}), Cause()),
        # Of nobody is said that it was refused.
        (result_of({ADA: SENT, BOB: RecipientStatus(SendStatus.QUEUED)}, errors=(SLOW,)), Cause()),
        (
            result_of({ADA: SENT, BOB: REFUSED, EVE: RecipientStatus(SendStatus.FAILED)}),
            Cause(category="rejected", code="550", text="no a***@example.net"),
        ),
        (
            result_of(
                {ADA: SENT, BOB: REFUSED},
                errors=(
                    AuthenticationFailed("who", code="A", retry_after_seconds=5),
                    NetworkError("refused"),
                    SLOW,
                ),
            ),
            Cause(category="authentication", code="A", text="who", wait_seconds=30),
        ),
        (
            result_of({ADA: SENT, BOB: REFUSED}, errors=(NetworkError("refused"),)),
            Cause(category="network", text="refused"),
        ),
        (
            result_of(
                {BOB: RecipientStatus(SendStatus.INVALID, code="c" * 200, detail="d" * 2000)}
            ),
            Cause(category="invalid", code="c" * 100, text="d" * 1000),
        ),
    ],
)
def test_why_some_were_not_reached(result, cause):
    """The first error, or what is said of the first of them; the longest wait of all errors."""
    assert cause == read_outcome(result, list(result.recipients))[1]


@pytest.mark.parametrize(
    ("own", "errors", "wait"),
    [
        (None, (), 0),
        (7, (), 7),
        (None, (SLOW, NetworkError("refused")), 30),
        (7, (SLOW,), 7),
    ],
)
def test_all_were_refused_and_the_provider_says_who(own, errors, wait):
    """The statuses are those of the result; the wait is the error's own, or that of its causes."""
    error = RecipientsRefused(
        "all",
        result=result_of({ADA: REFUSED}, errors=errors),
        errors=errors,
        provider="toy",
        retry_after_seconds=own,
    )

    result, cause = read_outcome(error, [ADA, BOB])

    assert Cause(category="recipients_refused", text="toy: all", wait_seconds=wait) == cause
    assert REFUSED == result.recipients[ADA]
    assert is_unsure(result.recipients[BOB])


def test_texts_that_are_kept():
    """Without addresses, as long as they may be, and such as databases take."""
    assert "to a***@exam" == kept_text(f"to {ADA}", 12)
    assert f"to {ADA}"[:12] == plain_text(f"to {ADA}", 12)
    assert "a\ufffdb?" == plain_text("a\0b\ud800", 9)


def receipt(kind, recipient=ADA, message_id="id-1", **fields) -> Receipt:
    """A receipt of an event."""
    return Receipt(
        row_id="",
        dedupe_key="",
        event_type=kind,
        recipient=recipient.lower(),
        happened_at=datetime(2026, 11, 30, tzinfo=timezone.utc),
        provider="toy",
        message_id=message_id,
        **fields,
    )


TOOK = RecipientStatus(SendStatus.SENT, message_id="id-1")


@pytest.mark.parametrize(
    ("receipts", "expected"),
    [
        ([], {}),
        *(([receipt(kind)], {ADA: TOOK}) for kind in sorted(ACCEPTED)),
        (
            [receipt(EventType.REJECTED, reject_reason="spam", detail="no")],
            {ADA: RecipientStatus(SendStatus.REJECTED, "id-1", code="spam", detail="no")},
        ),
        ([receipt(EventType.FAILED)], {ADA: RecipientStatus(SendStatus.FAILED, "id-1")}),
        (
            [receipt(EventType.FAILED, message_id="")],
            {ADA: RecipientStatus(SendStatus.FAILED)},
        ),
        ([receipt(EventType.OPENED, message_id="")], {ADA: RecipientStatus(SendStatus.SENT)}),
        ([receipt(EventType.SUBSCRIBED), receipt(EventType.UNKNOWN)], {}),
        # What was accepted was accepted, whatever else is told.
        ([receipt(EventType.REJECTED), receipt(EventType.SENT)], {ADA: TOOK}),
        ([receipt(EventType.SENT), receipt(EventType.FAILED)], {ADA: TOOK}),
        ([receipt(EventType.SENT), receipt(EventType.OPENED, message_id="id-2")], {ADA: TOOK}),
        (
            [receipt(EventType.REJECTED), receipt(EventType.FAILED)],
            {ADA: RecipientStatus(SendStatus.REJECTED, "id-1")},
        ),
        # Others, and nobody.
        (
            [receipt(EventType.SENT, ""), receipt(EventType.SENT, BOB), receipt(EventType.SENT)],
            {BOB.lower(): TOOK, ADA: TOOK},
        ),
    ],
)
def test_what_receipts_tell(receipts, expected):
    """Of each address what the surest of them says, the first of those that are alike."""
    assert expected == told_by(receipts, [ADA, BOB])


@pytest.mark.parametrize(
    ("recipients", "expected"),
    [([BOB], {BOB.lower(): TOOK}), ([BOB, ADA], {}), ([], {})],
)
def test_a_receipt_that_names_nobody(recipients, expected):
    """Is about the only one that there is."""
    assert expected == told_by([receipt(EventType.SENT, "")], recipients)
