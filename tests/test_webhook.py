from __future__ import annotations

import asyncio
import pickle
import threading

import pytest

from mailcore import (
    ConfigurationError,
    HandlersFailed,
    HttpRequest,
    MalformedWebhook,
    Registry,
    WebhookError,
    WebhookRejected,
    WebhookRequest,
    areceive,
    hookimpl,
    receive,
)
from mailcore.builtin.null import NullProvider
from mailcore.events import brought_by
from mailcore.flow import Exchange
from mailcore.webhook import MemorySeenStore, Verdict, ahand_over, hand_over
from mailcore.webhook.handlers import (
    LoopHandler,
    blocking,
    is_coroutine_function,
    unblocking,
)


GOOD = {"X-Secret": "open sesame"}


@pytest.fixture(params=["receive", "areceive"])
def take(request):
    """Receive with each function."""
    if request.param == "receive":
        return receive
    return lambda *arguments, **options: asyncio.run(areceive(*arguments, **options))


def test_verifies_then_parses(take, chunked, registry):
    """Events come in order, after the request was verified."""
    provider = chunked()
    seen = []

    events = take(
        provider,
        WebhookRequest("POST", GOOD, b"a@x.org\nb@x.org"),
        lambda event: seen.append(event.recipient),
        registry=registry,
    )

    assert ["a@x.org", "b@x.org"] == [event.recipient for event in events] == seen
    assert ["verify", "parse"] == provider.seen


def test_no_transport_is_made_for_what_fetches_nothing(take, chunked, registry):
    """Whoever only receives loads no HTTP client."""

    class Unconnected(chunked):
        def create_transport(self):
            raise AssertionError("nothing is fetched")

    events = take(Unconnected(), WebhookRequest("POST", GOOD, b"a@x.org"), registry=registry)
    assert ["a@x.org"] == [event.recipient for event in events]


@pytest.mark.parametrize("headers", [{}, {"X-Secret": ""}, {"X-Secret": "s3cret guess"}])
def test_what_is_not_proven_is_not_read(take, chunked, registry, headers):
    """Case 133: authentication comes first, and the answer is ready."""
    provider = chunked()

    with pytest.raises(WebhookRejected) as caught:
        take(provider, WebhookRequest("POST", headers, b"\xff\xff"), registry=registry)

    assert ["verify"] == provider.seen
    assert 401 == caught.value.response.status_code
    assert "s3cret" not in str(caught.value)


def test_requests_about_the_webhook_carry_no_events(take, chunked, registry):
    """A handshake is verified, then done."""
    provider = chunked()

    assert () == take(provider, WebhookRequest("POST", GOOD, b"hello"), registry=registry)
    assert ["verify"] == provider.seen


def test_events_keep_what_brought_them(take, chunked, registry):
    """The body as it was, the header fields that the provider reads, and no secret."""

    class Reads(chunked):
        notification_headers = frozenset(["x-trace"])

    headers = {**GOOD, "X-Trace": "t1", "Content-Type": "text/x-list", "Authorization": "Basic eA"}
    request = WebhookRequest("POST", headers, b"a@x.org\nb@x.org", "https://u:p@x/", "192.0.2.1")
    events = take(Reads(), request, registry=registry)

    (kept,) = {event.notification for event in events}
    assert request.body is kept.body
    assert {"x-trace": "t1", "content-type": "text/x-list"} == kept.headers
    assert ("", "") == (kept.url, kept.remote_address)
    assert "notification" not in events[0].to_dict()
    assert "notification" not in repr(events[0])


def test_a_parser_may_keep_something_else(take, chunked, registry):
    """What an event has already stays."""
    own = WebhookRequest("POST", {}, b"own")

    class Keeps(chunked):
        def parse_webhook(self, request):
            return brought_by(own, super().parse_webhook(request))

    request = WebhookRequest("POST", GOOD, b"a@x.org")
    (event,) = take(Keeps(), request, registry=registry)

    assert own is event.notification


