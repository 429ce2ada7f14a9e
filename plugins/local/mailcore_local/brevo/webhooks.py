"""
Brevo's webhooks: events and received mail.

https://developers.brevo.com/docs/transactional-webhooks and
https://developers.brevo.com/docs/inbound-parse-webhooks (read 2026-11-30); the ids have angle
brackets, as those that were captured, and `opened` follows on `unique_opened` for the first
opening.
"""

from __future__ import annotations

import json

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from mailcore.inbound import InboundMessage, InboundPart, parse_inbound
from mailcore_local.engine import EventKind
from mailcore_local.mailbox import CapturedMail, MailEvent


WEBHOOK_ID = 26224
_CET = timezone(timedelta(hours=1))
_IP = "127.0.0.1"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

_NAMES: Mapping[EventKind, str] = {
    EventKind.SENT: "request",
    EventKind.DELIVERED: "delivered",
    EventKind.DEFERRED: "deferred",
    EventKind.BOUNCED: "hard_bounce",
    EventKind.SOFT_BOUNCED: "soft_bounce",
    EventKind.COMPLAINED: "spam",
    EventKind.OPENED: "opened",
    EventKind.CLICKED: "click",
    EventKind.UNSUBSCRIBED: "unsubscribed",
    EventKind.REJECTED: "blocked",
    EventKind.RENDERING_FAILED: "error",
}
_WITH_REASON = ("deferred", "hard_bounce", "soft_bounce", "blocked", "error")
_OF_VISITS = ("opened", "unique_opened", "click")


def event_documents(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    """
    What Brevo posts about an event, each by itself.
    """
    name = _NAMES.get(event.kind)
    if name is None:
        return []
    names = [name]
    if event.suppressed:
        names = ["request", "blocked"]
    elif name == "opened" and _is_first_opening(mail, event):
        names = ["unique_opened", "opened"]
    return [_document(mail, event, each) for each in names]


def _document(mail: CapturedMail, event: MailEvent, name: str) -> dict[str, Any]:
    recipient = mail.recipient(event.recipient)
    seconds = int(event.at.timestamp())
    document: dict[str, Any] = {
        "event": name,
        "email": event.recipient,
        "id": WEBHOOK_ID,
        "date": event.at.astimezone(_CET).strftime("%Y-%m-%d %H:%M:%S"),
        "ts": seconds,
        "message-id": recipient.message_id if recipient is not None else "",
        "ts_event": seconds,
        "subject": mail.subject,
        "sending_ip": _IP,
        "ts_epoch": int(event.at.timestamp() * 1000),
        "tags": list(mail.tags),
        "tag": json.dumps(list(mail.tags)) if mail.tags else "",
        "mirror_link": f"https://app-smtp.brevo.com/log/preview/{mail.id}",
        "contact_id": 0,
    }
    custom, template_id = mail.facts.get("custom"), mail.facts.get("template_id")
    if custom is not None:
        document["X-Mailin-custom"] = custom
    if template_id is not None:
        document["template_id"] = template_id
    if name in _WITH_REASON:
        document["reason"] = (
            "blocked : due to blacklist user" if name == "blocked" else event.detail
        )
    if name in _OF_VISITS:
        document |= {"user_agent": _AGENT, "device_used": "DESKTOP"}
    if name == "click":
        document["link"] = event.url
    return document


def _is_first_opening(mail: CapturedMail, event: MailEvent) -> bool:
    opened = [
        entry.event.id
        for entry in mail.timeline
        if entry.event.kind is EventKind.OPENED and entry.event.recipient == event.recipient
    ]
    return not opened or opened[0] == event.id


def inbound_item(
    raw: bytes, recipients: tuple[str, ...], token_of: Callable[[InboundPart], str], uuid: str
) -> dict[str, Any]:
    """
    The object of a received mail.

    Args:
        raw: The mail as it was received.
        recipients: The addresses in RCPT TO.
        token_of: Keeps a file, and says by which token it is fetched.
        uuid: The id of the mail.
    """
    mail = parse_inbound(raw)
    author = mail.from_email
    sent_at = mail["Date"] or datetime.now(timezone.utc).strftime("%a, %d %b %Y %H:%M:%S +0000")
    files = [*mail.attachments, *mail.inlines]
    return {
        "Uuid": [uuid],
        "MessageId": mail["Message-ID"] or "",
        "InReplyTo": mail["In-Reply-To"],
        "From": _mailbox(author.addr_spec if author else "", author.display_name if author else ""),
        "To": [_mailbox(each.addr_spec, each.display_name) for each in mail.to],
        "Cc": [_mailbox(each.addr_spec, each.display_name) for each in mail.cc],
        "ReplyTo": next(
            (_mailbox(each.addr_spec, each.display_name) for each in mail.reply_to), None
        ),
        "Recipients": list(recipients),
        "SentAtDate": sent_at,
        "Subject": mail.subject or "",
        "Attachments": [_file(part, token_of(part)) for part in files],
        "RawHtmlBody": mail.html,
        "RawTextBody": mail.text,
        "ExtractedMarkdownMessage": mail.text,
        "ExtractedMarkdownSignature": None,
        "SpamScore": 0.0,
        "Headers": _headers(mail),
    }


def _mailbox(address: str, name: str) -> dict[str, str | None]:
    return {"Name": name or None, "Address": address}


def _file(part: InboundPart, token: str) -> dict[str, Any]:
    return {
        "Name": part.filename or "",
        "ContentType": part.content_type,
        "ContentLength": len(part.content),
        "ContentID": part.content_id or "",
        "DownloadToken": token,
    }


def _headers(mail: InboundMessage) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for name, value in mail.headers.pairs:
        present = found.get(name)
        if present is None:
            found[name] = value
        elif isinstance(present, list):
            present.append(value)
        else:
            found[name] = [present, value]
    return found
