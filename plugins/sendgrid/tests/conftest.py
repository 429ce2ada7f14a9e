"""What the tests share: a signing SendGrid of our own, and one that answers on loopback."""

from __future__ import annotations

import base64
import json
import threading
import time

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailcore import WebhookRequest


API_KEY = "SG.secret"
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIME = "X-Twilio-Email-Event-Webhook-Timestamp"


@dataclass
class Signer:
    """The other end of the signature, written on its own."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public(self) -> str:
        """The verification key, as SendGrid shows it."""
        der = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode("ascii")

    def signature(self, timestamp: str, body: bytes) -> str:
        """The value of the header."""
        found = self.private.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(found).decode("ascii")

    def signed(
        self, body: bytes, content_type: str = "application/json", *, made_at: float | None = None
    ) -> WebhookRequest:
        """A request as SendGrid posts it."""
        timestamp = str(int(time.time() if made_at is None else made_at))
        headers = {
            "Content-Type": content_type,
            SIGNATURE: self.signature(timestamp, body),
            TIME: timestamp,
        }
        return WebhookRequest("POST", headers, body)


@pytest.fixture(scope="session")
def signer() -> Signer:
    """One key for all tests."""
    return Signer()


@dataclass
class LocalSendGrid:
    """
    SendGrid's mail/send as it is documented: key, headers, fields that have to be there.

    Attributes:
        seen: Path and JSON of each request, in order.
        forced: Answers to give instead, each once: status, headers and body.
    """

    url: str
    seen: list[tuple[str, Any]] = field(default_factory=list)
    forced: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request."""
        document = json.loads(body)
        self.seen.append((path, document))
        if self.forced:
            return self.forced.pop(0)
        if headers["Authorization"] != f"Bearer {API_KEY}":
            return errors(401, "The provided authorization grant is invalid, expired, or revoked")
        if headers["Accept"] != "application/json":
            return errors(406, "not acceptable")
        if path != "/v3/mail/send":
            return errors(404, "not found")
        for number, each in enumerate(document["personalizations"]):
            for kind in ("to", "cc", "bcc"):
                for at, person in enumerate(each.get(kind, ())):
                    if "invalid" in person["email"]:
                        where = f"personalizations.{number}.{kind}.{at}.email"
                        return errors(400, "Does not contain a valid address.", where)
        settings = document.get("mail_settings", {})
        if settings.get("sandbox_mode", {}).get("enable"):
            return 200, {}, b""
        return 202, {"X-Message-Id": "LRzXl_NHStOGhQ4kofSm_A"}, b""


def errors(
    status_code: int, words: str, where: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    """An answer with one error."""
    document = {"errors": [{"message": words, "field": where, "help": None}]}
    return status_code, {"Content-Type": "application/json"}, json.dumps(document).encode()


@pytest.fixture
def local_sendgrid(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSendGrid]:
    """A running one."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status_code, headers, content = sendgrid.answer(self.path, self.headers, body)
            self.send_response(status_code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sendgrid = LocalSendGrid(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield sendgrid
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
