"""What is known of an exchange that failed: against servers that are made of bytes."""

from __future__ import annotations

import contextlib
import gc
import importlib
import re
import socket
import ssl
import struct
import sys
import threading
import time

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from requests.adapters import BaseAdapter

import mailcore.testing.faults

from mailcore import HttpRequest, MailcoreError, NetworkError, SendTimeout, UnexpectedResponse
from mailcore.http import AiohttpTransport, HttpTransport, RequestsTransport
from mailcore.http.failures import root_of
from mailcore.testing.faults import HANDSHAKE_FAULTS, faulty_server, tls_server


CERTIFICATE = Path(mailcore.testing.faults.__file__).with_name("loopback.pem")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
NO = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"

MakesTransport = Callable[[], HttpTransport | RequestsTransport]
TRANSPORTS: dict[str, MakesTransport] = {
    "ours": HttpTransport,
    "a session of requests": lambda: RequestsTransport(requests.Session()),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(params=["urllib3", "aiohttp"])
def transport(request: pytest.FixtureRequest, in_a_loop: Any) -> Iterator[Any]:
    """A transport, closed afterwards; the other one from an event loop."""
    made = HttpTransport() if request.param == "urllib3" else in_a_loop(AiohttpTransport())
    yield made
    made.close()


@pytest.fixture(params=["urllib3", "aiohttp", "requests"])
def each(request: pytest.FixtureRequest, in_a_loop: Any) -> Iterator[Any]:
    """A transport of those and of a session of requests, closed afterwards."""
    if request.param == "aiohttp":
        made = in_a_loop(AiohttpTransport())
    else:
        kinds = {"urllib3": "ours", "requests": "a session of requests"}
        made = TRANSPORTS[kinds[request.param]]()
    yield made
    made.close()


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, for servers that wait."""
    event = threading.Event()
    yield event
    event.set()


Conversation = Callable[[socket.socket], Any]


@contextmanager
def server(*conversations: Conversation) -> Iterator[str]:
    """A server that has one conversation after another, each on a connection of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for conversation in conversations:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(10)
                    try:
                        conversation(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@contextmanager
def letting_go(over: threading.Event) -> Iterator[None]:
    """End what the server waits for, before it is waited for."""
    try:
        yield
    finally:
        over.set()


def read_request(connection: socket.socket) -> bytes:
    """One request of those that this module sends."""
    received = b""
    while not received.endswith(b"\r\n\r\n{}"):
        data = connection.recv(65536)
        if not data:
            raise ConnectionError
        received += data
    return received


def answers(*each: bytes) -> Conversation:
    """A conversation: each request on the connection gets the next answer."""

    def conversation(connection: socket.socket) -> None:
        for answer in each:
            read_request(connection)
            connection.sendall(answer)

    return conversation


def post(url: str, **options: Any) -> HttpRequest:
    """A request as a provider makes it."""
    return HttpRequest(**{"method": "POST", "url": url, "body": b"{}", **options})


BROKEN = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    "endless chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000,
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status that is no number": b"HTTP/1.1 OK\r\n\r\n",
    "another version": b"HTTP/3.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "another protocol": b"220 mail.example ESMTP\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n{}",
    "long header": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n{}",
    "long status line": b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\n{}",
    "not what it is encoded as": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "another protocol is switched to": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "only an interim answer": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_broken_answers_leave_it_open(transport: Any, answer: bytes) -> None:
    """Whatever is wrong with an answer, the request was read before it came."""
    with server(answers(answer)) as url, pytest.raises(MailcoreError) as caught:
        transport.exchange(post(url))

    assert isinstance(caught.value, (NetworkError, UnexpectedResponse))
    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_so_do_they_with_a_session_of_your_own(answer: bytes) -> None:
    """Whose connections are not known: what is not surely before is open."""
    transport = RequestsTransport(requests.Session())

    with server(answers(answer)) as url, pytest.raises(MailcoreError) as caught:
        transport.exchange(post(url))
    transport.close()

    assert isinstance(caught.value, (NetworkError, UnexpectedResponse))
    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ftp://x/"},
        {"url": "http://[x/"},
        {"url": "nowhere"},
        {"url": "http://127.0.0.1:1/"},
        {"url": "http://nobody.invalid/"},
        {"headers": {"X": "s3cret\r\nY: z"}},
        {"headers": {"X": "s3cret \u0101"}},
    ],
    ids=str,
)
def test_what_surely_comes_before_is_told_with_a_session_of_your_own(
    options: dict[str, Any],
) -> None:
    """No connection, or a request that cannot be written: nothing was sent."""
    transport = RequestsTransport(requests.Session())

    with server(answers(OK)) as url, pytest.raises(NetworkError) as caught:
        transport.exchange(post(**{"url": url, **options}))
    transport.close()

    is_sendable = "http://127.0.0.1:1/" == options.get("url") or ".invalid" in str(options)
    told = "cannot connect to" if is_sendable else "not a request that can be sent"
    assert told in str(caught.value)
    assert is_sendable is caught.value.retryable
    assert not caught.value.maybe_accepted
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize("error", [KeyError("s3cret"), requests.ConnectionError()], ids=repr)
def test_an_own_adapter_that_raises_anything(error: Exception) -> None:
    """What a session of the caller's raises is told as an error of ours, and open."""

    class Session(requests.Session):
        def request(self, *args: Any, **named: Any) -> Any:
            raise error

    with pytest.raises(NetworkError) as caught:
        RequestsTransport(Session()).exchange(post("http://x/"))

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert "s3cret" not in str(caught.value)
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


