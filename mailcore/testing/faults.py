"""A server on the loopback interface that fails in the ways in which servers fail."""

from __future__ import annotations

import dataclasses
import os
import socket
import ssl
import struct
import threading
import time

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from mailcore.flow import HttpRequest, Transport
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.registry.registry import Registry
from mailcore.result import SendResult
from mailcore.testing.canaries import merged, plain_fields
from mailcore.testing.suite_values import TransportFault


if TYPE_CHECKING:
    from mailcore.testing.suite_hooks import SuiteHooks

TIMEOUT_SECONDS = 0.4
"""How long a provider under test waits for an answer."""
BOUND_SECONDS = 3.0
"""When a send that waits for a dripping answer is over at the latest, on busy machines too."""

_DEADLINE_SECONDS = 10.0
_ELSEWHERE = "/elsewhere"
# A certificate for 127.0.0.1 with its key, which is no secret and good for nothing else:
# self-signed, of the curve P-256, valid from 2000 to 2126.
_LOOPBACK = Path(__file__).with_name("loopback.pem")
# Where HTTP libraries and OpenSSL look for whom to trust.
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "SSL_CERT_FILE")
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_HALF_AN_ANSWER = _OK + b"Content-Length: 999\r\n\r\n{"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"

Talk: TypeAlias = Callable[[socket.socket], None]
"""What a server does with a connection on which it has read a request."""


def _writes(answer: bytes) -> Talk:
    return lambda connection: connection.sendall(answer)


def _resets(connection: socket.socket) -> None:
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _never_answers(connection: socket.socket) -> None:
    connection.recv(1)  # returns when the client closes its side


def _drips(connection: socket.socket) -> None:
    end = time.monotonic() + BOUND_SECONDS + TIMEOUT_SECONDS
    connection.settimeout(TIMEOUT_SECONDS / 4)
    while time.monotonic() < end:
        connection.sendall(b"H")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


