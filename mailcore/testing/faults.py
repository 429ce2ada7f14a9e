"""A server on the loopback interface that fails in the ways in which servers fail."""

from __future__ import annotations

import dataclasses
import os
import socket
import struct
import threading

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from mailcore.flow import HttpRequest, Transport
from mailcore.mailer import Mailer
from mailcore.registry import Registry
from mailcore.testing.canaries import merged, plain_fields
from mailcore.testing.suite_hooks import TransportFault


if TYPE_CHECKING:
    from mailcore.testing.suite_hooks import SuiteHooks

TIMEOUT_SECONDS = 0.4
"""How long a provider under test waits for an answer."""

_DEADLINE_SECONDS = 10.0
_ELSEWHERE = "/elsewhere"
_HALF_AN_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"
)

FAULTS = {
    # name: (what the server writes before it ends the connection, whether by a reset)
    "hangs up after the request": (b"", False),
    "resets the connection after the request": (b"", True),
    "hangs up within the answer": (_HALF_AN_ANSWER, False),
    "answers with something else than HTTP": (b"220 mail.example.com ESMTP\r\n", False),
}
"""Faults after the request arrived: the message may have been accepted."""


def loopback_faults(hooks: SuiteHooks) -> Iterator[TransportFault]:
    """Each fault, met by the provider's own transport."""
    yield _fault(hooks, "nothing listens", closed_port(), maybe_accepted=False)
    hangs = "the server never answers"
    yield _fault(hooks, hangs, faulty_server(None, reset=False), maybe_accepted=True)
    for name, (answer, reset) in FAULTS.items():
        server = faulty_server(answer, reset=reset)
        yield _fault(hooks, f"the server {name}", server, maybe_accepted=True)
    for status_code in (301, 302, 303, 307, 308):
        name = f"the server redirects with {status_code}"
        yield _fault(hooks, name, redirecting_server(status_code), maybe_accepted=None)


def _fault(
    hooks: SuiteHooks, name: str, server: Any, *, maybe_accepted: bool | None
) -> TransportFault:
    def send() -> object:
        with ExitStack() as stack:
            stack.enter_context(_no_proxy())
            base_url: str = stack.enter_context(server)
            provider = hooks.provider_at(base_url, TIMEOUT_SECONDS)
            redirects = provider is None
            provider = provider or hooks.make_provider()
            transport = provider.create_transport()
            stack.callback(transport.close)
            chosen: Transport = _Redirecting(transport, base_url) if redirects else transport
            mailer = Mailer(provider, transport=chosen, registry=Registry(autoload=False))
            return mailer.send(merged(plain_fields()))

    return TransportFault(name=name, send=send, maybe_accepted=maybe_accepted)


class _Redirecting:
    """Sends HTTP requests to another server."""

    def __init__(self, transport: Transport, base_url: str) -> None:
        self._transport = transport
        self._base_url = base_url

    def exchange(self, request: Any) -> Any:
        if not isinstance(request, HttpRequest):
            raise AssertionError(
                f"override provider_at(): {type(request).__name__} cannot be redirected"
            )
        base, parts = urlsplit(self._base_url), urlsplit(request.url)
        url = urlunsplit((base.scheme, base.netloc, parts.path, parts.query, ""))
        return self._transport.exchange(
            dataclasses.replace(request, url=url, timeout_seconds=TIMEOUT_SECONDS)
        )

    def close(self) -> None:
        self._transport.close()


@contextmanager
def closed_port() -> Iterator[str]:
    """A port that is taken, and where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def faulty_server(answer: bytes | None, *, reset: bool) -> Iterator[str]:
    """
    A server that reads every request, writes *answer* and ends the connection.

    Args:
        answer: None to write nothing and wait for the client to give up.
        reset: Whether to end with a TCP reset.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(
            target=_serve, args=(listening, answer), kwargs={"reset": reset}, daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            # Shutting down wakes accept() up; closing alone would not.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(_DEADLINE_SECONDS)


@contextmanager
def redirecting_server(status_code: int) -> Iterator[str]:
    """
    A server that redirects every request to itself, and accepts what follows a redirect.

    Raises:
        AssertionError: At the end, if somebody did: a redirected POST repeats a send, or becomes a
            GET that sends nothing.
    """
    followed: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.startswith(_ELSEWHERE):
                followed.append(self.command)
                self.send_response(200)
            else:
                self.send_response(status_code)
                self.send_header("Location", _ELSEWHERE)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = answer  # noqa: N815  # as http.server names them

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(_DEADLINE_SECONDS)
            if followed:
                raise AssertionError(f"a redirect with {status_code} was followed: {followed}")


def _serve(listening: socket.socket, answer: bytes | None, *, reset: bool) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(_DEADLINE_SECONDS)
            try:
                _read_request(connection)
                if answer is None:
                    # Returns when the client closes its side.
                    connection.recv(1)
                else:
                    connection.sendall(answer)
            except OSError:
                continue
            if reset:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _read_request(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    missing = length - len(body)
    while missing > 0:
        missing -= len(_some(connection))


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the client hung up")
    return data


@contextmanager
def _no_proxy() -> Iterator[None]:
    """Reach the loopback interface directly, whatever the environment says of proxies."""
    names = ("no_proxy", "NO_PROXY")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "127.0.0.1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
