"""
What Brevo posts to webhooks, normalised: an event, a batch of them, or received mails.

https://developers.brevo.com/docs/transactional-webhooks and
https://developers.brevo.com/docs/batch-webhooks (as of 2026-11-30). Of batches no sample could be
read: an array of events is taken, and one event. Received mail stands in ``items`` of an object, so
one webhook can serve for everything.
"""

from __future__ import annotations

import json

from datetime import datetime
from typing import Any

from mailcore.address import address_key
from mailcore.bounces import enhanced_status
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    bracketed_id,
    digest_of,
    parse_epoch,
    read_objects,
)
from mailcore_brevo.event_map import judge
from mailcore_brevo.inbound import parse_inbound
from mailcore_brevo.metadata import METADATA_HEADER, read_metadata


MAX_WEBHOOK_BODY_BYTES = 32 * 1024 * 1024
"""Bodies of received mails come along, and no files; batches have up to 500 events."""

_ITEMS = "items"
# One of them every event has.
_OF_BREVO = frozenset([_ITEMS, "event", "email", "message-id", "ts_event"])
# https://developers.brevo.com/docs/transactional-webhooks: milliseconds; some samples have seconds.
_LARGEST_SECONDS = 100_000_000_000
# Of others, such as `blocked`, the reason is Brevo's.
_OF_SERVERS = (EventType.BOUNCED, EventType.DEFERRED, EventType.DELIVERED)
_OF_A_PERSON = ("link", "user_agent")
_OF_PEOPLE = (EventType.OPENED, EventType.CLICKED)


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read what is in a request that was verified.

    What cannot be read in it is told in the events' `defects`; a name that is not documented is an
    event of type UNKNOWN.

    Args:
        provider: The name that the provider has in the events.
        request: The request that Brevo posted, which was believed.

    Raises:
        MalformedWebhook: If the body is neither a JSON object nor an array of them, or none of them
            has one of the fields that tell that Brevo posted it.
    """
    found: list[Event] = []
    documents = read_objects(request.body, "body")
    if documents and all(each.keys().isdisjoint(_OF_BREVO) for each in documents):
        what = "body has neither `items` nor a field that events of Brevo have"
        raise MalformedWebhook(what, provider=provider)
    for document in documents:
        if _ITEMS in document:
            items = document[_ITEMS]
            if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
                raise MalformedWebhook("`items` is no array of mails", provider=provider)
            found += [parse_inbound(provider, item) for item in items]
        else:
            found.append(_tracking_event(provider, document))
    return tuple(found)


def _tracking_event(provider: str, document: dict[str, Any]) -> TrackingEvent:
    fields = Fields(document)
    name = fields.required("event")
    reason = fields.text("reason")
    outcome = judge(name, reason)
    event_type = outcome.event_type
    # Anonymised events have an empty one.
    recipient = fields.text("email") if event_type in _OF_PEOPLE else fields.required("email")
    message_id = bracketed_id(fields.text("message-id"))
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": event_type,
        "reject_reason": outcome.reject_reason,
        "bounce_class": outcome.bounce_class,
        "recipient": recipient,
        "timestamp": _time(fields),
        "message_id": message_id,
        "dedupe_key": _dedupe_key(provider, document, name, message_id, recipient),
        "tags": _tags(fields),
        "esp_event": ReadOnlyJson(document),
    }
    if reason is not None:
        event["description"] = reason
        if event_type in _OF_SERVERS:
            event["smtp_status"] = enhanced_status(reason)
            event["mta_response"] = reason
    if event_type in _OF_PEOPLE:
        event["user_agent"] = fields.text("user_agent")
        if event_type is EventType.CLICKED:
            event["click_url"] = fields.required("link")
    if METADATA_HEADER in document:
        event["metadata"] = read_metadata(fields)
    if fields.defects:
        event["defects"] = fields.distinct_defects
    return TrackingEvent.assembled(event)


def _time(fields: Fields) -> datetime | None:
    """
    When it happened.

    ``ts_epoch`` is the one of which everybody says that it is UTC; ``ts_event`` should be, and
    ``ts`` and ``date`` are in the account's zone, as django-anymail's author has seen (comment in
    anymail/webhooks/brevo.py, read 2026-11-30).
    """
    value = fields.document.get("ts_epoch")
    if type(value) is int or type(value) is float:
        moment = parse_epoch(value / 1000 if value > _LARGEST_SECONDS else value)
        if moment is not None:
            return moment
    if value is not None:
        fields.tell("ts_epoch", "cannot be read")
    return fields.time("ts_event", parse_epoch)


def _tags(fields: Fields) -> tuple[str, ...]:
    """
    The tags: ``tags``, and where that is missing ``tag``, which is the JSON of them or one.

    Of mail from a template, a ``tag`` that is no JSON may be the template's name.
    """
    if "tags" in fields:
        return fields.texts("tags")
    tag = fields.text("tag")
    if tag is None:
        return ()
    if tag.startswith("["):
        try:
            found = json.loads(tag)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            return tuple(each for each in found if isinstance(each, str))
    return () if fields.document.get("template_id") else (tag,)


def _dedupe_key(
    provider: str,
    document: dict[str, Any],
    name: str | None,
    message_id: str | None,
    recipient: str | None,
) -> str:
    """
    What is the same when Brevo posts an event again; it has no id of events.

    ``id`` is the webhook's: https://developers.brevo.com/docs/transactional-webhooks (2026-11-30).
    """
    moment = document.get("ts_event")
    if message_id is None or recipient is None or type(moment) is not int:
        identity = digest_of(document)
    else:
        identity = str(moment)
        # Several may be opened or clicked within one second.
        person = {name: document[name] for name in _OF_A_PERSON if name in document}
        if person:
            identity += f":{digest_of(person)}"
    return f"{provider}:{name or ''}:{message_id or ''}:{address_key(recipient or '')}:{identity}"
