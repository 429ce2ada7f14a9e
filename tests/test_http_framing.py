"""Where an answer ends, and what becomes of its connection: servers that send octets."""

from __future__ import annotations

import http.client
import re
import socket
import threading

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3

from mailcore import HttpRequest, NetworkError
from mailcore.flow import Progress
from mailcore.http import HttpTransport
from mailcore.http.connection import ExchangeState, following, noting
from mailcore.testing.faults import faulty_server


WAIT_SECONDS = 10


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    """A transport, closed afterwards."""
    made = HttpTransport()
    yield made
    made.close()


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, for servers that wait."""
    event = threading.Event()
    yield event
    event.set()


@dataclass
class Peer:
    """
    A server that gives every request the same answer.

    Attributes:
        url: Where it listens.
        asked: The number of the connection that each request came on.
        requests: The octets of each request.
        left: Is set when a client has closed its first connection.
    """

    url: str
    asked: list[int] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)


@contextmanager
def peer(answer: bytes, *, ends: bool = False) -> Iterator[Peer]:
    """Run such a server; where its answers have no length, they end with what it sends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Peer(f"http://127.0.0.1:{listening.getsockname()[1]}/")

        def talk(connection: socket.socket, number: int) -> None:
            with connection:
                connection.settimeout(WAIT_SECONDS)
                received = b""
                while data := connection.recv(1 << 20):
                    received += data
                    head, is_there, body = received.partition(b"\r\n\r\n")
                    length = re.search(rb"(?i)Content-Length: (\d+)", head)
                    if not is_there or len(body) < int(length[1] if length else 0):
                        continue
                    made.requests.append(received)
                    made.asked.append(number)
                    received = b""
                    connection.sendall(answer)
                    if ends:
                        connection.shutdown(socket.SHUT_WR)
                if number == 0:
                    made.left.set()

        def listen() -> None:
            for number in range(9):
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection, number), daemon=True).start()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(WAIT_SECONDS)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "stays"),
    [
        (OK + b"Content-Length: 2\r\n\r\n{}", True),
        (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", True),
        (OK + b"Content-Length: 2, 2\r\n\r\n{}", True),
        (OK + b"Content-Length: 2,,2\r\n\r\n{}", True),
        (OK + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}", False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
        (
            OK + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            True,
        ),
        (b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
    ],
)
def test_answers_of_known_length(transport: HttpTransport, answer: bytes, stays: bool) -> None:
    """By the rules of RFC 9112, sections 6.3 and 9.3; one whose end is said closes at once."""
    with peer(answer) as server:
        bodies = [transport.exchange(HttpRequest(method="GET", url=server.url)).body]
        assert stays or server.left.wait(WAIT_SECONDS)
        bodies.append(transport.exchange(HttpRequest(method="GET", url=server.url)).body)

    assert [b"{}", b"{}"] == bodies
    assert [0, 0 if stays else 1] == server.asked


@pytest.mark.parametrize("length", [b"", b"Content-Length:\r\n", b"Content-Length: ,\r\n"])
def test_answers_of_unknown_length(transport: HttpTransport, length: bytes) -> None:
    """They end with their connection, which is closed on this side too."""
    with peer(OK + length + b"\r\n{}", ends=True) as server:
        body = transport.exchange(HttpRequest(method="GET", url=server.url)).body

        assert b"{}" == body
        assert server.left.wait(WAIT_SECONDS)


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("POST", "204 No Content"), ("GET", "304 Same")]
)
@pytest.mark.parametrize("length", ["", "Content-Length: 2\r\n"])
def test_answers_without_a_body(
    transport: HttpTransport, method: str, status: str, length: str
) -> None:
    """Whatever length they tell, nothing is waited for."""
    request = {"method": method, "timeout_seconds": WAIT_SECONDS / 2}
    with peer(f"HTTP/1.1 {status}\r\n{length}\r\n".encode()) as server:
        bodies = [
            transport.exchange(HttpRequest(url=server.url, **request)).body  # type: ignore[arg-type]
            for _ in range(2)
        ]

    assert [b"", b""] == bodies
    assert [0, 0] == server.asked


@pytest.mark.parametrize("length", [b"-2", b"+2", b"2.0", b"two", b"\xb2", b"2 2", b"2, 3"])
def test_answers_whose_length_is_none(transport: HttpTransport, length: bytes) -> None:
    """Where they end is not known, so nobody knows what was answered."""
    with (
        peer(OK + b"Content-Length: " + length + b"\r\n\r\n{}", ends=True) as server,
        pytest.raises(NetworkError, match="the connection was lost, or the answer") as caught,
    ):
        transport.exchange(HttpRequest(method="POST", url=server.url))

    assert caught.value.maybe_accepted


