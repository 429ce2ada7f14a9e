"""Statements in small portions, rows that nobody can read, and bounds: on SQLite."""

from __future__ import annotations

import time

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from sqlalchemy import event, select, update

from mailcore import EventType, Message, RecipientStatus, SendStatus, StoreError
from mailcore.outbox import OutboxFilter, OutboxState, Receipt, Revision, new_row
from mailcore.outbox.rows import OutboxAttempt
from mailcore.result import RecipientStatuses, ResultStatus
from mailcore.stores import SuppressionEntry
from mailcore.testing import VirtualClock
from mailcore_outbox import finding, suppressions, writing
from mailcore_outbox.idempotency import SqlIdempotencyStore
from mailcore_outbox.seen import SqlSeenStore
from mailcore_outbox.suppressions import SqlSuppressionStore
from mailcore_outbox.writing import Writer


START = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
LEASE = timedelta(minutes=1)
SENDING, FAILED, SENT = OutboxState.SENDING, OutboxState.FAILED, OutboxState.SENT
MESSAGE = Message(from_email="me@example.com", to=["ada@example.net"], text="Hi", tags=["a"])


@pytest.fixture
def far_east(monkeypatch):
    """A machine that is ahead of UTC by some hours."""
    monkeypatch.setenv("TZ", "XXX-5:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Two ids stand in a statement, and three rows in a page."""
    monkeypatch.setattr(writing, "AT_ONCE", 2)
    monkeypatch.setattr(finding, "_PAGE", 3)


def row_of(number=0, **fields):
    """A row; its id has the order of the numbers."""
    row = new_row(MESSAGE, now=START + timedelta(microseconds=number))
    return replace(row, due_at=START, changed_at=START, **fields)


def put(outbox, *rows):
    """Keep rows as they are; they are returned."""

    def work(connection):
        writer = Writer(outbox.tables)
        for row in rows:
            writer.add(row, connection)
        writer.write_beside([Revision(row=row) for row in rows], connection)

    outbox._database.write("the outbox", work)
    return list(rows)


def ids_of(rows):
    """Their ids."""
    return [row.id for row in rows]


def advance(outbox, worker="w", *, conclusions=(), begin=()):
    """Some sends end, others begin."""
    return outbox.store.advance(
        worker,
        conclusions=conclusions,
        begin=begin,
        provider="toy",
        now=START,
        until=START + LEASE,
    )


@pytest.mark.parametrize("database", ["SQLite", "others"])
def test_more_than_go_into_one_statement(outbox, database):
    """Of each portion those that may: rows, documents and what stands beside them."""
    if database == "others":
        outbox.store._own = None
    rows = put(outbox, *(row_of(number) for number in range(7)))
    claimed = outbox.store.claim("w", limit=6, now=START, until=START + LEASE)
    assert ids_of(rows[:6]) == ids_of(claimed)
    assert {rows[0].document} == {row.document for row in claimed}
    assert frozenset(ids_of(rows[:1])) == advance(outbox, begin=ids_of(rows[:1])).begun
    # Begun before, and not claimed.
    begun = advance(outbox, begin=ids_of(rows)).begun
    assert frozenset(ids_of(rows[1:6])) == begun
    assert [1] * 6 + [0] == [outbox.store.get(row.id).attempts for row in rows]

    under_way = [outbox.store.get(row.id) for row in rows[:6]]
    ends = [
        Revision(
            row=replace(row, state=SENT, claimed_until=None, document=None, message_ids=(row.id,)),
            attempt=OutboxAttempt(
                row_id=row.id,
                number=1,
                worker_id="w",
                provider="toy",
                began_at=START,
                ended_at=START,
                status=ResultStatus.ALL_ACCEPTED,
                message_ids=(f"another-{row.id}",),
            ),
        )
        for row in under_way
    ]
    # An attempt of that number is there, and is replaced.
    lost = replace(ends[0].attempt, ended_at=None, status=ResultStatus.UNKNOWN, error_text="lost")
    outbox.store.revise(rows[0].id, lambda row, _: Revision(row=row, attempt=lost))
    other = replace(ends[5], row=replace(ends[5].row, attempts=2))
    assert frozenset(ids_of(rows[:5])) == advance(outbox, conclusions=[*ends[:5], other]).concluded
    for row, end in zip(rows[:5], ends, strict=False):
        assert end.row == outbox.store.get(row.id)
        assert [end.attempt] == list(outbox.store.attempts(row.id))
        for message_id in (row.id, f"another-{row.id}"):
            located = outbox.store.locate(row_id="", provider="toy", message_id=message_id)
            assert row.id == located
    assert under_way[5] == outbox.store.get(rows[5].id)

    assert 1 == outbox.store.release("w", row_ids=ids_of(rows), now=START)
    done = {"before": START + LEASE, "states": list(OutboxState), "limit": 9}
    assert 0 == outbox.store.prune_bodies(**done)
    assert 5 == outbox.store.prune(**done)
    assert [None] * 5 == [outbox.store.get(row.id) for row in rows[:5]]
    assert [rows[5].document, rows[6].document] == [
        outbox.store.get(row.id).document for row in rows[5:]
    ]


def test_what_stands_for_a_text_in_an_index():
    """Sixteen octets, of every text that there is."""
    digests = {writing.digest_of(each) for each in ("", "a", "A", "\ud800", "ä" * 999)}

    assert [16] * 5 == [len(each) for each in digests]


def test_no_value_is_given_twice(database, monkeypatch):
    """Each portion begins where the one before it ends."""
    assert [[0, 1], [2, 3], [4]] == [list(each) for each in writing.some_of(range(5))]

    monkeypatch.setattr(suppressions, "_AT_ONCE", 2)
    given = []

    def look(_connection, _cursor, statement, values, *_):
        if statement.startswith("INSERT"):
            given.append([bytes(each[0]) for each in values])

    event.listen(database[0].engine, "before_cursor_execute", look)
    SqlSuppressionStore(*database).add(
        SuppressionEntry(email_address=f"{number}@example.net", reason="BOUNCE")
        for number in range(6)
    )
    digests = {digest for some in given for digest in some}
    assert [2, 2, 2] == [len(some) for some in given]
    assert (6, {16}) == (len(digests), {len(digest) for digest in digests})


def test_portions_of_one(outbox, monkeypatch):
    """One after the other."""
    monkeypatch.setattr(writing, "AT_ONCE", 1)
    outbox.store._own = None
    rows = put(outbox, *(row_of(number) for number in range(3)))
    outbox.store.claim("w", limit=2, now=START, until=START + LEASE)

    assert frozenset(ids_of(rows[:2])) == advance(outbox, begin=ids_of(rows)).begun
    ends = [
        Revision(row=replace(outbox.store.get(row.id), state=FAILED, claimed_until=None))
        for row in rows[:2]
    ]
    # Of another attempt, of another worker's claims, and of what has not begun: nothing is written.
    other = replace(ends[0], row=replace(ends[0].row, attempts=2))
    assert not advance(outbox, conclusions=[other]).concluded
    assert not advance(outbox, "v", conclusions=ends).concluded
    (held,) = outbox.store.claim("w", limit=1, now=START, until=START + LEASE)
    assert not advance(outbox, conclusions=[Revision(row=replace(held, state=FAILED))]).concluded
    assert held == outbox.store.get(held.id)
    assert frozenset(ids_of(rows[:2])) == advance(outbox, conclusions=ends).concluded
    assert [end.row for end in ends] == [outbox.store.get(row.id) for row in rows[:2]]


@pytest.mark.usefixtures("far_east")
def test_times_are_kept_in_one_form(outbox, engine):
    """Whoever writes them, where, and of whatever zone they are: they are compared as texts."""
    (row,) = put(outbox, row_of())
    outbox.store.claim("w", limit=1, now=START, until=START + LEASE)
    advance(outbox, begin=[row.id])
    zone = timezone(timedelta(hours=5, minutes=30))
    ended = replace(
        outbox.store.get(row.id),
        state=OutboxState.PENDING,
        due_at=(START + LEASE).astimezone(zone),
        changed_at=START.astimezone(zone),
    )
    advance(outbox, conclusions=[Revision(row=ended)])
    with engine.connect() as connection:
        (found,) = connection.exec_driver_sql(
            "SELECT created_at, due_at, changed_at, began_at FROM mailcore_outbox"
        )

    begun = "2026-11-30 12:00:00.000000"
    assert (begun, "2026-11-30 12:01:00.000000", begun, begun) == tuple(found)
    assert ended == outbox.store.get(row.id)


def test_bodies_in_portions(outbox):
    """Those of the rows that are asked for, the oldest first."""
    rows = [row_of(number, state=FAILED) for number in range(5)]
    put(outbox, *reversed(rows))
    args = {"before": START + LEASE, "states": [FAILED]}

    assert 3 == outbox.store.prune_bodies(**args, limit=3)
    assert [None] * 3 + [rows[0].document] * 2 == [
        outbox.store.get(row.id).document for row in rows
    ]
    assert 0 == outbox.store.prune(before=START, states=[FAILED], limit=9)


def test_what_happened_is_read_when_it_is_come_to(outbox):
    """A page at a time: what is gone by then is not told of."""
    statuses = RecipientStatuses({"ada@example.net": RecipientStatus(SendStatus.SENT)})
    rows = put(outbox, *(row_of(number, state=SENT, statuses=statuses) for number in range(5)))
    happenings = outbox.store.happenings(since=START, until=START + LEASE)
    found = [next(happenings).row_id]
    assert 5 == outbox.store.prune(before=START + LEASE, states=[SENT], limit=9)
    found += [each.row_id for each in happenings]

    assert ids_of(rows[:3]) == found


def test_a_database_that_cannot_be_used(outbox, engine, tmp_path):
    """While somebody counts what happened."""
    happenings = outbox.store.happenings(since=START, until=START + LEASE)
    engine.dispose()
    for file in tmp_path.glob("mail.db*"):
        file.write_bytes(b"no database" * 100)

    with pytest.raises(StoreError, match="the database of the outbox cannot be used"):
        next(happenings)


def receipt(row, name, **fields):
    """Something that was reported of a row."""
    given = {"event_type": EventType.OPENED, "happened_at": START, "provider": "toy", **fields}
    return Receipt(row_id=row.id, dedupe_key=name.rjust(32, "0"), **given)


def test_what_happened_page_by_page(outbox):
    """Each once, though many happened at one moment."""
    statuses = RecipientStatuses(
        {
            "Ada@example.net": RecipientStatus(SendStatus.SENT),
            "bob@example.org": RecipientStatus(SendStatus.FAILED),
        }
    )
    rows = put(
        outbox,
        *(row_of(number, state=SENT, statuses=statuses, provider="p") for number in range(5)),
    )
    # Somebody has it, and of others nobody knows.
    put(outbox, row_of(9, state=OutboxState.UNKNOWN, statuses=statuses, provider="p"))
    for row in rows[:3]:
        for name in ("a", "b"):
            outbox.store.receive(row.id, receipt(row, name, recipient="eve@e.example"), no_revision)

    found = list(outbox.store.happenings(since=START, until=START + LEASE))

    expected = [(row.id, EventType.SENT, "ada@example.net", "p") for row in rows]
    expected += [(row.id, EventType.OPENED, "eve@e.example", "toy") for row in rows[:3]] * 2
    assert sorted(expected) == sorted(
        (each.row_id, each.event_type, each.recipient, each.provider) for each in found
    )
    assert {(START, ("a",))} == {(each.happened_at, each.tags) for each in found}


def test_receipts_in_the_order_of_what_happened(outbox, engine):
    """Whatever order they came in; at one moment, that of their keys."""
    without_an_order_of_its_own(engine)
    (row,) = put(outbox, row_of())
    later = receipt(row, "a", happened_at=START + LEASE)
    earlier = [receipt(row, name) for name in ("b", "c", "d")]
    for each in (later, *earlier):
        outbox.store.receive(row.id, each, no_revision)

    assert [*earlier, later] == list(outbox.store.receipts(row.id))


def no_revision(row, receipts):
    """Nothing is to be written."""


def without_an_order_of_its_own(engine):
    """Have SQLite give what it is told no order of the other way round."""
    event.listen(
        engine, "begin", lambda it: it.exec_driver_sql("PRAGMA reverse_unordered_selects = ON")
    )


@pytest.mark.parametrize(
    "values", [{"statuses": "{"}, {"recipients": "5"}, {"tags": "[["}, {"statuses": '{"a": 1}'}]
)
def test_a_row_that_cannot_be_read(outbox, engine, values, caplog):
    """It fails when it is claimed, with a reason, and does not stand in the way of others."""
    broken, fine = put(outbox, row_of(0), row_of(1))
    table = outbox.tables.rows
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == broken.id).values(values))

    claimed = outbox.store.claim("w", limit=9, now=START + LEASE, until=START + 2 * LEASE)

    assert [fine.id] == ids_of(claimed)
    with engine.connect() as connection:
        found = connection.execute(select(table).where(table.c.id == broken.id)).one()
        other = connection.execute(select(table).where(table.c.id == fine.id)).one()
    assert ("failed", "", None, "unreadable") == (
        *(found.state, found.claimed_by, found.claimed_until, found.error_category),
    )
    assert f"the row {broken.id} of the outbox has values" in found.error_text
    assert (START + LEASE, "sending", "") == (found.changed_at, other.state, other.error_text)
    assert "it is FAILED, and is not sent" in caplog.text


