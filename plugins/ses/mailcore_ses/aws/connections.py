"""
The connections of boto3's clients, made to say how far a call has come.

The class of an exception cannot: botocore's ``SSLError`` is a certificate that was not believed,
and an alert after SES had read the mail. So the connection notes when the first byte of a request
is about to be written, and the client the status of its answer before botocore reads the rest.

They are those of :mod:`mailcore.http.connection`, with bounds of time that grow with what is
written and read, and a thing that AWS's answers never are: in another protocol.

Everything here is imported with botocore, at the first call.
"""

from __future__ import annotations

import http.client
import os
import time
import weakref

from typing import Any

from botocore.awsrequest import AWSHTTPConnectionPool, AWSHTTPSConnectionPool

from mailcore.flow import Progress
from mailcore.http.connection import ExchangeState, NotingResponse, exchange_state, noting


SLOWEST_BYTES_PER_SECOND = 64 * 1024
"""How slowly a request may be written, and an answer be read, beyond the timeout of reading."""


class CallState(ExchangeState):
    """
    What is known of one call.

    Args:
        progress: Is told when writing begins.

    Attributes:
        status_code: Of the answer; None until there is one.
    """

    def __init__(self, progress: Progress) -> None:
        super().__init__(0.0, 0, progress)
        progress.began = False
        self.status_code: int | None = None

    def answer_seconds(self, socket_seconds: float | None) -> float | None:
        """The timeout of reading, for all of the answer."""
        return socket_seconds

    def more_seconds(self, count: int) -> float:
        """An object of S3 may be large."""
        return count / SLOWEST_BYTES_PER_SECOND

    @property
    def patience_seconds(self) -> float:
        """As long as writing may take."""
        return float("inf")

    def write_by(self, size: int, connection_seconds: float) -> float:
        """The longer timeout of the connection, and as long as so many bytes may take."""
        self.begin_writing()
        return time.monotonic() + connection_seconds + size / SLOWEST_BYTES_PER_SECOND


class FinalResponse(NotingResponse):
    """An answer that is in this protocol."""

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        if self.status == http.client.SWITCHING_PROTOCOLS:
            raise http.client.HTTPException("an answer in another protocol")


def _watched(pool_class: Any) -> Any:
    """That pool with connections that note what happens; each made is known to :data:`_pools`."""
    noted = noting(pool_class, FinalResponse)

    def __init__(self: Any, *args: Any, **named: Any) -> None:  # noqa: N807
        noted.__init__(self, *args, **named)
        _pools.add(self)

    return type("WatchedPool", (noted,), {"__init__": __init__})


WatchedPool = _watched(AWSHTTPConnectionPool)
WatchedTlsPool = _watched(AWSHTTPSConnectionPool)

_pools: weakref.WeakSet[Any] = weakref.WeakSet()
_abandoned: list[Any] = []
"""Of the process that this one was forked from: even forgetting them would take their locks."""


def watch(client: Any) -> bool:
    """
    Have a client use these connections from now on.

    Args:
        client: A client of boto3; connections that it keeps are closed.

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
    state = exchange_state()
    if isinstance(state, CallState):
        state.begin_writing()
        state.status_code = response_dict["status_code"]


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
