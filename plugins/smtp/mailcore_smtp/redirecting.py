"""
``MAILCORE_REDIRECT``: mail goes to the SMTP server of a mailbox on this machine instead.
"""

from __future__ import annotations

import json

from dataclasses import replace

from mailcore.errors import ConfigurationError
from mailcore.flow import HttpRequest
from mailcore.foundation import ForkSafeLock
from mailcore.http import HttpTransport
from mailcore_smtp.call import SmtpRequest, SmtpResponse
from mailcore_smtp.options import SmtpOptions
from mailcore_smtp.transport import SmtpTransport


class RedirectedSmtpTransport:
    """
    Sends to the server that a mailbox names: without TLS, without credentials.

    The mailbox says at ``/smtp/address`` where that is; it is asked before the first mail.

    Args:
        target: The URL of the mailbox, without a slash at its end.
        options: The provider's options, of which server and credentials are left out.
    """

    def __init__(self, target: str, options: SmtpOptions) -> None:
        self._target = target
        self._options = options
        self._lock = ForkSafeLock()
        self._transport: SmtpTransport | None = None

    def exchange(self, request: SmtpRequest) -> SmtpResponse:
        """
        Send a mail.

        Raises:
            NetworkError: If the mailbox does not run.
            ConfigurationError: If it takes no SMTP.
        """
        return self._found().exchange(request)

    def close(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            self._transport.close()

    def _found(self) -> SmtpTransport:
        with self._lock:
            if self._transport is None:
                self._transport = SmtpTransport(elsewhere(self._options, *self._address()))
            return self._transport

    def _address(self) -> tuple[str, int]:
        url = f"{self._target}/smtp/address"
        http = HttpTransport(pool_size=1)
        try:
            response = http.exchange(HttpRequest(method="GET", url=url, timeout_seconds=10))
        finally:
            http.close()
        try:
            document = json.loads(response.body)
            host, port = str(document["host"]), int(document["port"])
        except (ValueError, TypeError, LookupError):
            raise ConfigurationError(
                f"smtp: the mailbox of MAILCORE_REDIRECT takes no SMTP: it answered "
                f"{response.status_code} at /smtp/address"
            ) from None
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise ConfigurationError(
                "smtp: the mailbox of MAILCORE_REDIRECT names an SMTP server elsewhere"
            )
        return host, port


def elsewhere(options: SmtpOptions, host: str, port: int) -> SmtpOptions:
    """
    The options with another server, and without anything that only the real one is to see.

    Args:
        options: The options of the provider.
        host: The name or address of the other server.
        port: The port of the other server.
    """
    return replace(
        options,
        host=host,
        port=port,
        security="none",
        username=None,
        password=None,
        access_token=None,
        auth="auto",
        ssl_context=None,
    )
