"""Server-sent events: they come, they are few, and they end with the connection."""

from __future__ import annotations

import asyncio

import pytest

from mailcore_local.mailbox import MailStore
from mailcore_local.pages.live import LiveAnswer


class Browser:
    """One that listens, and may go away."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.text = ""
        self.heard = asyncio.Condition()

    async def receive(self) -> dict[str, object]:
        """Nothing, until it goes away."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, object]) -> None:
        """Keep what came."""
        body = message.get("body", b"")
        assert isinstance(body, bytes)
        async with self.heard:
            self.text += body.decode()
            self.heard.notify_all()

    async def wait_for(self, text: str) -> None:
        """Wait until it has heard something."""
        async with self.heard:
            await asyncio.wait_for(self.heard.wait_for(lambda: text in self.text), 30)


def test_what_is_told(make_captured):
    """The version at first, then one event for many changes, and a comment in between."""

    async def listen() -> str:
        with MailStore() as store:
            browser = Browser()
            answer = LiveAnswer(store, pause_seconds=0.01, ping_seconds=0.05)
            listening = asyncio.ensure_future(answer({}, browser.receive, browser.send))
            await browser.wait_for("event: hello\ndata: 0\n\n")
            for _ in range(100):
                store.add(make_captured())
            await browser.wait_for("event: change\ndata: 100\n\n")
            await browser.wait_for(": still here\n\n")
            browser.gone.set()
            await asyncio.wait_for(listening, 30)
            return browser.text

    assert asyncio.run(listen()).count("event: change") <= 3


@pytest.mark.parametrize("turns", range(8))
@pytest.mark.parametrize("first", ["news", "end"])
def test_it_ends_although_there_are_news(make_captured, first, turns):
    """Whichever comes first, and however shortly before the other."""

    async def listen() -> None:
        with MailStore() as store:
            browser = Browser()
            answer = LiveAnswer(store, pause_seconds=0, ping_seconds=30)
            listening = asyncio.ensure_future(answer({}, browser.receive, browser.send))
            await browser.wait_for("hello")
            steps = [lambda: store.add(make_captured()), browser.gone.set]
            for step in steps if first == "news" else reversed(steps):
                step()
                for _ in range(turns):
                    await asyncio.sleep(0)
            await asyncio.wait_for(listening, 30)

    asyncio.run(listen())


def test_a_connection_that_broke_ends_it(make_captured):
    """What cannot be sent is not sent again."""

    async def listen() -> None:
        with MailStore() as store:
            browser = Browser()

            async def broken(message: dict[str, object]) -> None:
                raise OSError("gone")

            answer = LiveAnswer(store)
            await asyncio.wait_for(answer({}, browser.receive, broken), 30)

    asyncio.run(listen())
