"""
Use an installed plugin that `mailcore new-provider` wrote, as an application does.

    python use_outside_plugin.py NAME

It sends a message over HTTP to an invented service on the loopback interface, and receives that
service's signed webhook over HTTP. Run by check_outside_plugin.py, in the plugin's environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import sys
import threading
import time
import urllib.error
import urllib.request

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import mailcore

from mailcore import Event, EventType, Mailer, Message, SendStatus, TrackingEvent, get_provider
from mailcore.webhook.wsgi import WsgiWebhook


API_KEY = "key-1nvented"
SECRET = "wh-1nvented"  # noqa: S105 - as it says
RECIPIENT = "ada@example.net"


def require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition is the subject
    """End with a sentence if something does not hold."""
    if not holds:
        sys.exit(f"FAILED: {otherwise}")


class Service(HTTPServer):
    """The invented service: keeps what it is asked, and queues every message."""

    def __init__(self) -> None:
        """Listen on a free port of loopback."""
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), ServiceHandler)


class ServiceHandler(BaseHTTPRequestHandler):
    """One request to the service."""

    server: Service

    def do_POST(self) -> None:
        """Accept a message for each of its recipients."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, self.headers["Authorization"], body))
        items = [
            {"email": each["email"], "status": "queued", "message_id": f"m-{number}"}
            for number, each in enumerate(body["to"])
        ]
        answer = json.dumps({"recipients": items}).encode()
        self.send_response(202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class QuietHandler(WSGIRequestHandler):
    """One request to the webhook."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """Serve in a thread; gives the URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(name: str) -> str:
    """Send one message over HTTP; return its id."""
    service = Service()
    message = Message(
        from_email="Shop <shop@example.com>",
        to=[RECIPIENT],
        subject="Grüße",
        text="Hello",
        metadata={"user": 42},
    )
    with serving(service) as url, Mailer(name, api_key=API_KEY, api_url=url) as mailer:
        result = mailer.send(message)
    require(result.recipients[RECIPIENT].status is SendStatus.QUEUED, f"not queued: {result}")
    require(len(service.requests) == 1, f"{len(service.requests)} requests arrived")
    path, authorization, body = service.requests[0]
    require(path == "/v1/messages", f"the request went to {path}")
    require(authorization == f"Bearer {API_KEY}", "the key did not arrive")
    require((body["subject"], body["metadata"]) == ("Grüße", {"user": 42}), f"{body} arrived")
    return result.message_id or ""


def post(url: str, body: bytes, secret: str) -> int:
    """Post a webhook request that is signed with a secret; return the status of the answer."""
    made_at = str(int(time.time()))
    signed = made_at.encode() + b"." + body
    headers = {
        "Content-Type": "application/json",
        "X-Webhook-Timestamp": made_at,
        "X-Webhook-Signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
    }
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own server
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def receive(name: str, message_id: str) -> None:
    """Receive the event of that message over HTTP, and refuse a forged one."""
    events: list[Event] = []
    provider = get_provider(name, api_key=API_KEY, webhook_secrets=[SECRET])
    webhook = WsgiWebhook(provider, events.append)
    item = {"id": "e-1", "type": "delivered", "email": RECIPIENT, "message_id": message_id}
    body = json.dumps({"events": [item]}).encode()
    with serving(make_server("127.0.0.1", 0, webhook, handler_class=QuietHandler)) as url:
        require(post(url, body, "another secret") == 403, "a forged request was let in")
        require(not events, "a forged event arrived")
        require(post(url, body, SECRET) == 200, "the signed request was refused")
    require(len(events) == 1, f"{len(events)} events arrived")
    (event,) = events
    require(
        isinstance(event, TrackingEvent)
        and event.event_type is EventType.DELIVERED
        and (event.recipient, event.message_id) == (RECIPIENT, message_id),
        f"another event arrived: {event}",
    )


def main(name: str) -> None:
    """Check where mailcore comes from, then send and receive."""
    directory = Path(mailcore.__file__).resolve().parent
    require(directory.is_relative_to(Path(sys.prefix).resolve()), f"mailcore is in {directory}")
    receive(name, send(name))


if __name__ == "__main__":
    main(*sys.argv[1:])
