"""
Mail that came in, as Postmark hands it over: taken apart, as JSON.

Source: https://postmarkapp.com/developer/webhooks/inbound-webhook and
https://postmarkapp.com/developer/user-guide/inbound/parse-an-email (read 2026-11-30, in part
second-hand). The text of an answer without what it quotes is told as well; what is quoted by
another mark than `>` stays in it.
"""

from __future__ import annotations

import base64
import json
import uuid

from collections.abc import Mapping, Sequence

from mailcore.inbound import InboundAddress, InboundMessage, InboundPart, parse_inbound
from mailcore_local.faces import Envelope, WebhookPost


def inbound_post(
    raw: bytes, envelope: Envelope, authorization: Mapping[str, str], *, with_raw: bool = False
) -> WebhookPost:
    """
    The request of the inbound webhook.

    Args:
        raw: The mail as it was received.
        envelope: The addresses in MAIL FROM and RCPT TO.
        authorization: The header of HTTP Basic, or nothing.
        with_raw: Whether the mail itself stands in `RawEmail`, as the server's setting has it.
    """
    document = inbound_document(parse_inbound(raw), envelope)
    if with_raw:
        document["RawEmail"] = raw.decode("utf-8", "replace")
    return WebhookPost(
        event_type="Inbound",
        headers={"Content-Type": "application/json", "User-Agent": "Postmark", **authorization},
        body=json.dumps(document).encode(),
    )


def inbound_document(mail: InboundMessage, envelope: Envelope) -> dict[str, object]:
    """
    The body of the request.
    """
    sender = mail.from_email or InboundAddress(envelope.sender)
    recipient = envelope.recipients[0] if envelope.recipients else ""
    shown = [each.addr_spec.lower() for each in (*mail.to, *mail.cc)]
    # Whom no header names was in Bcc.
    hidden = tuple(
        InboundAddress(each) for each in envelope.recipients if each.lower() not in shown
    )
    return {
        "FromName": sender.display_name,
        "MessageStream": "inbound",
        "From": sender.addr_spec,
        "FromFull": _full(sender),
        "To": _joined(mail.to),
        "ToFull": [_full(each) for each in mail.to],
        "Cc": _joined(mail.cc),
        "CcFull": [_full(each) for each in mail.cc],
        "Bcc": _joined(hidden),
        "BccFull": [_full(each) for each in hidden],
        "OriginalRecipient": recipient,
        "Subject": mail.subject or "",
        "MessageID": str(uuid.uuid4()),
        "ReplyTo": _joined(mail.reply_to),
        "MailboxHash": _hash(recipient),
        "Date": mail["Date"] or "",
        "TextBody": mail.text or "",
        "HtmlBody": mail.html or "",
        "StrippedTextReply": _reply(mail),
        "Tag": "",
        "Headers": [{"Name": name, "Value": value} for name, value in mail.headers.pairs],
        "Attachments": [_attachment(part) for part in (*mail.attachments, *mail.inlines)],
    }


def _full(address: InboundAddress) -> dict[str, str]:
    return {
        "Email": address.addr_spec,
        "Name": address.display_name,
        "MailboxHash": _hash(address.addr_spec),
    }


def _joined(addresses: Sequence[InboundAddress]) -> str:
    return ", ".join(str(each) for each in addresses)


def _hash(address: str) -> str:
    return address.rpartition("@")[0].partition("+")[2]


def _reply(mail: InboundMessage) -> str:
    if not mail.text or not (mail.in_reply_to or mail.references):
        return ""
    lines = mail.text.splitlines()
    end = next((n for n, line in enumerate(lines) if line.startswith(">")), len(lines))
    kept = lines[:end]
    while kept and (not kept[-1].strip() or (end < len(lines) and kept[-1].rstrip().endswith(":"))):
        kept.pop()
    return "\n".join(kept)


def _attachment(part: InboundPart) -> dict[str, object]:
    content = part.content
    return {
        "Name": part.filename or part.safe_filename(),
        "Content": base64.b64encode(content).decode("ascii"),
        "ContentType": part.content_type,
        "ContentLength": len(content),
        "ContentID": part.content_id or "",
    }
