"""From SES to a handler over real HTTP: the local SES, and webhooks on real servers."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import threading
import time

from collections import Counter
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import uvicorn

from mailcore import Mailer, Message, Registry, get_provider
from mailcore.webhook import MemorySeenStore, SqliteSeenStore
from mailcore.webhook.asgi import AsgiWebhook
from mailcore.webhook.wsgi import WsgiWebhook
from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow


DEADLINE_SECONDS = 20
SIMULATOR = "simulator.amazonses.com"


class Uvicorn(uvicorn.Server):
    """Says where it serves, and ends at once: uvicorn looks ten times a second."""

    def __init__(self, application):
        super().__init__(uvicorn.Config(application, port=0, log_config=None, ws="none"))
        self.serving = threading.Event()
        self.end = None

    async def main_loop(self):
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        self.end = lambda: loop.call_soon_threadsafe(ended.set)
        await self.on_tick(0)
        self.serving.set()
        await ended.wait()


@contextlib.contextmanager
def asgi(provider, handler, **options):
    """Uvicorn."""
    server = Uvicorn(AsgiWebhook(provider, handler, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.serving.wait(DEADLINE_SECONDS)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.end()
        thread.join(DEADLINE_SECONDS)


class Silent(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def wsgi(provider, handler, **options):
    """The standard library's server."""
    application = WsgiWebhook(provider, handler, **options)
    with make_server("127.0.0.1", 0, application, handler_class=Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(DEADLINE_SECONDS)


@pytest.fixture(params=[asgi, wsgi], ids=["asgi", "wsgi"])
def serve(request):
    """Serve a webhook in each way."""
    return request.param


@pytest.fixture
def local(monkeypatch):
    """A local SES that tries again soon."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with LocalSes(signature_version="2", retry_delays_seconds=(0.05, 0.05, 0.05)) as made:
        yield made


def send(local, *local_parts):
    """Send one message to mailboxes of the simulator."""
    with Mailer("ses", **local.provider_options, configuration_set_name="local") as mailer:
        mailer.send(
            Message(
                from_email="shop@example.com",
                to=[f"{local_part}@{SIMULATOR}" for local_part in local_parts],
                subject="News",
                text="There is news.",
            )
        )


def receiving(local, **changes):
    """A provider that believes the local SES."""
    return get_provider("ses", **{**local.provider_options, **changes})


def test_events_are_confirmed_verified_and_handled(serve, local):
    """A subscription is confirmed, and every event arrives."""
    types = []
    with serve(receiving(local), lambda e: types.append(str(e.event_type))) as port:
        local.subscribe(f"http://127.0.0.1:{port}/", timeout_seconds=DEADLINE_SECONDS)
        send(local, "bounce", "complaint")
        local.wait_for_deliveries(4, DEADLINE_SECONDS)

    # Sent and delivered name both recipients.
    assert {"sent", "bounced", "complained", "delivered"} == set(types)


def test_handlers_that_fail_are_called_again(serve, local):
    """500, and SNS sends the event again; what was done is not done twice."""
    attempts, done = Counter(), Counter()

    async def on_event(event):
        attempts[event.dedupe_key] += 1
        if attempts[event.dedupe_key] <= 2:
            raise RuntimeError("database is down")
        done[event.dedupe_key] += 1

    options = {"seen": MemorySeenStore(), "registry": Registry(autoload=False)}
    with serve(receiving(local), on_event, **options) as port:
        local.subscribe(f"http://127.0.0.1:{port}/", timeout_seconds=DEADLINE_SECONDS)
        send(local, "bounce")
        deliveries = local.wait_for_deliveries(2, DEADLINE_SECONDS)

    assert {("500", "500", "200")} == {delivery.attempts for delivery in deliveries}
    assert {3} == set(attempts.values())
    assert {1} == set(done.values())


def test_duplicates_and_disorder(serve, local, tmp_path):
    """With a store, an event that SNS delivers twice is handled once, in whatever order."""
    handled = []
    with (
        SqliteSeenStore(tmp_path / "seen.db") as seen,
        serve(receiving(local), lambda e: handled.append(e.dedupe_key), seen=seen) as port,
    ):
        local.subscribe(f"http://127.0.0.1:{port}/", timeout_seconds=DEADLINE_SECONDS)
        local.faults.script_notifications("duplicate", "out_of_order")
        send(local, "complaint")
        send(local, "bounce")
        local.wait_for_deliveries(8, DEADLINE_SECONDS)
        local.drain(DEADLINE_SECONDS)

    assert len(handled) == len(set(handled)) == 5


def test_raw_deliveries_with_a_secret(serve, local):
    """Unsigned events are believed with the secret that stands in the endpoint's URL."""
    ids = []
    provider = receiving(local, webhook_secrets=["sns:open sesame"])
    with serve(provider, lambda event: ids.append(event.event_id)) as port:
        endpoint = f"http://sns:open%20sesame@127.0.0.1:{port}/"
        local.subscribe(endpoint, raw_message_delivery=True, timeout_seconds=DEADLINE_SECONDS)
        send(local, "bounce")
        deliveries = local.wait_for_deliveries(2, DEADLINE_SECONDS)

    assert {delivery.message_id for delivery in deliveries} == set(ids)


def test_wrong_secrets_get_nothing(serve, local):
    """401, and the subscription is not confirmed."""
    provider = receiving(local, webhook_secrets=["sns:open sesame"])
    with serve(provider, print) as port:
        local.subscribe(f"http://sns:guess@127.0.0.1:{port}/", raw_message_delivery=True)
        local.drain(DEADLINE_SECONDS)

    (confirmation,) = local.notifications
    assert ("failed", "401") == (confirmation.state, confirmation.attempts[0][:3])


def test_tampered_events(serve, local, caplog):
    """403, no retry, and one line in the log."""
    handled = []
    with serve(receiving(local), handled.append) as port:
        local.subscribe(f"http://127.0.0.1:{port}/", timeout_seconds=DEADLINE_SECONDS)
        local.faults.script_notifications("tamper")
        send(local, "success")
        local.drain(DEADLINE_SECONDS)

    states = {(n.state, n.attempts[0][:3]) for n in local.notifications if n.event_type}
    assert {("failed", "403")} == states
    assert [] == handled
    assert 2 == caplog.text.count("wrong signature")


DEEP = b"[" * 100_000
ATTACKS = {
    "nothing": (b"", 400),
    "no JSON": (b"\x00\xff", 400),
    "deep arrays": (DEEP, 400),
    "deep objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400),
    "deep message": (
        json.dumps({"Type": "Notification", "Message": DEEP.decode()}).encode(),
        400,
    ),
    "huge number": (b'{"Type": ' + b"9" * 100_000 + b"}", 400),
    "list": (b"[1]", 400),
    "types": (b'{"Type": {"a": 1}, "TopicArn": []}', 400),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_bodies(serve, attack, local):
    """A status and nothing else, in no time."""
    body, expected = ATTACKS[attack]
    with serve(receiving(local), print) as port:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        connection.request("POST", "/", body, {"x-amz-sns-message-type": "Notification"})
        response = connection.getresponse()
        answer = (response.status, response.read())
        connection.close()

    assert (expected, b"") == answer
    assert time.monotonic() - began < 5
