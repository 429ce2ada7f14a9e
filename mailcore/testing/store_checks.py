"""
What every store of policies must do, proven on yours.

Subclass a suite in a test file, and say how a store is made::

    from mailcore.testing import IdempotencyStoreSuite, SuppressionStoreSuite

    class TestAcmeSuppressions(SuppressionStoreSuite):
        def make_store(self):
            return AcmeSuppressionStore(...)  # with nothing in it

Each check takes a store of its own.
"""

from __future__ import annotations

import random
import threading

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import product

from mailcore.account.suppressions import BOUNCE, COMPLAINT, UNSUBSCRIBE
from mailcore.stores.idempotency import IdempotencyStore
from mailcore.stores.scopes import ALL_LISTS, ALL_MAIL
from mailcore.stores.suppressions import REASONS, SuppressionEntry, SuppressionStore, placed
from mailcore.testing.side_by_side import in_threads


_SPELLINGS = (
    ("ada@example.net", "ADA@Example.NET"),
    ("bob@b\u00fccher.example", "Bob@xn--bcher-kva.example"),
    ("bobby@b\u00fccher.example", "BOBBY@B\u00dcCHER.EXAMPLE"),
    ("o'neil_%@example.net", "O'Neil_%@example.net"),
    ("\u0432\u0456\u0434@example.net", "\u0412\u0406\u0414@example.net"),
)
_SCOPES = (ALL_MAIL, ALL_LISTS, "news", "News", "\u00e4\u00f6% _'")
_TEXTS = ("", "550 5.1.1 no such user", "\u00e4\u00f6\u00fc \U0001f600\n\t'\"\\")
_START = datetime(2026, 11, 30, 12, 0, 0, 123456, tzinfo=timezone.utc)
_MANY = 1201


class SuppressionStoreSuite(ABC):
    """
    Checks of a :class:`~mailcore.stores.suppressions.SuppressionStore`.

    Attributes:
        sequences: How many random sequences of calls are held against a model.
    """

    sequences = 8

    @abstractmethod
    def make_store(self) -> SuppressionStore:
        """Make a store with nothing in it."""

    @contextmanager
    def thread_of_test(self) -> Iterator[None]:
        """Surround what a check does in a thread of its own: to close what belongs to it."""
        yield

    def test_any_sequence_of_calls(self) -> None:
        """After each call the store holds what a set of entries would hold."""
        for seed in range(self.sequences):
            store = self.make_store()
            self._forget_all(store)
            choose = random.Random(seed)  # noqa: S311  # it is a test's
            model: dict[tuple[str, str, str], SuppressionEntry] = {}
            for step in range(20):
                told = self._call(choose, store, model)
                _compare(store, model, f"seed {seed}, step {step}: {told}")

    def test_many_entries(self) -> None:
        """More than go into one call: all are found, listed in order, and searched."""
        store = self.make_store()
        entries = [
            SuppressionEntry(email_address=f"user{number:05}@example.net", reason=BOUNCE)
            for number in range(_MANY)
        ]
        store.add(iter(entries))
        keys = [each.email_address for each in entries]

        assert _places(entries) == _places(store.find([*keys, "nobody@example.net"]))
        assert list(map(placed, entries)) == list(map(placed, store.entries()))
        assert len(list(store.entries(containing="USER001"))) == 100
        assert list(store.find([])) == []
        store.add([])

    def test_the_last_one_given_is_kept(self) -> None:
        """The later of two entries for one address, scope and reason is kept."""
        store = self.make_store()
        told = [
            SuppressionEntry(email_address="ada@example.net", reason=BOUNCE, source=source)
            for source in ("first", "second")
        ]
        store.add(told)

        assert [each.source for each in store.find(["ada@example.net"])] == ["second"]

    def test_addresses_that_are_like_each_other(self) -> None:
        """An address that is the beginning or the end of another one is not that one."""
        store = self.make_store()
        names = ["a@b.example", "aa@b.example", "a@b.example.net", "a_@b.example", "a%@b.example"]
        store.add([SuppressionEntry(email_address=name, reason=BOUNCE) for name in names])

        for name in names:
            assert [name] == [each.email_address for each in store.find([name])]
        assert store.remove("a_@b.example") == 1
        assert len(list(store.entries())) == 4

    def test_threads_share_a_store(self) -> None:
        """What a thread adds is there for all others."""
        store = self.make_store()

        def add(thread: int) -> None:
            for number in range(10):
                address = f"{thread}-{number}@example.net"
                store.add([SuppressionEntry(email_address=address, reason=COMPLAINT)])

        in_threads(self.thread_of_test, [partial(add, thread) for thread in range(4)])

        assert len(list(store.entries(reasons=["complaint"]))) == 40

    def _call(
        self,
        choose: random.Random,
        store: SuppressionStore,
        model: dict[tuple[str, str, str], SuppressionEntry],
    ) -> str:
        address = choose.choice(choose.choice(_SPELLINGS))
        if choose.random() < 0.7:
            entries = [_any_entry(choose) for _ in range(choose.randint(0, 3))]
            store.add(entries)
            model.update((placed(entry), entry) for entry in entries)
            return f"added {len(entries)}"
        scope = choose.choice([None, *_SCOPES])
        reasons = choose.sample(REASONS, choose.randint(0, 2))
        key = SuppressionEntry(email_address=address, reason=BOUNCE).email_address
        gone = [
            place
            for place in model
            if place[0] == key
            and scope in (None, place[1])
            and (not reasons or place[2] in reasons)
        ]
        for place in gone:
            del model[place]
        assert len(gone) == store.remove(address, reasons=reasons, scope=scope)
        return f"removed {len(gone)}"

    def _forget_all(self, store: SuppressionStore) -> None:
        for entry in list(store.entries()):
            store.remove(entry.email_address)


