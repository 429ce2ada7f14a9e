"""The events in a webhook request of New ESP."""

from __future__ import annotations

import base64
import binascii

from collections.abc import Mapping
from typing import Any

from mailcore.bounces import Verdict, judge
from mailcore.errors import MalformedWebhook
from mailcore.events import (
    BounceClass,
    Event,
    EventType,
    InboundEvent,
    RejectReason,
    TrackingEvent,
)
from mailcore.webhook import ReadOnlyJson, WebhookRequest, parse_timestamp, read_object


EVENT_TYPES: Mapping[str, EventType] = {
    "sent": EventType.SENT,
    "delivered": EventType.DELIVERED,
    "bounced": EventType.BOUNCED,
    "deferred": EventType.DEFERRED,
    "suppressed": EventType.REJECTED,
    "complained": EventType.COMPLAINED,
    "unsubscribed": EventType.UNSUBSCRIBED,
    "opened": EventType.OPENED,
    "clicked": EventType.CLICKED,
}
"""By the service's name of it; whatever else there is becomes an unknown event."""

REJECT_REASONS: Mapping[str, RejectReason] = {
    # The service does not say what for.
    "suppressed": RejectReason.BLOCKED,
    "complained": RejectReason.SPAM,
    "unsubscribed": RejectReason.UNSUBSCRIBED,
}
"""Why it was not delivered, or will not be delivered next time; of bounces the server says it."""

_RECEIVED = "received"
_BOUNCE_CLASSES = {True: BounceClass.HARD, False: BounceClass.SOFT}


def events_of(request: WebhookRequest, *, provider: str) -> tuple[Event, ...]:
    """
    Read a request that was verified.

    Args:
        request: The request.
        provider: Name of the provider.

    Raises:
        MalformedWebhook: If it cannot be read.
    """
    items = read_object(request.body, "the body").get("events")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise MalformedWebhook("the body has no list of events", provider=provider)
    return tuple(_event(item, provider) for item in items)


def _event(item: dict[str, Any], provider: str) -> Event:
    if item.get("type") == _RECEIVED:
        return _inbound_event(item, provider)
    kind = _text(item, "type") or ""
    verdict = _verdict(item) if kind == "bounced" else None
    return TrackingEvent(
        provider=provider,
        event_type=EVENT_TYPES.get(kind, EventType.UNKNOWN),
        recipient=_text(item, "email"),
        timestamp=parse_timestamp(item.get("occurred_at")),
        event_id=_text(item, "id"),
        message_id=_text(item, "message_id"),
        dedupe_key=_dedupe_key(item, provider),
        metadata=_mapping(item, "metadata"),
        tags=_texts(item, "tags"),
        reject_reason=verdict.reject_reason if verdict else REJECT_REASONS.get(kind),
        bounce_class=verdict.bounce_class if verdict else None,
        smtp_status=_text(item, "smtp_status"),
        mta_response=_text(item, "response"),
        description=_text(item, "reason"),
        user_agent=_text(item, "user_agent"),
        click_url=_text(item, "url"),
        ip_address=_text(item, "ip"),
        esp_event=ReadOnlyJson(item),
    )


def _inbound_event(item: dict[str, Any], provider: str) -> InboundEvent:
    try:
        content = base64.b64decode(_text(item, "raw") or "", validate=True)
    except (binascii.Error, ValueError):
        raise MalformedWebhook("`raw` is not base64", provider=provider) from None
    if not content:
        raise MalformedWebhook("a received mail has no `raw`", provider=provider)
    return InboundEvent(
        provider=provider,
        timestamp=parse_timestamp(item.get("occurred_at")),
        event_id=_text(item, "id"),
        message_id=_text(item, "message_id"),
        dedupe_key=_dedupe_key(item, provider),
        envelope_sender=_text(item, "mail_from"),
        envelope_recipients=_texts(item, "rcpt_to"),
        subject=_text(item, "subject"),
        content=content,
        spam=item["spam"] if isinstance(item.get("spam"), bool) else None,
        esp_event=ReadOnlyJson(item),
    )


def _verdict(item: dict[str, Any]) -> Verdict:
    """Judged by what the server said; `permanent` decides where that tells nothing."""
    permanent = item.get("permanent")
    told = _BOUNCE_CLASSES[permanent] if isinstance(permanent, bool) else None
    return judge(_text(item, "smtp_status"), _text(item, "response"), told=told)


def _dedupe_key(item: dict[str, Any], provider: str) -> str:
    event_id = _text(item, "id")
    return f"{provider}:{event_id}" if event_id else ""


def _text(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) and value else None


def _texts(item: dict[str, Any], name: str) -> tuple[str, ...]:
    values = item.get(name)
    if not isinstance(values, list):
        return ()
    return tuple(value for value in values if isinstance(value, str))


def _mapping(item: dict[str, Any], name: str) -> Mapping[str, Any]:
    value = item.get(name)
    return value if isinstance(value, dict) else {}
