"""The transport of HTTP providers: urllib3, with what could send twice or leak left out."""

from __future__ import annotations

import importlib
import os

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from mailcore.errors import MailcoreError
from mailcore.flow import HttpRequest, HttpResponse, progress_of_exchange
from mailcore.foundation.forking import ForkSafeLock
from mailcore.http import wire
from mailcore.http.checking import checked_headers, checked_url
from mailcore.http.interception import careful_session, requests_is_replaced


if TYPE_CHECKING:
    from urllib3 import PoolManager

    from mailcore.http.failures import Kind


_Way: TypeAlias = tuple[str | None, str | None, bool]
"""A proxy, the certificates to trust, and whether TLS is spoken."""

_NEEDED = (
    "encodings.idna",
    "mailcore.http.connection",
    "mailcore.http.direct",
    "mailcore.http.environment",
    "mailcore.http.failures",
    "mailcore.http.pools",
)


class HttpTransport:
    """
    Sends :class:`~mailcore.flow.HttpRequest` through urllib3, over connections that are kept.

    No retries, no redirects, no cookies, no credentials from ``~/.netrc``. Proxies and bundles of
    certificates are those of the environment: see :mod:`mailcore.http.environment`. Where a test or
    instrumentation replaces requests, it goes by that: see :mod:`mailcore.http.interception`.
    Connections belong to a process: the child of a fork makes its own. Safe to share between
    threads.

    Args:
        pool_size: Connections kept open for each host; more than these are made when more threads
            send at once, and closed afterwards.
        max_idle_seconds: A connection that was idle for longer is replaced before it is used; so
            is one that its peer has closed.
    """

    def __init__(self, *, pool_size: int = 100, max_idle_seconds: float = 50.0) -> None:
        self.connections = pool_size
        self._max_idle_seconds = max_idle_seconds
        self._managers: dict[_Way, PoolManager] = {}
        self._process_id = os.getpid()
        self._lock = ForkSafeLock()
        self._inherited: list[Any] = []

    @staticmethod
    def prepare() -> None:
        """Import all that an exchange needs: see :meth:`mailcore.provider.Provider.prepare`."""
        # The first is for looking a host up.
        for name in _NEEDED:
            importlib.import_module(name)

    def exchange(self, request: HttpRequest) -> HttpResponse:
        """
        Send a request.

        Raises:
            NetworkError: If no connection was made, or it was lost (then ``maybe_accepted``).
            SendTimeout: If no answer came in time.
            UnexpectedResponse: If the answer is larger than the request allows, or ends in
                another protocol.
        """
        if wire.is_on():
            return wire.http_logged(request, self.send)
        return self.send(request)

    def send(self, request: HttpRequest) -> HttpResponse:
        """The same as :meth:`exchange` without a record in the log of the wire."""
        if requests_is_replaced():
            return self._through_requests(request)
        from mailcore.http.connection import ExchangeState, following

        progress = progress_of_exchange()
        progress.began = False
        state = ExchangeState(request.timeout_seconds, len(request.body), progress)
        try:
            with following(state):
                return self._exchange(request)
        except MailcoreError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the connection knows what it means
            from mailcore.http.failures import failure_of, root_of

            failure, cause = failure_of(error, _kind(error), request, state), root_of(error)
        # Not while the other is handled, and without it: its text repeats the URL or a header.
        raise failure from cause

    def _through_requests(self, request: HttpRequest) -> HttpResponse:
        from mailcore.http.session_transport import RequestsTransport

        headers = checked_headers(request)
        with closing(RequestsTransport(careful_session())) as transport:
            return transport.exchange(replace(request, headers=headers))

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        url, headers = checked_url(request.url), checked_headers(request)
        manager = self._manager(url)
        from mailcore.http import direct
        from mailcore.http.pools import DirectPools

        if isinstance(manager, DirectPools) and not direct.urllib3_is_replaced():
            return direct.exchange(manager, request, url, headers)
        return direct.exchange_by_urllib3(manager, request, url, headers)

    def at_least(self, connections: int) -> None:
        """Keep so many connections, of hosts that are asked for the first time from now on."""
        self.connections = max(connections, self.connections)

    def close(self) -> None:
        """Close all connections; what is sent afterwards makes others."""
        with self._lock:
            managers = list(self._managers_here().values())
        for manager in managers:
            manager.clear()

    def _manager(self, url: str) -> PoolManager:
        from mailcore.http.environment import ca_bundle, proxy_for

        proxy = proxy_for(url)
        speaks_tls = url.startswith("https") or (proxy or "").lower().startswith("https")
        way = (proxy, ca_bundle() if speaks_tls else None, speaks_tls)
        manager = self._managers.get(way) if self._process_id == os.getpid() else None
        if manager is None:
            from mailcore.http.pools import pool_manager

            with self._lock:
                managers = self._managers_here()
                manager = managers.get(way)
                if manager is None:
                    manager = managers[way] = pool_manager(
                        proxy,
                        way[1],
                        speaks_tls=speaks_tls,
                        pool_size=self.connections,
                        max_idle_seconds=self._max_idle_seconds,
                    )
        return manager

    def _managers_here(self) -> dict[_Way, PoolManager]:
        """Those of this process: its parent goes on using the connections it had."""
        if self._process_id != os.getpid():
            # Kept: what is collected would be closed.
            self._inherited.append(self._managers)
            self._managers = {}
            self._process_id = os.getpid()
        return self._managers


def _kind(error: Exception) -> Kind:
    """What an exception of urllib3 is about, if nothing was written yet."""
    from urllib3 import exceptions

    # The first is one of the second, too.
    if isinstance(error, exceptions.NewConnectionError):
        return "connection"
    if isinstance(error, exceptions.TimeoutError):
        return "time"
    if isinstance(error, exceptions.SSLError):
        return "TLS"
    if isinstance(error, exceptions.ProxyError):
        return "proxy"
    if isinstance(error, exceptions.ProtocolError):
        return "connection"
    if isinstance(error, (exceptions.HTTPError, ValueError)):
        return "request"
    return "other"
