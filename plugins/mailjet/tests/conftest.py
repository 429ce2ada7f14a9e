"""What the tests of sending share: a Mailjet on the loopback interface."""

from __future__ import annotations

import itertools
import json
import threading

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


KEYS = "public-key", "private-key"


@dataclass
class LocalMailjet:
    """
    Mailjet's Send API v3.1 as it is documented: keys, calls of up to 50, results of each message.

    Attributes:
        seen: The JSON of each request, in order.
        refused: Addresses that it takes for none: their message is refused.
        forced: Answers to give instead, each once: status, headers and body.
    """

    url: str
    seen: list[Any] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    forced: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1152921504606846977))

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request."""
        document = json.loads(body)
        self.seen.append(document)
        if self.forced:
            return self.forced.pop(0)
        credentials = b64encode(":".join(KEYS).encode()).decode()
        if headers["Authorization"] != f"Basic {credentials}":
            return _json(401, _error("mj-0015", 401, "API key authentication failure"))
        if path != "/v3.1/send" or len(document["Messages"]) > 50:
            return _json(400, _error("mj-0008", 400, "Too many messages"))
        shared = document.get("Globals", {})
        sandbox = document.get("SandboxMode", False)
        results = [self._result({**shared, **each}, sandbox) for each in document["Messages"]]
        status = 200 if all(each["Status"] == "success" for each in results) else 400
        return _json(status, {"Messages": results})

    def _result(self, message: dict[str, Any], sandbox: bool) -> dict[str, Any]:
        wrong = [
            f"{name}[{at}].Email"
            for name in ("To", "Cc", "Bcc")
            for at, mailbox in enumerate(message.get(name, []))
            if mailbox["Email"] in self.refused
        ]
        if wrong:
            error = _error("mj-0013", 400, "This is an invalid email address.")
            return {"Status": "error", "Errors": [{**error, "ErrorRelatedTo": wrong}]}
        lists = {
            name: [
                {
                    "Email": mailbox["Email"],
                    "MessageUUID": "" if sandbox else "cb927469-36fd-4c02-bce4-0d199929a207",
                    "MessageID": 0 if sandbox else next(self.ids),
                    "MessageHref": "",
                }
                for mailbox in message.get(name, [])
            ]
            for name in ("To", "Cc", "Bcc")
        }
        return {"Status": "success", "CustomID": message.get("CustomID", ""), **lists}


def _error(code: str, status_code: int, words: str) -> dict[str, Any]:
    return {
        "ErrorIdentifier": "88b5ca9f-5f1f-42e7-a45e-9ecbad0c285e",
        "ErrorCode": code,
        "StatusCode": status_code,
        "ErrorMessage": words,
    }


def _json(status_code: int, document: Any) -> tuple[int, dict[str, str], bytes]:
    return status_code, {"Content-Type": "application/json"}, json.dumps(document).encode()


@pytest.fixture
def local_mailjet(monkeypatch) -> Iterator[LocalMailjet]:
    """A running one."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status_code, headers, content = mailjet.answer(self.path, self.headers, body)
            self.send_response(status_code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mailjet = LocalMailjet(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield mailjet
    server.shutdown()
    thread.join(10)
    server.server_close()
