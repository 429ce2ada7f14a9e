"""A connection of aiosmtplib: the same as :mod:`mailcore_smtp.connection`, in an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from collections.abc import Callable
from typing import TypeVar

import aiosmtplib

from mailcore.errors import UnexpectedResponse
from mailcore.flow import Progress
from mailcore_smtp.call import Reply
from mailcore_smtp.connection import PATIENCE
from mailcore_smtp.conversation import Action, Command, Content, Conversation, Extensions
from mailcore_smtp.options import SmtpOptions
from mailcore_smtp.stuffing import stuffed


T = TypeVar("T")

_LOOK_AGAIN_SECONDS = 0.005


class AsyncConnection:
    """
    A connection to the server, ready for mails; it belongs to the event loop that opened it.

    Args:
        options: The provider's options: which server, and how to speak to it.
        context: The context that TLS begins with.

    Attributes:
        extensions: What the server offers.
        used_at: When it was last used, of the monotonic clock.
        is_clean: Whether the last mail was sent to its end.
    """

    def __init__(self, options: SmtpOptions, context: Callable[[], ssl.SSLContext]) -> None:
        self._options = options
        self._context = context
        self._loop = asyncio.get_running_loop()
        uses_tls = options.security != "none"
        self._smtp = aiosmtplib.SMTP(
            hostname=options.host,
            port=options.chosen_port,
            timeout=options.timeout_seconds,
            local_hostname="unused.invalid",
            use_tls=options.security == "tls",
            start_tls=False,
            tls_context=context() if uses_tls else None,
        )
        self.extensions: Extensions = {}
        self.used_at = 0.0
        self.is_clean = True

    async def open(self) -> Reply:
        """Connect, and begin TLS if the server begins with it; returns the greeting."""
        try:
            return self._read(await self._smtp.connect())
        except aiosmtplib.SMTPConnectResponseError as error:
            return Reply(error.code, error.message)

    async def talk(self, conversation: Conversation[T], progress: Progress) -> T:
        """As :meth:`mailcore_smtp.connection.Connection.talk`."""
        try:
            action = next(conversation)
            while True:
                action = conversation.send(await self._done(action, progress))
        except StopIteration as stop:
            value: T = stop.value
            return value

    async def _done(self, action: Action, progress: Progress) -> Reply:
        timeout = self._options.timeout_seconds
        if isinstance(action, Command):
            if "\r" in action.line or "\n" in action.line:
                # As smtplib does; aiosmtplib does not in each version that is taken.
                raise ValueError("a command holds a line break")
            return self._read(await self._smtp.execute_command(action.line.encode()))
        protocol = self._protocol()
        if isinstance(action, Content):
            patience = PATIENCE * timeout
            protocol.write(stuffed(action.octets))
            await asyncio.wait_for(self._written(), patience)
            # Whatever is lost before the dot was no mail (RFC 5321, section 4.1.1.4).
            progress.began = True
            protocol.write(b".\r\n")
            return self._read(await protocol.read_response(timeout=patience))
        name = self._options.host
        try:
            reply = await protocol.start_tls(self._context(), server_hostname=name, timeout=timeout)
        except aiosmtplib.SMTPResponseException as error:
            return Reply(error.code, error.message)
        self._smtp.transport = protocol.transport
        return self._read(reply)

    async def _written(self) -> None:
        """Wait until nothing of the content is left to write."""
        while True:
            transport = self._smtp.transport
            if not isinstance(transport, asyncio.WriteTransport) or transport.is_closing():
                raise ConnectionResetError("the connection is closed")
            if not transport.get_write_buffer_size():
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def _protocol(self) -> aiosmtplib.protocol.SMTPProtocol:
        if self._smtp.protocol is None:
            raise ConnectionResetError("the connection is closed")
        return self._smtp.protocol

    def _read(self, reply: aiosmtplib.SMTPResponse) -> Reply:
        if getattr(self._smtp.protocol, "_buffer", b""):
            # Read as the reply to the next command, it would be a lie.
            raise UnexpectedResponse("the server says more than it was asked", category="protocol")
        return Reply(reply.code, reply.message)

    def quit(self) -> None:
        """Say good-bye, and close it; from any thread."""
        if not self._loop.is_closed():
            # A loop that has ended has let its connections go.
            self._loop.call_soon_threadsafe(self._quit)

    def _quit(self) -> None:
        with contextlib.suppress(aiosmtplib.SMTPException):  # it is gone already
            if self._smtp.protocol is not None:
                self._smtp.protocol.write(b"QUIT\r\n")
        self.close()

    def close(self) -> None:
        """Close it, without a word, in its loop."""
        self._smtp.close()
