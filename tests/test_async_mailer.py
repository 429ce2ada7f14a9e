from __future__ import annotations

import asyncio

import pytest

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    InvalidMessageType,
    Message,
    MessageRejected,
    SendError,
    SendResult,
)


def to(name):
    """A message to one."""
    return Message(from_email="f@x.org", to=[f"{name}@x.org"], subject="s")


class Gated:
    """A transport whose answers wait until a test lets them go."""

    def __init__(self):
        self.started = []
        self.gates = {}
        self.running = 0
        self.most = 0
        self.cancelled = []

    async def aexchange(self, request):
        (recipient,) = request.recipients
        name = recipient.partition("@")[0]
        self.started.append(name)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gates.setdefault(name, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        finally:
            self.running -= 1
        return name

    def exchange(self, request):
        raise AssertionError("an event loop uses aexchange")

    def close(self):
        pass

    def open(self, name):
        self.gates.setdefault(name, asyncio.Event()).set()


async def until(condition):
    """Let the loop go on until something holds."""

    async def poll():
        while not condition():  # noqa: ASYNC110  # nothing tells us when
            await asyncio.sleep(0)

    await asyncio.wait_for(poll(), 10)


def test_send_many_keeps_the_order_given(chunked, registry):
    """Whichever answer comes first, outcomes come in the order of the messages."""

    async def main():
        transport = Gated()
        mailer = AsyncMailer(chunked(), transport=transport, registry=registry)
        outcomes = []

        async def collect():
            async for outcome in mailer.send_many(map(to, "abc"), concurrency=3):
                outcomes.append(outcome.message_id)  # noqa: PERF401  # looked at meanwhile

        task = asyncio.create_task(collect())
        await until(lambda: transport.running == 3)
        for name, left in ("c", 2), ("b", 1), ("a", 0):
            assert [] == outcomes
            transport.open(name)
            await until(lambda left=left: transport.running == left)
        await task
        return outcomes

    assert ["a", "b", "c"] == asyncio.run(main())


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_send_many_bounds_what_runs_at_once(chunked, registry, concurrency):
    """No more sends at once than asked for, and messages are taken as they are needed."""

    async def main():
        transport = Gated()
        taken = []

        def messages():
            for name in "abcdefgh":
                taken.append(name)
                transport.open(name)
                yield to(name)

        mailer = AsyncMailer(chunked(), transport=transport, registry=registry)
        outcomes = mailer.send_many(messages(), concurrency=concurrency)
        first = await anext(outcomes)
        assert len(taken) <= 2 * concurrency
        rest = [outcome.message_id async for outcome in outcomes]
        return transport.most, [first.message_id, *rest]

    most, ids = asyncio.run(main())
    assert most <= concurrency
    assert list("abcdefgh") == ids


def test_send_many_goes_on_after_failures(chunked, scripted, registry):
    """Each message has its outcome, as with Mailer."""

    async def main():
        transport = scripted("1", MessageRejected("x"), KeyError("whoops"), "4")
        mailer = AsyncMailer(chunked(), transport=transport, registry=registry)
        messages = [to("a"), to("b"), "no message", to("c"), to("d")]
        return [outcome async for outcome in mailer.send_many(messages, concurrency=1)]

    outcomes = asyncio.run(main())
    assert [SendResult, MessageRejected, InvalidMessageType, SendError, SendResult] == [
        type(outcome) for outcome in outcomes
    ]
    assert ("fault", None) == (outcomes[3].category, outcomes[3].__cause__)


@pytest.mark.parametrize("concurrency", [0, -1])
def test_send_many_with_no_concurrency(registry, concurrency):
    """At least one."""

    async def main():
        mailer = AsyncMailer("chunked", registry=registry)
        return [o async for o in mailer.send_many([to("a")], concurrency=concurrency)]

    with pytest.raises(ConfigurationError, match="at least 1"):
        asyncio.run(main())


def test_leaving_send_many_early_cancels_the_rest(chunked, registry):
    """What was started is cancelled and awaited: no task stays behind."""

    async def main():
        transport = Gated()
        transport.open("a")
        mailer = AsyncMailer(chunked(), transport=transport, registry=registry)
        outcomes = mailer.send_many(map(to, "abc"), concurrency=3)
        first = await anext(outcomes)
        await outcomes.aclose()
        return first.message_id, transport, len(asyncio.all_tasks())

    first, transport, tasks = asyncio.run(main())
    assert ("a", 1) == (first, tasks)
    assert 0 == transport.running
    assert set(transport.cancelled) == set(transport.started) - {"a"}


def test_cancelling_a_send(chunked, registry):
    """The cancellation reaches the transport and the caller."""

    async def main():
        transport = Gated()
        mailer = AsyncMailer(chunked(), transport=transport, registry=registry)
        task = asyncio.create_task(mailer.send(to("a")))
        await until(lambda: transport.running == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return transport.cancelled

    assert ["a"] == asyncio.run(main())


def test_context_manager_closes_what_it_made(registry, scripted):
    """As with Mailer: its own provider's connections, not those of others."""
    from mailcore import hookimpl

    transport = scripted("1", "2")

    class Extension:
        @hookimpl
        def mailcore_create_transport(self, provider):
            return transport

    registry.register_extension(Extension())

    async def main():
        async with AsyncMailer("chunked", registry=registry) as mailer:
            await mailer.send(to("a"))
        assert 1 == transport.closed
        async with AsyncMailer(mailer.provider, registry=registry) as other:
            await other.send(to("a"))

    asyncio.run(main())
    assert 1 == transport.closed
