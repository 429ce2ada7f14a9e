"""Requests of aiohttp that say how far they are, over connections that bring nothing old."""

from __future__ import annotations

import asyncio
import time

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import aiohttp

from mailcore.http.connection import ExchangeState


if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection


class StaleConnection(Exception):
    """A connection on which something came that nobody asked for: nothing was written to it."""


class AsyncState(ExchangeState):
    """
    What is known of an exchange in an event loop.

    Attributes:
        connect_seconds: How many seconds connecting may take.
        is_answered: Whether the head of the answer has come.
        has_body: Whether anything is written after the head of the request.
    """

    connect_seconds = 0.0
    is_answered = False
    has_body = True
    _written_at: float | None = None
    _transport: asyncio.WriteTransport
    _left_bytes = -1
    _taken_at = 0.0
    _awaited: tuple[float, asyncio.Future[None]] | None = None

    def begins(self, transport: Any) -> None:
        """Note that writing begins, and where to look how far it is."""
        self.write_by(0, 0.0)
        self._transport = transport
        self._tell()

    def gives_up(self) -> None:
        """Drop the connection, with what of the request it holds: closing would write it first."""
        if self.began:
            self._transport.abort()

    def is_written(self) -> None:
        """Note that all of it is written, but what a buffer holds."""
        self._written_at = time.monotonic()
        self._tell()

    def awaits(self, by: float) -> asyncio.Future[None]:
        """
        Return what is done as soon as there has to be more before that moment.

        Args:
            by: The moment that is awaited, as :meth:`deadline` told it.
        """
        future = asyncio.get_running_loop().create_future()
        self._awaited = (by, future)
        return future

    def _tell(self) -> None:
        if self._awaited is None:
            return
        by, future = self._awaited
        if not future.done() and self._next()[0] < by:
            future.set_result(None)

    def deadline(self, began_at: float) -> tuple[float, str]:
        """
        The moment by which there has to be more, as far as is known now, and what to say if not.

        Args:
            began_at: When the exchange began, by :func:`time.monotonic`.
        """
        if not self.began:
            return began_at + self.connect_seconds, "no connection in time"
        return self._next()

    def _next(self) -> tuple[float, str]:
        if self._written_at is None:
            self._look()
            by = min(self.write_by(0, 0.0), self._taken_at + self.patience_seconds)
            return by, "the request could not be written in time"
        told = "the answer did not end in time" if self.is_answered else "no answer in time"
        return self._written_at + (self.answer_seconds(None) or 0.0), told

    def _look(self) -> None:
        left = self._transport.get_write_buffer_size()
        if left != self._left_bytes:
            self._left_bytes, self._taken_at = left, time.monotonic()


STATE: ContextVar[AsyncState | None] = ContextVar("mailcore_async_exchange", default=None)
"""The state of the exchange that a task is about."""


class NotingRequest(aiohttp.ClientRequest):
    """A request that notes in :data:`STATE` when it begins to be written, and when it is."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """
        Write the request.

        Raises:
            StaleConnection: If the connection cannot be used any more.
        """
        protocol = conn.protocol
        if protocol is None or protocol.should_close or protocol.transport is None:
            # aiohttp looks whether it is open, and not whether an answer came that nobody awaited.
            conn.close()
            raise StaleConnection
        state = STATE.get()
        if state is not None:
            state.begins(protocol.transport)
        response = await super().send(conn)
        if state is not None and not state.has_body:
            state.is_written()
        return response

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        """Write the body."""
        await super().write_bytes(writer, conn, content_length)
        state = STATE.get()
        if state is not None:
            state.is_written()
