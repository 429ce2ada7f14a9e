"""What several test modules share: a Brevo on the loopback interface."""

from __future__ import annotations

import json
import threading
import uuid

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest


KEY = "xkeysib-0123456789abcdef-invented"
_MAX_PAGE = 100


@dataclass
class LocalBrevo:
    """
    Brevo's API as it is documented: keys, versions, idempotency keys, blocked contacts.

    Attributes:
        seen: Method, path and JSON of each request, in order.
        contacts: The blocked contacts.
        domains: The blocked domains.
        plans: What ``/account`` says of plans.
        keys: The idempotency keys that it has had.
        forced: Answers to give instead, each once: status, headers and body.
    """

    url: str
    seen: list[tuple[str, str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    forced: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Any:
        """Status, headers and body for a request."""
        document = json.loads(body) if body else None
        self.seen.append((method, path, document))
        if self.forced:
            return self.forced.pop(0)
        if headers["api-key"] != KEY:
            return _json(401, {"message": "Key not found", "code": "unauthorized"})
        parts = urlsplit(path)
        step, _, last = parts.path.removeprefix("/v3/").rpartition("/")
        if (method, parts.path) == ("POST", "/v3/smtp/email"):
            return self._send(document)
        if (method, parts.path) == ("GET", "/v3/account"):
            return _json(200, {"email": "shop@example.com", "plan": self.plans})
        if (method, parts.path) == ("GET", "/v3/smtp/blockedContacts"):
            return self._list(dict(parse_qsl(parts.query)))
        if (method, step) == ("DELETE", "smtp/blockedContacts"):
            return self._remove(
                self.contacts, [c for c in self.contacts if c["email"] == unquote(last)]
            )
        if parts.path == "/v3/smtp/blockedDomains":
            if method == "GET":
                return _json(200, {"domains": self.domains})
            self.domains.append(document["domain"])
            return 201, {}, b""
        if (method, step) == ("DELETE", "smtp/blockedDomains"):
            return self._remove(self.domains, [d for d in self.domains if d == unquote(last)])
        return _json(404, {"code": "document_not_found", "message": "no such path"})

    def _send(self, document: dict[str, Any]) -> Any:
        versions = document.get("messageVersions")
        if versions is not None and "to" in document:
            return _json(400, {"code": "invalid_parameter", "message": "to beside messageVersions"})
        if document.keys().isdisjoint({"htmlContent", "textContent", "templateId"}):
            text = "Either of htmlContent or textContent is required"
            return _json(400, {"code": "missing_parameter", "message": text})
        key = document.get("headers", {}).get("idempotencyKey")
        if key is not None:
            uuid.UUID(key)
            if key in self.keys:
                return _json(400, {"code": "duplicate_parameter", "message": "key was used"})
            self.keys.add(key)
        ids = [f"<{uuid.uuid4()}@smtp-relay.mailin.fr>" for _ in versions or "1"]
        status = 202 if "scheduledAt" in document else 201
        return _json(status, {"messageId": ids[0]} if versions is None else {"messageIds": ids})

    def _list(self, query: dict[str, str]) -> Any:
        offset, limit = int(query["offset"]), int(query["limit"])
        if limit > _MAX_PAGE or ("startDate" in query) != ("endDate" in query):
            return _json(400, {"code": "out_of_range", "message": "limit, or one date"})
        found = self.contacts[offset : offset + limit]
        if not self.contacts:
            return _json(200, {"count": 0})
        return _json(200, {"contacts": found, "count": len(self.contacts)})

    def _remove(self, kept: list[Any], gone: list[Any]) -> Any:
        for each in gone:
            kept.remove(each)
        if gone:
            return 204, {}, b""
        return _json(404, {"code": "document_not_found", "message": "not found"})


def _json(status_code: int, document: Any) -> tuple[int, dict[str, str], bytes]:
    return status_code, {"Content-Type": "application/json"}, json.dumps(document).encode()


@pytest.fixture
def local_brevo(monkeypatch) -> Iterator[LocalBrevo]:
    """A running one."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status_code, headers, content = brevo.answer(
                self.command, self.path, self.headers, body
            )
            self.send_response(status_code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815  # the names of the base class

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    brevo = LocalBrevo(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield brevo
    server.shutdown()
    thread.join(10)
    server.server_close()
