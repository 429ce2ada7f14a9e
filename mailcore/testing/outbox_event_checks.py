"""Checks of stores of outboxes: revisions, receipts, and the rows that events are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mailcore.errors import SendTimeout
from mailcore.events import EventType
from mailcore.outbox.machine import (
    cancelled,
    concluded,
    concluded_late,
    resolved,
)
from mailcore.outbox.rows import OutboxAttempt, OutboxRow, Receipt
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import Revision
from mailcore.result import (
    ResultStatus,
)
from mailcore.testing.outbox_hooks import (
    POLICY,
    RULES,
    START,
    TEXT,
    OutboxHooks,
    later,
    made,
    nothing,
    receipt_of,
)


class EventChecks(OutboxHooks):
    """What events and people do with a store."""

    def test_a_revision_is_decided_by_what_is_there(self) -> None:
        """The function gets the row and its receipts; if it returns None, nothing is written."""
        store = self.make_store()
        row, other = made(0), made(1)
        self.put(store, [row, other])
        receipt = receipt_of(row)
        store.receive(row.id, receipt, nothing)
        store.receive(other.id, receipt_of(other), nothing)
        seen: list[tuple[OutboxRow, list[Receipt]]] = []

        def look(found: OutboxRow, receipts: Sequence[Receipt]) -> None:
            seen.append((found, list(receipts)))

        assert store.revise(row.id, look) is None
        assert seen[-1] == (row, [receipt])
        assert store.revise("0" * 32, look) is None
        assert store.get(row.id) == row

    def test_a_decision_that_fails_writes_nothing(self) -> None:
        """An exception of the function is raised, and the row can be revised again."""
        store = self.make_store()
        row = made()
        self.put(store, [row])

        def fail(_row: OutboxRow, _receipts: Sequence[Receipt]) -> Revision | None:
            raise LookupError("by the test")

        for call in (
            partial(store.revise, row.id, fail),
            partial(store.receive, row.id, receipt_of(row), fail),
        ):
            try:
                call()
            except LookupError:
                continue
            raise AssertionError("what a decision raises must go on")
        assert store.get(row.id) == row
        assert not store.receipts(row.id)
        assert store.revise(row.id, partial(cancelled, now=START, policy=POLICY)) is not None

    def test_receipts(self) -> None:
        """Receipts are kept once, exactly as they were, in the order in which things happened."""
        store = self.make_store()
        row = made()
        self.put(store, [row])
        second = receipt_of(
            row,
            "b",
            event_type=EventType.OPENED,
            bounce_class="hard",
            reject_reason="r" * 100,
            message_id="x" * 300,
            detail=TEXT * 40,
            happened_at=later(seconds=20, microseconds=1),
        )
        first = receipt_of(row, "a", happened_at=later(seconds=20), recipient="")
        assert store.receive(row.id, second, nothing)
        assert store.receive(row.id, first, nothing)
        assert not store.receive(row.id, replace(first, detail="again"), nothing)
        assert list(store.receipts(row.id)) == [first, second]
        assert not store.receive("0" * 32, replace(first, row_id="0" * 32), nothing)
        assert not store.receipts("0" * 32)

    def test_a_receipt_resolves(self) -> None:
        """A receipt resolves an unknown row, also if it comes twice, or came before."""
        store = self.make_store()
        rows = [made(0), made(1)]
        self.put(store, rows)
        lost = SendTimeout("lost", maybe_accepted=True)
        decide = partial(resolved, now=later(minutes=2), policy=POLICY)
        for row in self._claimed(store, limit=2):
            is_early = row.id == rows[0].id
            started = self._begun(store, row)
            revision = concluded(started, lost, now=later(seconds=9), rules=RULES)
            if is_early:
                store.receive(row.id, receipt_of(row), decide)
                assert self._row(store, row).state is OutboxState.SENDING
            store.revise(row.id, partial(concluded_late, conclusion=revision, policy=POLICY))
            if not is_early:
                assert self._row(store, row).state is OutboxState.UNKNOWN
                store.receive(row.id, receipt_of(row), nothing)
                assert self._row(store, row).state is OutboxState.UNKNOWN
                assert not store.receive(row.id, receipt_of(row), decide)
            assert self._row(store, row).state is OutboxState.SENT
            assert self._row(store, row).message_ids == ("id-1",)

    def test_an_event_finds_its_row(self) -> None:
        """An event finds its row by our id, or by any id that the provider gave the message."""
        store = self.make_store()
        row, other = made(0), made(1)
        attempt = OutboxAttempt(
            row_id=row.id,
            number=1,
            worker_id="w",
            provider="toy",
            began_at=START,
            ended_at=START,
            status=ResultStatus.ALL_ACCEPTED,
            message_ids=("id-1", "ID-1", "<x@y>"),
        )
        self.put(store, [row, other])
        sent = replace(row, provider="toy", message_ids=("id-2", "z" * 300))
        store.revise(row.id, lambda *_: Revision(row=sent, attempt=attempt))
        twin = replace(other, provider="another", message_ids=("id-2",))
        store.revise(other.id, lambda *_: Revision(row=twin))
        locate = partial(store.locate, row_id="", provider="toy")
        assert store.locate(row_id=row.id, provider="", message_id="") == row.id
        assert store.locate(row_id="0" * 32, provider="toy", message_id="id-1") == row.id
        for message_id in ("id-1", "ID-1", "<x@y>", "id-2", "z" * 300):
            assert locate(message_id=message_id) == row.id
        assert store.locate(row_id="", provider="another", message_id="id-2") == other.id
        for message_id in ("", "id-3", "id-%", "i", TEXT, "z" * 299):
            assert locate(message_id=message_id) is None
        assert store.locate(row_id=TEXT, provider=TEXT, message_id="") is None

    def test_an_address_is_forgotten(self) -> None:
        """A revision can take an address out of the receipts of its row."""
        store = self.make_store()
        row, other = made(0), made(1)
        self.put(store, [row, other])
        for each in (row, other):
            store.receive(each.id, receipt_of(each), nothing)
            store.receive(each.id, receipt_of(each, "b", recipient="bob@x.example"), nothing)
        revision = Revision(row=replace(row, recipients=("erased-0",)), forgotten="ada@example.net")
        store.revise(row.id, lambda *_: revision)
        assert {"", "bob@x.example"} == {each.recipient for each in store.receipts(row.id)}
        named = {each.recipient for each in store.receipts(other.id)}
        assert named == {"ada@example.net", "bob@x.example"}
