"""What the tests of SMTP share: a server that says what it is told to, and a real one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from typing_extensions import Self

import mailcore.testing.faults

from mailcore import AsyncMailer, MailcoreError, Mailer, Message
from mailcore.registry import Registry
from mailcore_smtp import SmtpProvider


CERTIFICATE = Path(mailcore.testing.faults.__file__).with_name("loopback.pem")

USERNAME = "mailer@example.com"
PASSWORD = "pass word:ü"

Answer: TypeAlias = "bytes | Iterator[bytes] | Callable[[socket.socket], None] | None"
"""What is written, the same each time or one after the other; a function that does something else
and hangs up; or None, to hang up."""

GREETING = b"220 mail.example.net ESMTP\r\n"
OFFERS = b"250-mail.example.net\r\n250-SIZE 35882577\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n"
OK = b"250 2.0.0 Ok\r\n"
GOOD: Mapping[str, Answer] = {
    "EHLO": OFFERS,
    "DATA": b"354 Go on\r\n",
    "QUIT": None,
    "STARTTLS": b"220 2.0.0 Ready\r\n",
}


def server_context() -> ssl.SSLContext:
    """TLS of a server at 127.0.0.1, whose certificate is its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class Scripted:
    """
    A server on the loopback interface that answers as it is told to.

    Args:
        answers: By step: ``greeting``, a verb in capitals, ``content`` for what follows the final
            dot; ``RCPT 2`` for the second of a mail. What is not there is answered as a good server
            would.
        starts_tls: Whether it begins TLS after a 220 to STARTTLS.
        tls: Whether it begins with it.

    Attributes:
        lines: Every line of commands, in order, without its end.
        mails: Every mail that it got whole, as it stood on the wire.
        connections: How many there were.
        in_clear: Every octet that came without TLS.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        *,
        starts_tls: bool = False,
        tls: bool = False,
    ) -> None:
        self.answers: dict[str, Answer] = dict(answers or {})
        self.lines: list[str] = []
        self.mails: list[bytes] = []
        self.connections = 0
        self.in_clear = b""
        self._starts_tls, self._tls = starts_tls, tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def all_lines(self) -> list[str]:
        """Every line of commands, once all connections have ended: clients do not wait for QUIT."""
        for thread in self._threads[1:]:
            thread.join(10)
        return self.lines

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._visited, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _visited(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._tls:
                connection = server_context().wrap_socket(connection, server_side=True)
                stack.enter_context(connection)
            self._converse(connection, stack)

    def _converse(self, connection: socket.socket, stack: contextlib.ExitStack) -> None:
        if not self._answered(connection, "greeting", GREETING):
            return
        recipients = 0
        while True:
            line = self._read(connection, b"\r\n")[:-2]
            self.lines.append(line.decode())
            step = verb = line.partition(b" ")[0].upper().decode()
            if verb in ("MAIL", "RCPT"):
                recipients = 0 if verb == "MAIL" else recipients + 1
                step = f"{verb} {recipients}"
            answer = self._answered(connection, step, GOOD.get(verb, OK))
            if not answer:
                return
            if verb == "STARTTLS" and self._starts_tls and answer.startswith(b"220"):
                connection = server_context().wrap_socket(connection, server_side=True)
                stack.enter_context(connection)
            if verb == "DATA" and answer.startswith(b"354"):
                self.mails.append(self._read(connection, b"\r\n.\r\n"))
                if not self._answered(connection, "content", OK):
                    return

    def _read(self, connection: socket.socket, end: bytes) -> bytes:
        """Read to an end, which nothing follows: a client waits for its answer."""
        received = b""
        while not received.endswith(end):
            chunk = connection.recv(65536)
            if not chunk:
                raise ConnectionResetError
            if not isinstance(connection, ssl.SSLSocket):
                self.in_clear += chunk
            received += chunk
        return received

    def _answered(self, connection: socket.socket, step: str, good: Answer) -> bytes:
        answer = self.answers.get(step, self.answers.get(step.partition(" ")[0], good))
        if isinstance(answer, Iterator):
            answer = next(answer)
        if callable(answer):
            answer(connection)
        if answer is None or callable(answer):
            return b""
        connection.sendall(answer)
        return answer


class Kept:
    """A handler of aiosmtpd that keeps what it is given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 2.0.0 Ok: queued as 4F3A"


