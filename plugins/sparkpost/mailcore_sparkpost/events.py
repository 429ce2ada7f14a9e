"""
What SparkPost posts to webhooks, normalised: an array, with an event or a received mail in each.

https://developers.sparkpost.com/api/webhooks/ and https://github.com/SparkPost/support-docs,
content/docs/tech-resources/webhook-data-streams.md (read 2026-11-30). One webhook can serve for
both: what is what stands in each object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from mailcore.address import address_key
from mailcore.bounces import enhanced_status
from mailcore.bounces.outcome import OPENED
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    digest_of,
    parse_epoch,
    parse_timestamp,
    read_objects,
)
from mailcore_sparkpost.event_map import (
    BOUNCES,
    INITIAL_OPENS,
    OUTCOMES,
    REFUSALS,
    judge,
)
from mailcore_sparkpost.inbound import RELAYED, parse_inbound


# Of several attempts to deliver one batch: content/docs/tech-resources/webhook-data-streams.md.
BATCH_HEADER = "x-messagesystems-batch-id"

_FAILURES = BOUNCES | REFUSALS | {"delay", "generation_failure"}
_BY_SPARKPOST = REFUSALS | {"generation_failure"}
# Of mail that came back later, nobody may know: content/docs/faq/out-of-band-bounces.md.
_KNOWN = OUTCOMES.keys() - {"out_of_band"}
_NO_COMPLAINT = "not-spam"


def parse_events(
    provider: str, request: WebhookRequest, *, counts_initial_opens: bool = False
) -> tuple[Event, ...]:
    """
    Read the events, and the received mails, in a request that was verified.

    What cannot be read in one is told in its `defects`; a type that is not documented is an event
    of type UNKNOWN. What SparkPost posts to try a webhook has none.

    Args:
        provider: The name that the provider has in the events.
        request: The request that SparkPost posted, which was believed.
        counts_initial_opens: Whether ``initial_open`` is an open.

    Raises:
        MalformedWebhook: If the body is no array of objects, or none of them has ``msys``.
    """
    opens = INITIAL_OPENS if counts_initial_opens else frozenset()
    found: list[Event] = []
    items = read_objects(request.body, "body")
    if items and not any("msys" in item for item in items):
        raise MalformedWebhook("body has no item with `msys`", provider=provider)
    for item in items:
        wrapped = Fields(item)
        msys = wrapped.within("msys")
        if "msys" not in item:
            wrapped.tell("msys", "is missing")
        if wrapped.defects:
            found.append(_unreadable(provider, item, wrapped))
        for name, event in msys.document.items():
            fields = msys.within(name)
            if type(event) is not dict:
                found.append(_unreadable(provider, item, fields))
            elif name == RELAYED:
                found.append(parse_inbound(provider, fields, item))
            else:
                found.append(_tracking_event(provider, fields, item, opens))
    return tuple(found)


def _unreadable(provider: str, item: dict[str, Any], fields: Fields) -> TrackingEvent:
    return TrackingEvent(
        provider=provider,
        event_type=EventType.UNKNOWN,
        dedupe_key=f"{provider}:unknown:{digest_of(item)}",
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(item),
    )


def _tracking_event(
    provider: str, fields: Fields, item: dict[str, Any], opens: frozenset[str]
) -> TrackingEvent:
    document = fields.document
    kind = fields.required("type") or "unknown"
    recipient = fields.text("raw_rcpt_to") or fields.text("rcpt_to")
    message_id = fields.number("transmission_id")
    if (recipient is None or message_id is None) and kind in _KNOWN:
        _tell_missing(fields, recipient, message_id)
    event_id = fields.number("event_id")
    key = address_key(recipient) if recipient else ""
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": EventType.UNKNOWN,
        "recipient": recipient,
        "timestamp": fields.time("timestamp", _time),
        "event_id": event_id,
        "message_id": message_id,
        "dedupe_key": f"{provider}:{kind}:{event_id or digest_of(document)}:{key}",
        "esp_event": ReadOnlyJson(item),
    }
    if document.get("campaign_id") or document.get("rcpt_tags"):
        event["tags"] = _tags(fields)
    words = bounce_class = None
    if kind in _FAILURES:
        words = _read_failure(fields, kind, event)
        bounce_class = fields.number("bounce_class") if kind in BOUNCES else None
    outcome = OPENED if kind in opens else judge(kind, bounce_class, words)
    if outcome.event_type is EventType.REJECTED:
        # No server said it: no mail was sent.
        event["mta_response"] = event["smtp_status"] = None
    event["event_type"], event["reject_reason"], event["bounce_class"] = outcome
    read = _READ.get(outcome.event_type)
    if read is not None:
        read(fields, event)
    elif kind in INITIAL_OPENS:
        _read_client(fields, event)
    if "rcpt_meta" in document:
        event["metadata"] = fields.mapping("rcpt_meta")
    if fields.defects:
        event["defects"] = fields.distinct_defects
    return TrackingEvent.assembled(event)


def _tell_missing(fields: Fields, recipient: str | None, message_id: str | None) -> None:
    for name, value in (("rcpt_to", recipient), ("transmission_id", message_id)):
        if value is None:
            fields.tell(name, "is missing")


def _tags(fields: Fields) -> tuple[str, ...]:
    """The tag of the message, and those of its recipient."""
    campaign = fields.text("campaign_id")
    tags = fields.texts("rcpt_tags")
    return tags if campaign is None else (campaign, *(tag for tag in tags if tag != campaign))


def _read_failure(fields: Fields, kind: str, event: TrackingEventFields) -> str | None:
    reason, raw = fields.text("reason"), fields.text("raw_reason")
    event["description"] = reason or raw
    words = raw or reason
    if kind not in _BY_SPARKPOST:
        event["mta_response"] = words
        event["smtp_status"] = enhanced_status(words) if words else None
    return words


def _read_complaint(fields: Fields, event: TrackingEventFields) -> None:
    """RFC 6430: a report ``not-spam`` says that a filter was wrong, and complains of nothing."""
    kind = fields.text("fbtype")
    event["description"] = kind
    event["user_agent"] = fields.text("user_agent")
    if kind is not None and kind.lower() == _NO_COMPLAINT:
        event["event_type"] = EventType.UNKNOWN
        event["reject_reason"] = None


def _read_client(fields: Fields, event: TrackingEventFields) -> None:
    """Who opened, clicked or left, and where."""
    event["user_agent"] = fields.text("user_agent")
    event["ip_address"] = fields.text("ip_address")


def _read_click(fields: Fields, event: TrackingEventFields) -> None:
    _read_client(fields, event)
    event["click_url"] = fields.required("target_link_url")


_READ: Mapping[EventType, Callable[[Fields, TrackingEventFields], None]] = {
    EventType.COMPLAINED: _read_complaint,
    EventType.OPENED: _read_client,
    EventType.CLICKED: _read_click,
    EventType.UNSUBSCRIBED: _read_client,
}


def _time(value: object) -> datetime | None:
    """Seconds since 1970, as a text or a number; in ISO 8601 from some of SparkPost's own tools."""
    return parse_epoch(value) or parse_timestamp(value)
