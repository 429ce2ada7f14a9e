"""
Where ``MAILCORE_REDIRECT`` sends calls to: an address of this machine, or nowhere.
"""

from __future__ import annotations

import os

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError
from mailcore.foundation.environment import Variables


__all__ = ["REDIRECT_VARIABLE", "redirect_target"]

REDIRECT_VARIABLE = "MAILCORE_REDIRECT"
"""The variable of the environment that has the address of the mailbox."""

_variable = Variables(REDIRECT_VARIABLE)


def redirect_target() -> str | None:
    """
    Where calls go instead of to their services; None if they go there.

    Returns:
        The URL in ``MAILCORE_REDIRECT``, without a slash at its end.

    Raises:
        ConfigurationError: If it is no http URL of this machine.
    """
    if not _variable.any_is_set():
        return None
    return _checked(os.environ.get(REDIRECT_VARIABLE, ""))


@lru_cache(maxsize=8)
def _checked(text: str) -> str:
    try:
        parts = urlsplit(text.strip())
        known = parts.scheme == "http" and parts.port != 0 and _is_loopback(parts.hostname or "")
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment or parts.username is not None:
        # The text is not repeated: whoever got it wrong may have put a password there.
        raise ConfigurationError(
            f"{REDIRECT_VARIABLE} is not the http URL of this machine, without user, query and "
            "fragment: give one such as http://127.0.0.1:8025, or unset it"
        )
    return f"http://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
