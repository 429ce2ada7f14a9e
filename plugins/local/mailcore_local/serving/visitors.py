"""
Which requests come from programs on this machine, and which from a web site in its browser.

Any site can make the browser of a developer ask a loopback port, and can point a name of its own at
127.0.0.1 to read the answer (DNS rebinding). The browser says so in `Host`, `Origin` and
`Sec-Fetch-Site`, which scripts cannot change: https://fetch.spec.whatwg.org/#forbidden-header-name
(read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit


_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound


class Visitors:
    """
    Tells requests to this server from those that a web site makes a browser send.

    Args:
        host: The interface that the server was told to listen on.
        base_url: The URL that others reach the server by.
    """

    def __init__(self, host: str, base_url: str) -> None:
        self._names = {host.lower(), _hostname(urlsplit(base_url).netloc)}
        # A server on all interfaces is reached by addresses that it cannot know. No site can make a
        # browser send an address of this machine as the Host of its own pages.
        self._takes_addresses = host in _WILDCARDS
        self._base_url = base_url

    def serves(self, host: str) -> bool:
        """
        Whether a `Host` header names this server: loopback, its interface, or its public URL.
        """
        name = _hostname(host)
        if name is None:
            return False
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        address = _address(name)
        return address is not None and (address.is_loopback or self._takes_addresses)

    def is_own(self, origin: str | None, site: str | None, hosts: Iterable[str]) -> bool:
        """
        Whether a request that names this server comes from no site, or from its own page.
        """
        own = (None, _origin(self._base_url), *(f"http://{host}" for host in hosts))
        return origin in own and site in (None, "none", "same-origin")


def _hostname(netloc: str) -> str | None:
    try:
        name = urlsplit(f"//{netloc}").hostname
    except ValueError:
        return None
    return name.rstrip(".") if name else None


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
