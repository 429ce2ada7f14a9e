"""The server that all stand-ins share, with an application of the test's own."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import socket
import subprocess
import sys
import textwrap
import threading

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailcore_local.serving import ConnectionCut, LocalServer, connection_of, read_body


async def echo(request: Request) -> Response:
    """The size of what came."""
    return PlainTextResponse(str(len(await read_body(request))))


async def large(request: Request) -> Response:
    """More than any buffer holds."""
    return Response(b"x" * 20_000_000)


async def client(request: Request) -> Response:
    """Who asks."""
    assert request.client
    return PlainTextResponse(f"{request.client.host} {request.client.port}")


async def broken(request: Request) -> Response:
    """A fault of ours."""
    raise RuntimeError("the reason")


async def reset(request: Request) -> Response:
    """Hang up."""
    connection_of(request.scope).reset()
    raise ConnectionCut


async def half(request: Request) -> Response:
    """Break off."""
    connection_of(request.scope).break_off(3)
    return PlainTextResponse("abcdef")


async def malformed(request: Request) -> Response:
    """Something else."""
    connection_of(request.scope).replace_answer(b"nonsense\r\n\r\n")
    return PlainTextResponse("abcdef")


async def undelayed(request: Request) -> Response:
    """Whether both sockets send at once."""
    connection = connection_of(request.scope)
    sockets = [
        side.transport.get_extra_info("socket")
        for side in (connection._to_client, connection._to_server)
        if side.transport
    ]
    set_ = [bool(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for each in sockets]
    return PlainTextResponse(" ".join(map(str, set_)))


HANDLERS = (echo, large, client, broken, reset, half, malformed, undelayed)


class Running:
    """A server and its address."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.server = LocalServer(host, 0)
        self.server.start(self.make)

    def make(self, base_url, stopping):
        """The application; `/hang` answers when the server stops."""

        async def hang(request: Request) -> Response:
            await stopping.wait()
            raise ConnectionCut

        self.url = base_url
        return Starlette(
            routes=[
                Route(f"/{each.__name__}", each, methods=["GET", "POST"])
                for each in (*HANDLERS, hang)
            ]
        )

    def connect(self) -> http.client.HTTPConnection:
        """A connection to it."""
        parts = urlsplit(self.url)
        assert parts.hostname
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Start servers; they stop with the test."""
    with contextlib.ExitStack() as stack:

        def one(*arguments) -> Running:
            running = Running(*arguments)
            stack.callback(running.server.stop)
            return running

        yield one


def get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    """Status and body."""
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_servers_share_one_thread_that_ends_with_the_last(start):
    """Two servers, one thread more; none when both are stopped."""
    before = set(threading.enumerate())
    first, second = start(), start()

    assert 1 == len(set(threading.enumerate()) - before)
    first.server.stop()
    connection = second.connect()
    assert (200, b"0") == get(connection, "/echo")
    connection.close()
    second.server.stop()
    assert set() == set(threading.enumerate()) - before


def test_the_port_is_free_once_it_is_stopped(start):
    """Another server can have the port at once, though connections were open."""
    running = start()
    connection = running.connect()
    get(connection, "/echo")
    running.server.stop()
    connection.close()

    again = LocalServer("127.0.0.1", urlsplit(running.url).port or 0)
    again.start(running.make)
    again.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0"])
def test_interfaces(start, host: str):
    """Its URL leads to it, whatever it listens on."""
    running = start(host)
    connection = running.connect()

    status, body = get(connection, "/client")

    assert connection.sock
    assert (200, "{} {}".format(*connection.sock.getsockname()[:2]).encode()) == (status, body)
    connection.close()


def test_requests_one_after_the_other_over_one_connection(start):
    """Connections are kept, with bodies in both directions."""
    connection = start().connect()
    for size in (0, 1, 3_000_000):
        connection.request("POST", "/echo", b"x" * size)
        assert str(size).encode() == connection.getresponse().read()
    assert 20_000_000 == len(get(connection, "/large")[1])
    connection.close()


def test_a_reader_that_stops_reading(start):
    """An answer that nobody takes does not hold up the others, nor the end."""
    running = start()
    slow, quick = running.connect(), running.connect()
    slow.request("GET", "/large")

    assert (200, b"0") == get(quick, "/echo")
    running.server.stop()
    slow.close()
    quick.close()


def test_a_fault_of_ours(start, caplog):
    """It is logged, and answered with a 500 that does not tell why."""
    connection = start().connect()

    status, body = get(connection, "/broken")

    assert 500 == status
    assert b"Internal Server Error" == body
    assert "the reason" in caplog.text
    connection.close()


def test_a_fault_of_an_application_that_answers_nothing(caplog):
    """One without Starlette's own care is answered for."""

    async def application(scope, receive, send):
        raise RuntimeError("the reason")

    server = LocalServer("127.0.0.1", 0)
    urls: list[str] = []

    def make(base_url, stopping):
        urls.append(base_url)
        return application

    server.start(make)
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(urls[0]).port, timeout=5)
    status, body = get(connection, "/")
    connection.close()
    server.stop()

    assert 500 == status
    assert {"code": "RequestRefused", "message": "Internal error; see the log."} == json.loads(body)
    assert "the reason" in caplog.text


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/reset", ConnectionResetError),
        ("/half", http.client.IncompleteRead),
        ("/malformed", http.client.BadStatusLine),
    ],
)
def test_faults_of_the_wire(start, caplog, path: str, error: type[Exception]):
    """What no HTTP server does: a RST, half an answer, an answer that is none."""
    running = start()
    connection = running.connect()
    get(connection, "/echo")

    with pytest.raises(error) as caught:
        get(connection, path)

    if isinstance(caught.value, http.client.IncompleteRead):
        assert b"abc" == caught.value.partial
    connection.close()
    assert (200, b"0") == get(connection, "/echo")
    connection.close()
    running.server.stop()
    assert "ERROR" not in [record.levelname for record in caplog.records]


