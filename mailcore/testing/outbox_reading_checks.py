"""Checks of stores of outboxes: what is kept, found, counted and pruned."""

from __future__ import annotations

from dataclasses import replace

from mailcore.outbox.documents import DOCUMENT_VERSION
from mailcore.outbox.operations import Erasure, erase
from mailcore.outbox.rows import OutboxAttempt
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import OutboxFilter, Revision
from mailcore.result import (
    RecipientStatus,
    RecipientStatuses,
    ResultStatus,
    SendStatus,
)
from mailcore.testing.outbox_hooks import (
    LEASE,
    START,
    TEXT,
    OutboxHooks,
    later,
    made,
    nothing,
    receipt_of,
)


class ReadingChecks(OutboxHooks):
    """What a store keeps, and how it is looked at."""

    def test_a_row_comes_back_as_it_was(self) -> None:
        """A row comes back with all of its fields, and times to the microsecond."""
        store = self.make_store()
        whole = replace(
            made(1, to=["ada@example.net", "bob@b\u00fccher.example"], key="k \u00e4\U0001f600 '%"),
            state=OutboxState.UNKNOWN,
            priority=-100,
            not_before=later(days=400, microseconds=1),
            attempts=7,
            earlier_attempts=3,
            tries_until=later(days=2),
            claimed_by="w" * 100,
            claimed_until=later(seconds=1),
            began_at=later(microseconds=999_999),
            unsure_since=START,
            remaining=("bob@b\u00fccher.example",),
            statuses=RecipientStatuses(
                {
                    "ada@example.net": RecipientStatus(SendStatus.SENT, message_id=TEXT),
                    "bob@b\u00fccher.example": RecipientStatus(
                        SendStatus.UNKNOWN, code=TEXT, detail=TEXT, maybe_accepted=True
                    ),
                }
            ),
            provider="p" * 100,
            message_ids=("<a@b>", TEXT, "x" * 300),
            error_category="c" * 100,
            error_code=TEXT,
            error_text=TEXT * 50,
        )
        bare = replace(made(2), document=None, recipients=(), tags=(), subject="")
        self.put(store, [whole, bare])
        assert whole == store.get(whole.id)
        assert bare == store.get(bare.id)
        assert store.get("0" * 32) is None
        assert store.get("") is None
        found = store.get(whole.id)
        assert found is not None
        assert found.message() == whole.message()

    def test_rows_are_found(self) -> None:
        """Rows are found by what is asked for, by their ids, page by page, without documents."""
        store = self.make_store()
        people = ["ADA@example.net", "o'neil_%@example.net", "bob@b\u00fccher.example"]
        rows = [
            made(0, to=[people[0]], key="k0"),
            made(1, to=[people[1], people[2]]),
            replace(made(2), state=OutboxState.FAILED, error_category="spam", provider="toy"),
            replace(made(3), state=OutboxState.SENT, tags=("other",), changed_at=later(days=1)),
        ]
        self.put(store, list(reversed(rows)))
        cases: list[tuple[OutboxFilter, list[int]]] = [
            (OutboxFilter(), [0, 1, 2, 3]),
            (OutboxFilter(states=(OutboxState.PENDING,)), [0, 1]),
            (OutboxFilter(states=(OutboxState.FAILED, OutboxState.SENT)), [2, 3]),
            (OutboxFilter(key="k0"), [0]),
            (OutboxFilter(key="K0"), []),
            (OutboxFilter(address="Ada@Example.net"), [0, 2, 3]),
            (OutboxFilter(address="O'Neil_%@example.net"), [1]),
            (OutboxFilter(address="bob@xn--bcher-kva.example"), [1]),
            (OutboxFilter(address="Bob@B\u00dcCHER.example"), [1]),
            (OutboxFilter(address="da@example.net"), []),
            (OutboxFilter(address="%"), []),
            (OutboxFilter(error_category="spam"), [2]),
            (OutboxFilter(provider="toy"), [2]),
            (OutboxFilter(tag="a_%b"), [0, 1, 2]),
            (OutboxFilter(tag="axxb"), []),
            (OutboxFilter(tag="ews"), []),
            (OutboxFilter(changed_before=later(microseconds=2)), [0, 1]),
            (OutboxFilter(changed_since=later(microseconds=2)), [2, 3]),
            (OutboxFilter(states=(OutboxState.SENT,), tag="news"), []),
        ]
        for wanted, expected in cases:
            found = [row.id for row in store.find(wanted, limit=9)]
            assert found == [rows[number].id for number in expected], wanted
        page = store.find(OutboxFilter(), limit=2)
        assert [replace(row, document=None) for row in rows[:2]] == list(page)
        page = store.find(OutboxFilter(), limit=2, after=page[-1].id)
        assert [row.id for row in page] == [row.id for row in rows[2:]]

    def test_rows_of_a_newer_release_are_passed_over(self) -> None:
        """What a newer release has kept is counted, and is in nobody's way."""
        store = self.make_store()
        version = DOCUMENT_VERSION + 1
        sent = RecipientStatuses({"ada@example.net": RecipientStatus(SendStatus.SENT)})
        rows = [
            replace(made(0, key="k0"), document_version=version),
            replace(made(1), state=OutboxState.SENT, statuses=sent, changed_at=START),
            replace(
                made(2),
                document_version=version,
                state=OutboxState.SENT,
                statuses=sent,
                changed_at=START,
            ),
            made(3),
            replace(made(4, to=["bob@example.net"]), document_version=version),
        ]
        self.put(store, rows)
        for wanted, read, newer in (
            (OutboxFilter(), [1, 3], 3),
            (OutboxFilter(key="k0"), [], 1),
            (OutboxFilter(address="ADA@example.net"), [1, 3], 2),
            (OutboxFilter(states=(OutboxState.SENT,)), [1], 1),
            (OutboxFilter(address="eve@example.net"), [], 0),
        ):
            found = [row.id for row in store.find(wanted, limit=2)]
            assert found == [rows[number].id for number in read], wanted
            assert store.newer(wanted) == newer, wanted
        happened = store.happenings(since=START, until=later(seconds=1))
        assert [each.row_id for each in happened] == [rows[1].id]

    def test_an_address_is_erased_from_what_can_be_read(self) -> None:
        """What has the address still is counted: kept by a newer release, or just being sent."""
        store = self.make_store()
        newer = replace(made(0), document_version=DOCUMENT_VERSION + 1)
        sending = replace(made(1), state=OutboxState.SENDING, claimed_by="w", claimed_until=START)
        plain = made(2)
        self.put(store, [newer, sending, plain])
        erasure = erase(store, "Ada@example.net", now=START)
        assert erasure == Erasure(erased=1, being_sent=1, newer=1)
        assert self._row(store, plain).recipients == ("erased-0",)
        assert self._row(store, sending).recipients == ("ada@example.net",)
        assert store.newer(OutboxFilter(address="ada@example.net")) == 1

    def test_how_full_it_is(self) -> None:
        """The store counts rows by state, and says what is due and when something is next."""
        store = self.make_store()
        counts = store.counts(now=START)
        assert set(counts.by_state) == set(OutboxState)
        assert (sum(counts.by_state.values()), counts.due, counts.oldest_due_at) == (0, 0, None)
        assert store.next_due_at() is None
        soon, late = later(seconds=10), later(days=1)
        self.put(store, [made(0, not_before=late), made(1, not_before=soon), made(2)])
        self._claimed(store, limit=1)
        over = [replace(made(9), state=OutboxState.SENT, claimed_by="w")]
        self.put(store, over)
        counts = store.counts(now=later(hours=1))
        assert counts.by_state[OutboxState.PENDING] == 2
        assert counts.by_state[OutboxState.SENDING] == 1
        assert counts.by_state[OutboxState.SENT] == 1
        assert (counts.due, counts.oldest_due_at, counts.expired) == (1, soon, 1)
        assert store.counts(now=soon).due == 1
        assert store.counts(now=later(seconds=10, microseconds=-1)).due == 0
        assert store.counts(now=later(seconds=1) + LEASE).expired == 0
        assert store.next_due_at() == soon
        self._claimed(store, limit=1, now=soon, until=late)
        assert store.next_due_at() == later(seconds=1) + LEASE

    def test_pruning(self) -> None:
        """Rows that are over and old go with all that belongs to them, the oldest first."""
        store = self.make_store()
        rows = [
            replace(made(number), state=state, changed_at=later(seconds=seconds))
            for number, (state, seconds) in enumerate(
                [
                    (OutboxState.SENT, 2),
                    (OutboxState.SENT, 1),
                    (OutboxState.FAILED, 1),
                    (OutboxState.SENT, 9),
                    (OutboxState.PENDING, 1),
                ]
            )
        ]
        self.put(store, rows)
        attempt = OutboxAttempt(
            row_id=rows[1].id,
            number=1,
            worker_id="w",
            provider="toy",
            began_at=START,
            ended_at=None,
            status=ResultStatus.UNKNOWN,
            message_ids=("gone",),
        )
        store.revise(rows[1].id, lambda *_: Revision(row=rows[1], attempt=attempt))
        store.receive(rows[1].id, receipt_of(rows[1]), nothing)
        sent = [OutboxState.SENT]
        when = later(seconds=9)
        assert store.prune_bodies(before=when, states=sent, limit=1) == 1
        assert self._row(store, rows[1]).document is None
        assert self._row(store, rows[0]).document is not None
        assert store.prune_bodies(before=when, states=sent, limit=9) == 1
        assert store.prune_bodies(before=when, states=sent, limit=9) == 0
        assert store.prune(before=when, states=sent, limit=1) == 1
        assert store.get(rows[1].id) is None
        assert not store.attempts(rows[1].id)
        assert not store.receipts(rows[1].id)
        assert store.locate(row_id="", provider="toy", message_id="gone") is None
        assert store.prune(before=when, states=sent, limit=9) == 1
        everything = list(OutboxState)
        assert store.prune(before=later(days=1), states=everything, limit=9) == 2
        assert [rows[4].id] == [row.id for row in store.find(OutboxFilter(), limit=9)]

    def test_what_happened(self) -> None:
        """Acceptances and receipts of a span of time are listed."""
        store = self.make_store()
        self.put(store, [made(0, to=["Ada@Example.net"]), made(1)])
        first, second = self._claimed(store, limit=2)
        first = self._begun(store, first)
        self._advance(store, conclusions=[self._concluded(first)])
        store.receive(second.id, receipt_of(second, provider="other"), nothing)
        found = list(store.happenings(since=later(seconds=9), until=later(seconds=31)))
        shown = sorted((each.event_type.value, each.recipient, each.provider) for each in found)
        assert shown == [
            ("delivered", "ada@example.net", "other"),
            ("sent", "ada@example.net", "toy"),
        ]
        assert {each.tags for each in found} == {("news", "a_%b")}
        assert {each.happened_at for each in found} == {later(seconds=9), later(seconds=30)}
        assert {each.row_id for each in found} == {first.id, second.id}
        for since, until, count in ((31, 40, 0), (30, 31, 1), (0, 30, 1), (9, 10, 1), (0, 9, 0)):
            some = store.happenings(since=later(seconds=since), until=later(seconds=until))
            assert len(list(some)) == count, (since, until)
