"""What a run of a worker does turn by turn, and how long it waits; no thread, no time passes."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from mailcore import (
    EventType,
    Message,
    MessageRejected,
    NetworkError,
    RateLimited,
    RecipientStatus,
    SendResult,
    SendStatus,
    SendTimeout,
    StoreError,
)
from mailcore.outbox import MemoryOutbox, NewerDocument, OutboxPolicy, OutboxState, Receipt, Worked
from mailcore.outbox.machine import Rules
from mailcore.outbox.working import Manner, Run
from mailcore.result import RecipientStatuses


START = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
LEASE = timedelta(seconds=60)
RULES = Rules(policy=OutboxPolicy(jitter=lambda: 1.0), provider="toy")
ADA = "ada@example.net"
OK = SendResult(
    provider="toy", recipients=RecipientStatuses({ADA: RecipientStatus(SendStatus.SENT)})
)
LOST = SendTimeout("lost", maybe_accepted=True)
PENDING, SENT, UNKNOWN = OutboxState.PENDING, OutboxState.SENT, OutboxState.UNKNOWN


class Time:
    """A time that passes while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


class Crew:
    """What sends: each wait ends one call with the next outcome, if there is one."""

    def __init__(self, time: Time, size: int, outcomes, most_waits: int) -> None:
        self._time, self._size, self._most_waits = time, size, most_waits
        self.outcomes = deque(outcomes)
        self.under_way_calls = deque()
        self.calls: list[int] = []
        self.waits: list[float] = []

    @property
    def is_over(self) -> bool:
        return len(self.waits) >= self._most_waits

    @property
    def under_way(self) -> int:
        return len(self.under_way_calls)

    @property
    def idle(self) -> int:
        return self._size - self.under_way

    def begin(self, rows) -> None:
        self.under_way_calls.append(rows)
        self.calls.append(len(rows))

    def ended(self, wait_seconds):
        self.waits.append(wait_seconds)
        assert len(self.waits) < 300, "it does not end"
        self._time.seconds += wait_seconds
        if not self.under_way_calls or not self.outcomes:
            return []
        outcome = self.outcomes.popleft()
        return [] if outcome is None else [(row, outcome) for row in self.under_way_calls.popleft()]


class Store:
    """A store that counts its calls, and fails in those that are named."""

    def __init__(self, store: MemoryOutbox) -> None:
        self.store = store
        self.fails: dict[str, list[BaseException | None]] = {}
        self.calls: list[str] = []

    def __getattr__(self, name):
        def call(*args, **kwargs):
            self.calls.append(name)
            error = self.fails[name].pop(0) if self.fails.get(name) else None
            if error is not None:
                raise error
            return getattr(self.store, name)(*args, **kwargs)

        return call


@pytest.fixture
def time(monkeypatch):
    """The time of a run; of random numbers the largest comes."""
    time = Time()
    monkeypatch.setattr("mailcore.outbox.working.time", time)
    chance = SimpleNamespace(random=lambda: 1.0, uniform=lambda least, most: (least, most)[1])
    monkeypatch.setattr("mailcore.outbox.working.random", chance)
    return time


@pytest.fixture
def store(time):
    """An outbox with nothing in it."""
    return Store(MemoryOutbox(now=time.now))


def add(store, number=1, **fields):
    """Put messages to one person into the outbox; their ids."""
    message = Message(from_email="me@example.com", to=[ADA], text="Hi")
    return [store.store.add(message, **fields).id for _ in range(number)]


def working(store, time, *, outcomes=(), size=1, waits=1, **manner):
    """A run, and its crew, after whose waits it is told to stop."""
    given = {
        "worker_id": "w",
        "rules": RULES,
        "claim_size": 2,
        "rows_per_call": 1,
        "lease": LEASE,
        "longest_wait_seconds": 7.5,
        "poll_seconds": 1.0,
        "grace_seconds": 20.0,
        "now": time.now,
        **manner,
    }
    crew = Crew(time, size, outcomes, waits)
    return Run(store, crew, Manner(**given), lambda: crew.is_over), crew


