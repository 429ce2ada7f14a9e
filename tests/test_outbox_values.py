"""What goes into an outbox, what is taken out of it again, and figures of what happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from mailcore import (
    ConfigurationError,
    EventType,
    InvalidMessageType,
    Mailer,
    Message,
    MessageRejected,
    RecipientStatus,
    ResultStatus,
    SendStatus,
    SendTimeout,
    TrackingEvent,
)
from mailcore.outbox import (
    COUNTED,
    DIMENSIONS,
    DOCUMENT_VERSION,
    Happening,
    MemoryOutbox,
    NewerDocument,
    OutboxAttempt,
    OutboxEvents,
    OutboxFilter,
    OutboxPolicy,
    OutboxRow,
    OutboxState,
    OutboxWorker,
    Receipt,
    cancel,
    erase,
    figures,
    new_row,
    retry,
)
from mailcore.result import RecipientStatuses


NOW = datetime(2026, 11, 30, 23, 30, tzinfo=timezone.utc)
ADA, BOB = "ada@example.net", "bob@example.org"


def message(**fields):
    """A message to two people."""
    made = Message(from_email="me@example.com", to=[ADA, BOB], subject="Secret", text="Hi")
    return made.replace(**fields)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"key": ""}, "key must be"),
        ({"key": "x" * 201}, "of 201 characters"),
        ({"key": " a"}, "without spaces"),
        ({"key": "a\0b"}, "printable"),
        ({"key": 7}, "not int"),
        ({"priority": 101}, "from -100 to 100"),
        ({"priority": True}, "whole number"),
        ({"not_before": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001  # it is about that
        ({"not_before": 60}, "datetime or a timedelta"),
    ],
)
def test_arguments_that_are_wrong(arguments, told):
    """Each is named, with what is wanted."""
    with pytest.raises(ConfigurationError, match=told):
        new_row(message(), **arguments)


def test_what_is_no_message():
    """Is told when it is kept."""
    with pytest.raises(InvalidMessageType, match="not str"):
        new_row("Hi")


@pytest.mark.parametrize(
    "numbers",
    [
        {"attempts": 0},
        {"first_wait_seconds": -1},
        {"max_age_seconds": "1"},
        {"first_wait_seconds": 10, "longest_wait_seconds": 9},
    ],
)
def test_numbers_of_a_policy(numbers):
    """Are checked when it is made."""
    with pytest.raises(ConfigurationError):
        OutboxPolicy(**numbers)


def test_ids_grow():
    """From one microsecond to the next; each is a UUID of version 7."""
    ids = [new_row(message(), now=NOW + timedelta(microseconds=each)).id for each in range(50)]

    assert sorted(ids) == ids
    assert {"7"} == {each[12] for each in ids}
    assert {"8", "9", "a", "b"} >= {each[16] for each in ids}


def test_a_row_of_a_newer_release_is_not_read():
    """Whoever asks, with what to do."""
    columns = {**new_row(message()).to_columns(), "document_version": DOCUMENT_VERSION + 1}

    with pytest.raises(NewerDocument, match="run a worker of that release"):
        OutboxRow.from_columns(columns)


def test_an_address_is_erased_from_what_waits():
    """It is sent to the others; and called off if there are none."""
    outbox = MemoryOutbox()
    both = outbox.add(message())
    alone = outbox.add(message(to=[ADA]), key=f"for {ADA}")

    assert 2 == erase(outbox, "ADA@example.net").erased
    assert OutboxState.CANCELLED is outbox.get(alone.id).state
    mailer = Mailer("memory")
    assert 1 == OutboxWorker(outbox, mailer).run_once().sent

    assert [(BOB,)] == [each.recipients for each in mailer.provider.outbox]
    assert [BOB] == list(outbox.get(both.id).statuses)
    assert not any(ADA in repr(vars(outbox.get(row.id))) for row in (both, alone))
    assert [] == list(outbox.find(OutboxFilter(address=ADA), limit=9))


def test_what_was_erased_is_not_sent_to_again():
    """By a person who has the others sent to again: they are all there is to know of."""
    outbox = MemoryOutbox()
    row = outbox.add(message())
    erase(outbox, ADA)
    outcomes = [MessageRejected("no")]

    def middleware(message, send):
        if outcomes:
            raise outcomes.pop()
        return (yield from send(message))

    worker = OutboxWorker(outbox, Mailer("memory", middleware=[middleware]))
    assert 1 == worker.run_once().failed
    assert (BOB,) == retry(outbox, row.id).remaining
    assert 1 == worker.run_once().sent
    assert [BOB] == list(outbox.get(row.id).statuses)


@pytest.mark.parametrize(
    ("addresses", "kept"), [([ADA, BOB], ["", BOB]), ([ADA], [""]), ([BOB], [ADA, BOB])]
)
def test_events_do_not_bring_back_who_was_erased(addresses, kept):
    """Their receipts are there, without the address; of others they have it."""
    outbox = MemoryOutbox(now=lambda: NOW)
    row = outbox.add(message(to=addresses))
    lost = SendTimeout("lost", maybe_accepted=True)
    mailer = Mailer("memory", middleware=[raising(lost)])
    OutboxWorker(outbox, mailer, now=lambda: NOW).run_once()
    erase(outbox, ADA)
    handle = OutboxEvents(outbox, now=lambda: NOW)
    for each in dict.fromkeys([ADA, *addresses]):
        handle(
            TrackingEvent(
                provider="memory",
                event_type=EventType.OPENED,
                recipient=each.upper(),
                metadata={"mailcore_outbox_id": row.id},
                timestamp=NOW,
            )
        )

    found = outbox.get(row.id)
    assert kept == sorted(each.recipient for each in outbox.receipts(row.id))
    assert ADA not in repr(vars(found))
    # What came of the message that went to one person alone is known all the same.
    assert (len(addresses) == 1) == (found.state is OutboxState.SENT)


def raising(error):
    """Middleware that raises it."""

    def middleware(message, send):
        raise error
        yield

    return middleware


def test_nobody_is_left_to_send_to_again():
    """Those who do not have it were erased."""
    unsure = {
        "erased-0": RecipientStatus(SendStatus.UNKNOWN),
        BOB: RecipientStatus(SendStatus.SENT),
    }
    row = replace(new_row(message()), state=OutboxState.UNKNOWN, recipients=("erased-0", BOB))
    outbox = MemoryOutbox()
    outbox.put(replace(row, statuses=RecipientStatuses(unsure)))

    assert retry(outbox, row.id) is None


def test_what_is_being_sent_is_erased_later():
    """The caller is told that it is still there."""
    outbox = MemoryOutbox()
    outbox.add(message())
    now = datetime.now(timezone.utc)
    outbox.claim("w", limit=1, now=now, until=now + timedelta(minutes=1))

    found = erase(outbox, ADA)
    assert (0, 1) == (found.erased, found.being_sent)


def test_people_and_rows():
    """What can be called off or sent again is, and None says that it cannot."""
    outbox = MemoryOutbox()
    row = outbox.add(message())

    assert retry(outbox, row.id) is None
    assert OutboxState.CANCELLED is cancel(outbox, row.id).state
    assert cancel(outbox, row.id) is None
    assert OutboxState.PENDING is retry(outbox, row.id).state
    assert retry(outbox, "0" * 32) is None


def happening(row_id: str, kind: EventType, *, hours: int = 0, recipient: str = ADA, **fields):
    """Something that happened."""
    given = {"provider": "toy", "tags": ("news", "may"), **fields}
    when = NOW + timedelta(hours=hours)
    return Happening(row_id=row_id, event_type=kind, happened_at=when, recipient=recipient, **given)


def test_figures_are_sorted_and_complete():
    """By day, provider, tag and domain; each counts all kinds of things, none but these."""
    found = [
        happening("6", EventType.AUTORESPONDED, tags=("c",)),
        happening("1", EventType.OPENED, hours=1, tags=("b",)),
        happening("2", EventType.OPENED, tags=("b",), recipient='"b@"@example.org'),
        happening("2", EventType.OPENED, hours=1, tags=("b",), recipient='"b@"@example.org'),
        happening("3", EventType.CLICKED, tags=("b",), recipient="eve@example.com"),
        happening("3", EventType.CLICKED, tags=("b",), recipient="eve@example.com"),
        happening("4", EventType.SENT, tags=("a",), provider="zoo", recipient=""),
        happening("5", EventType.SENT, tags=("a",), recipient=BOB),
    ]

    counted = figures(found, by=DIMENSIONS)

    first, second = date(2026, 11, 30), date(2026, 12, 1)
    assert [
        (first, "toy", "a", "example.org", {EventType.SENT: 1}),
        (first, "toy", "b", "example.com", {EventType.CLICKED: 1}),
        (first, "toy", "b", "example.org", {EventType.OPENED: 1}),
        (first, "zoo", "a", "", {EventType.SENT: 1}),
        (second, "toy", "b", "example.net", {EventType.OPENED: 1}),
    ] == [
        (
            *(each.day, each.provider, each.tag, each.domain),
            {kind: count for kind, count in each.counts.items() if count},
        )
        for each in counted
    ]
    assert {COUNTED} == {tuple(each.counts) for each in counted}
    assert [(first, "toy"), (first, "zoo"), (second, "toy")] == [
        (each.day, each.provider) for each in figures(found)
    ]
    (whole,) = figures(found, by=())
    assert (None, None, None, None, 2) == (
        *(whole.day, whole.provider, whole.tag, whole.domain),
        whole.counts[EventType.OPENED],
    )


def test_rows_attempts_and_receipts_survive_their_columns():
    """Whatever they hold; of other columns nothing is read."""
    attempt = OutboxAttempt(
        row_id="1",
        number=2,
        worker_id="w",
        provider="toy",
        began_at=NOW,
        ended_at=None,
        status=ResultStatus.SOME_ACCEPTED,
        message_ids=("id-1", "ä"),
        error_category="failed",
        error_code="E5",
        error_text="no",
    )
    receipt = Receipt(
        row_id="1",
        dedupe_key="d",
        event_type=EventType.BOUNCED,
        recipient=ADA,
        happened_at=NOW,
        provider="toy",
        message_id="id-1",
        bounce_class="hard",
        reject_reason="spam",
        detail="no",
    )

    for value in (new_row(message(), now=NOW), attempt, receipt):
        columns = value.to_columns()
        assert list(vars(value)) == list(columns)
        assert value == type(value).from_columns({**columns, "another": 1})
        assert {str, int, datetime, type(None)} >= set(map(type, columns.values()))
        with pytest.raises(KeyError):
            type(value).from_columns(dict(list(columns.items())[1:]))


def test_figures():
    """Each mail to each recipient counts once, on the day on which it happened first."""
    found = [
        happening("1", EventType.OPENED, hours=1),
        happening("1", EventType.OPENED),
        happening("1", EventType.OPENED, recipient=BOB),
        happening("2", EventType.OPENED, hours=1, tags=()),
        happening("2", EventType.SENT, provider="other"),
        happening("2", EventType.QUEUED),
    ]

    def counted(**how):
        return [
            (each.day, each.provider, each.tag, each.domain, each.counts[EventType.OPENED])
            for each in figures(found, **how)
        ]

    first, second = date(2026, 11, 30), date(2026, 12, 1)
    assert [(first, None, None, None, 2), (second, None, None, None, 1)] == counted(by=["day"])
    assert [(None, "other", None, None, 0), (None, "toy", None, None, 3)] == counted(
        by=["provider"]
    )
    assert [("", 1), ("may", 2), ("news", 2)] == [
        (each[2], each[4]) for each in counted(by=["tag"])
    ]
    assert [("example.net", 2), ("example.org", 1)] == [
        (each[3], each[4]) for each in counted(by=["domain"])
    ]
    ahead = timezone(timedelta(hours=1))
    assert [second] == [each[0] for each in counted(by=["day"], zone=ahead)]
    with pytest.raises(ConfigurationError, match="not hour"):
        figures(found, by=["hour"])
