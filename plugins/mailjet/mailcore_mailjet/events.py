"""
What Mailjet posts to webhooks, normalised.

_event-api.md in https://github.com/mailjet/api-documentation/tree/master/guides (read 2026-11-30):
an array of events of any types if they are grouped (``Version`` 2), else one event without an array
(https://github.com/anymail/django-anymail/issues/106, read 2026-11-30). Received mail comes as one
object, and is told by what it has: one URL can serve for everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailcore.address import address_key
from mailcore.bounces import enhanced_status
from mailcore.bounces.outcome import COMPLAINED
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.foundation import FrozenDict, freeze
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    digest_of,
    parse_epoch,
    read_object,
    read_objects,
)
from mailcore_mailjet.event_map import VISITS, judge_block, judge_bounce


_OF_AN_EVENT = ("event", "MessageID", "Message_GUID", "mj_message_id", "mj_campaign_id")
_OF_A_MAIL = ("Recipient", "Headers", "Parts", "Text-part", "Html-part")
_OF_MAILJET = frozenset([*_OF_AN_EVENT, *_OF_A_MAIL])
# What tells two visits of one second, which no other event has: there is no id of an event.
_OF_A_VISIT = ("url", "ip", "agent")
_CONTAINERS = frozenset([dict, list])


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read the events, or the received mail, in a request that was verified.

    What cannot be read in one is told in its `defects`; a type that is not documented is an event
    of type UNKNOWN.

    Args:
        provider: The name that the provider has in the events.
        request: The request that Mailjet posted, which was believed.

    Raises:
        MalformedWebhook: If the body is neither an array of objects nor an object, or none of them
            has a field that tells that Mailjet posted it.
    """
    items = read_objects(request.body, "body")
    if items and all(each.keys().isdisjoint(_OF_MAILJET) for each in items):
        reason = "body has neither a field `event` nor one that mail or events of Mailjet have"
        raise MalformedWebhook(reason, provider=provider)
    return tuple([_event(provider, each) for each in items])


def _event(provider: str, payload: dict[str, Any]) -> Event:
    if not payload.keys().isdisjoint(_OF_A_MAIL):
        from mailcore_mailjet.inbound import parse_inbound

        return parse_inbound(provider, payload)
    return _tracking_event(provider, payload)


def _tracking_event(provider: str, payload: dict[str, Any]) -> TrackingEvent:
    fields = Fields(payload)
    kind = fields.required("event")
    recipient = fields.required("email")
    time = fields.time("time", parse_epoch)
    message_id = fields.number("MessageID") or fields.number("mj_message_id")
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": EventType.UNKNOWN,
        "esp_event": ReadOnlyJson(payload),
        "recipient": recipient,
        "timestamp": time,
        "message_id": message_id,
    }
    read = _KINDS.get(kind or "")
    if read is not None:
        read(fields, event)
    campaign = fields.text("customcampaign")
    if campaign is not None:
        event["tags"] = (campaign,)
    given = fields.text("Payload")
    if given is not None:
        event["metadata"] = _metadata(given, fields)
    identity = (
        digest_of(payload)
        if time is None or message_id is None
        else f"{payload['time']}:{_identity(kind, payload)}"
    )
    key = address_key(recipient or "")
    event["dedupe_key"] = f"{provider}:{kind or ''}:{message_id or ''}:{key}:{identity}"
    if fields.defects:
        event["defects"] = fields.distinct_defects
    return TrackingEvent.assembled(event)


def _read_response(fields: Fields, event: TrackingEventFields, name: str) -> str | None:
    """What the receiving server said."""
    response = fields.text(name)
    if response is not None:
        event["mta_response"] = response
        event["smtp_status"] = enhanced_status(response)
    return response


def _sent(fields: Fields, event: TrackingEventFields) -> None:
    event["event_type"] = EventType.DELIVERED
    _read_response(fields, event, "smtp_reply")


def _failed(fields: Fields, event: TrackingEventFields) -> None:
    error, related_to = fields.text("error"), fields.text("error_related_to")
    event["description"] = ": ".join(filter(None, (related_to, error))) or None
    response = _read_response(fields, event, "comment")
    if fields.document["event"] == "bounce":
        hard = fields.flag("hard_bounce")
        outcome = judge_bounce(error, related_to, response, hard=hard)
    else:
        outcome = judge_block(error, related_to)
    event["event_type"], event["reject_reason"], event["bounce_class"] = outcome


def _visited(fields: Fields, event: TrackingEventFields) -> None:
    """Who opened, clicked or unsubscribed, and where."""
    kind = fields.document["event"]
    event["event_type"], event["reject_reason"], event["bounce_class"] = VISITS[kind]
    event["user_agent"] = fields.text("agent")
    event["ip_address"] = fields.text("ip")
    if kind == "click":
        event["click_url"] = fields.required("url")


def _complained(fields: Fields, event: TrackingEventFields) -> None:
    event["event_type"], event["reject_reason"], event["bounce_class"] = COMPLAINED
    event["description"] = fields.text("source")


_KINDS: Mapping[str, Callable[[Fields, TrackingEventFields], None]] = {
    "sent": _sent,
    "open": _visited,
    "click": _visited,
    "unsub": _visited,
    "bounce": _failed,
    "blocked": _failed,
    "spam": _complained,
}


def _identity(kind: str | None, payload: Mapping[str, Any]) -> str:
    """A digest of a visit, or the error; empty where nothing else may differ."""
    if kind in VISITS:
        return digest_of({name: payload.get(name) for name in _OF_A_VISIT})
    return str(payload.get("error") or "")


def _metadata(text: str, fields: Fields) -> Mapping[str, Any]:
    """The metadata; none of a payload that was sent by other means, in a form of its own."""
    try:
        document = read_object(text, "Payload")
    except MalformedWebhook:
        fields.tell("Payload", "is not a JSON object")
        document = {}
    is_flat = _CONTAINERS.isdisjoint(map(type, document.values()))
    found: Mapping[str, Any] = FrozenDict(document) if is_flat else freeze(document)
    return found