def authenticator(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    """Let in whoever knows the password."""
    known = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=known, handled=False)


@contextlib.contextmanager
def aiosmtpd(**options: Any) -> Iterator[tuple[int, Kept]]:
    """A real server: its port, and what it keeps."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    kept = Kept()
    controller = Controller(kept, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port, kept
    finally:
        controller.stop()


def message_to(*recipients: str, **fields: Any) -> Message:
    """A small mail."""
    given = {"from_email": "Shop <shop@example.com>", "subject": "Hello", "text": "Hello"}
    return Message(**{**given, "to": list(recipients or ["ada@example.net"]), **fields})


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """Make servers that say what they are told to, and end them."""
    with contextlib.ExitStack() as stack:

        def make(answers: Mapping[str, Answer] | None = None, **options: bool) -> Scripted:
            return stack.enter_context(Scripted(answers, **options))

        yield make


@pytest.fixture
def real() -> Iterator[Callable[..., tuple[int, Kept]]]:
    """Make servers of aiosmtpd, with TLS and AUTH: their port, and what they keep."""
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> tuple[int, Kept]:
            return stack.enter_context(aiosmtpd(**options))

        yield make


@pytest.fixture
def mail_to() -> Callable[..., Message]:
    """Make small mails."""
    return message_to


@pytest.fixture
def to_server() -> Callable[..., dict[str, Any]]:
    """Options for a server of this machine, with TLS that believes it unless told otherwise."""

    def options(port: int, **changes: Any) -> dict[str, Any]:
        security = changes.get("security", "none")
        trusted = {} if security == "none" else {"ca_file": str(CERTIFICATE)}
        given = {"host": "127.0.0.1", "port": port, "security": security, "timeout_seconds": 5.0}
        return {**given, **trusted, **changes}

    return options


@pytest.fixture
def credentials() -> dict[str, str]:
    """What :func:`real` lets in."""
    return {"username": USERNAME, "password": PASSWORD}


@pytest.fixture
def tls() -> ssl.SSLContext:
    """TLS of a server."""
    return server_context()


@pytest.fixture
def only_who_knows() -> Callable[..., AuthResult]:
    """Let in whoever knows the password."""
    return authenticator


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Callable[..., list[Any]]:
    """Send mails one after the other, by smtplib and by aiosmtplib: results or errors."""

    def with_threads(messages: Sequence[Message], options: Mapping[str, Any]) -> list[Any]:
        with Mailer(SmtpProvider(**options), registry=Registry(autoload=False)) as mailer:
            try:
                return [_outcome(mailer, message) for message in messages]
            finally:
                mailer._registry.close(mailer.provider)

    async def with_a_loop(messages: Sequence[Message], options: Mapping[str, Any]) -> list[Any]:
        provider, registry = SmtpProvider(**options), Registry(autoload=False)
        mailer, found = AsyncMailer(provider, registry=registry), []
        try:
            for message in messages:
                try:
                    found.append(await mailer.send(message))
                except MailcoreError as error:
                    found.append(error)
        finally:
            registry.close(provider)
            # What is closed is closed in the next turn of the loop, TLS in the one after.
            for _ in range(5):
                await asyncio.sleep(0.001)
        return found

    def sent(*messages: Message, **options: Any) -> list[Any]:
        if request.param == "sync":
            return with_threads(messages, options)
        return asyncio.run(with_a_loop(messages, options))

    return sent


def _outcome(mailer: Mailer[Any], message: Message) -> Any:
    try:
        return mailer.send(message)
    except MailcoreError as error:
        return error