def test_one_after_another(transport: HttpTransport) -> None:
    """Requests of every size follow each other on a connection, each as it was given."""
    bodies = [b"{}", b"", b"{}", bytes(70_000), b"", b"{}"]
    with peer(OK + b"Content-Length: 0\r\n\r\n") as server:
        for body in bodies:
            transport.exchange(HttpRequest(method="POST", url=server.url, body=body))

    assert [0] * len(bodies) == server.asked
    assert bodies == [request.partition(b"\r\n\r\n")[2] for request in server.requests]
    assert all(request.startswith(b"POST / HTTP/1.1\r\n") for request in server.requests)


def test_debugging_of_the_standard_library(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What http.client can print of an exchange, it prints of ours."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with peer(OK + b"Content-Length: 2\r\n\r\n{}") as server:
        transport.exchange(HttpRequest(method="POST", url=server.url))

    assert "reply: 'HTTP/1.1 200 OK" in capsys.readouterr().out


@contextmanager
def pool_of(server: Peer, **options: Any) -> Iterator[urllib3.HTTPConnectionPool]:
    """A pool of noting connections to a server, as one that is no transport of ours has it."""
    port = int(server.url.rpartition(":")[2].rstrip("/"))
    pool = noting(urllib3.HTTPConnectionPool)("127.0.0.1", port, retries=False, **options)
    try:
        yield pool
    finally:
        pool.close()


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_outside_of_an_exchange(timeout: float | None) -> None:
    """The connections do what those of urllib3 do, with and without a timeout."""
    with (
        peer(OK + b"Content-Length: 2\r\n\r\n{}") as server,
        pool_of(server, timeout=timeout) as pool,
    ):
        answers = [pool.urlopen("POST", "/", body=b"{}").data for _ in range(2)]

    assert [b"{}", b"{}"] == answers
    assert [0, 0] == server.asked


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """What it shows."""
        return self.now


class Patient(ExchangeState):
    """What another provider's state may say: more time for what has come."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(5.0, 0, Progress())
        self._clock = clock
        self.came: list[int] = []
        self.told: list[tuple[int, float]] = []

    def answer_seconds(self, socket_seconds: float | None) -> float | None:
        """What the socket has."""
        return socket_seconds

    def more_seconds(self, count: int) -> float:
        """A minute for each byte, of which half is over."""
        self.came.append(count)
        self._clock.now += count * 30
        return count * 60

    def write_by(self, size: int, connection_seconds: float) -> float:
        """Note what is told."""
        self.told.append((size, connection_seconds))
        return super().write_by(size, connection_seconds)


@pytest.mark.parametrize(
    ("timeout", "longest"),
    [
        (None, 0.0),
        (urllib3.Timeout(connect=20.0, read=20.0), 20.0),
        (urllib3.Timeout(connect=20.0, read=30.0), 20.0),
    ],
)
def test_a_state_that_allows_more(
    monkeypatch: pytest.MonkeyPatch, timeout: Any, longest: float
) -> None:
    """It is told what is written and what came, and a large answer has more time than a small."""
    clock = Clock()
    monkeypatch.setattr("mailcore.http.connection.time", clock)
    answer = OK + b"Content-Length: 20000\r\n\r\n" + b"x" * 20_000
    state = Patient(clock)
    with (
        peer(answer) as server,
        pool_of(server, timeout=timeout) as pool,
        following(state),
    ):
        found = pool.urlopen("POST", "/", body=b"{}").data

    assert b"x" * 20_000 == found
    assert ([] if timeout is None else [len(answer)]) == ([sum(state.came)] if state.came else [])
    assert len(server.requests[0]) == sum(size for size, _ in state.told)
    assert longest == state.told[0][1]


def test_an_answer_that_drips_outside_of_an_exchange(over: threading.Event) -> None:
    """The timeout of reading bounds it as a whole there, too."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 100\r\n\r\n")
        for _ in range(100):
            if over.wait(0.02):
                return
            connection.sendall(b"x")

    with faulty_server(drip) as url, pool_of(Peer(url), timeout=0.2) as pool:
        with pytest.raises(urllib3.exceptions.TimeoutError):
            pool.urlopen("GET", "/")
        over.set()


def test_what_the_socket_buffers(transport: HttpTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little of a large mail lies in this machine's buffers when its last byte is "written"."""
    made: list[socket.socket] = []
    connect = urllib3.util.connection.create_connection

    def noted(*args: Any, **named: Any) -> socket.socket:
        made.append(connect(*args, **named))
        return made[-1]

    monkeypatch.setattr("urllib3.util.connection.create_connection", noted)
    with peer(OK + b"Content-Length: 0\r\n\r\n") as server:
        transport.exchange(HttpRequest(method="POST", url=server.url))

        (connection,) = made
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            least = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
            assert 16_384 <= least <= 262_144


def test_where_sockets_cannot_be_told(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every system has that option."""
    monkeypatch.delattr(socket, "TCP_NOTSENT_LOWAT", raising=False)
    with peer(OK + b"Content-Length: 2\r\n\r\n{}") as server:
        assert b"{}" == transport.exchange(HttpRequest(method="POST", url=server.url)).body