def states(store):
    """How many rows each state has, of the states that there are."""
    counts = store.store.counts(now=START).by_state
    return {state: count for state, count in counts.items() if count}


def test_what_was_done():
    """Each of it is counted, and what was given back is no attempt."""
    worked = Worked(sent=1, failed=20, unknown=300, cancelled=4000, postponed=50000, recovered=9)

    assert 54321 == worked.attempts
    assert 0 == Worked().attempts


@pytest.mark.parametrize(
    ("due_in", "manner", "wait"),
    [
        pytest.param(None, {}, 1.0, id="nothing to do"),
        pytest.param(None, {"poll_seconds": 0.0}, 0.01, id="not all the time"),
        pytest.param(None, {"poll_seconds": 9.0}, 7.5, id="claims have to be seen to"),
        pytest.param(0.5, {}, 1.0, id="a short poll needs no look"),
        pytest.param(0.5, {"poll_seconds": 1.1}, 0.5, id="what is due next"),
        pytest.param(3.0, {"poll_seconds": 5.0}, 3.0, id="what is due after a while"),
        pytest.param(6.0, {"poll_seconds": 5.0}, 5.0, id="what is due later"),
        pytest.param(0.001, {"poll_seconds": 5.0}, 0.01, id="what is due in a moment"),
    ],
)
def test_how_long_an_idle_worker_waits(store, time, due_in, manner, wait):
    """Until something is due, as far as it is worth a look."""
    if due_in is not None:
        add(store, not_before=timedelta(seconds=due_in))
    run, crew = working(store, time, **manner)

    run.until_stopped()

    assert [wait] == crew.waits


@pytest.mark.parametrize(
    ("rows", "size", "waits"),
    [
        pytest.param(1, 1, [7.5], id="nobody is idle"),
        pytest.param(1, 2, [1.0], id="somebody is idle"),
        pytest.param(2, 2, [7.5], id="all are at work"),
        pytest.param(3, 9, [0.0, 1.0], id="a whole claim: there may be more"),
    ],
)
def test_how_long_a_worker_waits_for_its_sends(store, time, rows, size, waits):
    """As long as nothing could begin."""
    add(store, rows)
    run, crew = working(store, time, size=size, waits=len(waits))

    run.until_stopped()

    assert waits == crew.waits
    assert rows == crew.under_way


def test_while_sends_are_under_way_nobody_looks_for_what_is_due_next(store, time):
    """An end of a send comes first, mostly."""
    add(store)
    add(store, not_before=timedelta(seconds=3))
    run, crew = working(store, time, size=2, poll_seconds=5.0)

    run.until_stopped()

    assert [5.0] == crew.waits
    assert "next_due_at" not in store.calls


@pytest.mark.parametrize(("asked", "wait"), [(3, 3.0), (0.001, 0.01), (50, 7.5)])
def test_a_pause(store, time, asked, wait):
    """Nothing begins that long, though more is claimed."""
    add(store, 2)
    slow = RateLimited("slow", retry_after_seconds=asked)
    run, crew = working(store, time, outcomes=[slow], waits=2)

    run.until_stopped()

    assert [7.5, wait] == crew.waits
    assert 1 == len(crew.calls)


def test_calls_are_as_large_as_they_may_be(store, time):
    """What is idle is given work, and no more is taken out of what is claimed."""
    add(store, 8)
    run, crew = working(store, time, size=2, rows_per_call=3, claim_size=8)

    run.until_stopped()

    assert [3, 3] == crew.calls
    rows = list(store.store._rows.values())
    assert 6 == sum(row.began_at == START for row in rows)
    assert {START + LEASE} == {row.claimed_until for row in rows}


def test_a_run_until_nothing_is_due(store, time):
    """It waits for its sends, and for nothing else."""
    add(store, 3)
    add(store, not_before=timedelta(hours=1))
    run, crew = working(store, time, outcomes=[OK, None, OK, LOST], waits=99)

    run.until_idle()

    assert [7.5, 7.5, 7.5, 7.5] == crew.waits
    assert {SENT: 2, UNKNOWN: 1, PENDING: 1} == states(store)
    assert Worked(sent=2, unknown=1) == run.worked