def test_a_reset_is_a_reset(start):
    """The client's system reports a RST, where an end of the connection would be an empty read."""
    parts = urlsplit(start().url)
    assert parts.port
    with socket.create_connection(("127.0.0.1", parts.port), timeout=5) as connection:
        connection.sendall(b"GET /reset HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_no_answer_waits_for_an_acknowledgement(start):
    """Nagle's algorithm is off at both ends of the proxy: with it, each answer takes 40 ms."""
    connection = start().connect()

    assert (200, b"True True") == get(connection, "/undelayed")
    connection.close()


def test_requests_that_hang_end_with_the_server(start, caplog):
    """Whoever waits for an answer is disconnected."""
    running = start()
    connection = running.connect()
    connection.request("GET", "/hang")
    running.server.stop()

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


def test_the_port_behind_the_proxy_answers_nobody_else(start):
    """Who finds the HTTP server's own port gets 403."""
    running = start()
    wire = running.server._wire
    assert wire
    connection = http.client.HTTPConnection(*wire.target, timeout=5)

    assert 403 == get(connection, "/echo")[0]
    connection.close()


def test_headers_of_answers(start):
    """The server says what it is, when it was, and that nothing is to be guessed."""
    connection = start().connect()
    connection.request("HEAD", "/echo")
    answer = connection.getresponse()

    assert b"" == answer.read()
    assert "mailcore-local" == answer.headers["Server"]
    assert answer.headers["Date"].endswith("GMT")
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    connection.close()


def test_nothing_is_logged_of_what_is_as_it_should_be(start, caplog):
    """Who logs at INFO sees no lines of a server that is not theirs."""
    caplog.set_level(logging.INFO)
    running = start()
    connection = running.connect()
    get(connection, "/echo")
    connection.close()
    running.server.stop()

    assert [] == caplog.records


def test_a_host_that_is_none():
    """The error names it, and no thread is left."""
    before = set(threading.enumerate())

    with pytest.raises(OSError, match=r"no\.such\.host\.invalid port 0"):
        Running("no.such.host.invalid")

    assert set() == set(threading.enumerate()) - before


def test_an_application_that_cannot_be_made():
    """Its error comes through; port and thread are given back."""
    before = set(threading.enumerate())
    server = LocalServer("127.0.0.1", 0)

    def make(base_url, stopping):
        raise LookupError("no application")

    with pytest.raises(LookupError, match="no application"):
        server.start(make)

    assert set() == set(threading.enumerate()) - before
    assert not server.running


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child(start):
    """A child neither stops its parent's server nor waits for it, and can run its own."""
    running = start()
    script = textwrap.dedent(
        """
        import os, sys
        from starlette.applications import Starlette
        from mailcore_local.serving import LocalServer

        server = LocalServer("127.0.0.1", 0)
        server.start(lambda url, stopping: Starlette())
        child = os.fork()
        if child == 0:
            server.stop()
            own = LocalServer("127.0.0.1", 0)
            own.start(lambda url, stopping: Starlette())
            own.stop()
            sys.exit(7)
        _, status = os.waitpid(child, 0)
        assert server.running
        server.stop()
        sys.exit(os.waitstatus_to_exitcode(status))
        """
    )

    done = subprocess.run([sys.executable, "-c", script], timeout=20, check=False)

    assert 7 == done.returncode
    connection = running.connect()
    assert 200 == get(connection, "/echo")[0]
    connection.close()


def test_large_bodies_over_new_connections(start):
    """What a client sends before the proxy has a connection of its own stays in order."""
    running = start()
    for _ in range(5):
        connection = running.connect()
        connection.request("POST", "/echo", b"x" * 5_000_000)
        assert b"5000000" == connection.getresponse().read()
        connection.close()


def test_octet_by_octet(start):
    """A client that sends at once, octet by octet, loses none."""
    parts = urlsplit(start().url)
    assert parts.port
    head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3"
    with socket.create_connection(("127.0.0.1", parts.port), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in head + b"\r\n\r\nabc":
            connection.send(bytes([octet]))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n3")
