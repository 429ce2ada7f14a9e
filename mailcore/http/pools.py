"""The connection pools of :mod:`mailcore.http.transport`: urllib3's, with connections that note."""

from __future__ import annotations

import socket
import ssl

from pathlib import Path
from typing import Any

import certifi  # requests brings it, and trusts the same

from urllib3 import PoolManager, ProxyManager
from urllib3.connection import HTTPConnection
from urllib3.util import make_headers, parse_url
from urllib3.util.ssl_ import create_urllib3_context

from mailcore.http.connection import PIECE_BYTES, noting


# Found now: what finds it is imported when it is asked for the first time.
_CERTIFICATES = certifi.where()

_HOSTS = 10
"""How many hosts have a pool at once; that of the host that was not asked for longest goes."""


class DirectPools(PoolManager):
    """Pools of connections without a proxy; the one that was asked for last is found at once."""

    _last: tuple[str, Any, str] = ("", None, "")

    def place_of(self, url: str) -> tuple[Any, str]:
        """
        The pool for a URL, and the target in requests that go there.

        Args:
            url: An absolute URL.

        Raises:
            urllib3.exceptions.HTTPError: If the URL is not absolute, or cannot be read.
        """
        known, pool, target = self._last
        if known != url:
            parts = parse_url(url)
            pool = self.connection_from_host(parts.host, port=parts.port, scheme=parts.scheme)
            target = parts.request_uri
            self._last = (url, pool, target)
        return pool, target

    def clear(self) -> None:
        """Forget all pools, which closes the connections that nobody uses."""
        self._last = DirectPools._last
        super().clear()


def pool_manager(
    proxy: str | None,
    ca_bundle: str | None,
    *,
    speaks_tls: bool,
    pool_size: int,
    max_idle_seconds: float,
) -> PoolManager:
    """
    Make the pools for what goes by one way, with connections that note what becomes of an exchange.

    Args:
        proxy: The URL of a proxy, with user and password if it wants them; None for the direct way.
        ca_bundle: A file or a directory of certificates to trust; None for those of certifi.
        speaks_tls: Whether there will be TLS, with a host or with the proxy.
        pool_size: Connections kept open for each host.
        max_idle_seconds: A connection that was idle for longer is replaced before it is used.

    Raises:
        OSError: If there is no such bundle, or it cannot be read.
        ValueError: If the proxy's URL is none that urllib3 takes.
        ImportError: If it is a SOCKS proxy, and PySocks is not installed.
    """
    context = tls_context(ca_bundle) if speaks_tls else None
    options: dict[str, Any] = {
        "num_pools": _HOSTS,
        "maxsize": pool_size,
        "socket_options": _socket_options(),
        "ssl_context": context,
    }
    manager: PoolManager
    if proxy is None:
        manager = DirectPools(**options)
    elif proxy.lower().startswith("socks"):
        from urllib3.contrib.socks import SOCKSProxyManager

        user, password = _credentials(proxy)
        manager = SOCKSProxyManager(proxy, user, password, **options)
    else:
        user, password = _credentials(proxy)
        headers = None if user is None else make_headers(proxy_basic_auth=f"{user}:{password}")
        manager = ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=context, **options)
    manager.pool_classes_by_scheme = {
        scheme: noting(each, max_idle_seconds=max_idle_seconds)
        for scheme, each in manager.pool_classes_by_scheme.items()
    }
    return manager


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """
    How TLS is spoken: one for all connections, since reading certificates takes longer than one.

    Args:
        ca_bundle: A file or a directory of certificates to trust; None for those of certifi.

    Raises:
        OSError: If there is no such bundle, or it cannot be read.
    """
    context = create_urllib3_context()
    where = ca_bundle or _CERTIFICATES
    if Path(where).is_dir():
        context.load_verify_locations(capath=where)
    else:
        context.load_verify_locations(cafile=where)
    return context


def _credentials(proxy: str) -> tuple[str | None, str | None]:
    """User and password of a URL, decoded; None for none."""
    from urllib.parse import unquote

    auth = parse_url(proxy).auth
    if not auth:
        return None, None
    user, _, password = auth.partition(":")
    return unquote(user), unquote(password)


def _socket_options() -> list[tuple[int, int, int]]:
    options = [*HTTPConnection.default_socket_options]
    # Else megabytes lie in this machine's buffers when the last byte is "written".
    low_water_mark = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if low_water_mark is not None:
        options.append((socket.IPPROTO_TCP, low_water_mark, 4 * PIECE_BYTES))
    return options
