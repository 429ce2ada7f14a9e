"""
What the environment says about the way to a host: a proxy, and whom to trust.

The same variables as requests honours, with the same meaning: ``HTTP_PROXY``, ``HTTPS_PROXY``,
``ALL_PROXY``, ``NO_PROXY`` (each in lower case too), ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``
(https://requests.readthedocs.io/en/latest/user/advanced/, "Proxies" and "SSL Cert Verification",
read 2026-11-30). They are read at each exchange.
"""

from __future__ import annotations

import os
import sys

from mailcore.foundation.environment import Variables
from mailcore.http.redirect_variable import redirect_target


_PROXIES = Variables(
    *("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
)
# There, proxies are also a setting of the system.
_SYSTEM_HAS_PROXIES = sys.platform in ("win32", "darwin")


def proxy_for(url: str) -> str | None:
    """The URL of the proxy that a request to this URL goes through; None for no proxy."""
    if not _SYSTEM_HAS_PROXIES and not _PROXIES.any_is_set():
        return None
    target = redirect_target()
    if target is not None and url.startswith(target):
        # A mailbox on this machine, whatever NO_PROXY says.
        return None
    # Whose rules these are: what NO_PROXY exempts is more than a list of names.
    from requests.utils import get_environ_proxies, select_proxy

    proxy: str | None = select_proxy(url, get_environ_proxies(url))
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def ca_bundle() -> str | None:
    """The file or directory of certificates to trust; None for those of certifi."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None