class Bare(BaseAdapter):
    """An adapter of somebody's own, without pools."""

    def close(self) -> None:
        pass


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "by a proxy"])
@pytest.mark.parametrize("kind", ["own", "given"])
def test_another_process_takes_connections_of_its_own(
    monkeypatch: pytest.MonkeyPatch, kind: str, proxied: bool
) -> None:
    """Those of its parent are left alone: neither used nor closed."""
    kept: list[socket.socket] = []

    def keeps(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK)
        kept.append(connection.dup())

    session = requests.Session()
    session.mount("bare://", Bare())
    transport = RequestsTransport(session) if kind == "given" else HttpTransport()
    with server(keeps, answers(NO, NO)) as url:
        if proxied:
            monkeypatch.delenv("no_proxy")
            monkeypatch.setenv("http_proxy", url)
        target = "http://api.example/" if proxied else url
        first = transport.exchange(post(target)).status_code
        monkeypatch.setattr("os.getpid", lambda: -1)
        found = [transport.exchange(post(target)).status_code for _ in range(2)]
        gc.collect()

    assert (200, [400, 400]) == (first, found)
    kept[0].setblocking(False)
    with kept[0], pytest.raises(BlockingIOError):
        kept[0].recv(1)
    transport.close()


def test_a_given_session_keeps_what_it_has() -> None:
    """A connection that was made before the transport is used by it."""
    session = requests.Session()

    with server(answers(OK, NO)) as url:
        assert 200 == session.post(url, data=b"{}", timeout=10).status_code
        assert 400 == RequestsTransport(session).exchange(post(url)).status_code
    session.close()


