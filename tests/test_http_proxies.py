"""Ways through proxies, which are servers of this machine: what each is told, and how it fails."""

from __future__ import annotations

import select
import socket
import ssl
import sys
import threading

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import mailcore.testing.faults

from mailcore import HttpRequest, NetworkError, SendTimeout
from mailcore.http import AiohttpTransport, HttpTransport


CERTIFICATE = Path(mailcore.testing.faults.__file__).with_name("loopback.pem")
WAIT_SECONDS = 10


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part, and the certificate of these tests is believed."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))


@pytest.fixture(params=["urllib3", "aiohttp"])
def transport(request: pytest.FixtureRequest, in_a_loop: Any) -> Iterator[Any]:
    """A transport, closed afterwards; the other one from an event loop."""
    made = HttpTransport() if request.param == "urllib3" else in_a_loop(AiohttpTransport())
    yield made
    made.close()


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, for servers that wait."""
    event = threading.Event()
    yield event
    event.set()


Talk = Callable[[socket.socket], None]


@contextmanager
def server(talk: Talk, *, tls: bool = False) -> Iterator[int]:
    """A server that has the same conversation on each connection; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def serve(connection: socket.socket) -> None:
        with ExitStack() as stack:
            stack.enter_context(connection)
            connection.settimeout(WAIT_SECONDS)
            try:
                if tls:
                    connection = context.wrap_socket(connection, server_side=True)
                    stack.enter_context(connection)
                talk(connection)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(WAIT_SECONDS)


def read(connection: socket.socket, count: int) -> bytes:
    """So many octets."""
    found = b""
    while len(found) < count:
        data = connection.recv(count - len(found))
        if not data:
            raise ConnectionError
        found += data
    return found


def read_head(connection: socket.socket) -> bytes:
    """A head of HTTP, without what follows it."""
    found = b""
    while not found.endswith(b"\r\n\r\n"):
        found += read(connection, 1)
    return found


@dataclass
class Seen:
    """What a proxy and a host were told."""

    by_proxy: list[bytes] = field(default_factory=list)
    by_host: list[bytes] = field(default_factory=list)

    def answer(self, connection: socket.socket) -> None:
        """As the host: each request gets an answer, the first another one than those after it."""
        while True:
            head = read_head(connection)
            read(connection, 2)
            self.by_host.append(head)
            status = b"200 OK" if len(self.by_host) == 1 else b"400 No"
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")

    def connect(self, connection: socket.socket) -> None:
        """As a proxy of HTTP."""
        head = read_head(connection)
        self.by_proxy.append(head)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        relay(connection, int(head.split()[1].partition(b":")[2]))

    def socks(self, connection: socket.socket) -> None:
        """As a proxy of SOCKS 5 (RFC 1928) that wants user and password (RFC 1929)."""
        read(connection, read(connection, 2)[1])
        connection.sendall(b"\x05\x02")
        read(connection, 1)
        self.by_proxy += [read(connection, read(connection, 1)[0]) for _ in range(2)]
        connection.sendall(b"\x01\x00")
        command = read(connection, 4)
        assert b"\x05\x01\x00" == command[:3]  # a connection
        self.by_proxy.append(read(connection, read(connection, 1)[0] if command[3] == 3 else 4))
        port = int.from_bytes(read(connection, 2), "big")
        connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
        relay(connection, port)