def test_addresses_are_tried_without_a_look(take, chunked, registry):
    """A method that the provider declares brings no events, and proves nothing."""

    class Tried(chunked):
        webhook_probe_methods = frozenset(["HEAD", "GET"])

    provider = Tried()
    for method in ("HEAD", "get"):
        request = WebhookRequest(method, {}, b"a@x.org")

        assert () == take(provider, request, print, registry=registry)
    assert [] == provider.seen


def test_the_limit_is_the_providers(take, chunked, registry):
    """A provider whose notifications bring mail along takes larger bodies."""
    provider = chunked()
    type(provider).max_webhook_body_bytes = 2**22
    try:
        assert 1 == len(
            take(provider, WebhookRequest("POST", GOOD, b"x" * 2**21), registry=registry)
        )
    finally:
        del type(provider).max_webhook_body_bytes


@pytest.mark.parametrize(
    ("size", "limit", "fits"), [(10, 10, True), (11, 10, False), (2**21, None, False)]
)
def test_bodies_have_a_limit(take, chunked, registry, size, limit, fits):
    """A body that is too large is answered with 413, before anything looks at it."""
    provider = chunked()
    request = WebhookRequest("POST", GOOD, b"x" * size)
    options = {} if limit is None else {"max_body_bytes": limit}

    if fits:
        assert 1 == len(take(provider, request, registry=registry, **options))
        return
    with pytest.raises(MalformedWebhook) as caught:
        take(provider, request, registry=registry, **options)

    assert 413 == caught.value.response.status_code
    assert "chunked" == caught.value.provider
    assert [] == provider.seen


@pytest.mark.parametrize(
    ("provider", "options", "told"),
    [
        (None, {"on_event": 5}, r"receive\(\) needs a handler.*not int"),
        ("chunked", {}, r"receive\(\) .*provider"),
        (None, {"seen": MemorySeenStore()}, "seen= needs on_event="),
        (None, {"on_event": print, "seen": MemorySeenStore}, "not MemorySeenStore$"),
        (None, {"on_event": print, "seen": str}, "not str$"),
        (None, {"on_event": print, "seen": 5}, "not int$"),
    ],
    ids=["handler", "provider", "nobody marks", "class", "another class", "no store"],
)
def test_arguments_are_looked_at_first(take, chunked, registry, provider, options, told):
    """What cannot be done is told before anything of the request is believed."""
    made = chunked()

    with pytest.raises(ConfigurationError, match=told):
        take(
            provider or made, WebhookRequest("POST", GOOD, b"a@x.org"), registry=registry, **options
        )

    assert [] == made.seen


def test_the_request_of_a_framework(take, chunked, registry):
    """It may look alike, and is not what a provider reads."""
    made = chunked()

    with pytest.raises(ConfigurationError, match=r"takes a mailcore.WebhookRequest\(.*not dict"):
        take(made, {"method": "POST", "body": b"a@x.org"}, registry=registry)

    assert [] == made.seen


def test_proofs_may_ask_the_provider(take, chunked, registry):
    """What a proof has to fetch goes by the provider's transport, in a loop by its own way."""
    asked = []

    class Transport:
        def exchange(self, request):
            asked.append(("exchange", request.url))
            return "open sesame"

        async def aexchange(self, request):
            asked.append(("aexchange", request.url))
            return "open sesame"

        def close(self):
            pass

    class Asks(chunked):
        def create_transport(self):
            return Transport()

        def verify_webhook(self, request):
            asking = HttpRequest(method="GET", url="https://x.test/")
            assert "open sesame" == (yield Exchange(asking))
            return Verdict("asked")

    assert 1 == len(take(Asks(), WebhookRequest("POST", {}, b"a@x.org"), registry=registry))
    assert [("exchange" if take is receive else "aexchange", "https://x.test/")] == asked


def test_what_handlers_return_is_nothing_to_us(take, chunked, registry):
    """A handler that returns something is done with the event."""
    request = WebhookRequest("POST", GOOD, b"a@x.org")

    assert 1 == len(take(chunked(), request, lambda event: 1, registry=registry))


