"""
SMTP behind the transport protocol: smtplib for threads, aiosmtplib for event loops.

Nothing is sent twice, and ``maybe_accepted`` is the truth: the server has the mail from the final
dot on, until it says no.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
import ssl
import sys
import time

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailcore.errors import AuthenticationFailed, ConfigurationError, MailcoreError
from mailcore.flow import Progress, progress_of_exchange
from mailcore.foundation import ForkSafeLock
from mailcore.http import wire
from mailcore_smtp.call import SmtpRequest, SmtpResponse
from mailcore_smtp.connection import Connection
from mailcore_smtp.conversation import Refused, opened, refreshed, sent
from mailcore_smtp.failures import failure
from mailcore_smtp.idle import Idle, WaitingT
from mailcore_smtp.options import SmtpOptions
from mailcore_smtp.wire import request_text, response_text


if TYPE_CHECKING:
    from mailcore_smtp.async_connection import AsyncConnection


class SmtpTransport:
    """
    Sends :class:`~mailcore_smtp.call.SmtpRequest`, over connections that are used again.

    Args:
        options: The provider's options: which server, and how to speak to it.
    """

    def __init__(self, options: SmtpOptions) -> None:
        self._options = options
        self._name = _client_name(options)
        self._lock = ForkSafeLock()
        self._made_context: ssl.SSLContext | None = options.ssl_context
        self._idle: Idle[Connection] = self._new_idle()
        self._idle_of_loops: dict[asyncio.AbstractEventLoop, Idle[AsyncConnection]] = {}

    def exchange(self, request: SmtpRequest) -> SmtpResponse:
        """
        Send a mail.

        Returns:
            What the server said, refusals among it.

        Raises:
            SendError: If there is no answer, or the server cannot do what mail or options need.
            ConfigurationError: If the certificates to believe cannot be read.
        """
        if wire.is_on():
            return wire.logged(
                lambda: self._exchanged(request),
                request=lambda: request_text(request, self._options.place),
                answer=response_text,
            )
        return self._exchanged(request)

    def _exchanged(self, request: SmtpRequest) -> SmtpResponse:
        progress = _not_begun()
        connection = self._used_before(progress)
        if connection is not None:
            response = self._sent(connection, request, progress)
            if not _is_one_too_many(response):
                return response
        connection = Connection(self._options, self._context)
        try:
            with self._understood(connection, progress):
                opening = opened(connection.open(), self._options, self._name, self._secret())
                connection.extensions = connection.talk(opening, progress)
        except Refused as refused:
            return refused.response
        return self._sent(connection, request, progress)

    def _sent(
        self, connection: Connection, request: SmtpRequest, progress: Progress
    ) -> SmtpResponse:
        with self._understood(connection, progress):
            response = connection.talk(sent(request, connection.extensions), progress)
        _settle(connection, response, self._idle)
        return response

    def _used_before(self, progress: Progress) -> Connection | None:
        while (connection := self._idle.take()) is not None:
            try:
                if connection.talk(refreshed(is_clean=connection.is_clean), progress):
                    return connection
            except Exception:  # noqa: BLE001, S110  # gone, in whatever way
                pass
            connection.close()
        return None

    async def aexchange(self, request: SmtpRequest) -> SmtpResponse:
        """As :meth:`exchange`, in an event loop; connections stay with their loop."""
        if not wire.is_on():
            return await self._aexchanged(request)
        began = time.monotonic()
        wire.logger.debug("%s", request_text(request, self._options.place))
        try:
            response = await self._aexchanged(request)
        except MailcoreError as error:
            seconds = time.monotonic() - began
            wire.logger.debug("after %.3f s %s: %s", seconds, type(error).__name__, error)
            raise
        wire.logger.debug("after %.3f s %s", time.monotonic() - began, response_text(response))
        return response

    async def _aexchanged(self, request: SmtpRequest) -> SmtpResponse:
        from mailcore_smtp.async_connection import AsyncConnection

        progress, idle = _not_begun(), self._idle_here()
        connection = await self._aused_before(idle, progress)
        if connection is not None:
            response = await self._asent(connection, request, progress, idle)
            if not _is_one_too_many(response):
                return response
        # Either may take a while: certificates are read, the token is somebody else's.
        if self._options.security != "none":
            await asyncio.to_thread(self._context)
        secret = await asyncio.to_thread(self._secret)
        connection = AsyncConnection(self._options, self._context)
        try:
            with self._understood(connection, progress):
                opening = opened(await connection.open(), self._options, self._name, secret)
                connection.extensions = await connection.talk(opening, progress)
        except Refused as refused:
            return refused.response
        return await self._asent(connection, request, progress, idle)

    async def _asent(
        self,
        connection: AsyncConnection,
        request: SmtpRequest,
        progress: Progress,
        idle: Idle[AsyncConnection],
    ) -> SmtpResponse:
        with self._understood(connection, progress):
            response = await connection.talk(sent(request, connection.extensions), progress)
        _settle(connection, response, idle)
        return response

    async def _aused_before(
        self, idle: Idle[AsyncConnection], progress: Progress
    ) -> AsyncConnection | None:
        while (connection := idle.take()) is not None:
            try:
                if await connection.talk(refreshed(is_clean=connection.is_clean), progress):
                    return connection
            except Exception:  # noqa: BLE001, S110  # gone, in whatever way
                pass
            connection.close()
        return None

    @contextmanager
    def _understood(
        self, connection: Connection | AsyncConnection, progress: Progress
    ) -> Iterator[None]:
        """End the connection if anything is raised, and raise what that means."""
        try:
            yield
        except Refused:
            connection.close()
            raise
        except Exception as error:  # whatever it is, it is known what it means
            connection.close()
            found = failure(error, place=self._options.place, began=progress.began)
            if found is error:
                raise
            # Not chained: its text may repeat what was sent.
            raise found from None
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the connections that nobody uses, of this process and its event loops."""
        self._idle.close()
        with self._lock:
            of_loops = list(self._idle_of_loops.values())
        for idle in of_loops:
            idle.close()

    def _idle_here(self) -> Idle[AsyncConnection]:
        loop = asyncio.get_running_loop()
        with self._lock:
            for ended in [each for each in self._idle_of_loops if each.is_closed()]:
                del self._idle_of_loops[ended]
            found = self._idle_of_loops.get(loop)
            if found is None:
                found = self._idle_of_loops[loop] = self._new_idle()
            return found

    def _new_idle(self) -> Idle[WaitingT]:
        most, seconds = self._options.max_idle_connections, self._options.max_idle_seconds
        return Idle(most=most, max_seconds=seconds)

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._made_context is None:
                try:
                    self._made_context = ssl.create_default_context(cafile=self._options.ca_file)
                except (OSError, ValueError) as error:
                    why = getattr(error, "strerror", None) or type(error).__name__
                    reason = (
                        f"smtp: ca_file {self._options.ca_file} has no certificates that can be "
                        f"read ({why}): name a file with certificates in PEM"
                    )
                    raise ConfigurationError(reason) from None
            return self._made_context

    def _secret(self) -> str | None:
        callback = self._options.access_token
        if callback is None:
            return self._options.password
        try:
            token = callback()
        except Exception as error:
            reason = f"access_token raised {type(error).__name__}"
            raise AuthenticationFailed(reason, category="credentials") from error
        if not str(token) or not str(token).isascii():
            raise AuthenticationFailed("access_token returned no token", category="credentials")
        return token


