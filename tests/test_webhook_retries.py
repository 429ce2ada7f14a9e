"""After which answers services try again: the table of docs/how-to/serve-webhooks.md holds."""

from __future__ import annotations

import asyncio
import dataclasses
import re

from collections.abc import Callable
from pathlib import Path

import pytest

from mailcore import WebhookError, WebhookRejected, WebhookRequest
from mailcore.errors import StoreUnavailable
from mailcore.registry import default_registry
from mailcore.webhook import AsgiWebhook, WsgiWebhook, arespond, respond


PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "serve-webhooks.md"
SECRET = {"X-Secret": "open sesame"}


def table() -> dict[str, tuple[str, set[int]]]:
    """Of each service what it tries again after, and what mailcore answers."""
    section = PAGE.read_text("utf-8").partition("## What a service tries again")[2]
    rows = re.findall(r"^\| `(\w+)`[^|]*\| ([^|]+) \| ([^|]+) \|", section, re.MULTILINE)
    return {name: (rule, {int(each) for each in told.split(", ")}) for name, rule, told in rows}


def tries_again(rule: str) -> Callable[[int], bool]:
    """The words of the table as what they say of a status."""

    def covers(words: str, status: int) -> bool:
        statuses = words.replace(" and ", ", ").split(", ")
        return any(re.fullmatch(each.replace("x", "."), str(status)) for each in statuses)

    but = rule.removeprefix("all but ")
    return lambda status: covers(but, status) if but == rule else not covers(but, status)


TABLE = table()


@pytest.fixture
def provider(chunked, request):
    """A toy that answers as the provider does whose name is given."""
    real = default_registry().provider_class(request.param)

    class Toy(chunked):
        webhook_failure_status = real.webhook_failure_status

        def parse_webhook(self, request):
            events = super().parse_webhook(request)
            return tuple(dataclasses.replace(event, dedupe_key="1") for event in events)

    return Toy()


class Down:
    """A store that cannot be asked."""

    def seen(self, key):
        raise StoreUnavailable("the store is down")

    mark = seen


def fail(event):
    """A handler that fails."""
    raise RuntimeError("the database is down")


def refuse(event):
    """A handler that asked elsewhere, and was refused there."""
    raise WebhookRejected("not ours")


def pass_over(event):
    """A handler that does nothing."""


def test_every_provider_with_webhooks_stands_there():
    """And no other."""
    registry = default_registry()
    classes = {name: registry.provider_class(name) for name in registry.names()}
    base = classes["null"].verify_webhook

    assert set(TABLE) == {name for name, each in classes.items() if each.verify_webhook is not base}


@pytest.mark.parametrize("provider", sorted(TABLE), indirect=True)
@pytest.mark.parametrize("function", ["respond", "arespond"])
@pytest.mark.parametrize("failure", ["handler", "refused", "store", "verifying"])
def test_what_passes_is_tried_again(provider, function, failure, registry, monkeypatch, request):
    """Whatever of it fails, and whatever it raises."""
    name = request.node.callspec.params["provider"]
    rule, told = TABLE[name]
    handler = {"handler": fail, "refused": refuse}.get(failure, pass_over)
    seen = Down() if failure == "store" else None
    if failure == "verifying":

        def verify(taken):
            raise WebhookError("the certificate cannot be fetched", status_code=503)
            yield

        monkeypatch.setattr(provider, "verify_webhook", verify)
    taken = WebhookRequest("POST", SECRET, b"a@x.org")

    if function == "respond":
        answer = respond(provider, taken, handler, seen=seen, registry=registry)
    else:
        answer = asyncio.run(arespond(provider, taken, handler, seen=seen, registry=registry))

    assert tries_again(rule)(answer.status_code)
    assert answer.status_code in told


@pytest.mark.parametrize("provider", sorted(TABLE), indirect=True)
@pytest.mark.parametrize("serve", ["asgi", "wsgi", "uwsgi", "reset"])
def test_a_body_that_takes_too_long_is_tried_again(provider, serve, registry, request):
    """It is the network's fault, or this machine's."""
    raised = {
        "uwsgi": OSError("timeout during read(57344) on wsgi.input"),
        "reset": ConnectionResetError(104, "Connection reset by peer"),
    }
    rule, told = TABLE[request.node.callspec.params["provider"]]
    sent = []

    async def never():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    class Late:
        def read(self, size):
            raise raised.get(serve) or TimeoutError("timed out")

    if serve == "asgi":
        scope = {"type": "http", "method": "POST", "headers": [], "path": "/", "client": None}
        webhook = AsgiWebhook(provider, pass_over, registry=registry, body_timeout_seconds=0.01)
        asyncio.run(webhook(scope, never, send))
        status = sent[0]["status"]
        assert (b"connection", b"close") in sent[0]["headers"]
        asyncio.run(webhook({**scope, "http_version": "2"}, never, send))
        assert (b"connection", b"close") not in sent[2]["headers"]
    else:
        environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5", "wsgi.input": Late()}
        list(
            WsgiWebhook(provider, pass_over, registry=registry)(
                environ, lambda line, _: sent.append(int(line[:3]))
            )
        )
        (status,) = sent

    assert tries_again(rule)(status)
    assert status in told


@pytest.mark.parametrize("provider", sorted(TABLE), indirect=True)
def test_what_does_not_pass_is_refused(provider, registry):
    """With 4xx, whatever the service makes of it."""
    taken = WebhookRequest("POST", {"X-Secret": "guess"}, b"a@x.org")
    large = WebhookRequest("POST", SECRET, b"a@x.org")

    assert 401 == respond(provider, taken, fail, registry=registry).status_code
    assert 413 == respond(provider, large, fail, registry=registry, max_body_bytes=1).status_code
