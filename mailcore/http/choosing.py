"""Which transport a provider with an HTTP API has."""

from __future__ import annotations

import importlib.util
import logging

from mailcore.http.transport import HttpTransport


logger = logging.getLogger("mailcore.http")

LEAST_VERSION = (3, 14, 3)
"""Of aiohttp: CVE-2026-59881, CVE-2026-69243, CVE-2026-69244 (read 2026-11-30)."""


def default_transport(*, pool_size: int = 100) -> HttpTransport:
    """
    The transport of HTTP providers: with aiohttp where it is installed, and new enough.

    Args:
        pool_size: Connections kept open for each host.
    """
    if importlib.util.find_spec("aiohttp") is None:
        return HttpTransport(pool_size=pool_size)
    from importlib.metadata import version

    found = version("aiohttp")
    if tuple(int(each) for each in found.split(".")[:3] if each.isdecimal()) < LEAST_VERSION:
        logger.warning(
            "aiohttp %s has known holes and is not used: pip install 'mailcore-esp[aiohttp]'", found
        )
        return HttpTransport(pool_size=pool_size)
    from mailcore.http.aiohttp_transport import AiohttpTransport

    return AiohttpTransport(pool_size=pool_size)
