"""
From a message to the calls of New ESP: what is sent, and what it cannot express.

One call for all recipients; with merge_data or merge_metadata each of them gets a mail of their
own.
"""

from __future__ import annotations

import base64
import re

from collections.abc import Iterator, Sequence
from typing import Any

from mailcore.address import Address
from mailcore.errors import Problem
from mailcore.flow import HttpRequest
from mailcore.http import json_request
from mailcore.message import (
    Attachment,
    MergeSyntax,
    Message,
    extra_of,
    fills_in,
    merged,
)
from mailcore.message.problems import refused_headers
from mailcore.sending import entries_of
from mailcore_new_esp.options import NewEspOptions


# The service fills values into subject, text and HTML of a message that has variables.
SYNTAX = MergeSyntax(
    example="{{name}}",
    pattern=re.compile(r"\{\{(?P<name>[^{}]*)\}\}"),
    padding=" ",
)


_INSTRUCTION = "x-new-esp-"


def check(message: Message) -> Iterator[Problem]:
    """
    Name everything in a message that would be lost, or be obeyed instead of sent.

    Copies of a batch would be one for each recipient, which nobody wants by accident. They are
    recipients, and so are never dropped. A header that the service would obey may be left out, for
    a mailer that is told to: its remedy says how.

    Args:
        message: One that the declaration of features allows.
    """
    yield from refused_headers(message.headers, "headers", _header_refused)
    if not message.is_batch:
        return
    for field in ("cc", "bcc"):
        if getattr(message, field):
            reason = f"`{field}` cannot be expressed in a batch: each mail has one recipient"
            yield Problem(field, reason, feature=field)


def _header_refused(name: str, place: str) -> tuple[str, str] | None:
    if not name.lower().startswith(_INSTRUCTION):
        return None
    return (
        f"{place}: an instruction for New ESP, which it obeys and does not send",
        "use the message's field for it",
    )


def requests_for(message: Message, options: NewEspOptions) -> Sequence[HttpRequest]:
    """
    Write the calls that send a message that was checked.

    What wins, last to first: ``esp_extra``, the fields of the message, the provider's options.

    Args:
        message: The message, which was checked.
        options: The options of the provider.

    Raises:
        InvalidAddress: If an address cannot be written in ASCII.
    """
    headers = {"Authorization": f"Bearer {options.api_key}"}
    if message.idempotency_key is not None:
        headers["Idempotency-Key"] = message.idempotency_key
    payload = {**options.parameters(), **payload_of(message)}
    request = json_request(
        f"{options.api_url}/v1/messages",
        merged(payload, extra_of(message, options.provider)),
        headers=headers,
        recipients=message.recipients,
        timeout_seconds=options.timeout_seconds,
    )
    return [request]


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
