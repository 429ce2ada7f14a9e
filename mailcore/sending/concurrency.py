"""
Many pieces of work at once, their outcomes in order: in threads, and in the tasks of a loop.

What is under way is bounded, and so is what waits: up to twice as many pieces are taken as may run,
so that one that takes long does not keep the others from beginning.
"""

from __future__ import annotations

import asyncio
import os

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar


PieceT = TypeVar("PieceT")
OutcomeT = TypeVar("OutcomeT")


def in_threads(
    work: Callable[[PieceT], Sequence[OutcomeT]], pieces: Iterable[PieceT], concurrency: int
) -> Iterator[OutcomeT]:
    """
    Do work in threads of its own, and give its outcomes in the order of the pieces.

    Who stops early waits for what is under way; what had not begun, does not begin.

    Args:
        work: Called in a thread for each piece; raises nothing.
        pieces: Taken in the caller's thread, as there is room.
        concurrency: How many at once, at most.

    Raises:
        RuntimeError: In a process that was forked meanwhile: the threads are its parent's.
    """
    process_id = os.getpid()
    threads = ThreadPoolExecutor(concurrency, thread_name_prefix="mailcore")
    pending: deque[Future[Sequence[OutcomeT]]] = deque()

    def next_outcomes() -> Sequence[OutcomeT]:
        if os.getpid() != process_id:
            raise RuntimeError("send_many() goes on in the process that began it, not in its child")
        return pending.popleft().result()

    try:
        for piece in pieces:
            pending.append(threads.submit(copy_context().run, work, piece))
            while pending and (pending[0].done() or len(pending) >= 2 * concurrency):
                yield from next_outcomes()
        while pending:
            yield from next_outcomes()
    finally:
        if os.getpid() == process_id:
            threads.shutdown(cancel_futures=True)


async def in_tasks(
    work: Callable[[PieceT], Awaitable[Sequence[OutcomeT]]],
    pieces: Iterable[PieceT],
    concurrency: int,
) -> AsyncGenerator[OutcomeT, None]:
    """
    Do work in tasks, and give its outcomes in the order of the pieces.

    Who stops early cancels what is under way, and waits until it has ended.

    Args:
        work: Awaited in a task for each piece; raises nothing.
        pieces: Taken in the loop, as there is room.
        concurrency: How many at once, at most.
    """
    room = asyncio.Semaphore(concurrency)
    ahead = concurrency if concurrency == 1 else 2 * concurrency
    pending: deque[asyncio.Task[Sequence[OutcomeT]]] = deque()

    async def in_turn(piece: PieceT) -> Sequence[OutcomeT]:
        async with room:
            return await work(piece)

    try:
        for piece in pieces:
            pending.append(asyncio.create_task(in_turn(piece)))
            while pending and (pending[0].done() or len(pending) >= ahead):
                for outcome in await pending.popleft():
                    yield outcome
        while pending:
            for outcome in await pending.popleft():
                yield outcome
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
