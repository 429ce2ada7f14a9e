"""A server that costs as little as possible: answers every request with a new MessageId."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import threading

from collections.abc import Callable, Iterator


_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"x-amzn-RequestId: 0\r\n\r\n%s"
)
_BODY = b'{"MessageId": "0107019aa1d0731e-0c8d1b7e-93a1-45fe-8e3c-f1f0f2c0d9aa-000000"}'


@contextlib.contextmanager
def running(answer: Callable[[socket.socket], None] | None = None) -> Iterator[str]:
    """
    Run the server in another process, so that its CPU is not ours; gives its URL.

    Args:
        answer: Serves one connection; answers like SendEmail if None.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(listener, answer or _answer), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.terminate()
        process.join()
        listener.close()


def _serve(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answer = _ANSWER % (len(_BODY), _BODY)
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            data = connection.recv(1 << 16)
            if not data:
                return
            buffer += data
        head, _, rest = buffer.partition(b"\r\n\r\n")
        lower = head.lower()
        if b"expect: 100-continue" in lower:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = 0
        if b"content-length:" in lower:
            length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
        missing = length - len(rest)
        while missing > 0:
            data = connection.recv(min(1 << 20, missing))
            if not data:
                return
            missing -= len(data)
        buffer = b""
        connection.sendall(answer)
