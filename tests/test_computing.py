"""Properties that are computed once, whatever other threads do at that moment."""

from __future__ import annotations

import threading

from mailcore.foundation import cached_property


class Held:
    """Computes its property when it is let."""

    def __init__(self) -> None:
        self.computing = threading.Event()
        self.let = threading.Event()
        self.count = 0

    @cached_property
    def value(self) -> int:
        """The number of times that it was computed."""
        self.computing.set()
        assert self.let.wait(60)
        self.count += 1
        return self.count


def test_computed_once():
    """It is computed when it is asked for, kept, and computed again when it was deleted."""
    held = Held()
    held.let.set()

    assert not held.computing.is_set()
    assert [1, 1] == [held.value, held.value]
    del held.value
    assert 2 == held.value
    assert "The number of times" in (Held.value.__doc__ or "")


def test_no_object_waits_for_another():
    """While a thread computes it for one object, it is there for others: no lock is shared."""
    slow, quick = Held(), Held()
    quick.let.set()
    got: list[int] = []
    first = threading.Thread(target=lambda: slow.value)
    second = threading.Thread(target=lambda: got.append(quick.value))
    first.start()
    assert slow.computing.wait(60)
    second.start()
    second.join(60)
    came = list(got)
    slow.let.set()
    first.join(60)
    second.join(60)

    assert [1] == came


def test_what_was_there_first_stays():
    """Threads that compute it at once agree on one value."""
    held = Held()
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(held.value)) for _ in range(4)]
    for thread in threads:
        thread.start()
    held.let.set()
    for thread in threads:
        thread.join(60)

    assert {held.value} == {*got, held.__dict__["value"]}
