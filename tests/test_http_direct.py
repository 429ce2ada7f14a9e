"""The short way over connections of urllib3 says what urllib3's own layers say."""

from __future__ import annotations

import gzip
import re
import socket
import threading

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
import urllib3

from mailcore import HttpRequest, HttpResponse, SendError
from mailcore.http import HttpTransport, direct
from mailcore.http.connection import PIECE_BYTES, ExchangeState


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part."""
    monkeypatch.setenv("no_proxy", "*")


@contextmanager
def server(answer: bytes, heard: list[bytes] | None = None) -> Iterator[str]:
    """Answers every request with the same octets; notes what each read brought."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk(connection: socket.socket) -> None:
            with connection:
                request = b""
                while data := connection.recv(1 << 20):
                    if heard is not None:
                        heard.append(data)
                    request += data
                    head, is_there, body = request.partition(b"\r\n\r\n")
                    length = re.search(rb"(?i)Content-Length: (\d+)", head)
                    if not is_there or len(body) < int(length[1] if length else 0):
                        continue
                    request = b""
                    connection.sendall(answer)
                    if b"close" in answer or b"HTTP/1.0" in answer:
                        return

        def listen() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            # Closing does not wake who waits to accept: that thread would answer in a later test.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(30)


OK = b"HTTP/1.1 200 OK\r\n"
CUT = OK + b"Connection: close\r\n"


def packed(content: bytes) -> bytes:
    """An answer in gzip."""
    body = gzip.compress(content)
    return OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


ANSWERS = {
    "plain": OK + b"Content-Length: 2\r\nX-Id:  1 \r\n\r\n{}",
    "empty": b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "twice the same name": OK + b"A: 1\r\na: 2\r\nContent-Length: 0\r\n\r\n",
    "folded": OK + b"A: one\r\n  two\r\nContent-Length: 0\r\n\r\n",
    "in chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "until the end": CUT + b"\r\n{}",
    "of version 1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "packed": packed(b"packed" * 50),
    "said to be packed": OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "cut off": CUT + b"Content-Length: 9\r\n\r\n{}",
    "cut off in chunks": CUT + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}",
    "no head": b"close\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nX: close\r\n\r\n",
    "too large": OK + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000,
    "too large when unpacked": packed(b"x" * 9000),
}


def told(transport: HttpTransport, request: HttpRequest) -> object:
    """What a caller learns of an exchange."""
    try:
        return transport.exchange(request)
    except SendError as error:
        return type(error), error.maybe_accepted, error.retryable, error.status_code, error.category


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
def test_says_the_same(monkeypatch, answer, method):
    """Each answer twice, over a new connection and over one that is kept if it can be."""
    body = b"{}" if method == "POST" else b""
    found = []
    with server(answer) as url:
        request = HttpRequest(
            method=method, url=f"{url}/a b?c=d", body=body, max_response_bytes=1000
        )
        for replaced in (False, True):
            monkeypatch.setattr(direct, "urllib3_is_replaced", lambda replaced=replaced: replaced)
            transport = HttpTransport()
            found.append([told(transport, request) for _ in range(2)])
            transport.close()

    assert found[1] == found[0]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            {"headers": {"Host": "other.example", "X-A": "ü"}},
            [b"Host: other.example", b"X-A: \xfc"],
        ),
        ({"body": b"{}"}, [b"Content-Length: 2"]),
        ({"body": b"{}", "headers": {"content-length": "2"}}, [b"content-length: 2"]),
        ({"method": "PUT"}, [b"Content-Length: 0"]),
        ({"method": "DELETE"}, []),
    ],
)
def test_writes_the_same(monkeypatch, request_, expected):
    """Line by line, in whatever order."""
    lines = []
    for replaced in (False, True):
        monkeypatch.setattr(direct, "urllib3_is_replaced", lambda replaced=replaced: replaced)
        heard: list[bytes] = []
        with server(ANSWERS["until the end"], heard) as url:
            transport = HttpTransport()
            transport.exchange(
                HttpRequest(**{"method": "POST", "url": f"{url}/ü?a=b c", **request_})
            )
            transport.close()
        port = url.rpartition(":")[2].encode()
        lines.append(sorted(b"".join(heard).replace(port, b"1").splitlines()))

    assert lines[1] == lines[0]
    assert set(expected) <= set(lines[0])


def test_chunks_of_ones_own():
    """Who says that the body is in chunks has put it into chunks, and no length is told."""
    heard: list[bytes] = []
    with server(ANSWERS["until the end"], heard) as url:
        transport = HttpTransport()
        chunks = HttpRequest(
            method="POST",
            url=url,
            body=b"1\r\n{\r\n0\r\n\r\n",
            headers={"Transfer-Encoding": "chunked"},
        )
        transport.exchange(chunks)
        transport.close()

    head, _, body = b"".join(heard).partition(b"\r\n\r\n")
    assert b"Content-Length" not in head
    assert chunks.body == body


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"x" * PIECE_BYTES])
def test_small_request_is_written_at_once(body: bytes, monkeypatch: pytest.MonkeyPatch):
    """Head and body go out together: what reads them is woken once."""
    written: list[int] = []
    write_by = ExchangeState.write_by

    def noted(state: ExchangeState, size: int, seconds: float) -> float:
        written.append(size)
        return write_by(state, size, seconds)

    monkeypatch.setattr(ExchangeState, "write_by", noted)
    heard: list[bytes] = []
    with server(ANSWERS["plain"], heard) as url:
        transport = HttpTransport()
        for _ in range(3):
            transport.exchange(HttpRequest(method="POST", url=url, body=body))
        transport.close()

    assert 3 == len(written)
    assert sum(written) == len(b"".join(heard))


def test_an_answer_before_the_request_was_read():
    """A server may answer, and close, when it has seen the head: the answer counts."""
    no = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1)
                connection.sendall(no)
                # What is closed with something to read resets the connection.

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        transport = HttpTransport()
        answer = transport.exchange(HttpRequest(method="POST", url=url, body=bytes(20_000_000)))
        transport.close()
        thread.join(10)

    assert (413, b"no") == (answer.status_code, answer.body)


def test_instrumentation_of_urllib3_sees_each_request():
    """What replaces urllib3's function is called, whenever it comes."""
    answer = HttpResponse(
        status_code=200, headers={"content-length": "2", "x-id": "1 "}, body=b"{}"
    )
    seen: list[str] = []
    own = urllib3.HTTPConnectionPool.urlopen

    def watching(pool: urllib3.HTTPConnectionPool, method: str, *args: object, **named: object):
        seen.append(method)
        return own(pool, method, *args, **named)

    with server(ANSWERS["plain"]) as url:
        transport = HttpTransport()
        request = HttpRequest(method="POST", url=url, body=b"{}")
        transport.exchange(request)
        with patch.object(urllib3.HTTPConnectionPool, "urlopen", watching):
            assert answer == transport.exchange(request)
        transport.exchange(request)
        transport.close()

    assert ["POST"] == seen
