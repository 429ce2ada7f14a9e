"""A connection of smtplib: what could lie about a send, or wait for ever, is done here instead."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time

from collections.abc import Callable
from typing import TypeVar

from mailcore.errors import UnexpectedResponse
from mailcore.flow import Progress
from mailcore_smtp.call import Reply
from mailcore_smtp.conversation import (
    TLS_READY,
    Action,
    Command,
    Content,
    Conversation,
    Extensions,
)
from mailcore_smtp.options import SmtpOptions
from mailcore_smtp.stuffing import stuffed


T = TypeVar("T")

PATIENCE = 10
"""How many times the timeout the content, and the answer after it, may take."""
# A server's whole reply; the longest that EHLO has are a few thousand octets.
_MAX_REPLY_OCTETS = 64 * 1024


class _Lines:
    """
    The lines that a server writes, for smtplib to take apart: until a deadline, whatever drips.

    Args:
        sock: The socket that is read from.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = b""
        self._octets = 0
        self._deadline = 0.0

    def begin(self, seconds: float) -> None:
        """Wait that long for the next reply."""
        self._deadline = time.monotonic() + seconds
        self._octets = 0

    @property
    def has_more(self) -> bool:
        """Whether the server wrote more than the reply that was read."""
        return bool(self._received)

    def readline(self, limit: int) -> bytes:
        """A line with its end, or what there is of it."""
        while b"\n" not in self._received and len(self._received) < limit:
            self._sock.settimeout(max(0.001, self._deadline - time.monotonic()))
            chunk = self._sock.recv(8192)
            if time.monotonic() > self._deadline:
                raise TimeoutError("the reply did not end in time")
            self._octets += len(chunk)
            if self._octets > _MAX_REPLY_OCTETS:
                raise OSError("the reply does not end")
            if not chunk:
                break
            self._received += chunk
        end = min(self._received.find(b"\n") + 1 or limit, limit)
        line, self._received = self._received[:end], self._received[end:]
        return line

    def close(self) -> None:
        """The socket is closed by whoever opened it."""


class Connection:
    """
    A connection to the server, ready for mails.

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
        self._smtp = smtplib.SMTP(local_hostname="unused")
        # SMTPUTF8 sends addresses in UTF-8; every other command is ASCII.
        self._smtp.command_encoding = "utf-8"
        self._lines: _Lines | None = None
        self.extensions: Extensions = {}
        self.used_at = 0.0
        self.is_clean = True

    def open(self) -> Reply:
        """Connect, and begin TLS if the server begins with it; returns the greeting."""
        options = self._options
        address, timeout = (options.host, options.chosen_port), options.timeout_seconds
        sock = socket.create_connection(address, timeout=timeout)
        try:
            # The final dot is written alone: it must not wait for an acknowledgement.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if options.security == "tls":
                sock = self._context().wrap_socket(sock, server_hostname=options.host)
        except BaseException:
            sock.close()
            raise
        self._take(sock)
        return self._reply(timeout)

    def _take(self, sock: socket.socket) -> None:
        self._smtp.sock = sock
        self._lines = _Lines(sock)

    def talk(self, conversation: Conversation[T], progress: Progress) -> T:
        """
        Carry a conversation out.

        Args:
            conversation: The conversation, which says what is written and read.
            progress: Is told when the mail may be accepted: with the final dot.
        """
        try:
            action = next(conversation)
            while True:
                action = conversation.send(self._done(action, progress))
        except StopIteration as stop:
            value: T = stop.value
            return value

    def _done(self, action: Action, progress: Progress) -> Reply:
        timeout = self._options.timeout_seconds
        if isinstance(action, Command):
            self._command(action.line)
            return self._reply(timeout)
        if isinstance(action, Content):
            patience = PATIENCE * timeout
            # Whatever is lost before the dot was no mail (RFC 5321, section 4.1.1.4).
            self._write(stuffed(action.octets), patience)
            progress.began = True
            self._write(b".\r\n", timeout)
            return self._reply(patience)
        self._command("STARTTLS")
        reply = self._reply(timeout)
        if reply.code == TLS_READY and self._smtp.sock is not None:
            self._smtp.sock.settimeout(timeout)
            name = self._options.host
            self._take(self._context().wrap_socket(self._smtp.sock, server_hostname=name))
        return reply

    def _command(self, line: str) -> None:
        """Send a line; smtplib refuses one that holds another."""
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(self._options.timeout_seconds)
        self._smtp.putcmd(line)

    def _write(self, octets: bytes, seconds: float) -> None:
        if self._smtp.sock is None:
            raise ConnectionResetError("the connection is closed")
        self._smtp.sock.settimeout(seconds)
        self._smtp.sock.sendall(octets)

    def _reply(self, seconds: float) -> Reply:
        lines = self._lines
        if lines is None:
            raise ConnectionResetError("the connection is closed")
        lines.begin(seconds)
        self._smtp.file = lines
        code, text = self._smtp.getreply()
        if lines.has_more:
            # Read as the reply to the next command, it would be a lie; before TLS, an attack.
            raise UnexpectedResponse("the server says more than it was asked", category="protocol")
        return Reply(code, text.decode("utf-8", "replace"))

    def quit(self) -> None:
        """Say good-bye, and close it."""
        with contextlib.suppress(OSError):  # it is gone already
            self._write(b"QUIT\r\n", 1.0)
        self.close()

    def close(self) -> None:
        """Close it, without a word."""
        self._smtp.close()