@pytest.mark.parametrize(("body", "told"), [(b"a@x.org", "^a$"), (b"a@x.org\nb@x.org", "2 events")])
def test_failures_of_several_events_are_raised_together(take, chunked, registry, body, told):
    """A router that fails keeps no other event from its handlers."""

    def on_event(event):
        name = event.recipient[0]
        raise HandlersFailed(name, failures={name: KeyError(name)})

    with pytest.raises(HandlersFailed, match=told) as caught:
        take(chunked(), WebhookRequest("POST", GOOD, body), on_event, registry=registry)

    assert [line[:1].decode() for line in body.split()] == list(caught.value.failures)


def test_what_on_event_raises_reaches_the_caller(take, chunked, registry):
    """So that the provider, answered with a 500, sends it again; nothing after it is called."""
    seen = []

    def on_event(event):
        seen.append(event.recipient)
        raise RuntimeError("database is down")

    with pytest.raises(RuntimeError, match="database"):
        take(
            chunked(),
            WebhookRequest("POST", GOOD, b"a@x.org\nb@x.org"),
            on_event,
            registry=registry,
        )

    assert ["a@x.org"] == seen


def test_observers_do_not_stop_events(take, chunked, registry, caplog):
    """An observer that fails is logged; the others and the caller get their events."""
    seen = []

    class Broken:
        @hookimpl
        def mailcore_event_received(self, event):
            raise RuntimeError("broken observer")

    class Works:
        @hookimpl
        def mailcore_event_received(self, event):
            seen.append(event.recipient)

    registry.register_extension(Works())
    registry.register_extension(Broken())

    events = take(chunked(), WebhookRequest("POST", GOOD, b"a@x.org"), registry=registry)

    assert ["a@x.org"] == seen == [event.recipient for event in events]
    assert "broken observer" in caplog.text


def test_coroutines_are_awaited_by_areceive(chunked, registry):
    """`on_event` may be a coroutine function there."""
    seen = []

    async def on_event(event):
        await asyncio.sleep(0)
        seen.append(event.recipient)

    request = WebhookRequest("POST", GOOD, b"a@x.org\nb@x.org")
    asyncio.run(areceive(chunked(), request, on_event, registry=registry))

    assert ["a@x.org", "b@x.org"] == seen


class OwnWay(LoopHandler):
    """A handler with something of its own for event loops."""

    def __init__(self):
        self.called = []

    def __call__(self, event):
        self.called.append("in a thread")

    async def handle(self, event):
        self.called.append("in the loop")


async def coroutine_function(event):
    """Nothing to do."""


class AsyncCall:
    """Awaited, although it is no function."""

    async def __call__(self, event):
        pass


@pytest.mark.parametrize(
    ("handler", "expected"),
    [(coroutine_function, True), (AsyncCall(), True), (print, False), (OwnWay(), False)],
    ids=["function", "object", "plain", "own way"],
)
def test_what_is_to_be_awaited(handler, expected):
    """It is told before the first call."""
    assert expected is is_coroutine_function(handler)


def test_a_handler_with_a_way_of_its_own(chunked, registry):
    """Event loops take it; threads call the handler."""
    handler, request = OwnWay(), WebhookRequest("POST", GOOD, b"a@x.org")
    (event,) = receive(chunked(), request, handler, registry=registry)

    asyncio.run(areceive(chunked(), request, handler, registry=registry))
    asyncio.run(unblocking(handler)(event))

    assert ["in a thread", "in the loop", "in the loop"] == handler.called


def test_one_loop_for_all_that_threads_call(chunked, registry):
    """Connections of handlers outlive an event; the thread ends with the process."""
    threads = []

    async def on_event(event):
        threads.append(threading.current_thread())

    (event,) = receive(chunked(), WebhookRequest("POST", GOOD, b"a@x.org"), registry=registry)
    for _ in range(2):
        blocking(on_event)(event)

    (thread,) = set(threads)
    assert ("mailcore-handlers", True) == (thread.name, thread.daemon)


def test_coroutines_are_refused_by_receive(chunked, registry):
    """Without an event loop they would never run, and the events would be lost."""

    async def on_event(event):
        pass

    with pytest.raises(ConfigurationError, match="use areceive"):
        receive(chunked(), WebhookRequest("POST", GOOD, b"a@x.org"), on_event, registry=registry)


