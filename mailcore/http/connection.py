"""
Connections of urllib3 that note what becomes of an exchange: of whatever transport uses urllib3.

They note whether the request began to be written, which no exception tells: a TLS alert, say, may
come before or after. They bound the time for writing and the time for the whole answer. They read
past interim answers (RFC 9110, section 15.2), and keep no connection on which more came than the
answer: it would be taken for the answer to the next request.
"""

from __future__ import annotations

import functools
import http.client
import io
import time

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from mailcore.flow import Progress
from mailcore.http.heads import read_fields


__all__ = ["ExchangeState", "NotingResponse", "exchange_state", "following", "noting"]

SLOWEST_BYTES_PER_SECOND = 16 * 1024
"""An upload that is slower on the whole is given up."""
BUFFERED_BYTES = 1024 * 1024
"""What of a request may still lie in buffers on the way when its last byte was written, at most."""
BUFFERED_BYTES_PER_SECOND = 128 * 1024
"""How fast these are emptied, at least."""
LEAST_PATIENCE_SECONDS = 10.0
"""How long a peer may take nothing of a request, at least."""

MAX_IDLE_SECONDS = 50.0
"""
How long a connection may be idle and still be used: services, and what stands before them, end
those that are idle for longer, many after 60 seconds, and some without a word.
"""

PIECE_BYTES = 16 * 1024
"""How many bytes of a request are written at a time: one record of TLS."""
_SWITCHING_PROTOCOLS = 101
_WITHOUT_BODY = (204, 304)


