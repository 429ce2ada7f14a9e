"""Checks of stores of outboxes: claims, sends that begin, and conclusions."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from mailcore.errors import SerializationError
from mailcore.outbox.documents import DOCUMENT_VERSION
from mailcore.outbox.machine import (
    begun,
    cancelled,
    concluded_late,
    given_back,
)
from mailcore.outbox.states import OutboxState
from mailcore.result import (
    ResultStatus,
)
from mailcore.testing.outbox_hooks import (
    LEASE,
    POLICY,
    RULES,
    START,
    OutboxHooks,
    later,
    made,
)


_MANY = 1201


class ClaimChecks(OutboxHooks):
    """What a worker does with a store."""

    def test_claims_come_in_order(self) -> None:
        """Rows with the larger priority are claimed first, then those due first, then by id."""
        store = self.make_store()
        rows = [
            made(0, not_before=later(seconds=5)),
            made(1, not_before=later(seconds=3)),
            made(2, not_before=later(seconds=4), priority=-1),
            made(3, not_before=later(seconds=5), priority=9),
            made(4, not_before=later(seconds=11), priority=50),
            made(5, not_before=later(seconds=5)),
        ]
        self.put(store, rows)
        now = later(seconds=10)
        first = store.claim("w", limit=3, now=now, until=now + LEASE)
        second = store.claim("v", limit=9, now=now, until=now + LEASE)
        assert [rows[3].id, rows[1].id, rows[0].id] == [row.id for row in first]
        assert [rows[5].id, rows[2].id] == [row.id for row in second]
        assert not store.claim("v", limit=9, now=now, until=now + LEASE)
        due = later(seconds=11)
        assert [rows[4].id] == [
            row.id for row in store.claim("v", limit=9, now=due, until=due + LEASE)
        ]

    def test_what_a_claim_changes(self) -> None:
        """A claim changes state, worker and times, and returns the row as it is then kept."""
        store = self.make_store()
        row = made()
        self.put(store, [replace(row, began_at=START)])
        (claimed,) = store.claim("w", limit=1, now=later(seconds=1), until=later(seconds=61))
        expected = replace(
            row,
            state=OutboxState.SENDING,
            claimed_by="w",
            claimed_until=later(seconds=61),
            changed_at=later(seconds=1),
        )
        assert expected == claimed
        assert expected == store.get(row.id)

    def test_rows_of_other_states_are_not_claimed(self) -> None:
        """Other states, those of a newer release too, are not claimed; the counts tell of them."""
        store = self.make_store()
        others = [state for state in OutboxState if state is not OutboxState.PENDING]
        rows = [replace(made(i), state=state) for i, state in enumerate(others)]
        newer = replace(made(9), document_version=DOCUMENT_VERSION + 1)
        held = replace(
            made(8),
            state=OutboxState.SENDING,
            claimed_by="w",
            claimed_until=START,
            document_version=DOCUMENT_VERSION + 1,
        )
        self.put(store, [*rows, newer, held])
        assert not store.claim("w", limit=9, now=later(days=1), until=later(days=2))
        assert not store.expired(now=later(days=1), limit=9)
        assert store.counts(now=later(days=1)).newer == 2
        # Or this worker would look for them all the time.
        assert store.next_due_at() is None
        try:
            store.revise(newer.id, partial(cancelled, now=START, policy=POLICY))
        except SerializationError:
            pass
        else:
            raise AssertionError("revise() of a row of a newer release must raise NewerDocument")

    def test_a_send_begins_once(self) -> None:
        """A send begins for the worker that claimed the row, and while it has the claim."""
        store = self.make_store()
        rows = [made(0), made(1)]
        self.put(store, rows)
        first, second = self._claimed(store, limit=2)
        assert not self._begin(store, [first.id], worker="v")
        assert not self._begin(store, ["0" * 32])
        assert self._begin(store, [first.id]) == {first.id}
        assert not self._begin(store, [first.id])
        until = later(seconds=5) + LEASE
        assert store.get(first.id) == begun(
            first, provider="toy", now=later(seconds=5), until=until
        )
        store.revise(second.id, partial(cancelled, now=START, policy=POLICY))
        assert not self._begin(store, [second.id])

    def test_a_conclusion_is_written(self) -> None:
        """A conclusion is kept with its attempt, in the step that begins another row."""
        store = self.make_store()
        self.put(store, [made(0), made(1)])
        first, second = self._claimed(store, limit=2)
        first = self._begun(store, first)
        revision = self._concluded(first)
        advanced = self._advance(store, conclusions=[revision], begin=[second.id])
        assert advanced.concluded == {first.id}
        assert advanced.begun == {second.id}
        assert store.get(first.id) == revision.row
        assert list(store.attempts(first.id)) == [revision.attempt]
        assert not store.attempts(second.id)
        again = self._advance(store, conclusions=[revision])
        assert not again.concluded
        assert len(store.attempts(first.id)) == 1

    def test_a_conclusion_of_another_claim_is_not_written(self) -> None:
        """Nothing is written for another worker or attempt, or a row that has not begun."""
        store = self.make_store()
        self.put(store, [made(0), made(1)])
        first, second = self._claimed(store, limit=2)
        first = self._begun(store, first)
        revision = self._concluded(first)
        not_begun = self._concluded(replace(second, began_at=START))
        earlier = replace(revision, row=replace(revision.row, attempts=0))
        assert not self._advance(store, conclusions=[earlier, not_begun]).concluded
        assert not self._advance(store, worker="v", conclusions=[revision]).concluded
        assert store.get(first.id) == first
        assert store.get(second.id) == second
        assert not store.attempts(first.id)

    def test_many_at_once(self) -> None:
        """More rows are claimed at once than a database takes parameters in a statement."""
        store = self.make_store()
        self.put(store, [made(number) for number in range(_MANY)])
        now = later(seconds=1)
        claimed = store.claim("w", limit=_MANY, now=now, until=now + LEASE)
        assert len({row.id for row in claimed}) == _MANY
        ids = [row.id for row in claimed]
        assert self._begin(store, ids) == set(ids)
        until = later(seconds=5) + LEASE
        started = [begun(row, provider="toy", now=later(seconds=5), until=until) for row in claimed]
        conclusions = [self._concluded(row) for row in started[:-1]]
        assert len(self._advance(store, conclusions=conclusions).concluded) == _MANY - 1
        assert store.release("w", row_ids=ids, now=now) == 1
        assert store.counts(now=now).by_state[OutboxState.SENT] == _MANY - 1

    def test_claims_are_extended(self) -> None:
        """Claims of one worker that still hold get a later end, and no others."""
        store = self.make_store()
        self.put(store, [made(0), made(1)])
        (mine,) = self._claimed(store, limit=1)
        (other,) = self._claimed(store, worker="v", limit=1)
        until = later(minutes=5)
        assert store.extend("w", until=until) == 1
        assert self._row(store, mine).claimed_until == until
        assert self._row(store, other).claimed_until == other.claimed_until
        started = self._begun(store, mine)
        self._advance(store, conclusions=[self._concluded(started)])
        assert store.extend("w", until=until) == 0

    def test_claims_are_given_back(self) -> None:
        """A worker gives back all that has not begun, or the rows it names, begun or not."""
        store = self.make_store()
        self.put(store, [made(0), made(1), made(2)])
        first, second, third = self._claimed(store, limit=3)
        self._begun(store, first)
        now = later(seconds=9)
        assert store.release("v", row_ids=None, now=now) == 0
        assert store.release("v", row_ids=[first.id], now=now) == 0
        assert store.release("w", row_ids=[second.id, "0" * 32], now=now) == 1
        assert store.release("w", row_ids=None, now=now) == 1
        assert self._row(store, first).state is OutboxState.SENDING
        assert store.release("w", row_ids=[first.id], now=now) == 1
        for row in (first, second, third):
            expected = replace(
                row,
                state=OutboxState.PENDING,
                claimed_by="",
                claimed_until=None,
                changed_at=now,
                provider="toy" if row is first else "",
            )
            assert self._row(store, row) == expected

    def test_claims_run_out(self) -> None:
        """Claims end the oldest first, and not before their time."""
        store = self.make_store()
        self.put(store, [made(0), made(1), made(2)])
        rows = [
            store.claim("w", limit=1, now=START + LEASE, until=later(seconds=seconds))[0]
            for seconds in (90, 70, 80)
        ]
        assert not store.expired(now=later(seconds=70), limit=9)
        by_age = [rows[1].id, rows[2].id, rows[0].id]
        assert by_age[:2] == list(store.expired(now=later(seconds=85), limit=9))
        assert by_age[:1] == list(store.expired(now=later(seconds=95), limit=1))
        assert by_age == list(store.expired(now=later(seconds=95), limit=9))

    def test_a_dead_worker(self) -> None:
        """What a dead worker had not begun is claimed again; what it had is unknown."""
        store = self.make_store()
        self.put(store, [made(0), made(1)])
        first, second = self._claimed(store, limit=2)
        self._begun(store, first)
        decide = partial(given_back, now=later(hours=1), rules=RULES)
        for row_id in store.expired(now=later(hours=1), limit=9):
            assert store.revise(row_id, decide) is not None
            assert store.revise(row_id, decide) is None
        assert self._row(store, first).state is OutboxState.UNKNOWN
        (attempt,) = store.attempts(first.id)
        assert (attempt.number, attempt.ended_at) == (1, None)
        assert attempt.status is ResultStatus.UNKNOWN
        now = later(hours=1)
        (again,) = store.claim("v", limit=9, now=now, until=now + LEASE)
        assert again.id == second.id

    def test_a_late_conclusion(self) -> None:
        """A late conclusion is the last word on an unknown row, and replaces the attempt."""
        store = self.make_store()
        self.put(store, [made(0)])
        (row,) = self._claimed(store, limit=1)
        row = self._begun(store, row)
        store.revise(row.id, partial(given_back, now=later(hours=1), rules=RULES))
        revision = self._concluded(row)
        assert not self._advance(store, conclusions=[revision]).concluded
        decide = partial(concluded_late, conclusion=revision, policy=POLICY)
        assert store.revise(row.id, decide) is not None
        assert self._row(store, row).state is OutboxState.SENT
        assert list(store.attempts(row.id)) == [revision.attempt]
