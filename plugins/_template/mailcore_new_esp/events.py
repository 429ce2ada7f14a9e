"""The events in a webhook request of New ESP."""

from __future__ import annotations

from mailcore.errors import MalformedWebhook
from mailcore.events import Event, TrackingEvent
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    parse_timestamp,
    read_object,
)
from mailcore_new_esp.event_map import outcome_of
from mailcore_new_esp.inbound import RECEIVED, parse_inbound


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read a request that was verified.

    Args:
        provider: The name that the provider has in the events.
        request: The request, which was believed.

    Raises:
        MalformedWebhook: If it cannot be read.
    """
    items = read_object(request.body, "the body").get("events")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise MalformedWebhook("the body has no list of events", provider=provider)
    return tuple(_event(provider, Fields(item)) for item in items)


def _event(provider: str, fields: Fields) -> Event:
    kind = fields.required("type")
    if kind == RECEIVED:
        return parse_inbound(provider, fields)
    outcome = outcome_of(kind, fields)
    event_id = fields.text("id")
    return TrackingEvent(
        provider=provider,
        event_type=outcome.event_type,
        recipient=fields.text("email"),
        timestamp=parse_timestamp(fields.document.get("occurred_at")),
        event_id=event_id,
        message_id=fields.text("message_id"),
        dedupe_key=f"{provider}:{event_id}" if event_id else "",
        metadata=fields.mapping("metadata"),
        tags=fields.texts("tags"),
        reject_reason=outcome.reject_reason,
        bounce_class=outcome.bounce_class,
        smtp_status=fields.text("smtp_status"),
        mta_response=fields.text("response"),
        description=fields.text("reason"),
        user_agent=fields.text("user_agent"),
        click_url=fields.text("url"),
        ip_address=fields.text("ip"),
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(fields.document),
    )