def test_what_an_exchange_needs_is_imported_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first mail does not wait for modules."""
    names = ("encodings.idna", "mailcore.http.pools", "mailcore.http.connection")
    for name in names:
        parent, _, child = name.rpartition(".")
        module = importlib.import_module(name)
        monkeypatch.setattr(importlib.import_module(parent), child, module, raising=False)
        monkeypatch.delitem(sys.modules, name)

    HttpTransport.prepare()

    assert set(names) <= sys.modules.keys()


def test_a_header_that_comes_twice(each: Any) -> None:
    """Its values are one, in order, whatever case each name is in (RFC 9110, section 5.2)."""
    answer = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\nx-a: 2\r\nX-B: 3\r\n\r\n{}"
    with server(answers(answer)) as url:
        headers = each.exchange(post(url)).headers

    assert {"x-a": "1, 2", "content-length": "2", "x-b": "3"} == headers


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints", "199 X"])
@pytest.mark.parametrize("times", [1, 3])
def test_interim_answers_are_read_past(transport: Any, status: str, times: int) -> None:
    """The final answer is the answer, and that of the next mail is its own."""
    interim = f"HTTP/1.1 {status}\r\nLink: </style.css>\r\n\r\n".encode() * times

    with server(answers(interim + OK, interim + NO)) as url:
        found = [transport.exchange(post(url)).status_code for _ in range(2)]

    assert [200, 400] == found


@pytest.mark.parametrize(
    "answer",
    [
        NO + OK,
        NO + b"x",
        b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n" + OK,
        b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n" + OK,
        b"HTTP/1.1 204 No\r\n\r\n" + OK,
    ],
)
def test_what_follows_an_answer_is_nobodys(transport: Any, answer: bytes) -> None:
    """A second answer to one request is not read as the answer to the next mail."""
    second = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"

    # The connection stays open at the other end, and would be answered on again.
    with server(answers(answer, OK), answers(second)) as url:
        # aiohttp reads an answer with rubbish after it as a broken one.
        with contextlib.suppress(NetworkError):
            assert transport.exchange(post(url)).status_code in (204, 400)
        found = transport.exchange(post(url)).status_code

    assert 503 == found


def test_what_follows_later_is_nobodys_either(transport: Any) -> None:
    """A second answer that comes while the connection is idle ends it, too."""
    came = threading.Event()

    def twice(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(NO)
        came.wait(10)
        connection.sendall(OK)
        sent.set()
        connection.recv(1)

    sent = threading.Event()
    with server(twice, answers(NO)) as url:
        first = transport.exchange(post(url)).status_code
        came.set()
        sent.wait(10)
        second = transport.exchange(post(url)).status_code

    assert [400, 400] == [first, second]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"HTTP/1.1 200 ", *[b"O"] * 2000], id="status line", marks=pytest.mark.slow),
        pytest.param([b"HTTP/1.1 200 OK\r\n", *[b"A: b\r\n"] * 90], id="headers"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nA: ", *[b"b"] * 2000], id="header", marks=pytest.mark.slow
        ),
        pytest.param([b"HTTP/1.1 103 Hints\r\n\r\n"] * 2000, id="interim", marks=pytest.mark.slow),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n", *[b"x"] * 2000],
            id="body",
        ),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 2000],
            id="chunks",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_answers_that_drip(transport: Any, over: threading.Event, pieces: list[bytes]) -> None:
    """The time given bounds the whole answer: status line, headers and body."""

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        for piece in pieces:
            if over.wait(0.05):
                return
            connection.sendall(piece)

    start = time.monotonic()
    with server(drip) as url, letting_go(over), pytest.raises(SendTimeout) as caught:
        transport.exchange(post(url, timeout_seconds=0.2))
    took = time.monotonic() - start

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert took < 1.5


def test_a_body_that_drips_to_a_session_of_your_own(over: threading.Event) -> None:
    """Its time is bounded as well, and the mail may be on its way: it is not sent again."""

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n")
        for _ in range(150):
            if over.wait(0.02):
                return
            connection.sendall(b"x")

    transport = RequestsTransport(requests.Session())
    start = time.monotonic()
    with (
        server(drip) as url,
        letting_go(over),
        pytest.raises(SendTimeout, match="did not end in time") as caught,
    ):
        transport.exchange(post(url, timeout_seconds=0.1))
    took = time.monotonic() - start
    transport.close()

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert 0.1 <= took < 1.5


def test_the_status_of_a_switch_is_told(each: Any) -> None:
    """The error has the status of the answer that ends in another protocol."""
    with (
        server(answers(BROKEN["another protocol is switched to"])) as url,
        pytest.raises(UnexpectedResponse, match="with status 101") as caught,
    ):
        each.exchange(post(url))

    assert 101 == caught.value.status_code
    assert caught.value.maybe_accepted


@pytest.mark.slow
def test_slow_uploads_are_no_lost_mail(transport: Any) -> None:
    """Writing a large mail may take longer than an answer, as long as the peer takes it."""
    size = 4_000_000

    def slowly(connection: socket.socket) -> None:
        received = 0
        while received < size:
            received += len(connection.recv(65536))
            threading.Event().wait(0.01)
        connection.sendall(OK)

    start = time.monotonic()
    with server(slowly) as url:
        response = transport.exchange(post(url, body=bytes(size), timeout_seconds=0.2))

    assert b"{}" == response.body
    assert time.monotonic() - start > 0.4


def test_peers_that_take_nothing_are_given_up(
    transport: Any, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing does not wait for ever."""
    monkeypatch.setattr("mailcore.http.connection.LEAST_PATIENCE_SECONDS", 0.1)

    seconds = {"timeout_seconds": 0.1, "connect_timeout_seconds": 10.0}
    stalled = server(lambda _: over.wait(10))
    with stalled as url, letting_go(over), pytest.raises(SendTimeout) as caught:
        transport.exchange(post(url, body=bytes(20_000_000), **seconds))

    assert (True, False) == (caught.value.maybe_accepted, caught.value.retryable)
    assert "written" in str(caught.value)