def _any_entry(choose: random.Random) -> SuppressionEntry:
    return SuppressionEntry(
        email_address=choose.choice(choose.choice(_SPELLINGS)),
        reason=choose.choice(REASONS),
        scope=choose.choice(_SCOPES),
        source=choose.choice(("", "toy", "\u00e4")),
        detail=choose.choice(_TEXTS),
        updated_at=_START + timedelta(seconds=choose.randint(0, 10**6)),
    )


def _compare(
    store: SuppressionStore, model: dict[tuple[str, str, str], SuppressionEntry], told: str
) -> None:
    expected = [model[place] for place in sorted(model)]
    assert expected == list(store.entries()), told
    keys = sorted({place[0] for place in model})
    assert expected == sorted(store.find([*keys, "x@example.net"]), key=placed), told
    for scope, reason in product((None, "news", ALL_MAIL), (BOUNCE, UNSUBSCRIBE)):
        wanted = [
            each for each in expected if scope in (None, each.scope) and each.reason == reason
        ]
        assert wanted == list(store.entries(scope=scope, reasons=[reason.lower()])), told
    for part in ("B", "@example", "'", "%", "x"):
        wanted = [each for each in expected if part.lower() in each.email_address]
        assert wanted == list(store.entries(containing=part)), told


def _places(entries: Iterable[SuppressionEntry]) -> list[tuple[str, str, str]]:
    return sorted(map(placed, entries))


class IdempotencyStoreSuite(ABC):
    """Checks of an :class:`~mailcore.stores.idempotency.IdempotencyStore`."""

    @abstractmethod
    def make_store(self) -> IdempotencyStore:
        """Make a store with nothing in it."""

    @abstractmethod
    def let_pass(self, seconds: float) -> None:
        """Let time pass for the stores that were made."""

    @contextmanager
    def thread_of_test(self) -> Iterator[None]:
        """Surround what a check does in a thread of its own: to close what belongs to it."""
        yield

    def test_a_claim_is_kept(self) -> None:
        """A claim holds until who has it releases it, and holds for its own key only."""
        store = self.make_store()
        keys = ("a", "A", "a ", "", "\u00e4" * 300, "x\ud800", "a\0b")
        for key in keys:
            assert store.claim(key, f"first {len(key)}", 60) is None
        for key in keys:
            assert f"first {len(key)}" == store.claim(key, "second", 60)
            assert not store.release(key, "second")
            assert store.release(key, f"first {len(key)}")
            assert store.claim(key, "third", 60) is None

    def test_a_record_is_replaced(self) -> None:
        """A record is replaced by whoever knows it, and by nobody else."""
        store = self.make_store()
        assert not store.replace("a", "x", "y")
        assert store.claim("a", "begun", 60) is None
        assert not store.replace("a", "another", "done")
        assert store.replace("a", "begun", "done \u00e4\U0001f600")
        assert not store.replace("a", "begun", "again")
        assert store.claim("a", "second", 60) == "done \u00e4\U0001f600"

    def test_a_key_ends(self) -> None:
        """After its life a key was never there; replacing the record does not lengthen it."""
        store = self.make_store()
        assert store.claim("a", "begun", 60) is None
        self.let_pass(40)
        assert store.replace("a", "begun", "done")
        self.let_pass(21)
        assert not store.replace("a", "done", "late")
        assert not store.release("a", "done")
        assert store.claim("a", "second", 60) is None
        assert store.claim("a", "third", 60) == "second"

    def test_forgetting(self) -> None:
        """A key can be forgotten, whatever is kept for it."""
        store = self.make_store()
        assert not store.forget("a")
        store.claim("a", "begun", 60)
        assert store.forget("a")
        assert not store.forget("a")
        assert store.claim("a", "second", 60) is None

    def test_large_records(self) -> None:
        """A record holds what became of a message to thousands."""
        store = self.make_store()
        record = "0123456789abcdef" * 50_000
        assert store.claim("a", record, 60) is None
        assert store.claim("a", "second", 60) == record
        assert store.replace("a", record, record + "x")
        assert store.release("a", record + "x")

    def test_one_of_many_gets_it(self) -> None:
        """Where threads claim a key at the same moment, one of them gets it."""
        store = self.make_store()
        for number in range(5):
            found: list[str | None] = []
            start = threading.Barrier(4)

            claim = partial(_claim_together, store, f"k{number}", start, found)
            in_threads(self.thread_of_test, [partial(claim, thread) for thread in range(4)])
            winners = {each for each in found if each is not None}
            assert found.count(None) == 1
            assert len(winners) == 1


def _claim_together(
    store: IdempotencyStore,
    key: str,
    start: threading.Barrier,
    found: list[str | None],
    thread: int,
) -> None:
    start.wait(10)
    found.append(store.claim(key, f"by {thread}", 60))
