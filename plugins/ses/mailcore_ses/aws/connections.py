"""
The connections of boto3's clients, made to say how far a call has come.

The class of an exception cannot: botocore's ``SSLError`` is a certificate that was not believed,
and an alert after SES had read the mail. So the connection notes when the first byte of a request
is about to be written, and the client the status of its answer before botocore reads the rest.

It also reads answers more strictly than :mod:`http.client`, which takes ``103`` for the answer to
the request (the real one is then that of the *next* request), and the first of two lengths
(RFC 9110, section 15.2; RFC 9112, section 6.3); and it bounds the time for the whole answer.

Everything here is imported with botocore, at the first call.
"""

from __future__ import annotations

import http.client
import io
import os
import threading
import time
import weakref

from typing import TYPE_CHECKING, Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from mailcore.flow import Progress


MAX_INTERIM_ANSWERS = 100
"""Answers that only announce another one, before a request's own."""

SLOWEST_BYTES_PER_SECOND = 64 * 1024
"""How slowly a request may be written, and an answer be read, beyond the timeout of reading."""


class CallProgress(threading.local):
    """
    How far the call of this thread has come.

    Attributes:
        status_code: Of the answer; None until there is one.
    """

    status_code: int | None = None
    _exchange: Progress | None = None

    def begin(self, exchange: Progress) -> None:
        """Begin a call, which notes for its exchange when a byte of it may have left."""
        self.status_code = None
        self._exchange = exchange
        exchange.began = False

    @property
    def writing(self) -> bool:
        """Whether a byte of the request may have left."""
        return self._exchange is not None and self._exchange.began

    def write(self) -> None:
        """A byte is about to leave."""
        if self._exchange is not None:
            self._exchange.began = True


progress = CallProgress()


class _BoundedReader(io.RawIOBase):
    """
    What a socket receives, with a bound for all of it.

    The timeout of a socket begins anew with each byte, so an answer that drips would never end.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        timeout = sock.gettimeout()
        self._until = None if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            remaining = self._until - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("the answer did not end in time")
            self._sock.settimeout(remaining)
        size: int | None = self._raw.readinto(buffer)
        if self._until is not None and size:
            # An object of S3 may be large.
            self._until += size / SLOWEST_BYTES_PER_SECOND
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class FinalResponse(http.client.HTTPResponse):
    """An answer that is the final one, has one length, and ends in time."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_BoundedReader(sock))

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        lengths = {part.strip() for part in self._lengths().split(",")} - {""}
        if len(lengths) > 1 or any(not (each.isascii() and each.isdigit()) for each in lengths):
            raise http.client.HTTPException("an answer without one Content-Length")

    def _lengths(self) -> str:
        return ",".join(self.headers.get_all("content-length") or ())

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM_ANSWERS):
            line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            status_code = line[1]
            if status_code == http.client.SWITCHING_PROTOCOLS:
                raise http.client.HTTPException("an answer in another protocol")
            if status_code >= 200:
                return line
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("interim answers only")


class _Watched:
    """What both kinds of connections do."""

    response_class = FinalResponse
    _connecting = False

    if TYPE_CHECKING:
        sock: Any
        timeout: Any

        def close(self) -> None: ...

    def connect(self) -> None:
        """Connect; what a proxy is told meanwhile is no request."""
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request, over a new connection if something is left to read from this one."""
        pending = getattr(self.sock, "pending", None)  # of TLS: a socket shows no such rest
        if pending is not None and pending():
            self.close()
        return super().request(*args, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> Any:
        """Write some of a request."""
        if self._connecting:
            return super().send(data)  # type: ignore[misc]
        if self.sock is None:
            self.connect()
        progress.write()
        # sendall() spends one timeout on all of the data, and urllib3 gives it that of connecting.
        before = self.sock.gettimeout()
        if before is not None and isinstance(data, (bytes, bytearray)):
            self.sock.settimeout(_seconds_for(len(data), self.timeout, before))
        try:
            return super().send(data)  # type: ignore[misc]
        finally:
            if self.sock is not None:
                self.sock.settimeout(before)


def _seconds_for(size: int, *timeouts: Any) -> float:
    longest = max((t for t in timeouts if isinstance(t, (int, float))), default=0.0)
    return float(longest + size / SLOWEST_BYTES_PER_SECOND)


class WatchedConnection(_Watched, AWSHTTPConnection):  # type: ignore[misc]  # stricter answers
    """Without TLS: to a local SES."""


class WatchedTlsConnection(_Watched, AWSHTTPSConnection):  # type: ignore[misc]  # as above
    """With TLS."""


class WatchedPool(AWSHTTPConnectionPool):
    """Connections without TLS."""

    ConnectionCls = WatchedConnection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _pools.add(self)


class WatchedTlsPool(AWSHTTPSConnectionPool):
    """Connections with TLS."""

    ConnectionCls = WatchedTlsConnection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _pools.add(self)


_pools: weakref.WeakSet[Any] = weakref.WeakSet()
_abandoned: list[Any] = []
"""Of the process that this one was forked from: even forgetting them would take their locks."""


def watch(client: Any) -> bool:
    """
    Have a client use these connections from now on.

    Args:
        client: Of boto3; connections that it keeps are closed.

    Returns:
        Whether it could be done: it takes attributes that botocore does not document.
    """
    client.meta.events.register("before-parse", _note_status, unique_id="mailcore-status")
    session: Any = getattr(getattr(client, "_endpoint", None), "http_session", None)
    classes = getattr(session, "_pool_classes_by_scheme", None)
    if not isinstance(classes, dict):
        return False
    if classes.get("https") is not WatchedTlsPool:
        classes.update(http=WatchedPool, https=WatchedTlsPool)
        session.close()
    return True


def _note_status(response_dict: Any, **_: Any) -> None:
    """Called by botocore when it has an answer, before it reads what is in it."""
    progress.write()
    progress.status_code = response_dict["status_code"]


def leave_inherited_connections() -> None:
    """
    Close what a process has inherited of its parent's connections, without a word to the server.

    Called in a new process before anything else. The parent's own connections stay as they are:
    closing a descriptor says nothing to the server as long as another process has it.
    """
    inherited = list(_pools)
    _abandoned.extend(inherited)
    _pools.clear()
    for pool in inherited:
        # The list behind the queue: a thread that is not here may hold its lock.
        for connection in list(getattr(pool.pool, "queue", ())):
            if connection is not None and connection.sock is not None:
                connection.sock.close()
                connection.sock = None  # who uses it, connects anew


def renew_connections(client: Any) -> None:
    """Have a client that was given make connections of this process's own."""
    session = client._endpoint.http_session  # see watch()
    managers = [session._manager, *session._proxy_managers.values()]
    for manager in managers:
        _abandoned.append(manager.pools)
        manager.pools = type(manager.pools)()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=leave_inherited_connections)
