"""What several test modules share; they do not import each other."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mailcore import (
    AsyncMailer,
    Features,
    Mailer,
    Message,
    Provider,
    RecipientStatus,
    Registry,
    Request,
    SendResult,
    SendStatus,
    Verdict,
    WebhookRejected,
    WebhookRequest,
)
from mailcore.features import YES, limited
from mailcore.flow import Call, Exchange, Flow, arun


@dataclass(frozen=True, kw_only=True)
class ChunkRequest(Request):
    """A request of the toy provider."""

    number: int


class Chunked(Provider[ChunkRequest, Any]):
    """A toy that sends one request for every `size` recipients, and has webhooks."""

    name = "chunked"
    label = "Chunked"
    features = Features(
        cc=YES, bcc=YES, headers=YES, tags=limited(2), metadata=YES, recipients=limited(20)
    )

    def __init__(self, *, size: int = 1, secret: str = "open sesame") -> None:
        self.size = size
        self._secret = secret
        self.seen: list[str] = []

    def build(self, message: Message) -> Sequence[ChunkRequest]:
        recipients = message.recipients
        return [
            ChunkRequest(number=i // self.size, recipients=recipients[i : i + self.size])
            for i in range(0, len(recipients), self.size)
        ]

    def parse(self, request: ChunkRequest, response: Any) -> dict[str, RecipientStatus]:
        if isinstance(response, dict):
            return response
        status = RecipientStatus(SendStatus.QUEUED, message_id=str(response))
        return {recipient.lower(): status for recipient in request.recipients}

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        self.seen.append("verify")
        given = yield Call(lambda: request.header("x-secret"))
        if given != self._secret:
            raise WebhookRejected("wrong secret", provider=self.name, status_code=401)
        return Verdict(verified_by="secret", handled=request.body == b"hello")

    def parse_webhook(self, request: WebhookRequest) -> tuple[Any, ...]:
        self.seen.append("parse")
        from mailcore import EventType, TrackingEvent

        return tuple(
            TrackingEvent(
                provider=self.name, event_type=EventType.DELIVERED, recipient=line.decode()
            )
            for line in request.body.splitlines()
        )


class Scripted:
    """A transport that answers with what was written down: exceptions are raised."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[Any] = []
        self.closed = 0

    def exchange(self, request: Any) -> Any:
        self.requests.append(request)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def chunked() -> type[Chunked]:
    """A toy provider of several requests."""
    return Chunked


@pytest.fixture
def scripted() -> type[Scripted]:
    """A transport that follows a script."""
    return Scripted


@pytest.fixture
def registry() -> Registry:
    """A registry that knows only the toy provider."""
    made = Registry(autoload=False)
    made.register(Chunked)
    return made


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Callable[..., SendResult]:
    """Send one message: once through a Mailer, once through an AsyncMailer."""

    def through_mailer(provider: Any, message: Any, **settings: Any) -> SendResult:
        with Mailer(provider, **settings) as mailer:
            return mailer.send(message)

    async def through_async_mailer(provider: Any, message: Any, **settings: Any) -> SendResult:
        async with AsyncMailer(provider, **settings) as mailer:
            return await mailer.send(message)

    if request.param == "sync":
        return through_mailer
    return lambda *arguments, **settings: asyncio.run(through_async_mailer(*arguments, **settings))


@dataclass
class Site:
    """An HTTP server of this machine; `pages` maps paths to functions of the handler."""

    url: str
    pages: dict[str, Callable[[Any], None]]
    seen: list[dict[str, Any]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.body = body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        site: Site = self.server.site  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        seen = {"method": self.command, "path": self.path, "body": body}
        site.seen.append({**seen, "headers": {k.lower(): v for k, v in self.headers.items()}})
        site.pages[path](self)

    do_GET = do_POST  # noqa: N815  # the names that http.server calls

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Send a complete answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of these tests hang up as they please."""


@pytest.fixture
def site() -> Iterator[Site]:
    """A real HTTP server on loopback."""
    server = _Server(("127.0.0.1", 0), _Handler)
    made = Site(url=f"http://127.0.0.1:{server.server_port}", pages={})
    server.site = made  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def _exchanging(request: Any) -> Flow[Any]:
    answer = yield Exchange(request)
    return answer


class _InALoop:
    """A transport that is awaited, used from code that does not: its loop runs in a thread."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    def exchange(self, request: Any) -> Any:
        exchanging = arun(_exchanging(request), self._transport)
        return asyncio.run_coroutine_threadsafe(exchanging, self.loop).result(30)

    def close(self) -> None:
        self._transport.close()

    def end(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(10)


@pytest.fixture
def in_a_loop() -> Iterator[Callable[[Any], _InALoop]]:
    """Use transports that are awaited, each in a loop that runs in a thread."""
    made: list[_InALoop] = []

    def make(transport: Any) -> _InALoop:
        made.append(_InALoop(transport))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis server that runs for these tests alone."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("Redis is not installed: `apt-get install redis-server`")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="mailcore-redis-")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                assert server.poll() is None
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder)
