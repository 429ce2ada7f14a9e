"""The ASGI and WSGI applications, on real servers and at the protocol's edges."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import logging
import select
import socket
import sys
import threading

from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import request_uri
from wsgiref.validate import validator

import fastapi
import flask
import pytest
import starlette.applications
import starlette.routing
import uvicorn

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.serving import make_server as make_werkzeug_server

from mailcore import ConfigurationError, MalformedWebhook, WebhookRejected, WebhookRequest
from mailcore.webhook import MemorySeenStore, arespond, respond, wsgi
from mailcore.webhook.asgi import AsgiWebhook
from mailcore.webhook.wsgi import WsgiWebhook


SECRET = {"X-Secret": "open sesame"}
DEADLINE_SECONDS = 20

sys.path.insert(0, str(Path(__file__).parents[1] / "plugins" / "django" / "tests" / "project"))

import shop_project  # noqa: E402  # it stands there


shop_project.configure()


class Uvicorn(uvicorn.Server):
    """Says when it serves, and ends at once: uvicorn looks and waits for tenths of a second."""

    def __init__(self, application):
        super().__init__(
            uvicorn.Config(application, log_config=None, ws="none", loop="asyncio", http="h11")
        )
        self.serving = threading.Event()
        self.end = None

    async def main_loop(self):
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        self.end = lambda: loop.call_soon_threadsafe(ended.set)
        await self.on_tick(0)
        self.serving.set()
        await ended.wait()

    async def shutdown(self, sockets=None):
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        await self.lifespan.shutdown()


@contextlib.contextmanager
def uvicorn_serving(application):
    """An ASGI application on a port of loopback."""
    server = Uvicorn(application)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert server.serving.wait(DEADLINE_SECONDS)
        try:
            yield listening.getsockname()[1]
        finally:
            server.end()
            thread.join(DEADLINE_SECONDS)


class Silent(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def wsgiref_serving(application):
    """A WSGI application on the standard library's server, checked against PEP 3333."""
    with make_server("127.0.0.1", 0, validator(application), handler_class=Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(DEADLINE_SECONDS)


@contextlib.contextmanager
def werkzeug_serving(application):
    """A WSGI application on Flask's server, which takes chunked bodies."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_werkzeug_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(DEADLINE_SECONDS)


def asgi_alone(provider, handler, **options):
    """Uvicorn and nothing else."""
    return uvicorn_serving(AsgiWebhook(provider, handler, **options))


def starlette_app(provider, handler, **options):
    """Mounted in Starlette."""
    mount = starlette.routing.Mount("/hook", app=AsgiWebhook(provider, handler, **options))
    return uvicorn_serving(starlette.applications.Starlette(routes=[mount]))


def fastapi_app(provider, handler, **options):
    """Mounted in FastAPI."""
    app = fastapi.FastAPI()
    app.mount("/hook", AsgiWebhook(provider, handler, **options))
    return uvicorn_serving(app)


def django_asgi(provider, handler, **options):
    """In front of Django's ASGI application."""
    from django.core.asgi import get_asgi_application

    webhook = AsgiWebhook(provider, handler, **options)
    return uvicorn_serving(webhook.mounted_in(get_asgi_application(), "/hook/"))


def wsgi_alone(provider, handler, **options):
    """Served by wsgiref and nothing else."""
    return wsgiref_serving(WsgiWebhook(provider, handler, **options))


def flask_app(provider, handler, **options):
    """In front of Flask."""
    app = flask.Flask("shop")
    app.wsgi_app = WsgiWebhook(provider, handler, **options).mounted_in(app.wsgi_app, "/hook/")
    return werkzeug_serving(app)


def django_wsgi(provider, handler, **options):
    """In front of Django's WSGI application."""
    from django.core.wsgi import get_wsgi_application

    webhook = WsgiWebhook(provider, handler, **options)
    return werkzeug_serving(webhook.mounted_in(get_wsgi_application(), "/hook/"))


SERVERS = [
    *(asgi_alone, starlette_app, fastapi_app, django_asgi),
    *(wsgi_alone, flask_app, django_wsgi),
]


@pytest.fixture(params=SERVERS, ids=lambda serve: serve.__name__)
def serve(request):
    """Serve a webhook below /hook/, in every way that the documentation shows."""
    return request.param


def ask(port, method="POST", body=b"", headers=SECRET, path="/hook/"):
    """One request; status and headers of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        assert b"" == content or path != "/hook/"
        return response.status, {name.lower(): value for name, value in response.getheaders()}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_events_arrive_in_every_framework(serve, kind, chunked, registry):
    """A function and a coroutine function get the events, in order."""
    seen = []

    async def on_event_async(event):
        await asyncio.sleep(0)
        seen.append(event.recipient)

    handler = on_event_async if kind == "async" else lambda event: seen.append(event.recipient)
    with serve(chunked(), handler, registry=registry) as port:
        status, _ = ask(port, body=b"a@x.org\nb@x.org")
        ask(port, body=b"c@x.org")

    assert (200, ["a@x.org", "b@x.org", "c@x.org"]) == (status, seen)


def test_what_is_not_proven_gets_only_its_status(serve, chunked, registry, caplog):
    """The reason stands in the log, once, on one line."""
    with serve(chunked(), print, registry=registry) as port:
        status, _ = ask(port, body=b"a@x.org", headers={"X-Secret": "guess"})

    records = [r for r in caplog.records if r.name == "mailcore.webhook"]
    assert 401 == status
    assert ["chunked webhook: 401 to 127.0.0.1: wrong secret"] == [r.getMessage() for r in records]
    assert ["WARNING"] == [r.levelname for r in records]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_handlers_that_fail(serve, kind, chunked, registry, caplog):
    """500, so that the provider sends it again; the traceback is for the operator."""

    async def fail_async(event):
        raise RuntimeError("database is down")

    def fail(event):
        raise RuntimeError("database is down")

    handler = fail_async if kind == "async" else fail
    with serve(chunked(), handler, registry=registry) as port:
        status, _ = ask(port, body=b"a@x.org")

    assert 500 == status
    (record,) = [r for r in caplog.records if r.name == "mailcore.webhook"]
    assert "database is down" in str(record.exc_info[1])


def test_events_seen_before_are_skipped(serve, chunked, registry):
    """A request that comes again is answered, and its events are not handled again."""
    seen = []

    class Keyed(chunked):
        def parse_webhook(self, request):
            import dataclasses

            return tuple(
                dataclasses.replace(event, dedupe_key=event.recipient)
                for event in super().parse_webhook(request)
            )

    with serve(Keyed(), seen.append, seen=MemorySeenStore(), registry=registry) as port:
        statuses = [ask(port, body=b"a@x.org")[0] for _ in range(2)]

    assert ([200, 200], 1) == (statuses, len(seen))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_post_is_taken(serve, method, chunked, registry):
    """RFC 9110, section 15.5.6: 405 with Allow, and the provider is not asked."""
    provider = chunked()
    with serve(provider, print, registry=registry) as port:
        status, headers = ask(port, method=method)

    assert (405, "POST") == (status, headers["allow"])
    assert [] == provider.seen


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 405), ("PUT", 405)])
def test_addresses_are_tried(serve, method, status, chunked, registry):
    """What the provider declares gets 200 without a body; the rest 405, with all in Allow."""

    class Tried(chunked):
        webhook_probe_methods = frozenset(["HEAD"])

    provider, handled = Tried(), []
    with serve(provider, handled.append, registry=registry) as port:
        answered, headers = ask(port, method=method)

    assert (status, "0") == (answered, headers.get("content-length", "0"))
    assert (None if status == 200 else "POST, HEAD") == headers.get("allow")
    assert ([], []) == (provider.seen, handled)


def test_sizes_are_limited(serve, chunked, registry, caplog):
    """Up to the limit it is read, beyond it is 413."""
    provider = chunked()
    with serve(provider, lambda event: None, registry=registry, max_body_bytes=100) as port:
        statuses = [ask(port, body=b"x" * size)[0] for size in (100, 101)]

    assert [200, 413] == statuses
    assert ["verify", "parse"] == provider.seen
    assert 1 == sum("larger than 100 bytes" in r.getMessage() for r in caplog.records)


@pytest.mark.parametrize("serve", [django_asgi, django_wsgi, flask_app])
def test_other_paths_are_the_framework_s(serve, chunked, registry, caplog):
    """Only one path is the webhook's."""
    caplog.set_level(logging.CRITICAL, "django.request")
    with serve(chunked(), print, registry=registry) as port:
        status, _ = ask(port, method="GET", path="/hook/more")

    # Django has no URLs here at all, Flask has no such page.
    assert status in (404, 500)


# --- hostile senders


def converse(port, request, chunks=()):
    """
    Send a request and then chunks until there is an answer.

    Returns:
        The status, and how many bytes were sent before there was one.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(request)
        sent = 0
        with contextlib.suppress(ConnectionError):
            for chunk in chunks:
                readable, _, _ = select.select([connection], [], [], 0)
                if readable:
                    break
                connection.sendall(chunk)
                sent += len(chunk)
        answer = connection.makefile("rb").readline()
        return int(answer.split()[1]), sent


HEAD = b"POST /hook/ HTTP/1.1\r\nHost: x\r\nX-Secret: open sesame\r\n"
LIMIT = 1024 * 1024


@pytest.mark.parametrize("serve", [asgi_alone, flask_app])
def test_endless_chunks(serve, chunked, registry):
    """100 MB in chunks: answered with 413 soon after the limit, the rest is not read."""
    provider = chunked()
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with serve(provider, print, registry=registry, max_body_bytes=LIMIT) as port:
        status, sent = converse(
            port,
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
            (chunk for _ in range(100 * 2**20 // 0x10000)),
        )

    assert 413 == status
    # Beyond the limit there is what the kernel buffers.
    assert LIMIT < sent < 30 * LIMIT
    assert [] == provider.seen


@pytest.mark.parametrize("serve", [asgi_alone, flask_app, wsgi_alone])
def test_lengths_that_are_too_large(serve, chunked, registry):
    """The length alone is enough: nothing is read."""
    with serve(chunked(), print, registry=registry) as port:
        head = HEAD + b"Content-Length: 104857600\r\n\r\n"
        status, _ = converse(port, head)

    assert 413 == status


def test_slow_bodies(chunked, registry):
    """A sender that dribbles is cut off, with a status after which it tries again."""
    provider = chunked()
    with asgi_alone(provider, print, registry=registry, body_timeout_seconds=0.1) as port:
        status, _ = converse(port, HEAD + b"Content-Length: 100\r\n\r\na")

    assert 503 == status
    assert [] == provider.seen


@pytest.mark.parametrize("serve", [asgi_alone, wsgi_alone, flask_app])
def test_senders_that_hang_up(serve, chunked, registry):
    """Half a body is no request, and the server goes on."""
    provider = chunked()
    with serve(provider, lambda event: None, registry=registry) as port:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(HEAD + b"Content-Length: 100\r\n\r\na@x.org")
        status, _ = ask(port, body=b"a@x.org")

    assert 200 == status
    assert ["verify", "parse"] == provider.seen


def test_chunks_without_an_end_in_sight(chunked, registry):
    """A WSGI server that cannot tell the end of a body: 411, rather than waiting for ever."""
    with wsgi_alone(chunked(), print, registry=registry) as port:
        status, _ = converse(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", [b"1\r\na\r\n"])

    assert 411 == status


# --- the protocols, without a server


def call_wsgi(application, **environ):
    """Call a WSGI application; return the status line."""
    given = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b""),
        **environ,
    }
    statuses = []
    application(given, lambda status, headers: statuses.append(status))
    return statuses[0]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"CONTENT_LENGTH": "7", "wsgi.input": io.BytesIO(b"a@x.org")}, "200 OK"),
        ({"CONTENT_LENGTH": "7", "wsgi.input": io.BytesIO(b"a@x.orgGARBAGE")}, "200 OK"),
        ({"CONTENT_LENGTH": "8", "wsgi.input": io.BytesIO(b"a@x.org")}, "400 Bad Request"),
        ({"CONTENT_LENGTH": "-1"}, "411 Length Required"),
        ({"CONTENT_LENGTH": "1e9"}, "411 Length Required"),
        ({"CONTENT_LENGTH": "9" * 5000}, "413 Request Entity Too Large"),
        ({"CONTENT_LENGTH": ""}, "200 OK"),
        ({"wsgi.input": io.BytesIO(b"x" * 2000), "wsgi.input_terminated": True}, "413"),
        ({"wsgi.input": io.BytesIO(b"x" * 1000), "wsgi.input_terminated": True}, "200 OK"),
    ],
)
def test_lengths_in_wsgi(environ, expected, chunked, registry):
    """The length limits what is read, and must be one."""
    app = WsgiWebhook(chunked(), lambda event: None, max_body_bytes=1000, registry=registry)

    status = call_wsgi(app, HTTP_X_SECRET="open sesame", **environ)
    assert expected[:3] == status[:3]


class ServerSideError(Exception):
    """What a server or framework calls its own, such as werkzeug's ClientDisconnected."""


class InvalidChunkSize(OSError):
    """As gunicorn's, which is no fault of the network."""

    def __init__(self, data):
        self.data = data


class ServerReset(OSError):
    """The network's word, in a class of the server's own."""


READING_ERRORS = [
    TimeoutError("timed out"),
    ConnectionResetError(104, "reset"),
    ValueError("I/O operation on closed file."),
    EOFError(),
    KeyError("x"),
    ServerSideError("secret of the server"),
    OSError("timeout during read(57344) on wsgi.input"),
    InvalidChunkSize("zz"),
    ServerReset(104, "reset"),
]
PASSING = (TimeoutError, ConnectionResetError, ServerReset)


@pytest.mark.parametrize("error", READING_ERRORS, ids=repr)
@pytest.mark.parametrize("read_before", [0, 2])
def test_inputs_that_break(error, read_before, chunked, registry, caplog):
    """Whatever a server raises while the body is read, the answer is no traceback."""

    class Broken:
        chunks = [b"a"] * read_before

        def read(self, size):
            if not self.chunks:
                raise error
            return self.chunks.pop()

    provider = chunked()
    app = WsgiWebhook(provider, print, registry=registry)

    status = call_wsgi(app, CONTENT_LENGTH="5", **{"wsgi.input": Broken()})
    passes = isinstance(error, PASSING) or type(error) is OSError
    assert ("503" if passes else "400") == status[:3]
    assert [] == provider.seen
    assert f"the body cannot be read ({type(error).__name__})" in caplog.text
    assert "Traceback" not in caplog.text
    assert "secret of the server" not in caplog.text


@pytest.mark.parametrize("stream", [io.StringIO("hello"), None], ids=["text", "nothing"])
def test_inputs_that_are_none(stream, chunked, registry):
    """A stream that breaks PEP 3333 is refused like one that raises."""
    app = WsgiWebhook(chunked(), print, registry=registry)

    assert "400" == call_wsgi(app, CONTENT_LENGTH="5", **{"wsgi.input": stream})[:3]


@pytest.mark.parametrize("error", READING_ERRORS[1:], ids=repr)
def test_receivers_that_break(error, chunked, registry, caplog):
    """The same in ASGI, where middleware stands between the server and the application."""
    provider = chunked()
    app = AsgiWebhook(provider, print, registry=registry)
    first = {"type": "http.request", "body": b"a", "more_body": True}

    sent = run_asgi(app, http_scope(), [first, error])

    passes = isinstance(error, PASSING) or type(error) is OSError
    assert (503 if passes else 400) == sent[0]["status"]
    assert [] == provider.seen
    assert "Traceback" not in caplog.text


def test_a_sender_that_is_gone_before_the_answer(chunked, registry, caplog):
    """The events were handled; that nobody reads the answer is noted."""
    caplog.set_level("INFO", logger="mailcore.webhook")
    events = []

    async def main():
        async def receive():
            return {"type": "http.request", "body": b"a@x.org"}

        async def send(message):
            raise OSError("gone")

        app = AsgiWebhook(chunked(), events.append, registry=registry)
        await app(http_scope(), receive, send)

    asyncio.run(main())

    assert ["a@x.org"] == [event.recipient for event in events]
    assert "hung up before the answer" in caplog.text


def run_asgi(application, scope, messages):
    """Call an ASGI application; return what it sent. Exceptions among the messages are raised."""
    sent = []

    async def main():
        incoming = iter(messages)

        async def receive():
            message = next(incoming)
            if isinstance(message, Exception):
                raise message
            return message

        async def send(message):
            sent.append(message)

        await application(scope, receive, send)

    asyncio.run(main())
    return sent


def http_scope(**changes):
    """The scope of a POST."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/hook",
        "raw_path": b"/hook",
        "query_string": b"a=b",
        "headers": [(b"host", b"example.com"), (b"x-secret", b"open sesame")],
        "client": ("203.0.113.7", 5),
        **changes,
    }


def test_requests_as_the_provider_sees_them(chunked, registry):
    """URL, peer and body, put together from what the server gives."""
    requests = []

    class Noting(chunked):
        def parse_webhook(self, request):
            requests.append(request)
            return ()

    app = AsgiWebhook(Noting(), print, registry=registry)
    body = [
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "body": b"b"},
    ]
    run_asgi(app, http_scope(), body)
    run_asgi(app, http_scope(client=None, raw_path=None, path="/ä", query_string=b""), body)

    assert [
        ("https://example.com/hook?a=b", "203.0.113.7", b"ab"),
        ("https://example.com/%C3%A4", "", b"ab"),
    ] == [(r.url, r.remote_address, r.body) for r in requests]


def test_repeated_headers_keep_the_first_value(chunked, registry):
    """What a proxy or a stranger adds behind it does not count."""
    requests = []

    class Noting(chunked):
        def parse_webhook(self, request):
            requests.append(request)
            return ()

    headers = [(b"X-Secret", b"open sesame"), (b"x-secret", b"another")]
    app = AsgiWebhook(Noting(), print, registry=registry)
    run_asgi(app, http_scope(headers=headers), [{"type": "http.request", "body": b"a"}])

    assert ["open sesame"] == [request.header("X-Secret") for request in requests]


@given(
    script=st.sampled_from(["", "/shop", "/sh op", "shop"]),
    path=st.text(alphabet="/ab%;=,~é?# ", max_size=8),
    query=st.sampled_from(["", "a=b%20c"]),
    host=st.sampled_from([None, "example.com:8443"]),
)
def test_urls_are_those_of_pep_3333(script, path, query, host):
    """However it is put together, the URL is what the standard library makes of the request."""
    environ = {
        "wsgi.url_scheme": "https",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "SCRIPT_NAME": script,
        "PATH_INFO": path,
        "QUERY_STRING": query,
    }
    if host is not None:
        environ["HTTP_HOST"] = host

    assert request_uri(environ) == wsgi._url(environ)


def test_lifespan(chunked, registry):
    """A server that starts and stops gets its answers."""
    app = AsgiWebhook(chunked(), print, registry=registry)
    steps = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    sent = run_asgi(app, {"type": "lifespan"}, steps)
    assert ["lifespan.startup.complete", "lifespan.shutdown.complete"] == [m["type"] for m in sent]


def test_senders_that_hang_up_get_nothing(chunked, registry):
    """There is nobody to answer."""
    provider = chunked()
    app = AsgiWebhook(provider, print, registry=registry)

    assert [] == run_asgi(app, http_scope(), [{"type": "http.disconnect"}])
    assert [] == provider.seen


def test_other_connections(chunked, registry):
    """A webhook has no WebSockets."""
    app = AsgiWebhook(chunked(), print, registry=registry)

    with pytest.raises(RuntimeError, match="websocket"):
        run_asgi(app, {"type": "websocket"}, [])


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_refused_bodies_close_the_connection(version, chunked, registry):
    """In HTTP/1.1; RFC 9113, section 8.2.2 has no such header."""
    app = AsgiWebhook(chunked(), print, max_body_bytes=1, registry=registry)
    messages = [{"type": "http.request", "body": b"ab"}]

    start, _ = run_asgi(app, http_scope(http_version=version), messages)
    assert 413 == start["status"]
    assert ("close" if version == "1.1" else None) == (
        dict(start["headers"]).get(b"connection", b"").decode() or None
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda provider: AsgiWebhook(provider, print, max_body_bytes=0),
        lambda provider: AsgiWebhook(provider, print, body_timeout_seconds=0),
        lambda provider: WsgiWebhook(provider, print, max_body_bytes=-1),
        lambda provider: AsgiWebhook(provider, print, seen="seen.db"),
        lambda provider: WsgiWebhook(provider, print, seen="seen.db"),
        lambda provider: respond(provider, {"method": "POST"}, print),
    ],
)
def test_wrong_arguments(make, chunked):
    """They are told at once."""
    with pytest.raises(ConfigurationError):
        make(chunked())


# --- answers without an application


class AsyncCallable:
    def __init__(self):
        self.seen = []

    async def __call__(self, event):
        self.seen.append((event.recipient, asyncio.get_running_loop()))


@pytest.mark.parametrize("function", ["respond", "arespond"])
def test_objects_with_an_async_call(function, chunked, registry):
    """They are coroutine functions too."""
    handler = AsyncCallable()
    request = WebhookRequest("POST", SECRET, b"a@x.org\nb@x.org")
    if function == "respond":
        response = respond(chunked(), request, handler, registry=registry)
    else:
        response = asyncio.run(arespond(chunked(), request, handler, registry=registry))

    assert 200 == response.status_code
    assert ["a@x.org", "b@x.org"] == [recipient for recipient, _ in handler.seen]


def test_blocking_callers_share_one_loop(chunked, registry):
    """Connections of a loop live on between requests and threads."""
    handler = AsyncCallable()
    request = WebhookRequest("POST", SECRET, b"a@x.org")

    def answer():
        respond(chunked(), request, handler, registry=registry)

    threads = [threading.Thread(target=answer) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 3 == len(handler.seen)
    assert 1 == len({id(loop) for _, loop in handler.seen})


def test_plain_functions_do_not_block_the_loop(chunked, registry):
    """A handler that waits for the loop would wait for ever in it."""

    async def main():
        loop = asyncio.get_running_loop()

        def on_event(event):
            done = asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "done"), loop)
            assert "done" == done.result(DEADLINE_SECONDS)

        request = WebhookRequest("POST", SECRET, b"a@x.org")
        return await arespond(chunked(), request, on_event, registry=registry)

    assert 200 == asyncio.run(main()).status_code


@pytest.mark.parametrize("function", ["respond", "arespond"])
def test_a_service_that_tries_again_after_another_status(
    function, chunked, registry, caplog, monkeypatch
):
    """It gets that one; what cannot be believed or read keeps its own."""
    provider = chunked()
    monkeypatch.setattr(type(provider), "webhook_failure_status", 429)

    def on_event(event):
        raise RuntimeError("database is down")

    answers = []
    for headers in (SECRET, {"X-Secret": "guess"}):
        request = WebhookRequest("POST", headers, b"a@x.org")
        if function == "respond":
            answers.append(respond(provider, request, on_event, registry=registry))
        else:
            answers.append(asyncio.run(arespond(provider, request, on_event, registry=registry)))

    assert [429, 401] == [response.status_code for response in answers]
    assert "chunked webhook: 429: handling an event failed" in caplog.text


@pytest.mark.parametrize("function", ["respond", "arespond"])
@pytest.mark.parametrize("error", [WebhookRejected("not ours"), MalformedWebhook("no JSON")])
def test_what_a_handler_asked_itself(function, error, chunked, registry, caplog):
    """What it was refused elsewhere is no refusal of this request, which would be lost by it."""

    def on_event(event):
        raise error

    request = WebhookRequest("POST", SECRET, b"a@x.org")
    if function == "respond":
        response = respond(chunked(), request, on_event, registry=registry)
    else:
        response = asyncio.run(arespond(chunked(), request, on_event, registry=registry))

    assert 500 == response.status_code
    assert "chunked webhook: 500: handling an event failed" in caplog.text


@pytest.mark.parametrize("function", ["respond", "arespond"])
def test_stop_iteration(function, chunked, registry):
    """It cannot travel through a future; it is a failure like others."""

    def on_event(event):
        raise StopIteration

    request = WebhookRequest("POST", SECRET, b"a@x.org")
    if function == "respond":
        response = respond(chunked(), request, on_event, registry=registry)
    else:
        response = asyncio.run(arespond(chunked(), request, on_event, registry=registry))

    assert 500 == response.status_code


def test_strangers_write_no_log_lines(chunked, registry, caplog):
    """What a request brings is escaped and cut, addresses are redacted."""
    from mailcore import WebhookRejected

    class Chatty(chunked):
        def verify_webhook(self, request):
            raise WebhookRejected(f"no: {request.body.decode()}")
            yield

    request = WebhookRequest(
        "POST", {}, b"ada@example.com\nCRITICAL forged " + b"x" * 9000, remote_address="1\n2"
    )
    respond(Chatty(), request, print, registry=registry)

    (message,) = [r.getMessage() for r in caplog.records if r.name == "mailcore.webhook"]
    assert "\n" not in message
    assert "ada@" not in message
    assert len(message) < 1200
