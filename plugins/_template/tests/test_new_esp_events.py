"""
What is received: pairs of a webhook's body and the events that it becomes, as files.

``fixtures/events/NAME.webhook.json`` is the body as the service's documentation has it, and
``NAME.events.json`` holds what ``to_dict()`` of each event writes; what a later mailcore adds to it
need not be added there.
"""

from __future__ import annotations

import json
import time

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailcore import (
    InboundEvent,
    MalformedWebhook,
    WebhookRejected,
    WebhookRequest,
    event_from_dict,
    fetch_inbound,
    receive,
)
from mailcore_new_esp import NewEspProvider


Sign = Callable[..., WebhookRequest]

BODIES = sorted((Path(__file__).parent / "fixtures" / "events").glob("*.webhook.json"))


def read(path: Path) -> Any:
    """The JSON in a file."""
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.name.partition(".")[0])
def test_webhook_becomes_the_events(
    path: Path,
    provider: NewEspProvider,
    sign: Sign,
) -> None:
    """Each body becomes the events beside it."""
    expected = read(path.with_name(path.name.replace(".webhook.", ".events.")))

    events = receive(provider, sign(read(path)["events"]))

    assert events == tuple(event_from_dict(document) for document in expected)


def test_received_mail_is_taken_apart(
    provider: NewEspProvider,
    sign: Sign,
) -> None:
    """A received mail comes with its webhook, and is read without asking the service again."""
    path = Path(__file__).parent / "fixtures" / "events" / "received.webhook.json"
    (event,) = receive(provider, sign(read(path)["events"]))

    assert isinstance(event, InboundEvent)
    mail = fetch_inbound(provider, event)

    assert mail.subject == "A question"
    assert mail.text == "Where is my order?\n"


@pytest.mark.parametrize("secret", ["0ld-secret", "n3w-secret"])
def test_both_secrets_are_believed(
    secret: str,
    provider: NewEspProvider,
    sign: Sign,
) -> None:
    """While one secret replaces the other, requests signed with either are believed."""
    assert receive(provider, sign([], secret=secret)) == ()


@pytest.mark.parametrize("age_seconds", [3600, -3600])
def test_kept_request_is_rejected(
    age_seconds: int,
    provider: NewEspProvider,
    sign: Sign,
) -> None:
    """A genuine request that somebody kept, or that comes from the future, is not believed."""
    with pytest.raises(WebhookRejected):
        receive(provider, sign([], made_at=time.time() - age_seconds))


def test_nobody_is_believed_without_a_secret(sign: Sign) -> None:
    """A provider that was given no secret refuses every request."""
    with pytest.raises(WebhookRejected):
        receive(NewEspProvider(api_key="key-1nvented"), sign([]))


@pytest.mark.parametrize("raw", [None, 7, "", "no base64", "a"])
def test_mail_that_cannot_be_read_is_malformed(
    raw: object,
    provider: NewEspProvider,
    sign: Sign,
) -> None:
    """A received mail without its content is refused, so that the service sends it again."""
    with pytest.raises(MalformedWebhook):
        receive(provider, sign([{"type": "received", "raw": raw}]))
