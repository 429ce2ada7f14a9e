"""Sends that are cut off: what is told of the mail, and what goes on."""

from __future__ import annotations

import asyncio
import logging
import threading

from typing import Any

import pytest

from mailcore import AsyncMailer, Mailer, Message, MessageRejected, SendInterrupted, hookimpl
from mailcore.flow import Sleep, progress_of_exchange


MESSAGE = Message(from_email="shop@x.org", to=["a@x.org", "b@x.org"], subject="s", text="t")


@pytest.fixture
def told(registry: Any) -> list[tuple[str, bool, bool]]:
    """What `mailcore_message_failed` was told: class, maybe_accepted, final."""
    seen: list[tuple[str, bool, bool]] = []

    class Extension:
        @hookimpl
        def mailcore_message_failed(self, error: Any, final: bool) -> None:
            seen.append((type(error).__name__, error.maybe_accepted, final))

    registry.register_extension(Extension())
    return seen


class Writing:
    """A transport that is interrupted, before or after the request began to be written."""

    def __init__(self, interruption: BaseException, began: list[bool]) -> None:
        self.interruption = interruption
        self.began = began

    def exchange(self, request: Any) -> Any:
        began = self.began.pop(0)
        progress_of_exchange().began = began
        if self.began:
            return "1"
        raise self.interruption

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("began", "expected"),
    [([False], False), ([True], True), ([True, False], True)],
    ids=["before writing", "once writing began", "with an accepted one before"],
)
@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(3)])
def test_interrupts_are_reported_and_pass_on(
    chunked: Any,
    registry: Any,
    told: Any,
    caplog: Any,
    interruption: BaseException,
    began: list[bool],
    expected: bool,
) -> None:
    """The observers and the log know of a mail that may be on its way; the interrupt goes on."""
    mailer = Mailer(chunked(), transport=Writing(interruption, [*began]), registry=registry)

    with caplog.at_level(logging.WARNING), pytest.raises(type(interruption)) as caught:
        mailer.send(MESSAGE)

    assert interruption is caught.value
    assert [("SendInterrupted", expected, True)] == told
    assert "chunked: the send was cut off" in caplog.text
    assert ("(maybe accepted)" if expected else "(not sent)") in caplog.text


def test_what_was_accepted_before_a_refusal_counts(
    chunked: Any, registry: Any, scripted: Any, told: Any
) -> None:
    """A request that was refused in between takes nothing back."""

    class Script(scripted):  # type: ignore[misc]  # a class given at run time
        def exchange(self, request: Any) -> Any:
            progress_of_exchange().began = False
            return super().exchange(request)

    transport = Script("1", MessageRejected("no"), KeyboardInterrupt())
    mailer = Mailer(chunked(), transport=transport, registry=registry)

    with pytest.raises(KeyboardInterrupt):
        mailer.send(MESSAGE.replace(to=["a@x.org", "b@x.org", "c@x.org"]))

    assert [("SendInterrupted", True, True)] == told


class Waiting:
    """A transport that waits until the test is over."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.over = threading.Event()

    def exchange(self, request: Any) -> Any:
        # Nothing is written yet, but the thread will go on to do so.
        progress_of_exchange().began = False
        self.entered.set()
        self.over.wait(10)
        return "1"

    def close(self) -> None:
        pass


class AsyncWaiting(Waiting):
    """One with a coroutine, which ends when it is cancelled."""

    def __init__(self, *, began: bool) -> None:
        super().__init__()
        self.began = began

    async def aexchange(self, request: Any) -> Any:
        progress_of_exchange().began = self.began
        self.entered.set()
        await asyncio.Event().wait()


async def cancelled(send: Any, transport: Any) -> None:
    """Cancel a send that waits for its transport."""
    task = asyncio.ensure_future(send())
    await asyncio.to_thread(transport.entered.wait, 10)
    task.cancel()
    try:
        await task
    finally:
        transport.over.set()


@pytest.mark.parametrize(
    ("transport", "expected"),
    [
        (Waiting, True),
        (lambda: AsyncWaiting(began=True), True),
        (lambda: AsyncWaiting(began=False), False),
    ],
    ids=["thread", "coroutine that wrote", "coroutine that did not"],
)
def test_cancelled_sends_are_reported(
    chunked: Any, registry: Any, told: Any, transport: Any, expected: bool
) -> None:
    """A thread goes on when its task is cancelled, so what it will write counts too."""
    made = transport()
    mailer = AsyncMailer(chunked(size=9), transport=made, registry=registry)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled(lambda: mailer.send(MESSAGE), made))

    assert [("SendInterrupted", expected, True)] == told


def test_cancelled_between_tries_nothing_is_sent(chunked: Any, registry: Any, told: Any) -> None:
    """A send that waits in its middleware has not begun to write."""
    entered = asyncio.Event()

    def patient(message: Any, send: Any) -> Any:
        entered.set()
        yield Sleep(60)
        return (yield from send(message))

    async def main() -> None:
        mailer = AsyncMailer(chunked(), middleware=[patient], registry=registry)
        task = asyncio.ensure_future(mailer.send(MESSAGE))
        await entered.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    assert [("SendInterrupted", False, True)] == told


def test_each_message_of_a_call_is_reported(chunked: Any, registry: Any, told: Any) -> None:
    """Several messages that share a call share what became of it."""

    class Together(chunked):  # type: ignore[misc]  # a class given at run time
        max_messages_per_call = 2

        def combine(self, requests: Any) -> Any:
            from mailcore.sending import Combined

            return [Combined(requests[0], tuple(range(len(requests))))]

    transport = Writing(KeyboardInterrupt(), [True])
    mailer = Mailer(Together(size=9), transport=transport, registry=registry)

    with pytest.raises(KeyboardInterrupt):
        list(mailer.send_many([MESSAGE, MESSAGE], messages_per_call=2))

    assert [("SendInterrupted", True, True)] * 2 == told


def test_the_error_says_what_it_is() -> None:
    """It is one of the tree, with a category of its own."""
    assert "interrupted" == SendInterrupted("x").category
