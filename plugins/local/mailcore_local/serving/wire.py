"""
A proxy of raw sockets in front of the HTTP server, for the faults that such a server cannot make.

It passes octets on as they come and looks into none of them, but for answers that are to break off
in the middle. An application finds the connection that a request came over with `connection_of`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct

from collections.abc import MutableMapping
from typing import Any


_EXTENSION = "mailcore_local.connection"

# SO_LINGER for zero seconds makes the kernel send RST instead of FIN.
_NO_LINGERING = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class ConnectionCut(Exception):
    """
    The connection is gone, or is not to be answered: there is nobody to send a response to.
    """


class Connection:
    """
    One connection of a client, and the one of the proxy to the HTTP server that belongs to it.

    Attributes:
        client: Host and port of the client.
    """

    def __init__(self, wire: Wire) -> None:
        self.client: tuple[str, int] = ("", 0)
        self._wire = wire
        self._to_client = _Side(self)
        self._to_server = _Side(self)
        self._to_client.other, self._to_server.other = self._to_server, self._to_client
        self._port = 0

    def reset(self) -> None:
        """
        Hang up with a RST: the client sees a connection reset, whatever it was waiting for.
        """
        transport = self._to_client.transport
        if transport is not None:
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self.abort()

    def break_off(self, body_bytes: int) -> None:
        """
        Hang up within the next answer, after so many octets of its body.
        """
        self._to_server.filter = _BreakOff(body_bytes)

    def replace_answer(self, octets: bytes) -> None:
        """
        Send these octets in place of the next answer, and hang up.
        """
        self._to_server.filter = _Replace(octets)

    def abort(self) -> None:
        """
        Drop both connections, with what was not sent yet.
        """
        for side in (self._to_client, self._to_server):
            if side.transport is not None:
                side.transport.abort()

    async def open(self, sock: socket.socket) -> None:
        """
        Take over the socket of a client.
        """
        loop = asyncio.get_running_loop()
        try:
            # First, so that there is somebody to pass on to what the client sends.
            await loop.create_connection(lambda: self._to_server, *self._wire.target)
            await loop.connect_accepted_socket(lambda: self._to_client, sock)
        except OSError:
            sock.close()
            self.abort()
            self._wire.forget(self._port, self)

    def made(self, side: _Side, transport: asyncio.Transport) -> None:
        """
        Note that one of the two ends is connected.
        """
        if side is self._to_server:
            self._port = transport.get_extra_info("sockname")[1]
            self._wire.register(self._port, self)
            return
        self.client = transport.get_extra_info("peername")[:2]
        if self._wire.closed or side.other.transport is None:
            self.abort()

    def lost(self, side: _Side) -> None:
        """
        Close the other end when one has gone, after what is under way.
        """
        if side is self._to_client:
            self._wire.forget(self._port, self)
        if side.other.transport is not None:
            side.other.transport.close()


class _Side(asyncio.Protocol):
    """
    One of the two ends of a connection: passes on what it reads to the other one.
    """

    other: _Side

    def __init__(self, connection: Connection) -> None:
        self.transport: asyncio.Transport | None = None
        self.filter: _BreakOff | _Replace | None = None
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._connection.made(self, transport)

    def data_received(self, data: bytes) -> None:
        target = self.other.transport
        if target is None or target.is_closing():
            return
        if self.filter is None:
            target.write(data)
            return
        target.write(self.filter.pass_on(data))
        if self.filter.done:
            target.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._connection.lost(self)

    def pause_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.resume_reading()


class _BreakOff:
    """
    Lets the head of an answer pass and the beginning of its body.
    """

    def __init__(self, body_bytes: int) -> None:
        self._left = body_bytes
        self._head: bytes | None = b""
        self.done = False

    def pass_on(self, data: bytes) -> bytes:
        """
        What of `data` goes to the client.
        """
        head = b""
        if self._head is not None:
            read = self._head + data
            end = read.find(b"\r\n\r\n")
            if end < 0:
                self._head = read
                return b""
            head, data, self._head = read[: end + 4], read[end + 4 :], None
        passed = data[: self._left]
        self._left -= len(passed)
        self.done = self._left == 0
        return head + passed


class _Replace:
    """
    Lets nothing of an answer pass and sends something else.
    """

    done = True

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def pass_on(self, data: bytes) -> bytes:
        """
        What goes to the client, whatever came.
        """
        return self._octets


class Wire:
    """
    The proxy: listens where clients come, and connects to the HTTP server for each of them.

    Args:
        target: Host and port of the HTTP server.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.closed = False
        self._closing: asyncio.Future[None] | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._by_port: dict[int, Connection] = {}
        self._connections: set[Connection] = set()

    def listen(self, sock: socket.socket) -> None:
        """
        Take connections from a listening socket, which belongs to this from now on.
        """
        loop = asyncio.get_running_loop()
        self._closing = loop.create_future()
        self._accepting = loop.create_task(self._accept_all(sock, self._closing))

    async def close(self) -> None:
        """
        Take no more connections, drop those that there are, and wait until they are gone.
        """
        self.closed = True
        if self._closing is not None and self._accepting is not None:
            self._closing.set_result(None)
            await self._accepting
        if self._tasks:
            await asyncio.wait(self._tasks)
        for connection in list(self._connections):
            connection.abort()
        turns = 0
        while self._connections or turns < 3:
            # The HTTP server has accepted then what the proxy connected to: asyncio's servers lose
            # sockets when they are closed before.
            turns += 1
            await asyncio.sleep(0)

    def register(self, port: int, connection: Connection) -> None:
        """
        Remember by which of its own ports the proxy speaks for a connection.
        """
        self._by_port[port] = connection

    def forget(self, port: int, connection: Connection) -> None:
        """
        Forget a connection whose client is gone.
        """
        self._connections.discard(connection)
        if self._by_port.get(port) is connection:
            del self._by_port[port]

    def identify(self, scope: MutableMapping[str, Any]) -> bool:
        """
        Put the client into an ASGI scope that has the proxy there, and the connection beside it.

        Returns:
            Whether the request came through this proxy.
        """
        connection = self._by_port.get((scope.get("client") or ("", 0))[1])
        if connection is None:
            return False
        scope["client"] = connection.client
        scope.setdefault("extensions", {})[_EXTENSION] = connection
        return True

    async def _accept_all(self, sock: socket.socket, closing: asyncio.Future[None]) -> None:
        # asyncio's own servers leave a socket open that they accepted just before they were closed
        # (seen with Python 3.11).
        loop = asyncio.get_running_loop()
        with sock:
            while not closing.done():
                accepting = loop.create_task(loop.sock_accept(sock))
                either: list[asyncio.Future[Any]] = [accepting, closing]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                # Its socket may be there already, and the task not have run.
                await asyncio.sleep(0)
                if accepting.done():
                    self._take(accepting)
                else:
                    accepting.cancel()

    def _take(self, accepted: asyncio.Task[tuple[socket.socket, Any]]) -> None:
        if accepted.exception() is not None:
            return  # It went away while it was accepted.
        sock, _ = accepted.result()
        connection = Connection(self)
        self._connections.add(connection)
        task = asyncio.get_running_loop().create_task(connection.open(sock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def connection_of(scope: MutableMapping[str, Any]) -> Connection:
    """
    The connection that the request of an ASGI scope came over.
    """
    connection = scope["extensions"][_EXTENSION]
    assert isinstance(connection, Connection)
    return connection
