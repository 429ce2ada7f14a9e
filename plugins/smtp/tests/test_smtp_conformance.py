"""The SMTP provider passes the conformance suite."""

from __future__ import annotations

import socket
import struct
import time

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from mailcore import Mailer, Message
from mailcore.registry import Registry
from mailcore.testing.canaries import Canary, merged, plain_fields, token
from mailcore.testing.faults import BOUND_SECONDS, TIMEOUT_SECONDS
from mailcore.testing.suite import ProviderSuite
from mailcore.testing.suite_values import TransportFault
from mailcore_smtp import SmtpProvider, payload, smtp_options
from mailcore_smtp.call import Reply, SmtpRequest, SmtpResponse


PASSWORD = "invented-password-of-smtp"

# RFC 5321, section 4.3.2, and RFC 4954, section 6 (read 2026-11-30): by step.
REFUSALS = [
    ("greeting", 421, "4.3.2 Shutting down"),
    ("greeting", 554, "No SMTP service here"),
    ("ehlo", 502, "5.5.1 Not implemented"),
    ("starttls", 454, "4.7.0 TLS not available"),
    ("auth", 432, "4.7.12 A password transition is needed"),
    ("auth", 454, "4.7.0 Temporary authentication failure"),
    ("auth", 534, "5.7.9 Authentication mechanism is too weak"),
    ("auth", 535, "5.7.8 Authentication credentials invalid"),
    ("mail", 451, "4.3.0 Local error"),
    ("mail", 530, "5.7.0 Authentication required"),
    ("mail", 552, "5.3.4 Message too big"),
    ("mail", 553, "5.1.8 Sender refused"),
    ("rcpt", 421, "4.4.2 Timeout"),
    ("data", 554, "5.5.1 No valid recipients"),
    ("content", 452, "4.3.1 Insufficient storage"),
    ("content", 454, "Throttling failure: Maximum sending rate exceeded"),
    ("content", 550, "5.7.1 Message refused"),
    ("content", 552, "5.2.2 Mailbox full"),
    ("content", 554, "5.6.0 Content refused"),
]


class TestSmtp(ProviderSuite):
    """``smtp``."""

    secrets = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _servers(self, scripted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.scripted = scripted
        # Each mail has a Message-ID of its own: here all have the same, to be compared.
        monkeypatch.setattr(payload.secrets, "token_hex", lambda size: "ab" * size)

    def make_provider(self) -> SmtpProvider:
        return SmtpProvider(
            host="mail.example.com",
            username="mailer",
            password=PASSWORD,
            dsn_notify=["failure"],
            headers={"X-Server": "1"},
        )

    def accepting_response(self, request: SmtpRequest) -> SmtpResponse:
        ok = Reply(250, "2.0.0 Ok: queued as 4F3A")
        return SmtpResponse(reply=ok, recipients=dict.fromkeys(request.envelope, ok))

    def refusing_responses(self, request: SmtpRequest) -> Iterable[SmtpResponse]:
        addresses = " ".join(request.envelope)
        for step, code, words in REFUSALS:
            yield SmtpResponse(step=step, reply=Reply(code, f"{words} ({addresses})"))
        for code, words in ((450, "4.2.1 Busy"), (550, "5.1.1 Unknown"), (552, "Too many")):
            replies = dict.fromkeys(request.envelope, Reply(code, f"{words} {addresses}"))
            yield SmtpResponse(reply=None, recipients=replies)

    def broken_responses(self, request: SmtpRequest) -> Iterable[SmtpResponse]:
        for code in (-1, 0, 7, 150, 334, 354, 600, 999):
            for step in ("greeting", "auth", "mail", "data", "content"):
                yield SmtpResponse(step=step, reply=Reply(code, "nonsense"))
        yield SmtpResponse(reply=None)
        yield SmtpResponse(step="mail", reply=Reply(250))

    def canary(self, name: str, count: int = 1) -> Canary:
        if name == "esp_extra":
            text = token("envelope id")
            return Canary(fields={"esp_extra": smtp_options(dsn_envelope_id=text)}, tokens=(text,))
        return super().canary(name, count)

    def transport_faults(self) -> Iterator[TransportFault]:
        for name, step, answer, maybe_accepted in FAULTS:
            yield self._fault(f"{step}: the server {name}", {step: answer}, maybe_accepted)
        nothing = {"greeting": None}
        yield self._fault("nothing listens", nothing, maybe_accepted=False, port=closed_port())
        for security in ("tls", "starttls"):
            told = f"{security}: the server speaks none"
            yield self._fault(told, {}, maybe_accepted=False, security=security)

    def _fault(
        self,
        name: str,
        answers: Any,
        maybe_accepted: bool,
        *,
        port: int | None = None,
        security: str = "none",
    ) -> TransportFault:
        def send() -> object:
            server = self.scripted(answers)
            provider = SmtpProvider(
                host="127.0.0.1",
                port=port or server.port,
                security=security,
                timeout_seconds=TIMEOUT_SECONDS,
            )
            message: Message = merged(plain_fields())
            transport = provider.create_transport()
            registry = Registry(autoload=False)
            try:
                return Mailer(provider, transport=transport, registry=registry).send(message)
            finally:
                transport.close()

        # After the content, a server has ten times as long: see timeout_seconds.
        seconds = BOUND_SECONDS + (10 * TIMEOUT_SECONDS if maybe_accepted else 0)
        return TransportFault(
            name=name, send=send, maybe_accepted=maybe_accepted, max_seconds=seconds
        )


def closed_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _never_answers(connection: socket.socket) -> None:
    connection.recv(1)


def _drips(connection: socket.socket) -> None:
    end = time.monotonic() + 8
    connection.settimeout(TIMEOUT_SECONDS / 4)
    while time.monotonic() < end:
        connection.sendall(b"2")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


_WAYS = {
    "hangs up": None,
    "resets the connection": _resets,
    "never answers": _never_answers,
    "hangs up within the answer": lambda connection: connection.sendall(b"250-2.0.0 O"),
    "hangs up after a line that goes on": lambda connection: connection.sendall(
        b"250-2.0.0 Ok\r\n"
    ),
    "answers with something else than SMTP": b"HTTP/1.1 200 OK\r\n\r\n",
    "answers with a line without an end": lambda connection: connection.sendall(b"2" * 20_000),
    "answers without end": lambda connection: connection.sendall(b"250-x\r\n" * 20_000),
    "answers twice": b"250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n",
    "answers with a code that is none": b"999 What\r\n",
    "lets its answer drip": _drips,
}
FAULTS = [
    (name, step, answer, step == "content")
    for step in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "content")
    for name, answer in _WAYS.items()
]
