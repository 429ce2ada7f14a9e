"""Who is believed, and what comes out of `receive()`."""

from __future__ import annotations

import asyncio
import json

from base64 import b64encode
from pathlib import Path

import pytest

from mailcore import get_provider
from mailcore.errors import ConfigurationError, MalformedWebhook, WebhookRejected
from mailcore.events import EventType
from mailcore.flow import run
from mailcore.registry.options import options_from_url
from mailcore.webhook import MemorySeenStore, WebhookRequest, areceive, receive, respond
from mailcore_postmark import PostmarkProvider
from mailcore_postmark.webhooks import WebhookTrust


FIXTURES = Path(__file__).parent / "fixtures"
OLD, NEW = "postmark:0ld-Pässword", "postmark:new:with:colons"


def basic(credentials):
    """The Authorization header that a URL's user and password become."""
    return f"Basic {b64encode(credentials.encode()).decode()}"


def post(name, credentials=OLD):
    """The request that brings a fixture."""
    headers = {} if credentials is None else {"Authorization": basic(credentials)}
    body = (FIXTURES / f"{name}.input.json").read_bytes()
    return WebhookRequest("POST", {"Content-Type": "application/json", **headers}, body)


def provider(*secrets):
    """A provider that receives."""
    return PostmarkProvider(server_token="token", webhook_secrets=secrets)


@pytest.mark.parametrize("credentials", [OLD, NEW])
def test_each_secret_is_believed(credentials):
    """While the secret changes, the old one and the new one are believed."""
    verdict = run(WebhookTrust([OLD, NEW]).verify(post("events/bounce", credentials)))

    assert ("basic-auth", False) == (verdict.verified_by, verdict.handled)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({"Authorization": ""}, id="empty"),
        pytest.param({"Authorization": basic("postmark:wrong")}, id="wrong password"),
        pytest.param({"Authorization": basic("other:0ld-Pässword")}, id="wrong user"),
        pytest.param({"Authorization": basic("postmark")}, id="no password"),
        pytest.param({"Authorization": OLD}, id="no scheme"),
        pytest.param({"Authorization": f"Bearer {basic(OLD)[6:]}"}, id="other scheme"),
        pytest.param({"Authorization": "Basic \u20ac"}, id="no base64"),
        pytest.param({"X-Postmark-Server-Token": OLD}, id="other header"),
    ],
)
def test_others_are_rejected(headers):
    """401 with a challenge for everybody else; the error tells no secret."""
    with pytest.raises(WebhookRejected) as caught:
        run(WebhookTrust([OLD, NEW]).verify(WebhookRequest("POST", headers, b"{}")))

    assert 401 == caught.value.response.status_code
    assert caught.value.response.headers["www-authenticate"].startswith("Basic ")
    assert "ssword" not in repr(caught.value)


@pytest.mark.parametrize("secrets", [(), [], None, iter(())])
def test_nobody_is_believed_without_secrets(secrets):
    """Without a secret nobody is believed, and the log says what to configure."""
    hint = "webhook_secrets=.'user:password'., and Postmark the URL"
    with pytest.raises(WebhookRejected, match=hint) as caught:
        run(WebhookTrust(secrets).verify(post("events/bounce")))

    # 403 would end the retries of received mail.
    assert (401, b"") == (caught.value.response.status_code, caught.value.response.body)


def test_secrets_from_an_iterator():
    """Any iterable will do."""
    assert run(WebhookTrust(iter([OLD])).verify(post("events/bounce")))


@pytest.mark.parametrize("secrets", [OLD, ["password"], ["user:"], [":password"], [5], ["a:\n"]])
def test_secrets_that_are_none(secrets):
    """What is no `user:password` is refused when the provider is made, without repeating it."""
    with pytest.raises(ConfigurationError) as caught:
        WebhookTrust(secrets)

    assert "ssword'" not in str(caught.value)
    assert "0ld" not in str(caught.value)


def test_secrets_do_not_show():
    """No repr has a secret."""
    assert "0ld" not in repr(WebhookTrust([OLD]))
    assert "0ld" not in repr(provider(OLD))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("events/bounce", EventType.BOUNCED),
        ("events/delivery", EventType.DELIVERED),
        ("events/spam_complaint", EventType.COMPLAINED),
        ("events/open", EventType.OPENED),
        ("events/click", EventType.CLICKED),
        ("events/subscription_unsubscribed", EventType.UNSUBSCRIBED),
        ("events/unknown_type", EventType.UNKNOWN),
        ("inbound/documented", EventType.INBOUND),
        ("inbound/raw_email", EventType.INBOUND),
    ],
)
def test_one_webhook_for_everything(name, expected):
    """Events and received mail come out of one webhook, in both worlds alike."""
    handled = []

    events = receive(provider(OLD), post(name), handled.append)

    assert [expected] == [event.event_type for event in events]
    assert list(events) == handled
    assert events == asyncio.run(areceive(provider(OLD), post(name)))


def test_strangers_reach_no_handler():
    """What is not proven is neither read nor handled."""
    handled = []

    with pytest.raises(WebhookRejected):
        receive(provider(OLD), post("events/bounce", "postmark:guess"), handled.append)

    assert [] == handled