FAULTS: dict[str, Talk] = {
    "hangs up after the request": _writes(b""),
    "resets the connection after the request": _resets,
    "never answers": _never_answers,
    "hangs up within the answer": _writes(_HALF_AN_ANSWER),
    "answers with something else than HTTP": _writes(b"220 mail.example.com ESMTP\r\n"),
    "answers with two different lengths": _writes(
        _OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
    ),
    "answers with a chunk of negative size": _writes(_CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n"),
    "answers with a chunk size that is no number": _writes(_CHUNKED + b"zz\r\n{}\r\n"),
    "answers with a status that is no number": _writes(b"HTTP/1.1 OK\r\n\r\n"),
    "answers with an endless header line": _writes(_OK + b"X: " + b"x" * 70_000),
    "answers with too many headers": _writes(_OK + b"X: x\r\n" * 200 + b"\r\n{}"),
    "answers in an encoding that it is not in": _writes(
        _OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "hangs up after an interim answer": _writes(_HINTS),
    "hangs up within the answer that follows an interim one": _writes(_HINTS + _HALF_AN_ANSWER),
    "switches to another protocol": _writes(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
}
"""Faults after the request arrived: the message may have been accepted."""

TLS_FAULTS: dict[str, bytes] = {
    "hangs up after the request": b"",
    "goes on without TLS": _OK + b"Content-Length: 2\r\n\r\n{}",
    "sends a TLS alert": b"\x15\x03\x03\x00\x02\x02\x50",
    "sends a TLS record that is damaged": b"\x17\x03\x03\x00\x20" + bytes(32),
}
"""What a server writes beneath TLS when it has read the request: just as open."""

HANDSHAKE_FAULTS: dict[str, bytes] = {
    "hangs up within the TLS handshake": b"",
    "speaks no TLS": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "ends the TLS handshake with an alert": b"\x15\x03\x03\x00\x02\x02\x28",
}
"""What a server writes before anything of the request was: nothing was sent."""


def loopback_faults(hooks: SuiteHooks) -> Iterator[TransportFault]:
    """Each fault, met by the provider's own transport."""
    yield _fault(hooks, "nothing listens", closed_port(), maybe_accepted=False)
    for name, answer in HANDSHAKE_FAULTS.items():
        server = faulty_server(_writes(answer), reads=_read_something, scheme="https")
        yield _fault(hooks, f"the server {name}", server, maybe_accepted=False)
    untrusted = tls_server(b"")
    yield _fault(hooks, "the server's certificate is nobody's", untrusted, maybe_accepted=False)
    for name, talk in FAULTS.items():
        yield _fault(hooks, f"the server {name}", faulty_server(talk), maybe_accepted=True)
    for name, answer in TLS_FAULTS.items():
        server, told = tls_server(answer), f"over TLS, the server {name}"
        yield _fault(hooks, told, server, maybe_accepted=True, trusted=True)
    for status_code in (301, 302, 303, 307, 308):
        name = f"the server redirects with {status_code}"
        server = redirecting_server(status_code)
        yield _fault(hooks, name, server, maybe_accepted=status_code in (302, 303))
    drips = "the server lets its answer drip"
    yield _fault(hooks, drips, faulty_server(_drips), maybe_accepted=True)


def send_to(
    hooks: SuiteHooks,
    server: AbstractContextManager[str],
    message: Message,
    *,
    trusted: bool = False,
) -> SendResult:
    """
    Send a message to a server of this machine, through the provider's own transport.

    Args:
        hooks: The hooks that make the provider.
        server: Gives its URL, for as long as it runs.
        message: The message that is sent.
        trusted: Whether the certificate of :func:`tls_server` is believed.
    """
    with ExitStack() as stack:
        # Directly, whatever the environment says of proxies.
        variables = dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1")
        if trusted:
            variables |= dict.fromkeys(_CERTIFICATES, str(_LOOPBACK))
        stack.enter_context(_environment(variables))
        base_url = stack.enter_context(server)
        provider = hooks.provider_at(base_url, TIMEOUT_SECONDS)
        redirects = provider is None
        provider = provider or hooks.make_provider()
        transport = provider.create_transport()
        stack.callback(transport.close)
        chosen: Transport = _Redirecting(transport, base_url) if redirects else transport
        mailer = Mailer(provider, transport=chosen, registry=Registry(autoload=False))
        return mailer.send(message)


def _fault(
    hooks: SuiteHooks, name: str, server: Any, *, maybe_accepted: bool, trusted: bool = False
) -> TransportFault:
    def send() -> object:
        return send_to(hooks, server, merged(plain_fields()), trusted=trusted)

    bound = BOUND_SECONDS if hooks.answers_are_bounded else None
    return TransportFault(name=name, send=send, maybe_accepted=maybe_accepted, max_seconds=bound)


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
def faulty_server(talk: Talk, *, reads: Talk | None = None, scheme: str = "http") -> Iterator[str]:
    """
    A server that reads every request, talks and ends the connection.

    Args:
        talk: What the server does with a connection.
        reads: What it reads before; a request, if None.
        scheme: The scheme of the URL, ``http`` or ``https``.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        arguments = (listening, reads or _read_request, talk)
        thread = threading.Thread(target=_serve, args=arguments, daemon=True)
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            # Shutting down wakes accept() up; closing alone would not.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(_DEADLINE_SECONDS)


@contextmanager
def tls_server(answer: bytes) -> Iterator[str]:
    """A server that reads a request over TLS, and then answers with bytes outside of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_LOOPBACK)

    def talk(connection: socket.socket) -> None:
        # A socket of its own for what goes around TLS, which takes the other over.
        with connection.dup() as beneath:
            beneath.settimeout(_DEADLINE_SECONDS)
            with context.wrap_socket(connection.dup(), server_side=True) as wrapped:
                wrapped.settimeout(_DEADLINE_SECONDS)
                _read_request(wrapped)
                beneath.sendall(answer)
                beneath.shutdown(socket.SHUT_WR)

    with faulty_server(talk, reads=lambda _: None, scheme="https") as url:
        yield url


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


def _serve(listening: socket.socket, reads: Talk, talk: Talk) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(_DEADLINE_SECONDS)
            try:
                reads(connection)
                talk(connection)
            except OSError:
                continue


def _read_something(connection: socket.socket) -> None:
    _some(connection)


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
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
