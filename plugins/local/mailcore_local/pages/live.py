"""
Server-sent events: that something changed, and nothing of what; a page then reads itself anew.
"""

from __future__ import annotations

import asyncio
import contextlib

from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mailcore_local.mailbox import Change, MailStore


PAUSE_SECONDS = 0.25
"""At most so often: a thousand mails in a second are a few events."""

PING_SECONDS = 15.0
"""A comment that often, so that nothing between takes the connection for dead."""


class LiveAnswer(Response):
    """
    A stream that ends when the browser goes away, or the server stops.

    https://html.spec.whatwg.org/multipage/server-sent-events.html (read 2026-11-30).

    Args:
        store: The mails that are looked at.
        pause_seconds: How long to wait between two events.
        ping_seconds: How long to be silent at most.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        store: MailStore,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._store = store
        self._pause_seconds, self._ping_seconds = pause_seconds, ping_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Send events until the connection ends.
        """
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await self._tell(send, gone)
        except OSError:
            # The connection broke while something was sent.
            return
        finally:
            gone.cancel()

    async def _tell(self, send: Send, gone: asyncio.Future[None]) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def heard(_: Change) -> None:
            # In the thread that changes the store, which is locked meanwhile.
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(changed.set)

        with self._store.listening(heard):
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            await _send(send, f"retry: 1000\nevent: hello\ndata: {self._store.version}\n\n")
            while not gone.done():
                if not await self._is_set(changed, gone):
                    if not gone.done():
                        await _send(send, ": still here\n\n")
                    continue
                changed.clear()
                await _send(send, f"event: change\ndata: {self._store.version}\n\n")
                await asyncio.wait({gone}, timeout=self._pause_seconds)

    async def _is_set(self, changed: asyncio.Event, gone: asyncio.Future[None]) -> bool:
        # Not wait_for: before Python 3.12 it forgets to be cancelled when both happen at once.
        news: asyncio.Future[Any] = asyncio.ensure_future(changed.wait())
        either: set[asyncio.Future[Any]] = {news, gone}
        try:
            await asyncio.wait(
                either, timeout=self._ping_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            news.cancel()
        return changed.is_set()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
