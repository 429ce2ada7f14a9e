"""Sends at once: threads of a mailer's own, as many as asked for, and none left behind."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    Mailer,
    Message,
    MessageRejected,
    SendError,
    SendInterrupted,
    SendResult,
    hookimpl,
)
from mailcore.sending import Sent, Tally


WAIT_SECONDS = 10


def to(name: str) -> Message:
    """A message to one."""
    return Message(from_email="f@x.org", to=[f"{name}@x.org"], subject="s", text="t")


def ids(outcomes: Any) -> list[Any]:
    """The message ids of results, and the errors as they are."""
    return [getattr(each, "message_id", each) for each in outcomes]


class Meeting:
    """A blocking transport: nobody gets an answer before so many are there."""

    def __init__(self, size: int, connections: int | None = None) -> None:
        self._barrier = threading.Barrier(size, timeout=WAIT_SECONDS)
        if connections is not None:
            self.connections = connections

    def exchange(self, request: Any) -> Any:
        self._barrier.wait()
        return request.recipients[0].partition("@")[0]

    def close(self) -> None:
        pass


class Gated:
    """A blocking transport: each answer waits until a test lets it go."""

    def __init__(self) -> None:
        self.gates: dict[str, threading.Event] = {}
        self.began: list[str] = []
        self.running = 0
        self.most = 0
        self._changed = threading.Condition()

    def gate(self, name: str) -> threading.Event:
        return self.gates.setdefault(name, threading.Event())

    def exchange(self, request: Any) -> Any:
        name = request.recipients[0].partition("@")[0]
        with self._changed:
            self.began.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
            self._changed.notify_all()
        assert self.gate(name).wait(WAIT_SECONDS)
        with self._changed:
            self.running -= 1
        return name

    def until_began(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.began) >= count, WAIT_SECONDS)

    def close(self) -> None:
        pass


@pytest.fixture
def mailers(chunked: Any, registry: Any) -> Callable[[type[Any], Any], Any]:
    """Make mailers of the toy provider with a transport."""
    return lambda kind, transport: kind(chunked(), transport=transport, registry=registry)


def many(mailer: Any, messages: Any, **options: Any) -> list[Any]:
    """All outcomes of send_many, of either mailer."""

    async def gathered() -> list[Any]:
        return [outcome async for outcome in mailer.send_many(messages, **options)]

    if isinstance(mailer, AsyncMailer):
        return asyncio.run(gathered())
    return list(mailer.send_many(messages, **options))


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
@pytest.mark.parametrize("concurrency", [2, 60])
def test_what_is_asked_for_is_what_runs(mailers: Any, kind: Any, concurrency: int) -> None:
    """However few threads the event loop has for others: as many calls meet as may be under way."""
    names = [f"r{number}" for number in range(2 * concurrency)]

    outcomes = many(mailers(kind, Meeting(concurrency)), map(to, names), concurrency=concurrency)

    assert names == ids(outcomes)


@pytest.mark.parametrize("connections", [None, 50])
def test_a_loop_has_as_many_threads_as_connections(mailers: Any, connections: int | None) -> None:
    """Sends that tasks of the program make at once need no send_many; 32 if nothing is known."""
    count = connections or 32
    mailer = mailers(AsyncMailer, Meeting(count, connections))

    async def main() -> list[Any]:
        return await asyncio.gather(*(mailer.send(to(f"r{number}")) for number in range(count)))

    assert [f"r{number}" for number in range(count)] == ids(asyncio.run(main()))


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_threads_are_bounded_and_messages_taken_as_needed(mailers: Any, concurrency: int) -> None:
    """No more calls at once than asked for; the iterable is read ahead as far as documented."""
    transport = Gated()
    taken = []

    def messages() -> Iterator[Message]:
        for name in "abcdefghijklmnop":
            taken.append(name)
            transport.gate(name).set()
            yield to(name)

    outcomes = mailers(Mailer, transport).send_many(messages(), concurrency=concurrency)
    assert [] == taken
    first = next(outcomes)
    ahead = len(taken)
    rest = list(outcomes)

    assert 1 <= ahead <= 2 * concurrency
    assert transport.most <= concurrency
    assert list("abcdefghijklmnop") == ids([first, *rest])


def test_one_that_takes_long_keeps_no_other_waiting(mailers: Any) -> None:
    """Outcomes keep their order; calls do not."""
    transport = Gated()
    for name in "bcd":
        transport.gate(name).set()
    outcomes = mailers(Mailer, transport).send_many(map(to, "abcd"), concurrency=2)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(outcomes))
    thread.start()

    transport.until_began(4)
    assert [] == found
    transport.gate("a").set()
    thread.join(WAIT_SECONDS)

    assert list("abcd") == ids(found)


def test_who_leaves_waits_for_what_is_under_way(mailers: Any) -> None:
    """No other begins, and no thread stays."""
    transport = Gated()
    for name in "abcdefgh":
        transport.gate(name).set()
    before = set(threading.enumerate())

    outcomes = mailers(Mailer, transport).send_many(map(to, "abcdefgh"), concurrency=2)
    next(outcomes)
    outcomes.close()

    assert 0 == transport.running
    assert len(transport.began) <= 5
    assert set() == set(threading.enumerate()) - before


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
def test_what_the_iterable_raises_comes_last(mailers: Any, kind: Any) -> None:
    """What it gave before is sent, and has its outcome."""
    transport = Meeting(1)

    def messages() -> Iterator[Message]:
        yield to("a")
        yield to("b")
        raise KeyError("whoops")

    found: list[Any] = []
    mailer = mailers(kind, transport)

    async def gathered() -> None:
        async for outcome in mailer.send_many(messages(), concurrency=2):
            found.append(outcome)  # noqa: PERF401  # it is looked at after the exception

    collect = {
        Mailer: lambda: found.extend(mailer.send_many(messages(), concurrency=2)),
        AsyncMailer: lambda: asyncio.run(gathered()),
    }[kind]
    with pytest.raises(KeyError):
        collect()

    assert ["a", "b"] == ids(found)


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
def test_failures_are_outcomes(mailers: Any, scripted: Any, kind: Any) -> None:
    """One that fails stops no other, in whichever thread it fails."""
    transport = scripted(*[MessageRejected("no"), "1"] * 3)

    outcomes = many(mailers(kind, transport), map(to, "abcdef"), concurrency=3)

    assert [3, 3] == [
        sum(isinstance(each, kind) for each in outcomes) for kind in (SendResult, MessageRejected)
    ]


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
@pytest.mark.parametrize(
    ("concurrency", "told"),
    [(0, "at least 1, not 0"), (-3, "at least 1"), (2.0, "not float"), (True, "not bool")],
)
def test_concurrency_that_is_none(mailers: Any, kind: Any, concurrency: Any, told: str) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(ConfigurationError, match=told):
        many(mailers(kind, Meeting(1)), [to("a")], concurrency=concurrency)


def test_a_closed_mailer_leaves_no_thread_and_can_be_used_again(mailers: Any) -> None:
    """Closing ends the threads; the next send starts others."""
    before = set(threading.enumerate())
    mailer = mailers(AsyncMailer, Meeting(1))

    async def main() -> list[Any]:
        found = [await mailer.send(to("a"))]
        await mailer.aclose()
        await mailer.aclose()
        found.append(await mailer.send(to("b")))
        await mailer.aclose()
        return found

    found = asyncio.run(main())
    for thread in set(threading.enumerate()) - before:
        thread.join(WAIT_SECONDS)

    assert ["a", "b"] == ids(found)
    assert set() == set(threading.enumerate()) - before


def test_loops_one_after_another_and_at_once(mailers: Any) -> None:
    """The threads belong to the mailer, and not to a loop."""
    mailer = mailers(AsyncMailer, Meeting(2))
    found: list[Any] = []

    def loop_of_its_own(name: str) -> None:
        found.append(asyncio.run(mailer.send(to(name))))

    for names in ("ab", "cd"):
        threads = [threading.Thread(target=loop_of_its_own, args=[name]) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_SECONDS)

    assert list("abcd") == sorted(ids(found))


def test_a_send_that_waits_for_a_thread_is_not_sent_when_cancelled(
    mailers: Any, registry: Any
) -> None:
    """It was never begun, and is told as such; the one under way is open."""
    told: list[tuple[str, bool]] = []

    class Extension:
        @hookimpl
        def mailcore_message_failed(self, message: Message, error: Any) -> None:
            assert isinstance(error, SendInterrupted)
            told.append((message.to[0].addr_spec[0], error.maybe_accepted))

    registry.register_extension(Extension())
    transport = Gated()
    transport.connections = 1  # type: ignore[attr-defined]  # as a transport says it
    mailer = mailers(AsyncMailer, transport)

    async def main() -> None:
        tasks = [asyncio.create_task(mailer.send(to(name))) for name in "ab"]
        await asyncio.to_thread(transport.until_began, 1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        transport.gate("a").set()
        await mailer.aclose()

    asyncio.run(main())

    assert [("a", True), ("b", False)] == told
    assert ["a"] == transport.began


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_child_of_a_fork(mailers: Any) -> None:
    """It has threads of its own; an iterator of its parent's says that it does not go on here."""
    mailer, amailer = mailers(Mailer, Meeting(1)), mailers(AsyncMailer, Meeting(1))
    asyncio.run(amailer.send(to("a")))
    outcomes = mailer.send_many(map(to, "abcdefgh"), concurrency=2)
    next(outcomes)
    read, write = os.pipe()

    child = os.fork()
    if child == 0:
        try:
            os.write(write, ids([asyncio.run(amailer.send(to("b")))])[0].encode())
            try:
                list(outcomes)
            except RuntimeError as error:
                os.write(write, f" {error}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        text = told.read().decode()
    os.waitpid(child, 0)

    assert "b send_many() goes on in the process that began it, not in its child" == text
    assert list("bcdefgh") == ids(outcomes)


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
def test_unordered_outcomes_come_as_they_are_there(mailers: Any, kind: Any) -> None:
    """Each says which message it is of."""
    transport = Gated()
    mailer = mailers(kind, transport)
    found: list[tuple[int, Any]] = []

    def note(each: Sent) -> None:
        assert each.error is None
        assert each.result is each.outcome
        assert f"{each.result.message_id}@x.org" == each.message.to[0].addr_spec
        found.append((each.number, each.result.message_id))
        for name in {"b": "c", "c": "a"}.get(each.result.message_id, ""):
            transport.gate(name).set()

    async def gathered() -> None:
        async for each in mailer.send_unordered(map(to, "abc"), concurrency=3):
            note(each)

    transport.gate("b").set()
    if kind is Mailer:
        for each in mailer.send_unordered(map(to, "abc"), concurrency=3):
            note(each)
    else:
        asyncio.run(gathered())

    assert [(1, "b"), (2, "c"), (0, "a")] == found


def test_messages_that_are_awaited(mailers: Any) -> None:
    """A source that takes its time keeps no outcome waiting, and its failure comes last."""
    mailer = mailers(AsyncMailer, Meeting(1))
    seen: list[str] = []

    async def main() -> None:
        known = asyncio.Event()

        async def messages() -> AsyncIterator[Message]:
            yield to("a")
            yield to("b")
            await known.wait()  # until the outcomes of both are there
            yield to("c")
            raise KeyError("whoops")

        async for outcome in mailer.send_many(messages(), concurrency=3):
            seen.append(outcome.message_id)
            if len(seen) == 2:
                known.set()

    with pytest.raises(KeyError):
        asyncio.run(main())

    assert list("abc") == seen


def test_leaving_a_source_that_waits(mailers: Any) -> None:
    """Nothing is waited for any more, and no task stays."""
    mailer = mailers(AsyncMailer, Meeting(1))

    async def main() -> tuple[str | None, int]:
        async def messages() -> AsyncIterator[Message]:
            yield to("a")
            await asyncio.Event().wait()

        outcomes = mailer.send_many(messages(), concurrency=3)
        first = await anext(outcomes)
        await outcomes.aclose()
        return first.message_id, len(asyncio.all_tasks())

    assert ("a", 1) == asyncio.run(main())


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_progress_is_told(
    mailers: Any, scripted: Any, kind: Any, concurrency: int, caplog: pytest.LogCaptureFixture
) -> None:
    """After each outcome, by what became of it; a callback that fails stops nothing."""
    lost = SendError("lost", maybe_accepted=True)
    transport = scripted("1", MessageRejected("no"), lost, "4")
    told: list[Tally] = []

    def note(tally: Tally) -> None:
        told.append(tally)
        if tally.done == 2:
            raise KeyError("whoops")

    outcomes = many(
        mailers(kind, transport), map(to, "abcd"), concurrency=concurrency, on_progress=note
    )

    assert 4 == len(outcomes)
    assert [1, 2, 3, 4] == [tally.done for tally in told]
    assert Tally(done=4, accepted=2, maybe_accepted=1, failed=1) == told[-1]
    assert "on_progress failed" in caplog.text


@pytest.mark.parametrize("kind", [Mailer, AsyncMailer])
def test_memory_does_not_grow_with_the_number(mailers: Any, kind: Any) -> None:
    """Outcomes that were given are not kept, nor are their messages."""

    class Echo:
        def exchange(self, request: Any) -> Any:
            return "1"

        def close(self) -> None:
            pass

    alive: weakref.WeakSet[Message] = weakref.WeakSet()
    most = 0

    def messages() -> Iterator[Message]:
        nonlocal most
        for number in range(300):
            message = to(f"r{number}")
            alive.add(message)
            most = max(most, len(alive))
            yield message

    mailer = mailers(kind, Echo())

    async def gathered() -> int:
        return len([1 async for _ in mailer.send_unordered(messages(), concurrency=4)])

    if kind is Mailer:
        count = sum(1 for _ in mailer.send_unordered(messages(), concurrency=4))
    else:
        count = asyncio.run(gathered())

    assert 300 == count
    assert most <= 20