def test_rows_in_the_order_of_their_ids(outbox, engine):
    """Whatever order a database has without being told."""
    without_an_order_of_its_own(engine)
    rows = put(outbox, *(row_of(number) for number in range(4)))

    assert ids_of(rows[:3]) == ids_of(outbox.store.find(OutboxFilter(), limit=3))
    found = outbox.store.find(OutboxFilter(), limit=9, after=rows[1].id)
    assert ids_of(rows[2:]) == ids_of(found)


def attempt(row, number, **fields):
    """An attempt that is over."""
    given = {"provider": "toy", "began_at": START, "ended_at": START, **fields}
    status = ResultStatus.ALL_ACCEPTED
    return OutboxAttempt(row_id=row.id, number=number, worker_id="w", status=status, **given)


def test_attempts_in_the_order_of_their_numbers(outbox, engine):
    """Whatever order a database has without being told."""
    without_an_order_of_its_own(engine)
    (row,) = put(outbox, row_of())
    attempts = [attempt(row, number) for number in (1, 2, 3)]
    for each in attempts:
        outbox.store.revise(row.id, lambda found, _, each=each: Revision(row=found, attempt=each))

    assert attempts == list(outbox.store.attempts(row.id))


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("attempts", {"status": "odd"}),
        ("attempts", {"message_ids": "["}),
        ("receipts", {"event_type": "odd"}),
    ],
)
def test_what_stands_beside_a_row_and_cannot_be_read(outbox, engine, table, values):
    """Which row it is about is told."""
    row, _ = put(outbox, row_of(0), row_of(1))
    outbox.store.receive(row.id, receipt(row, "a"), no_revision)
    outbox.store.revise(row.id, lambda found, _: Revision(row=found, attempt=attempt(row, 1)))
    with engine.begin() as connection:
        connection.execute(update(getattr(outbox.tables, table)).values(values))

    with pytest.raises(StoreError, match=f"the row {row.id} of the outbox has values"):
        getattr(outbox.store, table)(row.id)


