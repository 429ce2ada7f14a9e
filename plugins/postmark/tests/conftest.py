"""What the tests of sending share: a Postmark on the loopback interface, and answers of it."""

from __future__ import annotations

import json
import threading
import uuid

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


TOKEN = "5ec4e7b1-7a08-4b1f-a5d3-0d2c1f6e9a77"

INACTIVE_TEXT = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive "
    "addresses: {}. Inactive recipients are ones that have generated a hard bounce, a spam "
    "complaint, or a manual suppression."
)
SOME_INACTIVE_TEXT = "Message OK, but will not deliver to these inactive addresses: {}."


@dataclass
class LocalPostmark:
    """
    Postmark's sending API as it is documented: tokens, headers, batches, suppressions.

    Attributes:
        seen: Path and JSON of each request, in order.
        connections: How many were opened.
        suppressed: Addresses that it does not send to, in lower case.
        forced: Answers to give instead, each once: status, headers and body.
        hangs: Set it to receive requests and not answer them, until `released` is set.
    """

    url: str
    seen: list[tuple[str, Any]] = field(default_factory=list)
    connections: int = 0
    suppressed: set[str] = field(default_factory=set)
    forced: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    hangs: bool = False
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request."""
        if self.forced:
            self.seen.append((path, None))
            return self.forced.pop(0)
        if headers["X-Postmark-Server-Token"] not in (TOKEN, "POSTMARK_API_TEST"):
            return _json(401, {"ErrorCode": 10, "Message": "The Server Token is not valid."})
        if {headers["Accept"], headers["Content-Type"]} != {"application/json"}:
            return _json(415, {"ErrorCode": 0, "Message": "Unsupported Media Type"})
        try:
            document = json.loads(body)
        except ValueError:
            return _json(422, {"ErrorCode": 402, "Message": "Invalid JSON."})
        self.seen.append((path, document))
        if path in ("/email", "/email/withTemplate"):
            result = self._result(document)
            return _json(422 if result["ErrorCode"] else 200, result)
        messages = document["Messages"] if path == "/email/batchWithTemplates" else document
        if len(messages) > 500:
            text = "You may only send up to 500 messages in a single batched request."
            return _json(422, {"ErrorCode": 410, "Message": text})
        return _json(200, [self._result(message) for message in messages])

    def _result(self, message: dict[str, Any]) -> dict[str, Any]:
        fields = [message[name] for name in ("To", "Cc", "Bcc") if message.get(name)]
        addresses = [
            text.rpartition("<")[2].strip("> ").lower()
            for value in fields
            for text in value.split(",")
        ]
        inactive = [address for address in addresses if address in self.suppressed]
        if len(inactive) == len(addresses):
            return {"ErrorCode": 406, "Message": INACTIVE_TEXT.format(", ".join(inactive))}
        text = SOME_INACTIVE_TEXT.format(", ".join(inactive)) if inactive else "OK"
        return {
            "To": message.get("To", ""),
            "SubmittedAt": "2026-11-21T07:25:01.4178645-05:00",
            "MessageID": str(uuid.uuid4()),
            "ErrorCode": 0,
            "Message": text,
        }


def _json(status_code: int, document: Any) -> tuple[int, dict[str, str], bytes]:
    return status_code, {"Content-Type": "application/json"}, json.dumps(document).encode()


@pytest.fixture
def local_postmark(monkeypatch) -> Iterator[LocalPostmark]:
    """A running one."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            postmark.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if postmark.hangs:
                postmark.seen.append((self.path, None))
                postmark.released.wait(30)
                self.close_connection = True
                return
            status_code, headers, content = postmark.answer(self.path, self.headers, body)
            self.send_response(status_code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    postmark = LocalPostmark(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.002,))
    thread.start()
    yield postmark
    postmark.released.set()
    server.shutdown()
    thread.join(10)
    server.server_close()
