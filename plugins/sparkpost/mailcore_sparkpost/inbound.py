"""
Mail that SparkPost received: ``relay_message`` of a relay webhook.

https://developers.sparkpost.com/api/relay-webhooks/ (read 2026-11-30): the mail as it came, and its
bodies and header fields beside it.
"""

from __future__ import annotations

import base64
import binascii

from typing import Any

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.webhook import Fields, ReadOnlyJson, digest_of


RELAYED = "relay_message"

MAX_WEBHOOK_BODY_BYTES = 128 * 1024 * 1024
"""
Mails of up to 20 MB (content/docs/tech-resources/inbound-email-relay-webhook.md in
https://github.com/SparkPost/support-docs, read 2026-11-30): in base64, or as JSON text with its
escapes, with the bodies once more; and a batch may have several.
"""


def parse_inbound(provider: str, fields: Fields, item: dict[str, Any]) -> InboundEvent:
    """
    Read a received mail.

    SparkPost gives it no id, does not say when it was received, and has no verdicts on it.

    Args:
        provider: The name that the provider has in the event.
        fields: The fields of ``relay_message``.
        item: The object that they stand in.
    """
    content = fields.within("content")
    recipient = fields.required("rcpt_to")
    sender = fields.text("msg_from")
    return InboundEvent(
        provider=provider,
        # A mail to two addresses is handed over for each of them.
        dedupe_key=(
            f"{provider}:received:{digest_of(fields.document)}:{address_key(recipient or '')}"
        ),
        envelope_sender=None if sender in (None, "<>") else sender,
        envelope_recipients=() if recipient is None else (recipient,),
        subject=content.text("subject"),
        content=_raw(content) or _composed(content),
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(item),
    )


def _raw(content: Fields) -> bytes:
    text = content.required("email_rfc822")
    if text is None:
        return b""
    if not content.flag("email_rfc822_is_base64"):
        return text.encode("utf-8", "replace")
    try:
        # It is in base64 because it is not UTF-8.
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        content.tell("email_rfc822", "is not base64")
        return b""


def _composed(content: Fields) -> bytes:
    """A mail of what is beside it: all but the files."""
    # It loads much that those who only send and track need not have.
    from mailcore.inbound import compose_inbound

    headers = [pair for each in content.each("headers") for pair in each.pairs()]
    return compose_inbound(headers, text=content.text("text"), html=content.text("html"), files=[])
