"""
A server that runs in the background: its sockets, the proxy, and uvicorn.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import socket
import weakref

from collections.abc import Callable

import uvicorn

from starlette.types import ASGIApp

from mailcore_local.serving.guard import Guard
from mailcore_local.serving.loop_thread import LoopThread, enter, leave
from mailcore_local.serving.visitors import Visitors
from mailcore_local.serving.wire import Wire


# Clients keep connections in pools, and look at no clock before they use one again.
_KEEP_ALIVE_SECONDS = 24 * 60 * 60

logger = logging.getLogger("mailcore_local")

_running: weakref.WeakSet[LocalServer] = weakref.WeakSet()


class LocalServer:
    """
    One port with an ASGI application behind it.

    It starts once, and leaves no thread behind when it stops. A program that ends, by an exception
    too, does not wait for it.

    Args:
        host: The address of the interface to listen on.
        port: Port; 0 takes a free one.
        public_url: Where others reach it; `None` is the interface and the port.
    """

    def __init__(self, host: str, port: int, *, public_url: str | None = None) -> None:
        self._host, self._port = host, port
        self._public_url = public_url
        self._thread: LoopThread | None = None
        self._wire: Wire | None = None
        self._http: _Http | None = None
        self._process = os.getpid()
        self._at_stop: Callable[[], None] = lambda: None

    @property
    def running(self) -> bool:
        """
        Whether it was started in this process and not stopped.
        """
        return self._thread is not None and self._process == os.getpid()

    def start(
        self,
        make_application: Callable[[str, asyncio.Event], ASGIApp],
        *,
        at_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Listen and serve in the background.

        Args:
            make_application: Takes the base URL, without a slash at the end, and an event that is
                set when the server stops; called in the event loop.
            at_stop: Called once, when the server has stopped, in the thread that stops it; at the
                end of the program too.

        Raises:
            OSError: The port is taken, or the host is not one of this machine.
        """
        sock = bound(self._host, self._port)
        thread = enter()
        try:
            thread.call(self._open(sock, make_application))
        except BaseException:
            sock.close()
            leave(thread)
            raise
        self._thread, self._process, self._at_stop = thread, os.getpid(), at_stop
        _running.add(self)

    def stop(self) -> None:
        """
        Stop serving, release what hangs, and wait until nothing is left. Stopping twice is fine.
        """
        thread, self._thread = self._thread, None
        _running.discard(self)
        # A forked child has no thread to stop; the server is its parent's.
        if thread is None or self._process != os.getpid():
            return
        try:
            thread.call(self._close())
            leave(thread)
        finally:
            self._at_stop()

    async def _open(
        self, sock: socket.socket, make_application: Callable[[str, asyncio.Event], ASGIApp]
    ) -> None:
        base_url = (self._public_url or _url(sock)).rstrip("/")
        inner = bound("127.0.0.1", 0)
        try:
            stopping = asyncio.Event()
            wire = Wire(inner.getsockname()[:2])
            guard = Guard(
                make_application(base_url, stopping), wire, Visitors(self._host, base_url)
            )
            http = _Http(guard, stopping)
            await http.open(inner)
            wire.listen(sock)
        except BaseException:
            inner.close()
            raise
        self._wire, self._http = wire, http

    async def _close(self) -> None:
        assert self._wire is not None
        assert self._http is not None
        await self._wire.close()
        await self._http.close()


class _Http(uvicorn.Server):
    """
    uvicorn's server, stopped by an event: its own loop looks ten times a second whether it should.
    """

    def __init__(self, application: ASGIApp, stopping: asyncio.Event) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                interface="asgi3",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                headers=[("Server", "mailcore-local")],
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
        )
        self._stopping = stopping
        self._open = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self, sock: socket.socket) -> None:
        """
        Serve on a bound socket, which belongs to this from now on.
        """
        self._task = asyncio.get_running_loop().create_task(self._run(sock))
        opened = asyncio.get_running_loop().create_task(self._open.wait())
        await asyncio.wait([self._task, opened], return_when=asyncio.FIRST_COMPLETED)
        if not self._open.is_set():
            opened.cancel()
            await self._task

    async def close(self) -> None:
        """
        Let the requests that hang end, and wait for all of them.
        """
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self, sock: socket.socket) -> None:
        # As serve() does, without its lines in the log: they read like those of the application
        # that is developed or tested.
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=[sock])
        await self.main_loop()
        await self.shutdown()

    async def main_loop(self) -> None:
        """
        Keep the Date header true until it is time to stop.
        """
        await self.on_tick(0)
        self._open.set()
        while not self._stopping.is_set():
            try:
                await asyncio.wait_for(self._stopping.wait(), timeout=1)
            except asyncio.TimeoutError:
                await self.on_tick(0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """
        Close everything and wait for the requests; no connection is left to be polite to.
        """
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks)


def bound(host: str, port: int) -> socket.socket:
    """
    A socket that listens already.

    Raises:
        OSError: The port is taken, or the host is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off where a socket says that it is TCP: else each answer
    # would wait 40 ms for a delayed acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Elsewhere the option would let two servers share a port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        # Now, and not in the event loop: whoever reads the URL may connect.
        sock.listen(128)
        sock.setblocking(False)  # noqa: FBT003 - it takes no keyword
    except OSError as error:
        sock.close()
        reason = f"{error.strerror or error}: {host} port {port}"
        raise OSError(error.errno, reason) from None
    return sock


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not a bind
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@atexit.register
def _stop_all() -> None:
    for server in list(_running):
        server.stop()
