"""
Many pieces of work at once: in threads, and in the tasks of a loop.

What is under way is bounded, and so is what waits: up to twice as many pieces are taken as may run,
so that one that takes long does not keep the others from beginning.
"""

from __future__ import annotations

import asyncio
import os
import queue

from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Generic, Protocol, TypeVar


PieceT = TypeVar("PieceT")
OutcomeT = TypeVar("OutcomeT")


def in_threads(
    work: Callable[[PieceT], Sequence[OutcomeT]],
    pieces: Iterable[PieceT],
    concurrency: int,
    *,
    ordered: bool,
) -> Generator[OutcomeT, None, None]:
    """
    Do work in threads of its own.

    Who stops early waits for what is under way; what had not begun, does not begin.

    Args:
        work: Called in a thread for each piece; raises nothing.
        pieces: Taken in the caller's thread, as there is room.
        concurrency: How many at once, at most.
        ordered: Whether outcomes come in the order of the pieces, or as they are there.

    Raises:
        RuntimeError: In a process that was forked meanwhile: the threads are its parent's.
    """
    process_id = os.getpid()
    threads = ThreadPoolExecutor(concurrency, thread_name_prefix="mailcore")
    window: _Window[Future[Sequence[OutcomeT]]] = _Window(2 * concurrency, ordered=ordered)
    ended: queue.SimpleQueue[Future[Sequence[OutcomeT]]] = queue.SimpleQueue()

    def outcomes(*, wait: bool) -> Iterator[OutcomeT]:
        while window.pending and (wait or window.is_full or not ended.empty()):
            if os.getpid() != process_id:
                reason = "send_many() goes on in the process that began it, not in its child"
                raise RuntimeError(reason)
            window.end(ended.get())
            for future in window.due():
                yield from future.result()

    try:
        for piece in pieces:
            future = threads.submit(copy_context().run, work, piece)
            window.begin(future)
            future.add_done_callback(ended.put)
            yield from outcomes(wait=False)
        yield from outcomes(wait=True)
    finally:
        if os.getpid() == process_id:
            threads.shutdown(cancel_futures=True)


async def in_tasks(
    work: Callable[[PieceT], Awaitable[Sequence[OutcomeT]]],
    pieces: Iterable[PieceT] | AsyncIterable[PieceT],
    concurrency: int,
    *,
    ordered: bool,
) -> AsyncGenerator[OutcomeT, None]:
    """
    Do work in tasks.

    Who stops early cancels what is under way, and waits until it has ended.

    Args:
        work: Awaited in a task for each piece; raises nothing.
        pieces: Taken in the loop, as there is room; neither kind of iterable keeps outcomes
            waiting that are there.
        concurrency: How many at once, at most.
        ordered: Whether outcomes come in the order of the pieces, or as they are there.
    """
    room = asyncio.Semaphore(concurrency)
    ahead = concurrency if concurrency == 1 else 2 * concurrency
    window: _Window[asyncio.Task[Sequence[OutcomeT]]] = _Window(ahead, ordered=ordered)
    changed = asyncio.Event()
    source = _Source(pieces, changed)

    async def in_turn(piece: PieceT) -> Sequence[OutcomeT]:
        async with room:
            return await work(piece)

    def note(task: asyncio.Task[Sequence[OutcomeT]]) -> None:
        window.end(task)
        changed.set()

    try:
        while window.pending or not source.is_over:
            while not window.is_full and source.has_next():
                task = asyncio.create_task(in_turn(source.take()))
                task.add_done_callback(note)
                window.begin(task)
            if window.pending or not source.is_over:
                await changed.wait()
                changed.clear()
            for task in window.due():
                for outcome in task.result():
                    yield outcome
    finally:
        await source.close()
        for task in window.pending:
            task.cancel()
        await asyncio.gather(*window.pending, return_exceptions=True)


class _Done(Protocol):
    def done(self) -> bool: ...


WorkT = TypeVar("WorkT", bound=_Done)


class _Window(Generic[WorkT]):
    """
    Pieces of work that were begun and whose outcomes were not given yet.

    Args:
        size: How many there may be.
        ordered: Whether outcomes are given in the order of the pieces.
    """

    def __init__(self, size: int, *, ordered: bool) -> None:
        self.pending: dict[WorkT, None] = {}
        self._size = size
        self._ordered = ordered
        self._ended: deque[WorkT] = deque()

    @property
    def is_full(self) -> bool:
        return len(self.pending) >= self._size

    def begin(self, work: WorkT) -> None:
        """Note that one has begun."""
        self.pending[work] = None

    def end(self, work: WorkT) -> None:
        """Note that one has ended."""
        if not self._ordered:
            self._ended.append(work)

    def due(self) -> Iterator[WorkT]:
        """Take the work whose turn it is out of `pending`, and give it."""
        while (work := self._next()) is not None:
            del self.pending[work]
            yield work

    def _next(self) -> WorkT | None:
        if not self._ordered:
            return self._ended.popleft() if self._ended else None
        first = next(iter(self.pending), None)
        return first if first is not None and first.done() else None


class _Source(Generic[PieceT]):
    """
    Pieces of either kind of iterable, one at a time.

    Args:
        pieces: What gives them.
        changed: Is set when there is one that was waited for, or no more.
    """

    def __init__(
        self, pieces: Iterable[PieceT] | AsyncIterable[PieceT], changed: asyncio.Event
    ) -> None:
        self.is_over = False
        self._changed = changed
        self._taken: list[PieceT] = []
        self._waiting: asyncio.Task[None] | None = None
        self._plain = iter(pieces) if isinstance(pieces, Iterable) else None
        self._awaited = None if isinstance(pieces, Iterable) else aiter(pieces)

    def has_next(self) -> bool:
        """Whether there is a next piece now; that of an asynchronous iterable is waited for."""
        if self._taken or self.is_over:
            return bool(self._taken)
        if self._plain is not None:
            for piece in self._plain:
                self._taken.append(piece)
                return True
            self.is_over = True
        elif self._waiting is None:
            self._waiting = asyncio.create_task(self._wait())
        return False

    def take(self) -> PieceT:
        """Take the next piece."""
        return self._taken.pop()

    async def _wait(self) -> None:
        assert self._awaited is not None
        try:
            self._taken.append(await anext(self._awaited))
        except StopAsyncIteration:
            self.is_over = True
        finally:
            self._waiting = None
            self._changed.set()

    async def close(self) -> None:
        """Wait for no other."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
