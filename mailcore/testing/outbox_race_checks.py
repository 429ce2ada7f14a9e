"""Checks of stores of outboxes: several threads at the same moment."""

from __future__ import annotations

import threading

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from mailcore.errors import SendTimeout
from mailcore.outbox.machine import (
    concluded,
    concluded_late,
    resolved,
)
from mailcore.outbox.rows import OutboxRow, Receipt
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import Revision
from mailcore.testing.outbox_hooks import (
    LEASE,
    POLICY,
    RULES,
    OutboxHooks,
    later,
    made,
    receipt_of,
)


class RaceChecks(OutboxHooks):
    """What must hold whoever comes first."""

    def test_workers_side_by_side_never_get_the_same_row(self) -> None:
        """Whoever claims at the same moment, each row is claimed once, and none is left."""
        store = self.make_store()
        self.put(store, [made(number) for number in range(60)])
        found: list[str] = []
        now = later(seconds=1)

        def work(name: str) -> None:
            start.wait(30)
            while rows := store.claim(name, limit=7, now=now, until=now + LEASE):
                found.extend(row.id for row in rows)

        start = threading.Barrier(4)
        self._side_by_side([partial(work, f"w{number}") for number in range(4)])
        # A worker may pass over what another has locked, and find nothing else just then.
        work_alone = store.claim("last", limit=60, now=now, until=now + LEASE)
        found.extend(row.id for row in work_alone)
        assert len(found) == len(set(found)) == 60

    def test_revisions_side_by_side_see_each_other(self) -> None:
        """No revision is lost, however many change a row at once."""
        store = self.make_store()
        row = made()
        self.put(store, [row])

        def one_more(found: OutboxRow, _receipts: Sequence[Receipt]) -> Revision:
            return Revision(row=replace(found, attempts=found.attempts + 1))

        def work() -> None:
            start.wait(30)
            for _ in range(5):
                store.revise(row.id, one_more)

        start = threading.Barrier(4)
        self._side_by_side([work] * 4)
        assert self._row(store, row).attempts == 20

    def test_a_receipt_and_a_conclusion_at_the_same_moment(self) -> None:
        """Whichever is first, a row is not left unknown if an event has told."""
        store = self.make_store()
        self.put(store, [made(number) for number in range(10)])
        lost = SendTimeout("lost", maybe_accepted=True)
        decide = partial(resolved, now=later(minutes=2), policy=POLICY)
        for row in self._claimed(store, limit=10):
            started = self._begun(store, row)
            revision = concluded(started, lost, now=later(seconds=9), rules=RULES)
            late = partial(concluded_late, conclusion=revision, policy=POLICY)
            start = threading.Barrier(2)

            def conclude(
                row_id: str = row.id,
                late: Callable[..., Revision | None] = late,
                start: threading.Barrier = start,
            ) -> None:
                start.wait(30)
                store.revise(row_id, late)

            def receive(row: OutboxRow = row, start: threading.Barrier = start) -> None:
                start.wait(30)
                store.receive(row.id, receipt_of(row), decide)

            self._side_by_side([conclude, receive])
            assert self._row(store, row).state is OutboxState.SENT