def test_repetitions_are_handled_once():
    """What Postmark posts again is handled once, if somebody remembers."""
    handled, seen = [], MemorySeenStore()
    for name in ("events/open", "events/click", "inbound/documented") * 2:
        receive(provider(OLD), post(name), handled.append, seen=seen)

    assert ["opened", "clicked", "inbound"] == [str(event.event_type) for event in handled]


def test_authentic_garbage():
    """A body that is none of Postmark's is a typed error, credentials or not."""
    request = WebhookRequest("POST", {"Authorization": basic(OLD)}, json.dumps([1]).encode())

    with pytest.raises(MalformedWebhook):
        receive(provider(OLD), request)


HEADER, NEXT = "X-Webhook-Secret: s3cret-value", "X-Other:n3xt"


@pytest.mark.parametrize(
    ("options", "headers", "expected"),
    [
        ({"webhook_header_secrets": [HEADER]}, {"x-webhook-secret": "s3cret-value"}, True),
        ({"webhook_header_secrets": [HEADER]}, {"X-Webhook-Secret": " s3cret-value "}, True),
        ({"webhook_header_secrets": [HEADER, NEXT]}, {"X-Other": "n3xt"}, True),
        ({"webhook_header_secrets": [HEADER]}, {"X-Webhook-Secret": "s3cret-valu"}, False),
        ({"webhook_header_secrets": [HEADER]}, {"X-Other": "s3cret-value"}, False),
        ({"webhook_header_secrets": [HEADER]}, {"X-Webhook-Secret": ""}, False),
        ({"webhook_header_secrets": [HEADER]}, {}, False),
        ({"webhook_header_secrets": [HEADER]}, {"Authorization": basic(OLD)}, False),
        (
            {"webhook_secrets": [OLD], "webhook_header_secrets": [HEADER]},
            {"Authorization": basic(OLD)},
            True,
        ),
        (
            {"webhook_secrets": [OLD], "webhook_header_secrets": [HEADER]},
            {"X-Webhook-Secret": "s3cret-value"},
            True,
        ),
        ({"webhook_secrets": [OLD], "webhook_header_secrets": [HEADER]}, {}, False),
    ],
)
def test_a_secret_in_a_header(options, headers, expected):
    """Instead of user and password, or beside them; nobody else is believed."""
    receiver = PostmarkProvider(server_token="token", **options)
    body = (FIXTURES / "events/bounce.input.json").read_bytes()

    response = respond(receiver, WebhookRequest("POST", headers, body), lambda event: None)

    assert (200 if expected else 401) == response.status_code


@pytest.mark.parametrize(
    "secrets",
    [
        HEADER,
        5,
        ["s3cret-value"],
        [": s3cret-value"],
        ["X-Webhook-Secret: "],
        ["X Secret: s3cret-value"],
        ["X-Secret: s3cret\nvalue"],
        ["X-Secret: s3cret-välue"],
        [b"X-Secret: s3cret-value"],
    ],
)
def test_header_secrets_that_are_none(secrets):
    """They are refused when the provider is made, without repeating them."""
    with pytest.raises(ConfigurationError) as caught:
        PostmarkProvider(server_token="token", webhook_header_secrets=secrets)

    assert "s3cret" not in str(caught.value)


def test_header_secrets_do_not_show():
    """No repr has one, and a URL can give several."""
    receiver = get_provider("postmark", server_token="token", webhook_header_secrets=[HEADER])
    url = "postmark://token@?webhook_header_secrets=X-A:one,X-B:two"
    from_url = PostmarkProvider(**options_from_url(PostmarkProvider, url))
    body = (FIXTURES / "events/bounce.input.json").read_bytes()

    assert "s3cret" not in repr(receiver) + repr(vars(receiver))
    assert receive(from_url, WebhookRequest("POST", {"X-B": "two"}, body))


@pytest.mark.parametrize("body", [b"", b"{}", b"\r\n{}\n"])
def test_probes_are_answered(body):
    """Postmark tries a webhook that is set up or edited, and wants exactly 200."""
    handled = []
    length = {"Content-Length": str(len(body))}
    request = WebhookRequest("POST", {"Authorization": basic(OLD), **length}, body)
    stranger = WebhookRequest("POST", length, body)

    assert 200 == respond(provider(OLD), request, handled.append).status_code
    assert 401 == respond(provider(OLD), stranger, handled.append).status_code
    assert [] == handled


def test_a_body_that_was_cut_off_is_no_probe():
    """What does not say that it is empty is refused, so that it comes again."""
    request = WebhookRequest("POST", {"Authorization": basic(OLD), "Content-Length": "9"}, b"")

    assert 400 == respond(provider(OLD), request, lambda event: None).status_code


@pytest.mark.parametrize(
    "name", [path.name.partition(".")[0] for path in (FIXTURES / "events").glob("*.input.json")]
)
def test_each_trigger_is_answered_with_200(name):
    """With 200 and no other success, whatever the event is."""
    assert 200 == respond(provider(OLD), post(f"events/{name}"), lambda event: None).status_code
