"""What the tests of sending share: a form read by another library than wrote it, and a Mailgun."""

from __future__ import annotations

import email
import email.policy
import io
import json
import sys
import threading

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from werkzeug.formparser import parse_form_data

from mailcore import HttpRequest


ACCEPTED = {"id": "<20261121.1@example.com>", "message": "Queued. Thank you."}


@dataclass(frozen=True)
class Posted:
    """A form as a server reads it."""

    fields: Mapping[str, list[str]]
    files: list[dict[str, Any]]

    @property
    def mail(self) -> EmailMessage:
        """The mail in the file `message`."""
        (file,) = self.files
        assert ("message", "message.mime") == (file["field"], file["filename"])
        return email.message_from_bytes(file["content"], policy=email.policy.default)

    def json(self, name: str) -> Any:
        """The one value of a field, which is JSON."""
        (value,) = self.fields[name]
        return json.loads(value)


def read_form(body: bytes, content_type: str) -> Posted:
    """Read a form with Werkzeug."""
    _, fields, files = parse_form_data(
        {
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": content_type,
            "REQUEST_METHOD": "POST",
        },
        silent=False,
    )
    found = [
        {
            "field": name,
            "filename": file.filename,
            "content_type": file.content_type,
            "content": file.read(),
        }
        for name, file in files.items(multi=True)
    ]
    return Posted({name: fields.getlist(name) for name in fields}, found)


@pytest.fixture(scope="session")
def posted() -> Callable[[HttpRequest], Posted]:
    """Read the form of a request."""
    return lambda request: read_form(request.body, request.headers["Content-Type"])


@dataclass
class FakeMailgun:
    """
    A server on the loopback interface that answers as Mailgun documents it.

    Args:
        answers: What to answer instead of accepting, in order: status, headers, body; a function
            waits for something first, or returns such an answer.
        received: What came: path, headers, the form; in order.
        connections: How many TCP connections were made.
        left: Set when a client has left before its answer.
    """

    base_url: str = ""
    answers: list[Any] = field(default_factory=list)
    received: list[tuple[str, Mapping[str, str], Posted]] = field(default_factory=list)
    connections: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def answer(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """What Mailgun answers to a request."""
        form = read_form(body, headers["content-type"])
        self.received.append((path, headers, form))
        if self.answers:
            planned = self.answers.pop(0)
            return planned() if callable(planned) else planned
        parts = urlsplit(path).path.split("/")
        if len(parts) != 4 or parts[1] != "v3" or parts[3] not in ("messages", "messages.mime"):
            return 200, {"Content-Type": "text/html"}, b"Mailgun Magnificent API"
        if headers.get("authorization") != "Basic YXBpOmtleS1zZWNyZXQ=":
            return 401, {"Content-Type": "text/plain"}, b"Forbidden"
        if parts[2] != "example.com":
            return json_answer(404, {"message": f"Domain not found: {parts[2]}"})
        if not form.fields.get("to"):
            return json_answer(400, {"message": "'to' parameter is missing"})
        if any("@" not in address for address in form.fields["to"]):
            return json_answer(400, {"message": "'to' parameter is not a valid address"})
        return json_answer(200, ACCEPTED)


def json_answer(status_code: int, body: object) -> tuple[int, Mapping[str, str], bytes]:
    """An answer with a JSON body."""
    return status_code, {"Content-Type": "application/json"}, json.dumps(body).encode()


@pytest.fixture
def mailgun() -> Iterator[FakeMailgun]:
    """A Mailgun of the test's own; its key is ``key-secret``, its domain ``example.com``."""
    fake = FakeMailgun()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            fake.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status_code, answered, content = fake.answer(self.path, headers, body)
            self.send_response(status_code)
            for name, value in answered.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Print the traceback of anything but a client that left: some tests have it leave."""
            if isinstance(sys.exc_info()[1], ConnectionError):
                fake.left.set()
            else:
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
    thread.start()
    fake.base_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        fake.released.set()
        server.shutdown()
        thread.join(10)
        server.server_close()