@pytest.mark.parametrize(
    ("outcome", "most_waits"), [(RateLimited("slow", retry_after_seconds=9), 99), (OK, 1)]
)
def test_a_run_ends_with_a_pause_and_with_a_stop(store, time, outcome, most_waits):
    """What is claimed is left to its end, which gives it back."""
    add(store, 2)
    run, crew = working(store, time, outcomes=[outcome], waits=most_waits)

    run.until_idle()

    assert 1 == len(crew.calls)
    assert 1 == states(store)[OutboxState.SENDING]
    run.leave()
    assert OutboxState.SENDING not in states(store)


@pytest.mark.parametrize(("wait", "seen_to_after"), [(5.0, 15), (4.0, 16)])
def test_claims_are_seen_to_four_times_a_lease(store, time, wait, seen_to_after):
    """Those of this worker are kept as long as it has any."""
    (row_id,) = add(store)
    run, crew = working(store, time, waits=6, longest_wait_seconds=wait)

    run.until_stopped()

    # At the beginning, when nothing was claimed, and once again.
    assert [wait] * 6 == crew.waits
    assert 2 == store.calls.count("expired")
    assert 1 == store.calls.count("extend")
    until = START + timedelta(seconds=seen_to_after) + LEASE
    assert until == store.store.get(row_id).claimed_until


def test_what_is_claimed_and_has_not_begun_is_kept_too(store, time):
    """While nothing may begin."""
    add(store, 2)
    slow = RateLimited("slow", retry_after_seconds=60)
    run, _ = working(store, time, outcomes=[slow], waits=4)

    run.until_stopped()

    (held,) = [row for row in store.store._rows.values() if row.state is OutboxState.SENDING]
    assert START + timedelta(seconds=15) + LEASE == held.claimed_until


def test_claims_that_ran_out_are_given_back(store, time):
    """A hundred at a time, and at once again if there may be more."""
    add(store, 150)
    store.store.claim("gone", limit=150, now=START, until=START - LEASE)
    run, _ = working(store, time, waits=2, size=0)

    run.until_stopped()

    assert (150, 0) == (run.worked.recovered, run.worked.attempts)
    assert {PENDING: 150} == states(store)
    assert 2 == store.calls.count("expired")


def test_a_claim_that_another_has_given_back_is_not_counted(store, time):
    """It went on after all."""
    add(store)
    store.store.claim("gone", limit=1, now=START, until=START - LEASE)
    run, _ = working(store, time, size=0)
    store.store.revise = lambda row_id, decide: None

    run.until_stopped()

    assert 0 == run.worked.recovered


AWAY = StoreError("the database is away")


def test_a_store_that_is_away_is_asked_less_and_less(store, time, caplog):
    """From half a second to half a minute, and from the beginning once it has answered."""
    store.fails["claim"] = [*[AWAY] * 8, None, AWAY]
    run, crew = working(store, time, waits=10)

    run.until_stopped()

    assert [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 1.0, 0.5] == crew.waits
    assert "the database is away; the store is asked again in 16.0 s" in caplog.text
    # What it may have claimed is given back after each failure, and only then.
    assert 8 == store.calls.count("release")


def test_random_parts_of_waits(store, time, monkeypatch):
    """Workers do not come back all at once."""
    bounds = []
    monkeypatch.setattr(
        "mailcore.outbox.working.random.uniform", lambda *of: bounds.append(of) or 0.25
    )
    store.fails["claim"] = [AWAY]
    run, crew = working(store, time)
    run.until_stopped()

    assert [(0.5, 1.0)] == bounds
    assert [0.125] == crew.waits


