"""The transport of HTTP providers where aiohttp is installed: event loops need no threads."""

from __future__ import annotations

import logging

from typing import TYPE_CHECKING

from mailcore.flow import HttpRequest, HttpResponse
from mailcore.http import wire
from mailcore.http.environment import proxy_for
from mailcore.http.interception import requests_is_replaced
from mailcore.http.transport import HttpTransport


if TYPE_CHECKING:
    from mailcore.http.async_exchange import AsyncExchanges


logger = logging.getLogger("mailcore.http")

LEAST_VERSION = (3, 14, 3)
"""Of aiohttp: CVE-2026-59881, CVE-2026-69243, CVE-2026-69244 (read 2026-11-30)."""


class AiohttpTransport(HttpTransport):
    """
    :class:`~mailcore.http.transport.HttpTransport` with an event loop's own I/O, by aiohttp.

    It is what providers use where ``mailcore-esp[aiohttp]`` is installed. Connections of a loop
    stay with it, and are closed with it. What aiohttp would do differently is left to urllib3 in a
    thread: a proxy that speaks SOCKS or TLS, and headers outside ASCII, which it writes in UTF-8.
    So is everything if that aiohttp is older than :data:`LEAST_VERSION`, and the log says so once.

    Args:
        pool_size: Connections kept open for each host; in an event loop, also how many exchanges
            may be under way: the others wait.
        max_idle_seconds: A connection that was idle for longer is replaced before it is used.
    """

    def __init__(self, *, pool_size: int = 100, max_idle_seconds: float = 50.0) -> None:
        super().__init__(pool_size=pool_size, max_idle_seconds=max_idle_seconds)
        self._async: AsyncExchanges | None = None
        self._is_new_enough: bool | None = None

    def blocks(self, request: HttpRequest) -> bool:
        """Whether a request is to be sent in a thread, by :meth:`exchange`."""
        proxy = proxy_for(request.url)
        plain = proxy is None or proxy.lower().startswith("http://")
        if not plain or requests_is_replaced():
            return True
        if self._is_new_enough is None:
            self._is_new_enough = _is_new_enough()
        if not self._is_new_enough:
            return True
        return not all(str(value).isascii() for value in request.headers.values())

    async def aexchange(self, request: HttpRequest) -> HttpResponse:
        """
        Send a request from an event loop.

        Raises:
            NetworkError: If no connection was made, or it was lost (then ``maybe_accepted``).
            SendTimeout: If no answer came in time.
            UnexpectedResponse: If the answer is larger than the request allows, or ends in
                another protocol.
        """
        if wire.is_on():
            return await wire.http_logged_async(request, self.asend)
        return await self.asend(request)

    async def asend(self, request: HttpRequest) -> HttpResponse:
        """The same as :meth:`aexchange` without a record in the log of the wire."""
        exchanges = self._async
        if exchanges is None:
            import asyncio

            # aiohttp takes a while to import.
            exchanges = await asyncio.to_thread(self._exchanges)
        return await exchanges.exchange(request, self.connections)

    def _exchanges(self) -> AsyncExchanges:
        from mailcore.http.async_exchange import AsyncExchanges

        with self._lock:
            exchanges = self._async
            if exchanges is None:
                exchanges = self._async = AsyncExchanges(self._max_idle_seconds)
        return exchanges

    def close(self) -> None:
        """
        Close all connections, those of event loops that run too.

        From a thread it waits until the loops have closed theirs; in a loop it does not.

        Raises:
            TimeoutError: If an event loop has no turn for it within five seconds, because something
                blocks it. It closes its connections when it goes on; all others are closed.
        """
        super().close()
        exchanges, self._async = self._async, None
        if exchanges is not None:
            exchanges.close()


def _is_new_enough() -> bool:
    from importlib.metadata import version

    found = version("aiohttp")
    if tuple(int(each) for each in found.split(".") if each.isdecimal()) >= LEAST_VERSION:
        return True
    logger.warning(
        "aiohttp %s has known holes and is not used: pip install 'mailcore-esp[aiohttp]'", found
    )
    return False
