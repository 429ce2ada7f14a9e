"""
The SMTP server: aiosmtpd on a port of its own, in the event loop that all servers share.
"""

from __future__ import annotations

import asyncio
import os
import socket

from aiosmtpd.smtp import SMTP, AuthResult

from mailcore_local.serving.loop_thread import LoopThread, enter, leave
from mailcore_local.serving.server import bound
from mailcore_local.smtp.conversation import Conversation


MAX_MESSAGE_BYTES = 40 * 1024 * 1024


class SmtpServer:
    """
    One port that speaks SMTP. It starts once.

    Args:
        host: The address of the interface to listen on.
        port: The port; 0 takes a free one.
        conversation: What is answered.
    """

    def __init__(self, host: str, port: int, conversation: Conversation) -> None:
        self._socket = bound(host, port)
        self._conversation = conversation
        self._thread: LoopThread | None = None
        self._server: asyncio.Server | None = None
        self._sessions: set[_Smtp] = set()
        self._process = os.getpid()

    @property
    def address(self) -> tuple[str, int]:
        """
        Host and port, for clients.
        """
        host, port = self._socket.getsockname()[:2]
        # Not to listen there: where those who asked can reach what listens everywhere.
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104

    def start(self) -> None:
        """
        Listen and serve in the background.
        """
        self._thread = enter()
        self._thread.call(self._open(self._socket))

    def stop(self) -> None:
        """
        Drop all connections, and wait until they are gone. Stopping twice is fine.
        """
        thread, self._thread = self._thread, None
        if thread is None or self._process != os.getpid():
            return
        thread.call(self._close())
        leave(thread)

    async def _open(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._make, sock=sock)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for session in list(self._sessions):
            session.abort()
        lost = [asyncio.create_task(session.lost.wait()) for session in self._sessions]
        if lost:
            await asyncio.wait(lost)

    def _make(self) -> _Smtp:
        return _Smtp(self._conversation, self._sessions, loop=asyncio.get_running_loop())


class _Smtp(SMTP):
    """
    One connection, which its server knows of.
    """

    def __init__(
        self,
        conversation: Conversation,
        sessions: set[_Smtp],
        *,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            conversation,
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname="mailcore-local",
            ident="mailcore-local",
            auth_require_tls=False,
            authenticator=_anybody,
            loop=loop,
        )
        self._sessions = sessions
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)
        self.lost.set()

    def abort(self) -> None:
        """
        Drop the connection.
        """
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


def _anybody(*_: object) -> AuthResult:
    return AuthResult(success=True)
