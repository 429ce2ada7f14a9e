"""
HTTP in event loops, by aiohttp, for :mod:`mailcore.http.aiohttp_transport`.

It keeps the same promises as with urllib3: what is known of an exchange that failed, the bounds of
time, one answer for one request, proxies and certificates.

aiohttp and not httpx: of 960 requests, 32 at once, one cost 0.15 to 0.19 ms of CPU with aiohttp
3.14 and 1.1 to 2.2 ms with httpx 0.28 (2026-11-30, Python 3.11).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import io
import os
import ssl
import time
import weakref

from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from urllib3.util import parse_url
from yarl import URL

from mailcore.errors import MailcoreError, UnexpectedResponse
from mailcore.flow import HttpRequest, HttpResponse, progress_of_exchange
from mailcore.http.answers import may_be_accepted
from mailcore.http.async_requests import STATE, AsyncState, NotingRequest, StaleConnection
from mailcore.http.checking import checked_headers, checked_url
from mailcore.http.environment import ca_bundle, proxy_for
from mailcore.http.failures import Kind, failure_of, root_of
from mailcore.http.pools import tls_context


_PIECE_BYTES = 64 * 1024
_CLOSING_SECONDS = 5.0


class _OfLoop:
    """What belongs to one event loop: its session, and how many exchanges it may have at once."""

    def __init__(self, session: aiohttp.ClientSession, width: int) -> None:
        self.session = session
        self.room = asyncio.Semaphore(width)
        self.process_id = os.getpid()
        self.until_closed = self._until_closed()
        self._width = width

    async def _until_closed(self) -> AsyncGenerator[None, None]:
        # A loop that ends closes the asynchronous generators that it finds.
        try:
            yield
        finally:
            await self.session.close()
            # Sockets are closed in the next round of the loop, after which it may end.
            await asyncio.sleep(0)

    def widen(self, width: int) -> None:
        for _ in range(width - self._width):
            self.room.release()
        self._width = max(width, self._width)


class AsyncExchanges:
    """
    Exchanges by aiohttp. The connections of a loop stay with it, and are closed when it ends.

    Args:
        max_idle_seconds: A connection that was idle for longer is replaced before it is used.
    """

    def __init__(self, max_idle_seconds: float) -> None:
        self._max_idle_seconds = max_idle_seconds
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _OfLoop] = (
            weakref.WeakKeyDictionary()
        )
        self._contexts: dict[str | None, ssl.SSLContext] = {}

    async def exchange(self, request: HttpRequest, width: int) -> HttpResponse:
        """
        Send a request: see :meth:`mailcore.http.transport.HttpTransport.exchange`.

        Args:
            request: What to send.
            width: How many exchanges the loop may have at once; others wait for their turn.
        """
        progress = progress_of_exchange()
        progress.began = False
        here = await self._of_loop(width)
        here.widen(width)
        state = AsyncState(request.timeout_seconds, len(request.body), progress)
        state.has_body = bool(request.body)
        connect_seconds = request.connect_timeout_seconds
        state.connect_seconds = (
            request.timeout_seconds if connect_seconds is None else connect_seconds
        )
        async with here.room:
            try:
                return await self._bounded(here, request, state)
            except MailcoreError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is known what it means
                cause = root_of(error)
                failure = failure_of(error, _kind(error, cause, request), request, state)
        # Not while the other is handled, and without it: its text repeats the URL or a header.
        raise failure from cause

    async def _bounded(
        self, here: _OfLoop, request: HttpRequest, state: AsyncState
    ) -> HttpResponse:
        """Give up when it takes too long; each step has its own bound."""
        began_at = time.monotonic()
        if min(state.timeout_seconds, state.connect_seconds) <= 0:
            raise ValueError("a timeout that is no time")
        STATE.set(state)
        task = asyncio.create_task(self._sent(here.session, request, state))
        try:
            while True:
                by, told = state.deadline(began_at)
                remaining = by - time.monotonic()
                if remaining <= 0:
                    break
                either: set[asyncio.Future[Any]] = {task, state.awaits(by)}
                await asyncio.wait(either, timeout=remaining, return_when="FIRST_COMPLETED")
                if task.done():
                    return task.result()
        finally:
            if not task.done():
                task.cancel()
                state.gives_up()
                await asyncio.wait({task})
        state.timed_out = told
        raise TimeoutError(told)

    async def _sent(
        self, session: aiohttp.ClientSession, request: HttpRequest, state: AsyncState
    ) -> HttpResponse:
        while True:
            try:
                return await self._answered(session, request, state)
            except StaleConnection:
                # Nothing was written to it, and it is closed: the next is another.
                continue

    async def _answered(
        self, session: aiohttp.ClientSession, request: HttpRequest, state: AsyncState
    ) -> HttpResponse:
        url, written = _read_url(checked_url(request.url))
        async with session.request(
            request.method,
            written,
            data=_data(request.body),
            headers=checked_headers(request),
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
            proxy=proxy_for(url),
            ssl=self._context(url),
        ) as response:
            state.is_answered = True
            if response.status < 200:
                # Whoever reads on would find another protocol, or an answer that comes later.
                raise UnexpectedResponse(
                    f"the answer does not end with status {response.status}",
                    status_code=response.status,
                    maybe_accepted=True,
                )
            headers: dict[str, str] = {}
            for name, value in response.headers.items():
                known = headers.get(name.lower())
                headers[name.lower()] = value if known is None else f"{known}, {value}"
            return HttpResponse(
                status_code=response.status,
                headers=headers,
                body=await _read(response, request.max_response_bytes),
            )

    def _context(self, url: str) -> ssl.SSLContext | bool:
        if not url.startswith("https:"):
            return True
        bundle = ca_bundle()
        context = self._contexts.get(bundle)
        if context is None:
            context = self._contexts[bundle] = tls_context(bundle)
        return context

    async def _of_loop(self, width: int) -> _OfLoop:
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None or here.process_id != os.getpid():
            here = self._loops[loop] = _OfLoop(self._session(), width)
            await anext(here.until_closed)
        return here

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=self._max_idle_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=NotingRequest,
            timeout=aiohttp.ClientTimeout(),  # none: each step has its own bound
        )

    def close(self) -> None:
        """
        Close the connections of all loops that run; those of the others are closed with them.

        Raises:
            TimeoutError: If a loop has no turn for it within five seconds. It closes them when it
                goes on; those of other loops are closed.
        """
        begun = []
        for loop, here in list(self._loops.items()):
            del self._loops[loop]
            if here.process_id != os.getpid() or not loop.is_running():
                continue
            closed = asyncio.run_coroutine_threadsafe(_closed(here.until_closed), loop)
            if not _runs_here(loop):
                begun.append(closed)
        if not begun:
            return
        _, late = concurrent.futures.wait(begun, timeout=_CLOSING_SECONDS)
        if late:
            raise TimeoutError(
                f"connections of {len(late)} event loop{'' if len(late) == 1 else 's'} are still "
                f"open after {_CLOSING_SECONDS:g} seconds: something blocks the loop, which closes "
                "them when it goes on: close in the loop, or in a thread that it does not wait for"
            )
        for each in begun:
            each.result()


@functools.lru_cache(maxsize=32)
def _read_url(url: str) -> tuple[str, URL]:
    """A URL, quoted where it has to be: for us, and for aiohttp."""
    quoted = parse_url(url).url
    return quoted, URL(quoted, encoded=True)


def _data(body: bytes) -> bytes | io.BytesIO | None:
    """A large body is written in pieces, so that others have their turn."""
    if len(body) > _PIECE_BYTES:
        return io.BytesIO(body)
    return body or None


async def _closed(generator: AsyncGenerator[Any, None]) -> None:
    await generator.aclose()


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            raise UnexpectedResponse(
                f"the answer is larger than {max_bytes} bytes",
                status_code=response.status,
                maybe_accepted=may_be_accepted(response.status),
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _kind(error: Exception, cause: OSError | None, request: HttpRequest) -> Kind:
    """What an exception of aiohttp is about, if nothing was written yet."""
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return "time"
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return "TLS"
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return "proxy"
    if isinstance(error, aiohttp.ClientConnectionError):
        # A connection that was never made cannot be reset: TLS was to begin on it.
        begun = isinstance(cause, ConnectionResetError) and request.url.startswith("https:")
        return "TLS" if begun else "connection"
    if isinstance(error, (aiohttp.ClientError, ValueError, TypeError)):
        return "request"
    return "other"
