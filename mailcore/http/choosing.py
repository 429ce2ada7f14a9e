"""Which transport a provider with an HTTP API has."""

from __future__ import annotations

import importlib.util

from mailcore.http.transport import HttpTransport


def default_transport() -> HttpTransport:
    """The transport of HTTP providers: with aiohttp where it is installed."""
    if importlib.util.find_spec("aiohttp") is None:
        return HttpTransport()
    from mailcore.http.aiohttp_transport import AiohttpTransport

    return AiohttpTransport()