def relay(client: socket.socket, port: int) -> None:
    """Hand over what each side says, to a port of this machine, until one of them ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as other:
        sides = {client: other, other: client}
        while True:
            for side in select.select(list(sides), [], [], WAIT_SECONDS)[0]:
                data = side.recv(65_536)
                while isinstance(side, ssl.SSLSocket) and side.pending():
                    data += side.recv(65_536)
                if not data:
                    return
                sides[side].sendall(data)


def post(url: str, **options: Any) -> HttpRequest:
    """A request as a provider makes it."""
    return HttpRequest(**{"method": "POST", "url": url, "body": b"{}", **options})


@pytest.mark.parametrize("kind", ["http", "https"])
def test_tunnels(transport: Any, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """TLS is spoken with the host, and within that with a proxy; only this is told who we are."""
    seen = Seen()
    with (
        server(seen.answer, tls=True) as port,
        server(seen.connect, tls=kind == "https") as proxy_port,
    ):
        monkeypatch.setenv("https_proxy", f"{kind}://me:p%40ss@127.0.0.1:{proxy_port}")
        url = f"https://127.0.0.1:{port}/a"
        found = [transport.exchange(post(url, headers={"X-Key": "k"})) for _ in range(2)]

    assert [200, 400] == [answer.status_code for answer in found]
    (asked,) = seen.by_proxy
    assert b"Basic bWU6cEBzcw==" in asked
    assert b"X-Key" not in asked
    for head in seen.by_host:
        assert head.startswith(b"POST /a HTTP/1.1\r\n")
        assert b"X-Key: k" in head
        assert b"bWU6cEBzcw==" not in head


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "named"),
    [("https://127.0.0.1", b"\x7f\x00\x00\x01"), ("http://mail.test", b"mail.test")],
)
@pytest.mark.parametrize("kind", ["socks5h", "SOCKS5H"])
def test_socks(
    transport: Any, monkeypatch: pytest.MonkeyPatch, kind: str, url: str, named: bytes
) -> None:
    """User and password of the URL are decoded, and names are looked up by the proxy."""
    seen = Seen()
    with server(seen.answer, tls=url.startswith("https")) as port, server(seen.socks) as proxy_port:
        monkeypatch.setenv("all_proxy", f"{kind}://m%40e:p:%40ss@127.0.0.1:{proxy_port}")
        found = [transport.exchange(post(f"{url}:{port}/a")).status_code for _ in range(2)]

    assert [200, 400] == found
    assert [b"m@e", b"p:@ss", named] == seen.by_proxy


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.DependencyWarning")
def test_socks_without_the_library(transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is PySocks that speaks it: nothing was sent, and nothing will be without it."""
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1")

    with pytest.raises(NetworkError, match=r"to \S+ \(\w+Error\): .*PySocks") as caught:
        transport.exchange(post("http://mail.test/"))

    assert (False, False) == (caught.value.maybe_accepted, caught.value.retryable)


def test_a_proxy_that_does_not_answer(
    transport: Any, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent to the host, so it may be tried again."""
    with server(lambda _: over.wait(WAIT_SECONDS) and None) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        with pytest.raises(SendTimeout, match=r"no connection to mail\.test:443") as caught:
            transport.exchange(post("https://mail.test/", timeout_seconds=0.1))
        over.set()

    assert (True, False) == (caught.value.retryable, caught.value.maybe_accepted)


def test_a_proxy_that_takes_nothing(
    transport: Any, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that could not be written in time may have reached the host; no more is written."""
    monkeypatch.setattr("mailcore.http.connection.LEAST_PATIENCE_SECONDS", 0.1)
    seconds = {"timeout_seconds": 0.1, "connect_timeout_seconds": 10.0}
    taken, ended = [0], threading.Event()

    def take_late(connection: socket.socket) -> None:
        over.wait(WAIT_SECONDS)
        with suppress(ConnectionError):
            while data := connection.recv(1 << 20):
                taken[0] += len(data)
        ended.set()

    body = bytes(20_000_000)
    with server(take_late) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        with pytest.raises(SendTimeout, match="could not be written") as caught:
            transport.exchange(post("http://mail.test/", body=body, **seconds))
        over.set()
        assert ended.wait(WAIT_SECONDS)

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert 0 < taken[0] < len(body)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["http://mail.test/b", "/b", "http://["])
def test_redirects_are_not_followed(
    transport: Any, monkeypatch: pytest.MonkeyPatch, status: int, location: str
) -> None:
    """Through a proxy neither: what the host answers is the answer, wherever it leads."""
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\n"
    asked: list[bytes] = []

    def moved(connection: socket.socket) -> None:
        while True:
            asked.append(read_head(connection).partition(b" HTTP")[0])
            read(connection, 2)
            connection.sendall(head.encode() + b"moved")

    with server(moved) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        found = transport.exchange(post("http://mail.test/a"))

    assert (status, b"moved") == (found.status_code, found.body)
    assert [b"POST http://mail.test/a"] == asked


@pytest.mark.parametrize("url", ["ftp://mail.test/", "gopher://mail.test/", "mail.test", "http://"])
def test_what_is_no_http_is_not_given_to_a_proxy(
    transport: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """It might fetch it."""
    asked: list[bytes] = []
    with server(lambda connection: asked.append(read_head(connection))) as port:
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{port}")
        with pytest.raises(NetworkError, match="not a request that can be sent"):
            transport.exchange(post(url))

    assert [] == asked
