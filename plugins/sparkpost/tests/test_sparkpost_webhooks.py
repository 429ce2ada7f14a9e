"""Whom a webhook of SparkPost's believes: HTTP Basic, a header, or a token of one's own server."""

from __future__ import annotations

import asyncio
import json

from base64 import b64encode
from pathlib import Path

import pytest

from mailcore.errors import ConfigurationError, WebhookRejected
from mailcore.flow import run
from mailcore.testing.script import Script
from mailcore.webhook import MemorySeenStore, WebhookRequest, areceive, receive, respond
from mailcore_sparkpost import SparkPostProvider
from mailcore_sparkpost.webhooks import WebhookTrust


FIXTURES = Path(__file__).parent / "fixtures"
DELIVERY = (FIXTURES / "events" / "delivery.input.json").read_bytes()
MAIL = (FIXTURES / "inbound" / "as_text.input.json").read_bytes()
BASIC = {"Authorization": "Basic " + b64encode(b"hook:secret").decode()}
TOKEN = {"X-MessageSystems-Webhook-Token": "5ebe2294ecd0e0f08eab7690d2a6ee69"}
BEARER = {"Authorization": "Bearer issued-token"}


def provider(**options: object) -> SparkPostProvider:
    """One that only receives."""
    return SparkPostProvider(**options)


def all_three(**more: object) -> SparkPostProvider:
    """One that takes each kind of secret, and two of each."""
    return provider(
        webhook_secrets=["old:secret", "hook:secret"],
        webhook_header_secrets=["X-Old: 1", "X-MessageSystems-Webhook-Token: " + TOKEN[NAME]],
        accepts_bearer=lambda token: token == "issued-token",
        **more,
    )


(NAME,) = TOKEN


@pytest.mark.parametrize(
    "headers", [BASIC, TOKEN, BEARER, {"authorization": "bearer issued-token"}]
)
@pytest.mark.parametrize("body", [DELIVERY, MAIL])
def test_each_secret_is_enough(headers, body):
    """For events and for received mail."""
    (event,) = receive(all_three(), WebhookRequest("POST", headers, body))

    assert "sparkpost" == event.provider


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic " + b64encode(b"hook:secre").decode()},
        {"Authorization": "Basic " + b64encode(b"hook:secret ").decode()},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer issued-toke"},
        {"Authorization": "Bearer " + "a" * 10_000},
        {"Authorization": "issued-token"},
        {NAME: TOKEN[NAME][:-1]},
        {NAME: ""},
        {"X-Old": "2"},
        {"X-MessageSystems-Batch-ID": "1"},
    ],
    ids=lambda each: str(each)[:60],
)
def test_anybody_else_gets_401(headers):
    """Before the body is looked at: SparkPost tries again, and fetches a new token."""
    for body in (DELIVERY, b"junk", b""):
        with pytest.raises(WebhookRejected) as caught:
            receive(all_three(), WebhookRequest("POST", headers, body))
        assert 401 == caught.value.response.status_code


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({}, BASIC),
        ({"webhook_secrets": ["hook:secret"]}, BEARER),
        ({"webhook_header_secrets": ["X-A: b"]}, BEARER),
        ({"accepts_bearer": lambda token: True}, BASIC),
        # Only True is yes.
        ({"accepts_bearer": lambda token: "no"}, BEARER),
        ({"accepts_bearer": lambda token: None}, BEARER),
    ],
    ids=["nothing", "Basic only", "a header only", "tokens only", "a text", "None"],
)
def test_nothing_else_lets_in_what_is_not_given(options, headers):
    """Without a secret of that kind nobody is believed by it."""
    with pytest.raises(WebhookRejected, match=r"(?i)webhook_secrets|token|credential|header") as it:
        receive(provider(**options), WebhookRequest("POST", headers, DELIVERY))

    assert 401 == it.value.response.status_code


def test_a_token_is_asked_for_in_a_thread():
    """In an event loop too: the function may ask a database."""
    import threading

    threads = []

    def accepts(token: str) -> bool:
        threads.append(threading.get_ident())
        return True

    request = WebhookRequest("POST", BEARER, DELIVERY)
    (event,) = asyncio.run(areceive(provider(accepts_bearer=accepts), request))

    assert "delivered" == str(event.event_type)
    assert threading.get_ident() not in threads


def test_a_probe_is_answered_with_200():
    """What SparkPost posts when a webhook is made reaches no handler."""
    handled: list[object] = []
    for body in (b'[{"msys":{}}]', b"[]"):
        answer = respond(all_three(), WebhookRequest("POST", BASIC, body), handled.append)
        assert 200 == answer.status_code

    assert [] == handled


def test_a_batch_again_is_handled_once():
    """A batch that SparkPost posts again has the same events, told by their ids."""
    handled: list[object] = []
    seen = MemorySeenStore()
    items = [*json.loads(DELIVERY), *json.loads(MAIL)]
    for batch in (items, items, list(reversed(items))):
        request = WebhookRequest("POST", BASIC, json.dumps(batch).encode())
        assert 200 == respond(all_three(), request, handled.append, seen=seen).status_code

    assert 2 == len(handled)


@pytest.mark.parametrize("secrets", ["hook:secret", ["hook"], [5], [""]])
def test_a_secret_that_is_none(secrets):
    """It is told when the provider is made, without repeating it."""
    with pytest.raises(ConfigurationError) as caught:
        provider(webhook_secrets=secrets)

    assert "secret'" not in str(caught.value)


def test_secrets_stay_inside():
    """Neither the trust nor its verdict shows one."""
    trust = WebhookTrust(["hook:secret"], ["X-A: secret"], accepts_bearer=bool)
    verdict = run(trust.verify(WebhookRequest("POST", BEARER, b"")), Script())

    assert "secret" not in repr(trust).replace("SharedSecrets", "").replace("secrets", "")
    assert "issued-token" not in repr(verdict)


@pytest.mark.parametrize(
    ("token", "is_asked"),
    [("", False), ("a" * 8192, True), ("a" * 8193, False)],
    ids=["none", "long", "endless"],
)
def test_tokens_that_are_asked_for(token, is_asked):
    """Neither none nor an endless one."""
    asked = []
    trusting = provider(accepts_bearer=lambda given: asked.append(given) or True)
    request = WebhookRequest("POST", {"Authorization": f"Bearer {token}"}, DELIVERY)
    if is_asked:
        assert receive(trusting, request)
    else:
        with pytest.raises(WebhookRejected):
            receive(trusting, request)

    assert is_asked is (asked == [token])


@pytest.mark.parametrize("headers", [{}, BEARER])
def test_rejections_name_the_provider(headers):
    """Also where the door is not that of receive(); and where the secret belongs."""
    trust = WebhookTrust(accepts_bearer=lambda token: False)
    with pytest.raises(WebhookRejected) as caught:
        run(trust.verify(WebhookRequest("POST", headers, DELIVERY)))

    assert "sparkpost" == caught.value.provider
    assert headers or "and SparkPost the URL" in str(caught.value)