def test_a_store_that_is_away_while_sends_are_under_way(store, time, caplog):
    """One run goes on with them, and writes them down later; then waits are short again."""
    add(store, 2)
    store.fails["advance"] = [None, AWAY, AWAY, None, AWAY]
    run, crew = working(store, time, outcomes=[OK, OK], waits=99)

    run.until_idle()

    assert [7.5, 0.5, 1.0, 7.5, 0.5] == crew.waits
    assert "the database is away; the store is asked again in 1.0 s" in caplog.text
    assert {SENT: 2} == states(store)
    assert Worked(sent=2) == run.worked
    assert {1} == {row.attempts for row in store.store._rows.values()}


def test_a_store_that_is_away_when_nothing_is_under_way(store, time):
    """Is told to whoever asked for one run."""
    store.fails["claim"] = [AWAY]
    run, crew = working(store, time)

    with pytest.raises(StoreError):
        run.until_idle()
    assert [] == crew.waits


def test_ends_that_come_while_the_store_is_away(store, time):
    """Are taken in, and written down by the first turn that can."""
    add(store)
    run, _ = working(store, time, outcomes=[OK], waits=2, size=2)
    store.fails["claim"] = [None, AWAY]
    run.until_stopped()
    assert Worked() == run.worked
    assert OutboxState.SENDING in states(store)

    run.leave()
    assert {SENT: 1} == states(store)
    assert Worked(sent=1) == run.worked


def test_what_may_have_begun_is_given_back(store, time):
    """The answer was lost, and nothing was sent: no attempt counts."""
    (row_id,) = add(store)

    def advance(*args, **kwargs):
        MemoryOutbox.advance(store.store, *args, **kwargs)
        store.store.advance = lambda *args, **kwargs: MemoryOutbox.advance(
            store.store, *args, **kwargs
        )
        raise AWAY

    store.store.advance = advance
    run, crew = working(store, time, outcomes=[OK], waits=3)

    run.until_stopped()

    assert (SENT, 1) == (store.store.get(row_id).state, store.store.get(row_id).attempts)
    assert [1] == crew.calls


def test_what_may_have_begun_is_given_back_by_a_worker_that_leaves(store, time):
    """At the moment at which it leaves."""
    (row_id,) = add(store)

    def advance(*args, **kwargs):
        MemoryOutbox.advance(store.store, *args, **kwargs)
        raise AWAY

    store.store.advance = advance
    run, _ = working(store, time)
    run.until_stopped()
    del store.store.advance
    assert START == store.store.get(row_id).began_at

    run.leave()

    row = store.store.get(row_id)
    assert (PENDING, 0, START + timedelta(seconds=0.5)) == (
        *(row.state, row.attempts, row.changed_at),
    )


def test_what_another_has_taken_away_does_not_begin(store, time):
    """An event or a person was faster; what was claimed with it begins."""
    first, second = add(store, 2)

    def claim(*args, **kwargs):
        rows = MemoryOutbox.claim(store.store, *args, **kwargs)
        store.store.put(replace(store.store.get(first), state=OutboxState.CANCELLED))
        return rows

    store.store.claim = claim
    run, crew = working(store, time, size=2, waits=1)

    run.until_stopped()

    assert [1] == crew.calls
    assert (None, START) == tuple(store.store.get(each).began_at for each in (first, second))


BOB = "bob@example.org"
OPEN = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
BUSY = RecipientStatus(SendStatus.FAILED, retryable=True)


def add_waiting(store, statuses, **fields):
    """Put a row into the outbox that another provider may have sent; its id."""
    message = Message(from_email="me@example.com", to=list(statuses), text="Hi")
    row = store.store.add(message, priority=1)
    given = {"provider": "other", "unsure_since": START, "attempts": 1, **fields}
    store.store.put(replace(row, statuses=RecipientStatuses(statuses), **given))
    return row.id


def test_a_row_that_some_may_have_is_for_the_others(store, time):
    """The call of the provider has the row without them."""
    row_id = add_waiting(store, {ADA: OPEN, BOB: BUSY})
    run, crew = working(store, time)

    run.until_stopped()

    ((sent,),) = crew.under_way_calls
    assert ((BOB,), START, START + LEASE) == (sent.remaining, sent.began_at, sent.claimed_until)
    assert store.store.get(row_id) == sent