@pytest.mark.slow
def test_writing_is_bounded_on_the_whole(
    transport: Any, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer that takes a little again and again does not hold the caller for ever."""
    monkeypatch.setattr("mailcore.http.connection.SLOWEST_BYTES_PER_SECOND", 100_000_000)

    def little_by_little(connection: socket.socket) -> None:
        while not over.wait(0.01):
            connection.recv(20_000)

    start = time.monotonic()
    with (
        server(little_by_little) as url,
        letting_go(over),
        pytest.raises(SendTimeout, match="written") as caught,
    ):
        transport.exchange(post(url, body=bytes(20_000_000), timeout_seconds=0.2))

    assert caught.value.maybe_accepted
    assert time.monotonic() - start < 5


def reads_something(connection: socket.socket) -> None:
    """What the client says first."""
    assert connection.recv(65_536)


@pytest.mark.parametrize("name", HANDSHAKE_FAULTS)
def test_whether_a_handshake_is_worth_another_try(transport: Any, name: str) -> None:
    """A server that hung up may be starting; one that speaks no TLS, or none of ours, stays so."""
    answer = HANDSHAKE_FAULTS[name]
    hung_up = not answer
    with (
        faulty_server(
            lambda connection: connection.sendall(answer), reads=reads_something, scheme="https"
        ) as url,
        pytest.raises(NetworkError) as caught,
    ):
        transport.exchange(HttpRequest(method="POST", url=url, body=b"{}"))

    assert (hung_up, False) == (caught.value.retryable, caught.value.maybe_accepted)
    told = (
        "ended the connection within" if hung_up else r"no TLS with 127\.0\.0\.1:\d+: [A-Z0-9_]+$"
    )
    assert re.search(told, str(caught.value))


def test_a_handshake_that_is_reset(transport: Any) -> None:
    """A server that resets the connection may be starting, like one that hangs up."""
    resets = struct.pack("ii", 1, 0)
    with (
        faulty_server(
            lambda connection: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, resets),
            reads=reads_something,
            scheme="https",
        ) as url,
        pytest.raises(NetworkError) as caught,
    ):
        transport.exchange(HttpRequest(method="POST", url=url, body=b"{}"))

    assert (True, False) == (caught.value.retryable, caught.value.maybe_accepted)
    assert re.search("Connection reset by peer|within the TLS handshake", str(caught.value))


def test_a_certificate_that_is_nobodys_is_not_tried_again(transport: Any) -> None:
    """Nothing was sent, and the error says what to look at."""
    with (
        tls_server(b"") as url,
        pytest.raises(NetworkError, match="check the certificate") as caught,
    ):
        transport.exchange(HttpRequest(method="POST", url=url, body=b"{}"))

    assert (False, False) == (caught.value.retryable, caught.value.maybe_accepted)


@pytest.mark.parametrize(
    "seconds",
    [
        {"timeout_seconds": 0.1},
        {"timeout_seconds": 30.0, "connect_timeout_seconds": 0.1},
    ],
    ids=["one time", "a time of its own"],
)
@pytest.mark.parametrize("watched", [False, True])
def test_a_handshake_that_does_not_begin(
    each: Any,
    over: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    seconds: dict[str, float],
    watched: bool,
) -> None:
    """Nothing was sent when the time ran out, so it may be tried again; by all of urllib3 too."""
    monkeypatch.setattr("mailcore.http.direct.urllib3_is_replaced", lambda: watched)
    silent = faulty_server(lambda _: over.wait(10), reads=reads_something, scheme="https")
    start = time.monotonic()
    with silent as url, letting_go(over), pytest.raises(SendTimeout) as caught:
        each.exchange(HttpRequest(method="POST", url=url, **seconds))

    assert time.monotonic() - start < 5
    if not isinstance(each, RequestsTransport):
        assert "no connection to" in str(caught.value)
        assert (True, False) == (caught.value.retryable, caught.value.maybe_accepted)


@pytest.mark.parametrize("connect_seconds", [None, 30.0])
def test_connecting_has_a_time_of_its_own(
    each: Any, over: threading.Event, connect_seconds: float | None
) -> None:
    """It bounds no answer, nor does it give one more time."""
    silent = server(lambda _: over.wait(10))
    start = time.monotonic()
    with silent as url, letting_go(over), pytest.raises(SendTimeout) as caught:
        each.exchange(post(url, timeout_seconds=0.1, connect_timeout_seconds=connect_seconds))

    assert 0.1 <= time.monotonic() - start < 5
    assert caught.value.maybe_accepted


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"", "no answer in time"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "the answer did not end in time"),
    ],
)
# What may lie in buffers on the way gives the answer more time: most of a second for the largest.
@pytest.mark.parametrize("size", [0, 2, pytest.param(100_000, marks=pytest.mark.slow)])
def test_which_time_ran_out(
    transport: Any, over: threading.Event, start: bytes, told: str, size: int
) -> None:
    """Whether anything was answered is told."""

    def begin(connection: socket.socket) -> None:
        connection.sendall(start)
        over.wait(10)

    with faulty_server(begin) as url, letting_go(over), pytest.raises(SendTimeout, match=told):
        transport.exchange(
            post(url, body=bytes(size), timeout_seconds=0.1, connect_timeout_seconds=10.0)
        )


@pytest.mark.parametrize(("max_idle_seconds", "connections"), [(60.0, 1), (0.0, 2)])
@pytest.mark.parametrize("kind", ["urllib3", "aiohttp"])
def test_a_connection_that_was_idle_for_long_is_replaced(
    in_a_loop: Any, kind: str, max_idle_seconds: float, connections: int
) -> None:
    """What stands between may have forgotten it without a word: nothing is written to it."""
    seen: list[int] = []

    def counted(connection: socket.socket) -> None:
        seen.append(connection.fileno())
        answers(OK, OK)(connection)

    made = {"urllib3": HttpTransport, "aiohttp": AiohttpTransport}[kind](
        max_idle_seconds=max_idle_seconds
    )
    transport = made if kind == "urllib3" else in_a_loop(made)
    with server(counted, counted) as url:
        found = [transport.exchange(post(url)).status_code for _ in range(2)]
        transport.close()

    assert [200, 200] == found
    assert connections == len(seen)


def test_what_took_too_long_is_left(transport: Any) -> None:
    """Its connection is closed at once: an answer that comes later is nobody's."""
    left = threading.Event()

    def wait(connection: socket.socket) -> None:
        if not connection.recv(1):
            left.set()

    with faulty_server(wait) as url:
        with pytest.raises(SendTimeout):
            transport.exchange(post(url, timeout_seconds=0.1, connect_timeout_seconds=10.0))

        assert left.wait(10)


def test_a_large_mail_gives_the_answer_more_time(
    transport: Any, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written last may lie in buffers on the way when the peer still waits for it."""
    monkeypatch.setattr("mailcore.http.connection.BUFFERED_BYTES_PER_SECOND", 1000)
    body = bytes(30_000)

    def late(connection: socket.socket) -> None:
        received = 0
        while received < len(body):
            received += len(connection.recv(65536))
        over.wait(0.25)
        connection.sendall(OK)

    seconds = {"timeout_seconds": 0.1, "connect_timeout_seconds": 10.0}
    with server(late) as url:
        assert 200 == transport.exchange(post(url, body=body, **seconds)).status_code


@pytest.mark.parametrize("made", TRANSPORTS.values(), ids=TRANSPORTS)
def test_a_closed_transport_makes_other_connections(
    made: MakesTransport,
) -> None:
    """Closing releases what is open; it forbids nothing."""
    transport = made()
    with server(answers(OK), answers(OK)) as url:
        found = [transport.exchange(post(url)).status_code]
        transport.close()
        transport.close()
        found.append(transport.exchange(post(url)).status_code)
        transport.close()

    assert [200, 200] == found


def over_tls(*each: bytes, waits: bool = False) -> Conversation:
    """
    The same as :func:`answers`, over TLS with a certificate that is nobody's.

    It may wait for the client to go: asyncio warns of what was not closed there, on Python 3.10.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def conversation(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            answers(*each)(wrapped)
            if waits:
                wrapped.recv(1)

    return conversation


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("made", TRANSPORTS.values(), ids=TRANSPORTS)
def test_certificates_of_the_environment(
    made: MakesTransport,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """Whom to trust is said as for requests; the variables are read at each exchange."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    transport = made()
    with server(over_tls(OK), over_tls(OK)) as plain:
        url = plain.replace("http:", "https:")
        with pytest.raises(NetworkError, match="check the certificate"):
            transport.exchange(post(url))
        monkeypatch.setenv(variable, str(CERTIFICATE))
        found = transport.exchange(post(url)).status_code
    transport.close()

    assert 200 == found


@pytest.mark.parametrize("named", ["85ea1305.0", "other.pem"])
def test_a_directory_of_certificates(
    transport: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    """Its files are named by their subjects, as OpenSSL wants it; others are not found."""
    (tmp_path / named).write_bytes(CERTIFICATE.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    with server(over_tls(OK, waits=True)) as plain:
        request = post(plain.replace("http:", "https:"))
        if named == "other.pem":
            with pytest.raises(NetworkError, match="check the certificate"):
                transport.exchange(request)
        else:
            assert 200 == transport.exchange(request).status_code
        transport.close()


def test_what_follows_within_a_record_is_nobodys(
    transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS hands over a record at a time: what is left of one is not seen on the socket."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    body = b"x" * 12_000
    answer = b"HTTP/1.1 400 No\r\nContent-Length: 12000\r\n\r\n" + body
    second = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"

    with server(over_tls(answer + OK, NO), over_tls(second, waits=True)) as plain:
        request = post(plain.replace("http:", "https:"))
        with contextlib.suppress(NetworkError):
            assert body == transport.exchange(request).body
        found = transport.exchange(request).status_code
        transport.close()

    assert 503 == found


def test_a_proxy_that_speaks_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate is looked at with the same bundle, whatever the host speaks."""
    monkeypatch.delenv("no_proxy")
    transport = HttpTransport()
    with server(over_tls(OK), over_tls(OK)) as plain:
        monkeypatch.setenv("http_proxy", plain.replace("http:", "https:"))
        with pytest.raises(NetworkError, match=r"through its proxy: .*CERTIFICATE"):
            transport.exchange(post("http://mail.test/"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        found = transport.exchange(post("http://mail.test/")).status_code
    transport.close()

    assert 200 == found


def test_a_proxy_that_refuses_the_tunnel(each: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent to the host, and the error names it with its port."""
    refuses = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    monkeypatch.delenv("no_proxy")
    with server(lambda connection: connection.sendall(refuses)) as url:
        monkeypatch.setenv("https_proxy", url)
        with pytest.raises(NetworkError, match=r"connect to mail\.test:443 through") as caught:
            each.exchange(post("https://mail.test/"))

    assert (True, False) == (caught.value.retryable, caught.value.maybe_accepted)


def linked(error: Exception, **links: Any) -> Exception:
    """An exception with others beneath it."""
    for name, value in links.items():
        setattr(error, name, value)
    return error


def in_a_circle() -> Exception:
    """An exception that was raised while another was handled that came from it."""
    first, second = ValueError(), KeyError()
    first.__context__, second.__cause__ = second, first
    return first


REFUSED = ConnectionRefusedError(111, "refused")


@pytest.mark.parametrize(
    ("error", "root"),
    [
        (REFUSED, REFUSED),
        (ValueError("x", REFUSED), REFUSED),
        (ValueError(KeyError(), REFUSED), REFUSED),
        (ValueError(KeyError(ValueError()), KeyError(REFUSED)), REFUSED),
        (linked(ValueError(), reason=REFUSED), REFUSED),
        (linked(ValueError(), __cause__=REFUSED), REFUSED),
        (linked(ValueError(), __context__=REFUSED), REFUSED),
        (linked(requests.ConnectionError(), __context__=REFUSED), REFUSED),
        (requests.ConnectionError("no"), None),
        (linked(ValueError(), reason="no"), None),
        (in_a_circle(), None),
    ],
    ids=lambda value: "" if value is None else repr(value),
)
def test_the_error_beneath(error: Exception, root: OSError | None) -> None:
    """That of the operating system, wherever the libraries keep it."""
    assert root is root_of(error)
