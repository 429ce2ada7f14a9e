"""Which transport a provider with an HTTP API has."""

from __future__ import annotations

import importlib.util

from mailcore.http.aiohttp_transport import AiohttpTransport
from mailcore.http.transport import HttpTransport


def default_transport(*, pool_size: int = 100) -> HttpTransport:
    """
    The transport of HTTP providers: one with aiohttp for event loops where it is installed.

    Args:
        pool_size: Connections kept open for each host.
    """
    # Nothing of it is imported, and its version is not asked for, before an event loop sends.
    if importlib.util.find_spec("aiohttp") is None:
        return HttpTransport(pool_size=pool_size)
    return AiohttpTransport(pool_size=pool_size)


def prepare() -> None:
    """Import all that the first exchange needs: see :meth:`mailcore.provider.Provider.prepare`."""
    HttpTransport.prepare()