def test_a_row_that_all_may_have_is_over(store, time):
    """Too late for the same provider, too; the next one begins in the same turn."""
    rules = replace(RULES, is_native=True)
    time.seconds = 1000.0
    late = add_waiting(store, {ADA: OPEN}, provider="toy")
    add(store)
    run, crew = working(store, time, outcomes=[OK], waits=99, rules=rules)

    run.until_idle()

    over = store.store.get(late)
    assert (UNKNOWN, START + timedelta(seconds=1000)) == (over.state, over.changed_at)
    assert [7.5] == crew.waits
    assert Worked(sent=1) == run.worked


def test_a_row_that_all_may_have_and_that_another_has_taken_away(store, time):
    """It is left to that one."""
    add_waiting(store, {ADA: OPEN})

    def claim(*args, **kwargs):
        found = MemoryOutbox.claim(store.store, *args, **kwargs)
        for each in found:
            store.store.put(replace(each, state=OutboxState.CANCELLED))
        return found

    store.store.claim = claim
    run, crew = working(store, time)

    run.until_stopped()

    assert {OutboxState.CANCELLED: 1} == states(store)
    assert [] == crew.calls


def test_an_event_that_came_before_the_answer_was_lost(store, time):
    """It is looked at: nobody has to find out what was told already."""
    (row_id,) = add(store)
    run, _ = working(store, time, outcomes=[LOST], waits=2)
    receipt = Receipt(
        row_id=row_id,
        dedupe_key="1",
        event_type=EventType.DELIVERED,
        recipient=ADA,
        happened_at=START,
        provider="toy",
    )
    advance = store.store.advance

    def and_then(*args, **kwargs):
        advanced = advance(*args, **kwargs)
        store.store.receive(row_id, receipt, lambda row, receipts: None)
        return advanced

    store.store.advance = and_then
    run.until_stopped()

    assert {SENT: 1} == states(store)
    assert Worked(sent=1) == run.worked


def test_a_whole_claim_that_another_has_taken_away(store, time):
    """There may be more behind it, and nothing to wait for."""
    add(store, 3)
    taken = []

    def claim(*args, **kwargs):
        found = MemoryOutbox.claim(store.store, *args, **kwargs)
        if not taken:
            taken.extend(found)
            for each in found:
                store.store.put(replace(each, state=OutboxState.CANCELLED))
        return found

    store.store.claim = claim
    run, crew = working(store, time, outcomes=[OK], waits=99)

    run.until_idle()

    assert [0.0, 0.0, 7.5] == crew.waits
    assert Worked(sent=1) == run.worked


def test_ends_that_nobody_waits_for(store, time, caplog):
    """Of rows that others concluded: theirs counts where it is there, and ours is told."""
    deleted, settled, newer = add(store, 3)
    run, crew = working(
        store, time, outcomes=[MessageRejected("no")] * 3, size=3, claim_size=9, waits=4
    )

    def revise(row_id, decide):
        if row_id == newer:
            raise NewerDocument("of a newer release")
        return MemoryOutbox.revise(store.store, row_id, decide)

    ended = crew.ended

    def meanwhile(wait):
        crew.ended = ended
        del store.store._rows[deleted]
        for each, state in ((settled, SENT), (newer, OutboxState.FAILED)):
            store.store.put(replace(store.store.get(each), state=state))
        return ended(wait)

    crew.ended = meanwhile
    store.store.revise = revise
    run.until_stopped()

    assert Worked(sent=1, failed=2) == run.worked
    assert 1 == caplog.text.count("of a newer release")
    told = [each.getMessage() for each in caplog.records if "by another" in each.getMessage()]
    assert [True, True, False] == [
        any(each in line for line in told) for each in (deleted, newer, settled)
    ]
    assert not run._is_busy


