"""How far work at once runs ahead, what it carries along, and what it leaves behind."""

from __future__ import annotations

import asyncio
import threading

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from mailcore.foundation.threads import Threads
from mailcore.sending import concurrency
from mailcore.sending.concurrency import in_tasks, in_threads


WAIT_SECONDS = 30
NAME: ContextVar[str] = ContextVar("NAME", default="nobody's")


class Pieces:
    """Numbers, and how many of them were taken."""

    def __init__(self, count: int) -> None:
        self.taken = 0
        self.are_taken = [threading.Event() for _ in range(count)]

    def __iter__(self) -> Iterator[int]:
        for number, event in enumerate(self.are_taken):
            self.taken += 1
            event.set()
            yield number


def test_threads_take_twice_as_many_pieces_as_run() -> None:
    """While the first one is not done, no more are taken, however soon the others are."""
    pieces, done = Pieces(20), [threading.Event() for _ in range(20)]
    seen: list[int] = []

    def work(number: int) -> list[int]:
        if number == 0:
            assert all(each.wait(WAIT_SECONDS) for each in done[1:4])
            seen.append(pieces.taken)
        done[number].set()
        return [number]

    outcomes = list(in_threads(work, pieces, 2, ordered=True))

    assert (list(range(20)), [4]) == (outcomes, seen)


@pytest.mark.parametrize(("at_once", "ahead"), [(1, 1), (2, 4), (3, 6)])
def test_tasks_take_twice_as_many_pieces_as_run(at_once: int, ahead: int) -> None:
    """But one at a time is one at a time."""

    async def main() -> tuple[int, list[int]]:
        pieces, release = Pieces(20), asyncio.Event()

        async def work(number: int) -> list[int]:
            await release.wait()
            return [number]

        async def collected() -> list[int]:
            return [each async for each in in_tasks(work, pieces, at_once, ordered=True)]

        task = asyncio.create_task(collected())
        for _ in range(50):
            await asyncio.sleep(0)
        taken = pieces.taken
        release.set()
        return taken, await task

    assert (ahead, list(range(20))) == asyncio.run(main())


def test_what_has_not_begun_does_not_begin(monkeypatch: Any) -> None:
    """Who leaves waits for what is under way only."""
    leaving, begun = threading.Event(), []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            leaving.set()
            super().shutdown(wait=wait)

    monkeypatch.setattr(concurrency, "ThreadPoolExecutor", Pool)
    pieces = Pieces(4)

    def work(number: int) -> list[int]:
        begun.append(number)
        assert (leaving if number else pieces.are_taken[3]).wait(WAIT_SECONDS)
        return [number]

    outcomes = in_threads(work, pieces, 2, ordered=True)

    assert 0 == next(outcomes)
    outcomes.close()
    assert 3 not in begun


@pytest.mark.parametrize("kind", ["in_threads", "Threads"])
def test_threads_have_the_context_and_a_name(kind: str) -> None:
    """What stands in context variables is there in the thread, too."""
    token = NAME.set("ours")

    def work(_: object = None) -> list[str]:
        return [NAME.get(), threading.current_thread().name.partition("_")[0]]

    try:
        if kind == "in_threads":
            found = list(in_threads(work, [1], 1, ordered=True))
        else:
            threads = Threads()
            found = threads.submit(work, lambda: 1).result(WAIT_SECONDS)
            threads.close()
    finally:
        NAME.reset(token)

    assert ["ours", "mailcore"] == found


def test_threads_stay_until_more_are_wanted() -> None:
    """And end when they have done what they are about, for which nobody waits."""
    threads, release = Threads(), threading.Event()

    def current() -> threading.Thread:
        return threading.current_thread()

    def held() -> threading.Thread:
        assert release.wait(WAIT_SECONDS)
        return threading.current_thread()

    first = threads.submit(current, lambda: 1).result(WAIT_SECONDS)
    threads.at_least(1)
    second = threads.submit(held, lambda: 1)
    threads.at_least(2)
    release.set()
    third = threads.submit(current, lambda: 1).result(WAIT_SECONDS)

    assert first is second.result(WAIT_SECONDS)
    assert first is not third
    first.join(WAIT_SECONDS)
    assert not first.is_alive()
    assert third.is_alive()
    threads.close()
    third.join(WAIT_SECONDS)
    assert not third.is_alive()