def test_claims_stop_at_their_limit(outbox):
    """Over several priorities; those that are lower are for the next claim."""
    rows = [row_of(number, priority=number // 2) for number in range(6)]
    put(outbox, *reversed(rows))
    claim = {"now": START, "until": START + LEASE}

    assert ids_of([*rows[4:], rows[2]]) == ids_of(outbox.store.claim("w", limit=3, **claim))
    assert ids_of([rows[3], *rows[:2]]) == ids_of(outbox.store.claim("w", limit=9, **claim))


def test_when_something_is_due_next(outbox, engine):
    """The soonest of all priorities and of all claims."""
    without_an_order_of_its_own(engine)
    rows = [
        row_of(0, priority=5),
        replace(row_of(1), due_at=START - LEASE),
        replace(row_of(2), due_at=START),
        replace(row_of(3, state=SENDING), claimed_until=START - 2 * LEASE),
        replace(row_of(4, state=SENDING), claimed_until=START),
        replace(row_of(5, state=SENDING), claimed_until=None),
        replace(row_of(6, state=SENT), claimed_until=START - 9 * LEASE),
    ]
    put(outbox, *rows[:3])
    assert START - LEASE == outbox.store.next_due_at()
    put(outbox, *rows[3:])
    assert START - 2 * LEASE == outbox.store.next_due_at()


def test_claims_that_have_run_out(outbox):
    """Of those that ended at one moment by their ids; claims of what is over are none."""
    rows = [row_of(number, state=SENDING, claimed_until=START) for number in range(4)]
    over = row_of(9, state=SENT, claimed_until=START)
    put(outbox, over, *reversed(rows))

    expired = outbox.store.expired(now=START + LEASE, limit=9)
    assert ids_of(rows) == list(expired)


def test_an_event_is_about_the_newest_row_of_its_provider(outbox):
    """Of several with one id of a message; or else about the newest of another's."""
    rows = put(
        outbox,
        row_of(0, provider="toy", message_ids=("m",)),
        row_of(1, provider="toy", message_ids=("m",)),
        row_of(2, provider="other", message_ids=("m",)),
    )

    for provider, number in (("toy", 1), ("other", 2), ("third", 2)):
        found = outbox.store.locate(row_id="", provider=provider, message_id="m")
        assert rows[number].id == found
    assert outbox.store.locate(row_id=f"{rows[0].id} ", provider="toy", message_id="") is None


def test_counts_are_of_this_release(outbox):
    """What a newer one has kept is told apart, where it is not over."""
    put(
        outbox,
        row_of(0, document_version=2),
        row_of(1, document_version=2, state=SENDING, claimed_until=START - LEASE),
        row_of(2, document_version=2, state=SENT),
        row_of(3, state=SENDING, claimed_until=START - LEASE),
        row_of(4, state=SENT, claimed_until=START - LEASE),
    )
    counts = outbox.store.counts(now=START)

    assert (1, 2, 1) == (counts.due, counts.newer, counts.expired)


def test_suppressed_addresses_page_by_page(database, monkeypatch):
    """In order of address, scope and reason, each once, wherever a page ends."""
    monkeypatch.setattr(suppressions, "_PAGE", 4)
    monkeypatch.setattr(suppressions, "_AT_ONCE", 2)
    store = SqlSuppressionStore(*database)
    places = [
        (address, scope, reason)
        for address in ("ada@example.net", "bob@example.org")
        for scope in ("letters", "news", "offers")
        for reason in ("bounce", "complaint", "unsubscribe")
    ]
    store.add(
        SuppressionEntry(email_address=address, scope=scope, reason=reason.upper())
        for address, scope, reason in reversed(places)
    )

    assert places == [
        (each.email_address, each.scope, str(each.reason).lower()) for each in store.entries()
    ]
    assert places[:9] == [
        (each.email_address, each.scope, str(each.reason).lower())
        for each in store.entries(containing="ADA")
    ]
    keys = ["ada@example.net", "nobody@example.net", "bob@example.org"]
    assert places == sorted(
        (each.email_address, each.scope, str(each.reason).lower()) for each in store.find(keys)
    )


def test_each_page_is_read_when_it_is_come_to(database, monkeypatch):
    """What is gone by then is not told of."""
    monkeypatch.setattr(suppressions, "_PAGE", 2)
    store = SqlSuppressionStore(*database)
    addresses = [f"{number}@example.net" for number in range(6)]
    store.add(SuppressionEntry(email_address=each, reason="BOUNCE") for each in addresses)
    entries = store.entries()
    found = [next(entries).email_address]
    for gone in addresses[1:4]:
        assert 1 == store.remove(gone)
    found += [each.email_address for each in entries]

    assert [*addresses[:2], *addresses[4:]] == found


def test_keys_end_with_their_life(database):
    """At that very moment they are as if they had never been there."""
    clock = VirtualClock(now=1_000_000.0)
    store = SqlIdempotencyStore(*database, now=clock)
    assert store.claim("a", "one", 30) is None
    assert store.claim("b", "one", 31) is None
    clock.sleep(29)
    assert "one" == store.claim("a", "two", 30)
    assert store.replace("a", "one", "three")
    clock.sleep(1)

    assert not store.replace("a", "three", "four")
    assert not store.release("a", "three")
    assert not store.forget("a")
    assert 1 == store.prune()
    assert store.claim("a", "five", 30) is None
    assert "one" == store.claim("b", "two", 30)
    assert "five" == store.claim("a", "six", 30)


def test_a_key_that_ended_is_claimed_anew(database):
    """With a life of its own."""
    clock = VirtualClock(now=1_000_000.0)
    store = SqlIdempotencyStore(*database, now=clock)
    store.claim("a", "one", 30)
    clock.sleep(30)
    assert store.claim("a", "two", 50) is None
    clock.sleep(49)

    assert "two" == store.claim("a", "three", 1)
    assert store.release("a", "two")
    assert not store.release("a", "two")


def test_a_key_that_lives_beside_one_that_has_ended(database):
    """It is taken, whatever became of the other."""
    clock = VirtualClock(now=1_000_000.0)
    store = SqlIdempotencyStore(*database, now=clock)
    store.claim("a", "one", 100)
    store.claim("b", "one", 1)
    clock.sleep(2)

    assert "one" == store.claim("a", "two", 100)
    assert store.claim("b", "two", 100) is None


def test_keys_are_forgotten_once_a_minute(database):
    """When another one comes."""
    clock = VirtualClock(now=1_000_000.0)
    store = SqlIdempotencyStore(*database, now=clock)
    store.claim("a", "one", 1)
    clock.sleep(60)
    store.claim("b", "one", 1)
    assert 1 == store.prune()
    store.claim("c", "one", 0.5)
    clock.sleep(0.5)
    store.claim("d", "one", 9)
    assert 0 == store.prune()


def test_events_are_remembered_to_the_end_of_their_time(database):
    """And marking one again begins it anew."""
    clock = VirtualClock(now=1_000_000.0)
    assert 0.5 == SqlSeenStore(*database, max_age_seconds=0.5)._max_age_seconds
    store = SqlSeenStore(*database, max_age_seconds=100, now=clock)
    store.mark("a")
    store.mark("b")
    clock.sleep(0.5)
    store.mark("b")
    clock.sleep(99.5)
    assert (True, 0) == (store.seen("a"), store.prune())
    clock.sleep(0.25)
    assert (False, True, False) == (store.seen("a"), store.seen("b"), store.seen("c"))
    assert 1 == store.prune()
