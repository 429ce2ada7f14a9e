"""
Server-sent events: that something changed, and nothing of what; a page then reads itself anew.
"""

from __future__ import annotations

import asyncio
import contextlib

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
        telling = asyncio.ensure_future(self._tell(send))
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            telling.cancel()
            # What ended it besides is told: a broken store is no quiet end.
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await telling

    async def _tell(self, send: Send) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def heard(_: Change) -> None:
            # In the thread that changes the store, which is locked meanwhile.
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(changed.set)

        with self._store.listening(heard):
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            await self._send(send, f"retry: 1000\nevent: hello\ndata: {self._store.version}\n\n")
            while True:
                try:
                    await asyncio.wait_for(changed.wait(), self._ping_seconds)
                except asyncio.TimeoutError:
                    await self._send(send, ": still here\n\n")
                    continue
                changed.clear()
                await self._send(send, f"event: change\ndata: {self._store.version}\n\n")
                await asyncio.sleep(self._pause_seconds)

    async def _send(self, send: Send, text: str) -> None:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
