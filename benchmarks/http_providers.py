"""Providers with an HTTP API: message → request, and webhook request → events."""

from __future__ import annotations

import json

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks import peers
from benchmarks.build import NON_ASCII, SHORT
from benchmarks.measure import Row, best_of
from mailcore import Message, WebhookRequest, get_provider
from mailcore.provider import AnyProvider


FIXTURES = Path(__file__).parent.parent / "plugins"
WANTED = {"django-anymail": (">=", 5.0)}
# Both read the form before its JSON, and anymail judges no bounce.
WANTED_OF_FORMS = {"django-anymail": (">=", 3.0)}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Contest(NamedTuple):
    """
    What two libraries do for one service.

    Attributes:
        name: Of the provider, and of anymail's backend.
        options: Of the provider.
        webhook: Its body, from the tests of the plugin.
        field: The field of a form that it stands in; empty where it is JSON.
    """

    name: str
    options: dict[str, Any]
    webhook: str
    field: str = ""


CONTESTS = (
    Contest(
        "brevo",
        {"api_key": "key", "webhook_secrets": ["user:password"]},
        "brevo/tests/fixtures/events/hard_bounce.input.json",
    ),
    Contest(
        "postmark",
        {"server_token": "token", "webhook_secrets": ["user:password"]},
        "postmark/tests/fixtures/events/bounce.input.json",
    ),
    Contest(
        "mailgun",
        {"api_key": "key", "sender_domain": "example.com", "webhook_signing_keys": ["key"]},
        "mailgun/tests/fixtures/events/failed_permanent_bounce.input.json",
    ),
    Contest(
        "mailjet",
        {"api_key": "key", "secret_key": "secret", "webhook_secrets": ["user:password"]},
        "mailjet/tests/fixtures/events/bounce_hard.input.json",
    ),
    Contest(
        "sendgrid",
        {"api_key": "SG.key", "webhook_secrets": ["user:password"]},
        "sendgrid/tests/fixtures/events/bounce.input.json",
    ),
    Contest(
        "sparkpost",
        {"api_key": "key", "webhook_secrets": ["user:password"]},
        "sparkpost/tests/fixtures/events/bounce.input.json",
    ),
    Contest(
        "mandrill",
        {"api_key": "key", "webhook_signing_keys": ["key"]},
        "mandrill/tests/fixtures/events/hard_bounce.webhook.json",
        field="mandrill_events",
    ),
)


def building() -> Iterator[Row]:
    """From the raw values a caller has to the body that requests sends."""
    for contest in CONTESTS:
        provider = get_provider(contest.name, **contest.options)
        backend = peers.open_backend(contest.name)
        for what, sample in (("short", SHORT), ("non-ASCII", NON_ASCII)):
            fields = {**sample, "tags": ["welcome"], "metadata": {"user": 42}}
            contenders = {
                "mailcore": _ours(provider, fields),
                "django-anymail": peers.anymail_request(backend, sample),
            }
            yield Row(f"{contest.name}: build, {what}", best_of(contenders, number=200), WANTED)
        backend.close()


def receiving() -> Iterator[Row]:
    """One webhook request, verification left out: anymail checks it elsewhere."""
    for contest in CONTESTS:
        provider = get_provider(contest.name, **contest.options)
        body = json.dumps(json.loads((FIXTURES / contest.webhook).read_text("utf-8"))).encode()
        kind, wanted = JSON, WANTED
        if contest.field:
            body, kind, wanted = urlencode({contest.field: body}).encode(), FORM, WANTED_OF_FORMS
        contenders = {
            "mailcore": _our_webhook(provider, body, kind),
            "django-anymail": peers.anymail_webhook(_view(contest.name), body, kind, {}),
        }
        yield Row(f"{contest.name}: webhook, parsed", best_of(contenders, number=300), wanted)


def _ours(provider: AnyProvider, fields: dict[str, Any]) -> Callable[[], object]:
    return lambda: provider.build(Message(**fields))


def _our_webhook(provider: AnyProvider, body: bytes, kind: str) -> Callable[[], object]:
    headers = {"content-type": kind}
    return lambda: provider.parse_webhook(WebhookRequest("POST", headers, body))


def _view(name: str) -> Any:
    if name == "brevo":
        from anymail.webhooks.brevo import BrevoTrackingWebhookView

        return BrevoTrackingWebhookView()
    if name == "postmark":
        from anymail.webhooks.postmark import PostmarkTrackingWebhookView

        return PostmarkTrackingWebhookView()
    if name == "mailjet":
        from anymail.webhooks.mailjet import MailjetTrackingWebhookView

        return MailjetTrackingWebhookView()
    if name == "sendgrid":
        from anymail.webhooks.sendgrid import SendGridTrackingWebhookView

        return SendGridTrackingWebhookView()
    if name == "sparkpost":
        from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView

        return SparkPostTrackingWebhookView()
    if name == "mandrill":
        from anymail.webhooks.mandrill import MandrillCombinedWebhookView

        return MandrillCombinedWebhookView()
    from anymail.webhooks.mailgun import MailgunTrackingWebhookView

    return MailgunTrackingWebhookView()
