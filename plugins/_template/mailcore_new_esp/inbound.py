"""Mail that New ESP received: it stands in the webhook, as it came."""

from __future__ import annotations

import base64
import binascii

from mailcore.errors import MalformedWebhook
from mailcore.events import InboundEvent
from mailcore.webhook import Fields, ReadOnlyJson, parse_timestamp


RECEIVED = "received"
"""The service's name of the event."""

MAX_WEBHOOK_BODY_BYTES = 40 * 1024 * 1024
"""Received mail stands in a webhook in base64."""


def parse_inbound(provider: str, fields: Fields) -> InboundEvent:
    """
    Read a received mail.

    Args:
        provider: The name that the provider has in the event.
        fields: The fields of the event.

    Raises:
        MalformedWebhook: If there is no mail in it: the service posts it again.
    """
    try:
        content = base64.b64decode(fields.text("raw") or "", validate=True)
    except (binascii.Error, ValueError):
        raise MalformedWebhook("`raw` is not base64", provider=provider) from None
    if not content:
        raise MalformedWebhook("a received mail has no `raw`", provider=provider)
    event_id = fields.text("id")
    return InboundEvent(
        provider=provider,
        timestamp=parse_timestamp(fields.document.get("occurred_at")),
        event_id=event_id,
        message_id=fields.text("message_id"),
        dedupe_key=f"{provider}:{event_id}" if event_id else "",
        envelope_sender=fields.text("mail_from"),
        envelope_recipients=fields.texts("rcpt_to"),
        subject=fields.text("subject"),
        content=content,
        spam=fields.flag("spam"),
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(fields.document),
    )
