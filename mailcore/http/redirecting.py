"""
``MAILCORE_REDIRECT``: in development, every provider's calls go to a mailbox on this machine.

A call to ``https://api.example.com/v1/send`` of the provider ``acme`` goes to
``http://127.0.0.1:8025/acme/v1/send`` then, without its credentials. It takes an address of this
machine only, and each mailer says so in the log.
"""

from __future__ import annotations

import logging

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError
from mailcore.flow import HttpRequest, HttpResponse
from mailcore.foundation.frozen import FrozenDict
from mailcore.http.redirect_variable import REDIRECT_VARIABLE


__all__ = [
    "REPLACED_CREDENTIAL",
    "RedirectedTransport",
    "redirected_url",
    "tell_of_redirect",
    "without_credentials",
]

logger = logging.getLogger("mailcore.redirect")

REPLACED_CREDENTIAL = "replaced-by-mailcore"
"""What stands in place of a credential."""

# Basic, with the same as user and password.
_BASIC = "Basic cmVwbGFjZWQtYnktbWFpbGNvcmU6cmVwbGFjZWQtYnktbWFpbGNvcmU="
# What no service takes for a credential: all other headers are replaced, so that one that nobody
# thought of does not get through.
_HARMLESS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "host",
        "idempotency-key",
        "user-agent",
    }
)


def redirected_url(url: str, target: str, name: str) -> str:
    """
    Where a call goes instead: the same path and query, below the provider's name.

    Args:
        url: The URL of the service; one that is below the target already stays as it is.
        target: The URL of the mailbox, without a slash at its end.
        name: The name of the provider.
    """
    below = f"{target}/{name}"
    if url == below or url.startswith((f"{below}/", f"{below}?")):
        return url
    parts = urlsplit(url)
    return f"{below}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def without_credentials(request: HttpRequest) -> HttpRequest:
    """
    A request whose header fields hold no credential: what a provider's own does by default.

    Every field is replaced that is not known to be harmless; of ``Authorization`` the scheme
    stays, if it is ``Basic`` or ``Bearer``, so that the other side finds the form that it expects.
    """
    headers = {
        name: value if name.lower() in _HARMLESS else _replaced(name, value)
        for name, value in request.headers.items()
    }
    return replace(request, headers=FrozenDict(headers))


def _replaced(name: str, value: str) -> str:
    if name.lower() == "authorization":
        scheme = value.partition(" ")[0].lower()
        if scheme == "basic":
            return _BASIC
        if scheme == "bearer":
            return f"Bearer {REPLACED_CREDENTIAL}"
    return REPLACED_CREDENTIAL


def tell_of_redirect(name: str, target: str) -> None:
    """
    Say in the log that a provider's calls go elsewhere.
    """
    logger.warning(
        "%s is set: the calls of %s go to %s, without credentials, and reach nobody else",
        REDIRECT_VARIABLE,
        name,
        target,
    )


class RedirectedTransport:
    """
    Makes the calls of one provider at the mailbox, whatever they were made with otherwise.

    No proxy of the environment is used.

    Args:
        target: The URL of the mailbox, without a slash at its end.
        name: The name of the provider.
        disarmed: Takes the credentials out of a request.
    """

    def __init__(
        self, target: str, name: str, disarmed: Callable[[HttpRequest], HttpRequest]
    ) -> None:
        from mailcore.http.choosing import default_transport

        self._target = target
        self._name = name
        self._disarmed = disarmed
        self._http = default_transport()
        self.connections = self._http.connections

    def exchange(self, request: Any) -> HttpResponse:
        """
        Send a request.

        Raises:
            ConfigurationError: If it is no HTTP request: its provider does not say how its calls
                are to be redirected.
            NetworkError: If the mailbox does not run, mostly.
        """
        return self._http.exchange(self._moved(request))

    def blocks(self, request: Any) -> bool:
        """Whether a request is to be sent in a thread, by :meth:`exchange`."""
        from mailcore.http.aiohttp_transport import AiohttpTransport

        http = self._http
        return not isinstance(http, AiohttpTransport) or http.blocks(self._moved(request))

    async def aexchange(self, request: Any) -> HttpResponse:
        """Send a request from an event loop: as :meth:`exchange`."""
        from mailcore.http.aiohttp_transport import AiohttpTransport

        assert isinstance(self._http, AiohttpTransport)
        return await self._http.aexchange(self._moved(request))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _moved(self, request: Any) -> HttpRequest:
        if not isinstance(request, HttpRequest):
            raise ConfigurationError(
                f"{REDIRECT_VARIABLE} is set, and {self._name} does not say how a "
                f"{type(request).__name__} is redirected: override Provider.redirected, or unset it"
            )
        url = redirected_url(request.url, self._target, self._name)
        return replace(self._disarmed(request), url=url, place="")
