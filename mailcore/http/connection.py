"""
The connections of :mod:`mailcore.http.transport`: urllib3's, and what is known of each exchange.

They note whether the request began to be written, which no exception tells: a TLS alert, say, may
come before or after. They bound the time for writing and the time for the whole answer. They read
past interim answers (RFC 9110, section 15.2), and keep no connection on which more came than the
answer: it would be taken for the answer to the next request.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import time

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection

from mailcore.flow import Progress


SLOWEST_BYTES_PER_SECOND = 16 * 1024
"""An upload that is slower on the whole is given up."""
BUFFERED_BYTES = 1024 * 1024
"""What of a request may still lie in buffers on the way when its last byte was written, at most."""
BUFFERED_BYTES_PER_SECOND = 128 * 1024
"""How fast these are emptied, at least."""
LEAST_PATIENCE_SECONDS = 10.0
"""How long a peer may take nothing of a request, at least."""

_PIECE_BYTES = 16 * 1024  # of a request at a time: one record of TLS
_SWITCHING_PROTOCOLS = 101


class ExchangeState:
    """
    What is known of one exchange.

    Args:
        timeout_seconds: For connecting, and for the whole answer.
        body_bytes: Of the request.
        progress: Is told when writing begins.

    Attributes:
        timed_out: What took too long; empty if nothing did.
    """

    def __init__(self, timeout_seconds: float, body_bytes: int, progress: Progress) -> None:
        self.timeout_seconds = timeout_seconds
        self._progress = progress
        self.timed_out = ""
        self._body_bytes = body_bytes
        self._write_by = 0.0

    @property
    def began(self) -> bool:
        """Whether anything of the request was written, or may have been."""
        return self._progress.began

    def answer_seconds(self) -> float:
        """How long the answer may take, from the last byte written to its own last byte."""
        if not self._progress.began:
            return self.timeout_seconds  # it is a proxy that answers
        buffered = min(self._body_bytes, BUFFERED_BYTES)
        return self.timeout_seconds + buffered / BUFFERED_BYTES_PER_SECOND

    def write_by(self) -> float:
        """The moment by which the whole request is to be written; writing begins."""
        if not self._progress.began:
            self._progress.began = True
            allowed = self.timeout_seconds + self._body_bytes / SLOWEST_BYTES_PER_SECOND
            self._write_by = time.monotonic() + allowed
        return self._write_by

    def too_late(self, what: str) -> TimeoutError:
        """The error to raise, noted."""
        self.timed_out = what
        return TimeoutError(what)


_STATE: ContextVar[ExchangeState | None] = ContextVar("mailcore_exchange", default=None)


@contextmanager
def following(state: ExchangeState) -> Iterator[None]:
    """Have the connections note in *state* what becomes of the exchange within."""
    token = _STATE.set(state)
    try:
        yield
    finally:
        _STATE.reset(token)


class _Wire(io.RawIOBase):
    """What a socket receives until a deadline, counted."""

    def __init__(self, sock: Any, raw: Any, state: ExchangeState | None, timeout: Any) -> None:
        self._sock = sock
        self._raw = raw
        self._state = state
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._count = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._count

    def readinto(self, buffer: Any) -> int | None:
        if self._deadline is not None:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0:
                raise self._too_late()
            self._sock.settimeout(remaining)
        try:
            size: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            raise self._too_late() from None
        self._count += size or 0
        return size

    def _too_late(self) -> TimeoutError:
        if self._state is None:
            return TimeoutError("timed out")
        # Before the request was written, it is a proxy that was asked for a connection.
        what = "the answer did not end in time" if self._count else "no answer in time"
        return self._state.too_late(what if self._state.began else "no connection in time")

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Reader(io.BufferedReader):
    """Tells its connection when it is closed with something left to read."""

    def __init__(self, wire: _Wire, connection: HTTPConnection) -> None:
        super().__init__(wire)
        self._wire = wire
        self._of = connection

    def close(self) -> None:
        if not self.closed and self._wire.tell() > self.tell():
            self._of.left_over = True  # type: ignore[attr-defined]  # one of ours
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, connection: HTTPConnection, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        state = _STATE.get()
        timeout = sock.gettimeout() if state is None else state.answer_seconds()
        wire = _Wire(sock, sock.makefile("rb", buffering=0), state, timeout)
        self.fp.close()
        self.fp = _Reader(wire, connection)

    def _read_status(self) -> tuple[str, int, str]:
        # http.client knows 100 only, in any version; what it does not know ends the answer there.
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]  # not in the stubs
            if status >= 200 or status == _SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]  # not in the stubs
        if size < 0:
            raise ValueError("negative chunk size")
        return size


class _Noting(HTTPConnection):
    left_over = False
    _is_connecting = False

    def connect(self) -> None:
        # On a new connection, nothing is left of the one before.
        self.left_over = False
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False

    def response_class(self, sock: Any, *args: Any, **named: Any) -> _Response:  # type: ignore[override]
        return _Response(sock, *args, connection=self, **named)

    def send(self, data: Any) -> None:
        state = _STATE.get()
        if state is None or self._is_connecting:  # CONNECT, to a proxy, is not the request
            super().send(data)
            return
        if self.sock is None:
            self.connect()
        by = state.write_by()
        patience = max(state.timeout_seconds, LEAST_PATIENCE_SECONDS)
        rest = memoryview(data)
        while rest:
            remaining = by - time.monotonic()
            if remaining <= 0:
                raise state.too_late("the request could not be written in time")
            self.sock.settimeout(min(patience, remaining))
            try:
                rest = rest[self.sock.send(rest[:_PIECE_BYTES]) :]
            except TimeoutError:
                raise state.too_late("the request could not be written in time") from None


class _KeepsClean(HTTPConnectionPool):
    """Keeps no connection on which more came than was asked for."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None and conn.sock is not None:
            pending = getattr(conn.sock, "pending", None)
            if conn.left_over or (pending is not None and pending()):
                conn.close()
        super()._put_conn(conn)


@functools.cache
def _noting(pool_class: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """That pool, of plain HTTP, TLS or SOCKS, with connections that note what happens."""
    connection_class = type("NotingConnection", (_Noting, pool_class.ConnectionCls), {})
    pool: type[HTTPConnectionPool] = type(
        "NotingPool", (_KeepsClean, pool_class), {"ConnectionCls": connection_class}
    )
    return pool


def _have_noted(manager: PoolManager) -> None:
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _noting(each) for scheme, each in classes.items()}


def _socket_options() -> list[tuple[int, int, int]]:
    options = list(HTTPConnection.default_socket_options)
    # Else megabytes lie in this machine's buffers when the last byte is "written".
    low_water_mark = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if low_water_mark is not None:
        options.append((socket.IPPROTO_TCP, low_water_mark, 4 * _PIECE_BYTES))
    return options


class NotingAdapter(HTTPAdapter):
    """An adapter of requests whose connections note what becomes of an exchange."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """As requests does, with connections of ours."""
        super().init_poolmanager(*args, socket_options=_socket_options(), **named)
        _have_noted(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """As requests does, with connections of ours."""
        if proxy not in self.proxy_manager:
            options = _socket_options()
            _have_noted(super().proxy_manager_for(proxy, socket_options=options, **named))
        return self.proxy_manager[proxy]