def prepare() -> None:
    """Import all that an exchange needs: see :meth:`mailcore.provider.Provider.prepare`."""
    names = ["encodings.idna", "mailcore_smtp.connection"]
    if "asyncio" in sys.modules:
        names.append("mailcore_smtp.async_connection")
    for name in names:
        importlib.import_module(name)


def _not_begun() -> Progress:
    """The progress of an exchange of which nothing counts as written before the final dot."""
    progress = progress_of_exchange()
    progress.began = False
    return progress


def _is_one_too_many(response: SmtpResponse) -> bool:
    """Whether the server ends a connection that was used before, and has nothing of this mail."""
    return response.step == "mail" and response.ends_connection


def _settle(connection: WaitingT, response: SmtpResponse, idle: Idle[WaitingT]) -> None:
    """Keep a connection for the next mail, unless the server ends it."""
    if response.ends_connection:
        connection.close()
    else:
        connection.is_clean = response.ends_mail
        idle.keep(connection)


def _client_name(options: SmtpOptions) -> str:
    """How to call oneself, without asking DNS, which may take its time (RFC 5321, 4.1.4)."""
    if options.client_name is not None:
        return options.client_name
    name = socket.gethostname()
    return name if "." in name and name.isascii() and " " not in name else "[127.0.0.1]"
