"""
An outbox under any sequence of claims, sends, crashes, events and people.

The provider here knows the truth: whom it accepted, and how often. Whatever happens, nobody gets a
mail twice whom a person did not have sent to again, no row is lost, and no row says what is not so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from mailcore import (
    AuthenticationFailed,
    EventType,
    MailcoreError,
    Message,
    MessageRejected,
    RateLimited,
    RecipientStatus,
    SendResult,
    SendStatus,
    SendTimeout,
    TrackingEvent,
)
from mailcore.address import address_key
from mailcore.outbox import MemoryOutbox, OutboxEvents, OutboxPolicy, OutboxRow, OutboxState, erase
from mailcore.outbox import cancel as call_off
from mailcore.outbox import retry as send_again
from mailcore.outbox.machine import (
    Rules,
    begun,
    concluded,
    concluded_late,
    given_back,
    must_narrow,
    narrowed,
)
from mailcore.outbox.store import Revision
from mailcore.result import RecipientStatuses


LEASE = timedelta(minutes=1)
WORKERS = ("w1", "w2", "w3")
ADDRESSES = ("ada@example.net", "bob@example.org", "eve@example.com")

told = st.sampled_from(["accepted", "refused", "not now", "some", "lost", "half lost", "wrong key"])
spans = st.sampled_from([1, 30, 61, 4000, 200_000])


@dataclass
class Sending:
    """A send that has begun, and what the worker knows of it."""

    row: OutboxRow
    outcome: SendResult | MailcoreError | None = None


class OutboxMachine(RuleBasedStateMachine):
    """Three workers, a provider without idempotency, and people."""

    is_native = False

    claims = Bundle("claims")
    sends = Bundle("sends")
    ended = Bundle("ended")

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 30, tzinfo=timezone.utc)
        self.store = MemoryOutbox(now=lambda: self.now)
        self.policy = OutboxPolicy(attempts=4, jitter=lambda: 0.5)
        self.rules = Rules(policy=self.policy, provider="toy", is_native=self.is_native)
        self.events = OutboxEvents(self.store, policy=self.policy, now=lambda: self.now)
        self.rows: list[str] = []
        self.accepted: Counter[tuple[str, str]] = Counter()
        self.keys: set[tuple[str, frozenset[str]]] = set()
        self.allowed: Counter[tuple[str, str]] = Counter()
        self.gone: dict[tuple[str, int], str] = {}

    @initialize()
    def a_row(self) -> None:
        """There is something to begin with."""
        self.add(2)

    @rule(size=st.integers(1, 3))
    def add(self, size: int) -> None:
        """Somebody commits a message."""
        self.now += timedelta(milliseconds=1)
        message = Message(from_email="me@example.com", to=ADDRESSES[:size], text="Hi")
        self.rows.append(self.store.add(message).id)

    @rule(target=claims, worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> OutboxRow | MultipleResults[OutboxRow]:
        """A worker claims a row."""
        until = self.now + LEASE
        claimed = self.store.claim(worker, limit=1, now=self.now, until=until)
        return multiple(*claimed)

    @rule(target=sends, row=consumes(claims))
    def begin(self, row: OutboxRow) -> Sending | MultipleResults[Sending]:
        """What it claimed begins, unless the claim was lost meanwhile."""
        until = self.now + LEASE
        if must_narrow(row, now=self.now, rules=self.rules):
            decide = partial(narrowed, now=self.now, rules=self.rules)
            changed = self.store.revise(row.id, decide)
            if changed is None or changed.state is not OutboxState.SENDING:
                return multiple()
            row = changed
        advanced = self.store.advance(
            row.claimed_by,
            conclusions=[],
            begin=[row.id],
            provider="toy",
            now=self.now,
            until=until,
        )
        if not advanced.begun:
            return multiple()
        kept = self.store.get(row.id)
        row = begun(row, provider="toy", now=self.now, until=until)
        for address in row.remaining or row.recipients:
            status = kept.statuses.get(address)
            assert self.is_native or status is None or not status.accepted
        return Sending(row)

    @rule(
        target=ended, send=consumes(sends), what=told, is_heard=st.sampled_from([True, True, False])
    )
    def send(self, send: Sending, what: str, is_heard: bool) -> Sending | MultipleResults[Sending]:
        """The provider gets the message; the worker may die before it hears of it."""
        row = send.row
        asked = row.recipients if row.remaining is None else row.remaining
        key = (row.id, frozenset(asked))
        statuses = {}
        for number, address in enumerate(asked):
            takes = what in ("accepted", "lost", "half lost") or (what == "some" and number == 0)
            is_known = self.is_native and key in self.keys
            if takes and not is_known:
                self.accepted[row.id, address] += 1
            if takes or (is_known and what != "not now"):
                statuses[address] = RecipientStatus(SendStatus.QUEUED, message_id=f"id-{row.id}")
            else:
                statuses[address] = RecipientStatus(SendStatus.FAILED, retryable=True)
            if what == "half lost" and number:
                statuses[address] = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
        if what in ("accepted", "lost", "half lost", "some"):
            self.keys.add(key)
        errors = {
            "refused": MessageRejected("no"),
            "not now": RateLimited("later", retry_after_seconds=5),
            "lost": SendTimeout("lost", maybe_accepted=True),
            "wrong key": AuthenticationFailed("no"),
        }
        result = SendResult(
            provider="toy",
            recipients=RecipientStatuses(statuses),
            message_ids=(f"id-{row.id}",) if what in ("accepted", "some") else (),
        )
        send.outcome = errors.get(what, result)
        return send if is_heard else multiple()

    @rule(send=consumes(sends))
    def die(self, send: Sending) -> None:
        """A worker dies after a send has begun, and before the provider hears of it."""

    @rule(send=ended)
    def conclude(self, send: Sending) -> None:
        """A worker writes down what became of it, perhaps late, perhaps again."""
        assert send.outcome is not None
        revision = concluded(send.row, send.outcome, now=self.now, rules=self.rules)
        if not self._is_written(send, revision):
            late = partial(concluded_late, conclusion=revision, policy=self.policy)
            self.store.revise(send.row.id, late)

    def _is_written(self, send: Sending, revision: Revision) -> bool:
        if revision.row.state is OutboxState.UNKNOWN:
            return False
        return bool(
            self.store.advance(
                send.row.claimed_by,
                conclusions=[revision],
                begin=[],
                provider="toy",
                now=self.now,
                until=self.now + LEASE,
            ).concluded
        )

    @rule(seconds=spans)
    def pass_by(self, seconds: int) -> None:
        """Time passes, and claims run out."""
        self.now += timedelta(seconds=seconds)
        for row_id in self.store.expired(now=self.now, limit=9):
            self.store.revise(row_id, partial(given_back, now=self.now, rules=self.rules))

    @rule(worker=st.sampled_from(WORKERS))
    def leave(self, worker: str) -> None:
        """A worker stops in order: it gives back what has not begun."""
        self.store.release(worker, row_ids=None, now=self.now)

    @rule(data=st.data(), opened=st.booleans())
    def report(self, data: st.DataObject, opened: bool) -> None:
        """The provider tells of a mail that it accepted, at once, later or twice."""
        if self.accepted:
            row_id, address = data.draw(st.sampled_from(sorted(self.accepted)))
            kind = EventType.OPENED if opened else EventType.DELIVERED
            self.events(
                TrackingEvent(
                    provider="toy",
                    event_type=kind,
                    recipient=address.upper(),
                    metadata={"mailcore_outbox_id": row_id},
                )
            )

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """A person has a row sent again: to whoever may have it, that may be once more."""
        row = self.store.get(data.draw(st.sampled_from(self.rows)))
        found = send_again(self.store, row.id, now=self.now)
        if found is not None:
            assert not must_narrow(found, now=self.now, rules=self.rules)
            for address in found.remaining or found.recipients:
                self.allowed[row.id, address] += 1

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A person calls a row off."""
        call_off(self.store, data.draw(st.sampled_from(self.rows)), now=self.now)

    @rule(address=st.sampled_from(ADDRESSES))
    def forget(self, address: str) -> None:
        """Somebody wants to be forgotten, wherever the mail is not just being sent."""
        rows = {row_id: self.store.get(row_id) for row_id in self.rows}
        erase(self.store, address, now=self.now)
        for row_id, row in rows.items():
            if row.state is not OutboxState.SENDING and address in row.recipients:
                self.gone[row_id, row.recipients.index(address)] = address

    @invariant()
    def who_was_forgotten_stays_forgotten(self) -> None:
        """Whoever writes the row later."""
        for (row_id, place), address in self.gone.items():
            row = self.store.get(row_id)
            assert row.recipients[place] == f"erased-{place}"
            assert address not in repr(vars(row))
            assert address not in {each.recipient for each in self.store.receipts(row_id)}

    @invariant()
    def nobody_gets_it_twice(self) -> None:
        """But for those whom a person had sent to again."""
        for key, times in self.accepted.items():
            assert times <= 1 + self.allowed[key], key

    @invariant()
    def no_row_is_lost(self) -> None:
        """Each is there, in one of the states, with its body as long as it may be needed."""
        assert len(self.rows) == len(self.store)
        for row_id in self.rows:
            row = self.store.get(row_id)
            assert row.state in OutboxState
            is_whole = not any((row_id, place) in self.gone for place in range(len(ADDRESSES)))
            assert row.document is not None or row.state is OutboxState.SENT or not is_whole
            claims = row.state is OutboxState.SENDING
            assert (row.claimed_until is not None) == claims

    @invariant()
    def rows_say_what_is_so(self) -> None:
        """Who is said to have it has it; and nobody who has it is in a row that says otherwise."""
        for row_id in self.rows:
            row = self.store.get(row_id)
            for place, name in enumerate(row.recipients):
                status = row.statuses.get(name)
                address = self.gone.get((row_id, place), name)
                has_it = self.accepted[row_id, address] > 0
                if status is not None and status.accepted:
                    assert has_it
                if has_it and row.state in (OutboxState.FAILED, OutboxState.CANCELLED):
                    raise AssertionError(f"{row.state}, and {address_key(address)} has it")

    def teardown(self) -> None:
        """All workers die; one comes that is never out of luck, and everything comes to an end."""
        for _ in range(20):
            self.now += timedelta(days=1)
            self.pass_by(0)
            while claimed := self.store.claim("last", limit=1, now=self.now, until=self.now):
                sending = self.begin(claimed[0])
                if isinstance(sending, Sending):
                    self.conclude(self.send(sending, "accepted", True))
        for row_id in self.rows:
            assert self.store.get(row_id).state.is_over
        self.nobody_gets_it_twice()
        self.rows_say_what_is_so()
        for address in ADDRESSES:
            erase(self.store, address, now=self.now)
        assert not any(each in repr(vars(self.store)) for each in ADDRESSES)


class NativeOutboxMachine(OutboxMachine):
    """The same with a provider that drops what it has had."""

    is_native = True


_STEPS = settings(stateful_step_count=30)

TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = _STEPS
TestNativeOutbox = NativeOutboxMachine.TestCase
TestNativeOutbox.settings = _STEPS