class ExchangeState:
    """
    What is known of one exchange.

    Args:
        timeout_seconds: How many seconds connecting may take, and how many the whole answer may.
        body_bytes: How many bytes the body of the request has.
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

    def begin_writing(self) -> None:
        """Note that a byte of the request may leave."""
        self._progress.began = True

    def answer_seconds(self, socket_seconds: float | None) -> float | None:
        """
        How long the answer may take, from the last byte written to its own last byte.

        Args:
            socket_seconds: The timeout that the socket has, which begins anew with each byte.
        """
        if not self._progress.began:
            return self.timeout_seconds  # it is a proxy that answers
        buffered = min(self._body_bytes, BUFFERED_BYTES)
        return self.timeout_seconds + buffered / BUFFERED_BYTES_PER_SECOND

    def more_seconds(self, count: int) -> float:
        """How many seconds later an answer of so many bytes has to end."""
        return 0.0

    @property
    def patience_seconds(self) -> float:
        """How long the peer may take nothing of the request."""
        return max(self.timeout_seconds, LEAST_PATIENCE_SECONDS)

    def write_by(self, size: int, connection_seconds: float) -> float:
        """
        The moment by which the whole request is to be written; writing begins.

        Args:
            size: Bytes that are to be written now.
            connection_seconds: The timeout that the connection has.
        """
        if not self._progress.began:
            self.begin_writing()
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


def exchange_state() -> ExchangeState | None:
    """What is known of the exchange that this code is part of; None outside of one."""
    return _STATE.get()


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

    def readinto(self, buffer: Any) -> int:
        if self._deadline is not None:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0:
                raise self._too_late()
            self._sock.settimeout(remaining)
        try:
            size: int = self._raw.readinto(buffer)  # not None: it waits
        except TimeoutError:
            raise self._too_late() from None
        self._count += size
        if self._deadline is not None and self._state is not None:
            self._deadline += self._state.more_seconds(size)
        return size

    def _too_late(self) -> TimeoutError:
        if self._state is None:
            return TimeoutError("timed out")
        what = "the answer did not end in time" if self._count else "no answer in time"
        return self._state.too_late(what)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Reader(io.BufferedReader):
    """Tells its connection when it is closed with something left to read."""

    def __init__(self, wire: _Wire, connection: HTTPConnection) -> None:
        super().__init__(wire)
        self._wire = wire
        self._of = connection

    def makefile(self, mode: str) -> _Reader:
        return self

    def close(self) -> None:
        if not self.closed and self._wire.tell() > self.tell():
            self._of.left_over = True  # type: ignore[attr-defined]  # one of ours
        super().close()


class NotingResponse(http.client.HTTPResponse):
    """An answer that is read until its deadline, past interim ones."""

    def __init__(self, sock: Any, *args: Any, connection: HTTPConnection, **named: Any) -> None:
        state = _STATE.get()
        timeout = sock.gettimeout()
        if state is not None:
            timeout = state.answer_seconds(timeout)
        wire = _Wire(sock, sock.makefile("rb", buffering=0), state, timeout)
        # What it makes of a socket is a file to read from.
        opened: Any = _Reader(wire, connection)
        super().__init__(opened, *args, **named)

    def begin(self) -> None:
        """Read the status line and the headers, by the rules of :mod:`http.client`."""
        if self.headers is not None:
            return
        version, status, reason = self._read_status()
        self.code = self.status = status
        self.reason = reason.strip()
        if not version.startswith(("HTTP/1.", "HTTP/0.9")):
            raise http.client.UnknownProtocol(version)
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.headers = self.msg = headers = read_fields(self.fp)
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.will_close = self._check_close()
        length = _length_in(headers)
        self.length = None if self.chunked else length
        if status < 200 or status in _WITHOUT_BODY or self._method == "HEAD":
            self.length = 0
        if not self.chunked and self.length is None:
            self.will_close = True

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


def _length_in(headers: http.client.HTTPMessage) -> int | None:
    fields = headers.get_all("content-length")
    if fields is None:
        return None
    if len(fields) == 1 and fields[0].isascii() and fields[0].isdigit():
        # The usual one, in a third of the time (benchmarks/send.py).
        return int(fields[0])
    given = ",".join(fields)
    lengths = {part.strip() for part in given.split(",")} - {""}
    if len(lengths) > 1 or any(not (each.isascii() and each.isdigit()) for each in lengths):
        # Where it ends is not known (RFC 9112, section 6.3).
        raise http.client.HTTPException("an answer without one Content-Length")
    return int(lengths.pop()) if lengths else None


class _Noting(HTTPConnection):
    left_over = False
    # What is sent next waits for what is sent then: the head of a small request, for its body.
    holds_next = False
    _held = b""
    _is_connecting = False

    def connect(self) -> None:
        # On a new connection, nothing is left of the one before.
        self.left_over = self.holds_next = False
        self._held = b""
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False

    def send(self, data: Any) -> None:
        state = _STATE.get()
        if state is None or self._is_connecting:  # CONNECT, to a proxy, is not the request
            super().send(data)
            return
        if self.holds_next:
            self.holds_next, self._held = False, data
            return
        if self._held:
            data, self._held = self._held + data, b""
        if self.sock is None:
            self.connect()
        rest = memoryview(data)
        timeouts = (self.timeout, self.sock.gettimeout())
        longest = max((each for each in timeouts if isinstance(each, (int, float))), default=0.0)
        by = state.write_by(len(rest), longest)
        patience = state.patience_seconds
        while rest:
            remaining = by - time.monotonic()
            if remaining <= 0:
                raise state.too_late("the request could not be written in time")
            self.sock.settimeout(min(patience, remaining))
            try:
                rest = rest[self.sock.send(rest[:PIECE_BYTES]) :]
            except TimeoutError:
                raise state.too_late("the request could not be written in time") from None


class _KeepsClean(HTTPConnectionPool):
    """Keeps no connection on which more came than was asked for, and none for too long."""

    max_idle_seconds: float

    def _put_conn(self, conn: Any) -> None:
        if conn is not None and conn.sock is not None:
            pending = getattr(conn.sock, "pending", None)
            if conn.left_over or (pending is not None and pending()):
                conn.close()
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)

    def _get_conn(self, timeout: float | None = None) -> Any:
        # urllib3 has seen whether the peer closed it; what stands between may have forgotten it.
        connection: Any = super()._get_conn(timeout)
        if connection.sock is not None:
            idle_seconds = time.monotonic() - connection.idle_since
            if idle_seconds > self.max_idle_seconds:
                connection.close()
        return connection


@functools.cache
def noting(
    pool_class: type[HTTPConnectionPool],
    answer_class: type[NotingResponse] = NotingResponse,
    *,
    max_idle_seconds: float = MAX_IDLE_SECONDS,
) -> type[HTTPConnectionPool]:
    """
    That pool, of plain HTTP, TLS or SOCKS, with connections that note what happens.

    Args:
        pool_class: The class of connection pools to extend, urllib3's or one that builds upon it.
        answer_class: The class that reads the answers.
        max_idle_seconds: A connection that was idle for longer is replaced before it is used.
    """

    def response_class(self: Any, sock: Any, *args: Any, **named: Any) -> NotingResponse:
        return answer_class(sock, *args, connection=self, **named)

    bases = (_Noting, pool_class.ConnectionCls)
    connection_class = type("NotingConnection", bases, {"response_class": response_class})
    attributes = {"ConnectionCls": connection_class, "max_idle_seconds": max_idle_seconds}
    pool: type[HTTPConnectionPool] = type("NotingPool", (_KeepsClean, pool_class), attributes)
    return pool
