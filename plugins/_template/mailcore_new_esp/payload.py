"""A message as the JSON of New ESP, with its fields in its order."""

from __future__ import annotations

import base64
import re

from typing import Any

from mailcore.address import Address
from mailcore.message import Attachment, MergeSyntax, Message, fills_in
from mailcore.sending import entries_of


# The service fills values into subject, text and HTML of a message that has variables.
SYNTAX = MergeSyntax(
    example="{{name}}",
    pattern=re.compile(r"\{\{(?P<name>[^{}]*)\}\}"),
    padding=" ",
)


def payload_of(message: Message) -> dict[str, Any]:
    """
    Everything that the message has, and nothing that it does not have.

    Args:
        message: One that the declaration of features allows.

    Raises:
        InvalidAddress: If an address cannot be written in ASCII.
    """
    _, cc, bcc = message.deliveries
    payload: dict[str, Any] = {
        "from": _mailbox(message.from_email) if message.from_email else None,
        "to": _recipients(message),
        "cc": [_mailbox(address) for address in cc],
        "bcc": [_mailbox(address) for address in bcc],
        "reply_to": _mailbox(message.reply_to[0]) if message.reply_to else None,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "headers": _headers(message),
        "attachments": [_attachment(attachment) for attachment in message.attachments],
        "tags": message.tags,
        "metadata": message.metadata,
        "track_opens": message.track_opens,
        "track_clicks": message.track_clicks,
        "send_at": message.send_at.isoformat() if message.send_at else None,
        "template": message.template_id,
        "variables": message.merge_global_data if fills_in(message, SYNTAX) else None,
        # Everybody in `to` gets a mail of their own, and sees no other address.
        "separate": True if message.is_batch else None,
    }
    return {name: value for name, value in payload.items() if _is_given(value)}


def _is_given(value: object) -> bool:
    return value is not None and value not in ((), [], {})


def _mailbox(address: Address) -> dict[str, str]:
    mailbox = {"email": address.ascii_addr_spec}
    if address.display_name:
        mailbox["name"] = address.display_name
    return mailbox


def _recipients(message: Message) -> list[dict[str, Any]]:
    is_filled_in = fills_in(message, SYNTAX)
    recipients = []
    for entry in entries_of(message):
        recipient: dict[str, Any] = dict(_mailbox(entry.address))
        if entry.data and is_filled_in:
            recipient["variables"] = entry.data
        if entry.metadata:
            recipient["metadata"] = entry.metadata
        recipients.append(recipient)
    return recipients


def _headers(message: Message) -> dict[str, str]:
    headers = dict(message.headers.items())
    if message.unsubscribe is not None:
        headers |= message.unsubscribe.headers
    return headers


def _attachment(attachment: Attachment) -> dict[str, str]:
    fields = {
        # The service refuses files without a name.
        "filename": attachment.filename or "attachment",
        "content_type": attachment.content_type,
        "content": base64.b64encode(attachment.content).decode("ascii"),
    }
    if attachment.content_id is not None:
        fields["content_id"] = attachment.content_id
    return fields