def test_a_worker_leaves(store, time):
    """What has not begun is given back at once; what has is waited for and written down."""
    add(store, 3)
    run, crew = working(store, time, outcomes=[None, None, OK], waits=1)
    run.until_stopped()
    crew.waits.clear()

    run.leave()

    assert {PENDING: 2, SENT: 1} == states(store)
    left_at = START + timedelta(seconds=7.5)
    assert 1 == sum(row.changed_at == left_at for row in store.store._rows.values())
    assert [7.5, 7.5] == crew.waits
    assert 1 == len(crew.calls)


def test_a_worker_that_leaves_keeps_what_is_under_way(store, time):
    """Its claims do not run out while it waits."""
    (row_id,) = add(store)
    run, _ = working(store, time, grace_seconds=100.0, outcomes=[None] * 12, waits=1)
    run.until_stopped()

    run.leave()

    assert store.store.get(row_id).claimed_until > time.now()
    assert START + timedelta(seconds=107.5) == time.now()


def test_a_worker_leaves_after_its_grace(store, time, caplog):
    """The last wait is what is left of it; what is under way, and what is not written, is told."""
    add(store, 2)
    run, crew = working(store, time, size=2, waits=1)
    run.until_stopped()
    crew.waits.clear()

    run.leave()

    assert [7.5, 7.5, 5.0] == crew.waits
    assert "2 sends are under way still" in caplog.text


def test_a_worker_leaves_while_the_store_is_away(store, time, caplog):
    """It asks again as long as it may, and says what it could not write down."""
    add(store, 2)
    run, crew = working(store, time, size=2, waits=1)
    run.until_stopped()
    crew.waits.clear()
    crew.outcomes.extend([replace(OK, message_ids=("id-1", "id-2")), LOST])
    store.fails = {name: [AWAY] * 99 for name in ("advance", "release", "extend", "revise")}

    run.leave()

    assert [0.5, 1.0, 2.0, 4.0, 8.0, 4.5] == crew.waits
    assert "ended as sent could not be written down" in caplog.text
    assert "(message ids id-1, id-2)" in caplog.text
    assert "(message ids none)" in caplog.text
    assert "under way still" not in caplog.text


def test_a_worker_that_has_nothing_to_write_leaves_at_once(store, time, caplog):
    """Its claims end by themselves."""
    run, crew = working(store, time)
    store.fails["release"] = [AWAY]

    run.leave()

    assert [] == crew.waits
    assert "claims are not given back" in caplog.text


def test_a_store_that_comes_back_while_a_worker_leaves(store, time):
    """What ended is written down, and what was claimed is given back."""
    add(store, 2)
    run, crew = working(store, time, waits=1)
    run.until_stopped()
    crew.waits.clear()
    crew.outcomes.append(OK)
    store.fails["release"] = [AWAY, None]

    run.leave()

    assert {SENT: 1, PENDING: 1} == states(store)
    assert [0.5] == crew.waits
    assert Worked(sent=1) == run.worked


def test_what_became_of_a_row_is_told(store, time, caplog):
    """With its reason, and when it is tried again."""
    caplog.set_level("INFO", "mailcore.outbox")
    add(store, 3)
    outcomes = [OK, RateLimited("slow", retry_after_seconds=4), MessageRejected("no")]
    run, _ = working(store, time, outcomes=outcomes, size=3, waits=4)

    run.until_stopped()

    sent, waits, failed = (each.getMessage() for each in caplog.records)
    assert sent.endswith(" is sent through toy")
    assert waits.endswith(": slow; attempt 2 is due at 2026-11-30T12:00:15+00:00")
    assert failed.endswith(" is failed: no")


def test_failures_of_the_provider_and_of_the_store_are_two_things(store, time):
    """A provider that fails for everybody is paused for, whatever the store does."""
    add(store, 4)
    down = NetworkError("down")
    run, crew = working(store, time, outcomes=[down] * 4, claim_size=4, waits=4)

    run.until_stopped()

    assert [7.5, 7.5, 7.5, 1.0] == crew.waits
    assert 3 == run.worked.postponed