def test_providers_without_webhooks_reject(take):
    """Nothing is trusted by default."""
    with pytest.raises(WebhookRejected) as caught:
        take(NullProvider(), WebhookRequest("POST", {}, b""), registry=Registry(autoload=False))

    assert 403 == caught.value.response.status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1", "x-b": "2"},
        [("x-a", "1"), ("X-B", "2"), ("X-A", "again")],
        [(b"x-a", b"1"), (b"X-B", b"2")],
        iter([("X-a", 1), ("X-b", 2)]),
    ],
    ids=["mapping", "pairs", "bytes", "iterator"],
)
def test_headers_of_any_framework(headers):
    """Names in any case, text or bytes; the first of several values counts."""
    request = WebhookRequest("post", headers)

    assert ("POST", "1", "2", None) == (
        request.method,
        request.header("X-A"),
        request.header("x-b"),
        request.header("x-c"),
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xff", b"\xff"),
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        ("ä", "ä".encode()),
        ("\ud800", b"\xed\xa0\x80"),
    ],
)
def test_bodies_become_bytes(body, expected):
    """Signatures are made over bytes."""
    assert expected == WebhookRequest("POST", {}, body).body


@pytest.mark.parametrize(
    "arguments",
    [
        *((None, {}, b""), (b"POST", {}, b""), (5, {}, b"")),
        *(("POST", None, b""), ("POST", 5, b""), ("POST", "x", b""), ("POST", [("a",)], b"")),
        *(("POST", [5], b""), ("POST", {"a": ["1"]}, b""), ("POST", {"a": None}, b"")),
        *(("POST", {None: "a"}, b""), ("POST", [("a", "b", "c")], b""), ("POST", object(), b"")),
        *(("POST", {}, None), ("POST", {}, 5), ("POST", {}, {"a": 1}), ("POST", {}, [1])),
        *(("POST", {}, b"", 5), ("POST", {}, b"", "", b"::1")),
    ],
)
def test_what_is_no_request(arguments):
    """Wrong types give the typed error with its answer, not a crash of the endpoint."""
    with pytest.raises(MalformedWebhook) as caught:
        WebhookRequest(*arguments)

    assert 400 == caught.value.response.status_code
    assert isinstance(caught.value, WebhookError)


def test_unknown_peers():
    """Behind a UNIX socket frameworks give None."""
    request = WebhookRequest("POST", {}, b"", url=None, remote_address=None)

    assert ("", "") == (request.url, request.remote_address)


def test_requests_travel():
    """To a worker that parses later; what may be secret stays out of the repr."""
    request = WebhookRequest("POST", {"Authorization": "s3cret"}, b"s3cret", url="https://x/")

    assert request == pickle.loads(pickle.dumps(request))
    assert hash(request) == hash(pickle.loads(pickle.dumps(request)))
    assert "s3cret" not in repr(request)
    with pytest.raises(TypeError):
        request.headers["a"] = "b"


def test_verified_requests_can_be_parsed_later(chunked):
    """parse_webhook() is pure: no verification, no I/O."""
    (event,) = chunked().parse_webhook(
        pickle.loads(pickle.dumps(WebhookRequest("POST", {}, b"a@x")))
    )

    assert "a@x" == event.recipient


@pytest.mark.parametrize("function", [hand_over, ahand_over])
def test_handing_over_loads_extensions(function, monkeypatch):
    """A process that only consumes a queue has observers too."""
    registry, loaded = Registry(autoload=False), []
    monkeypatch.setattr(registry, "load_extensions", lambda: loaded.append(True))

    outcome = function([], registry=registry)
    assert () == (asyncio.run(outcome) if asyncio.iscoroutine(outcome) else outcome)
    assert [True] == loaded


@pytest.mark.parametrize("url", ["", "https://u:s3cret@x.example/s3cret?token=s3cret", "s3cret"])
def test_the_repr_of_a_request_has_no_secret(url):
    """Some webhooks have theirs in the URL."""
    assert "s3cret" not in repr(WebhookRequest("POST", {"A": "s3cret"}, b"s3cret", url))
