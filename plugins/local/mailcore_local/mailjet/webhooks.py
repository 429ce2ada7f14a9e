"""
Mailjet's webhooks: events and received mail.

`guides/_event-api.md` and `guides/_parse-api.md` of https://github.com/mailjet/api-documentation
(read 2026-11-30). A mail that has to wait is told of as a soft bounce, `greylisted`.
"""

from __future__ import annotations

import base64
import json

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from mailcore.inbound import InboundPart, parse_inbound
from mailcore_local.engine import EventKind
from mailcore_local.mailbox import CapturedMail, MailEvent


_IP = "127.0.0.1"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_VISIT = {"ip": _IP, "geo": "US", "agent": _AGENT}
# Of which there is one each; all others are lists.
_SINGLE = frozenset(
    [
        "date",
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "message-id",
        "in-reply-to",
        "references",
        "subject",
    ]
)


def event_document(mail: CapturedMail, event: MailEvent) -> dict[str, Any] | None:
    """
    The object of one event; None if Mailjet has no webhook for it.
    """
    own = _own(event)
    if own is None:
        return None
    recipient = mail.recipient(event.recipient)
    number = recipient.message_id if recipient is not None else "0"
    uuids = mail.facts.get("uuids")
    uuid = uuids.get(event.recipient.lower()) if isinstance(uuids, Mapping) else None
    name = own.pop("event")
    return {
        "event": name,
        "time": int(event.at.timestamp()),
        "MessageID": int(number),
        "Message_GUID": uuid or "",
        "email": event.recipient,
        "mj_campaign_id": 7257 if mail.facts.get("campaign") else 0,
        "mj_contact_id": 4,
        "customcampaign": mail.facts.get("campaign") or "",
        **({"mj_message_id": number} if name == "sent" else {}),
        **own,
        "CustomID": mail.facts.get("custom_id") or "",
        "Payload": mail.facts.get("payload") or "",
    }


def _own(event: MailEvent) -> dict[str, Any] | None:
    said = event.detail.removeprefix("smtp; ")
    if event.kind is EventKind.REJECTED and event.suppressed:
        return _blocked("mailjet", "preblocked", said)
    make = _MAKERS.get(event.kind)
    return None if make is None else make(event, said)


def _bounce(related_to: str, error: str, said: str, *, hard: bool) -> dict[str, Any]:
    return {
        "event": "bounce",
        "blocked": hard,
        "hard_bounce": hard,
        "error_related_to": related_to,
        "error": error,
        "comment": said,
    }


def _blocked(related_to: str, error: str, said: str) -> dict[str, Any]:
    return {"event": "blocked", "error_related_to": related_to, "error": error, "comment": said}


_MAKERS: Mapping[EventKind, Callable[[MailEvent, str], dict[str, Any]]] = {
    EventKind.DELIVERED: lambda _, said: {"event": "sent", "smtp_reply": f"sent ({said})"},
    EventKind.OPENED: lambda *_: {"event": "open", **_VISIT},
    EventKind.CLICKED: lambda event, _: {"event": "click", "url": event.url, **_VISIT},
    EventKind.UNSUBSCRIBED: lambda *_: {"event": "unsub", "mj_list_id": 1, **_VISIT},
    EventKind.COMPLAINED: lambda *_: {"event": "spam", "source": "JMRPP"},
    EventKind.BOUNCED: lambda _, said: _bounce("recipient", "user unknown", said, hard=True),
    EventKind.SOFT_BOUNCED: lambda _, said: _bounce(
        "recipient", "quota exceeded", said, hard=False
    ),
    EventKind.DEFERRED: lambda _, said: _bounce("domain", "greylisted", said, hard=False),
    EventKind.RENDERING_FAILED: lambda _, said: _blocked(
        "content", "error in template language", said
    ),
    EventKind.REJECTED: lambda _, said: _blocked("spam", "content blocked", said),
}


def inbound_document(raw: bytes, sender: str, recipient: str) -> dict[str, Any]:
    """
    The object of a received mail.

    Args:
        raw: The mail as it was received.
        sender: The address in MAIL FROM.
        recipient: The address in RCPT TO.
    """
    mail = parse_inbound(raw)
    headers: dict[str, Any] = {}
    for name, value in mail.headers.pairs:
        if name.lower() in _SINGLE:
            headers[name] = value
        else:
            headers.setdefault(name, []).append(value)
    document: dict[str, Any] = {
        "Sender": sender,
        "Recipient": recipient,
        "Date": _date(mail["Date"]),
        "From": mail["From"] or "",
        "Subject": mail.subject or "",
        "Headers": headers,
        "Parts": [],
        "SpamAssassinScore": "0.0",
        "CustomID": "",
        "Payload": "",
    }
    for name, kind, text in (
        ("Text-part", "text/plain", mail.text),
        ("Html-part", "text/html", mail.html),
    ):
        if text is not None:
            described = {"Content-Type": f"{kind}; charset=UTF-8"}
            document["Parts"].append({"Headers": described, "ContentRef": name})
            document[name] = text
    _add_files(document, "Attachment", list(mail.attachments))
    _add_files(document, "InlineAttachment", list(mail.inlines))
    return document


def _add_files(document: dict[str, Any], name: str, parts: list[InboundPart]) -> None:
    for number, part in enumerate(parts, start=1):
        disposition = "attachment" if name == "Attachment" else "inline"
        filename = json.dumps(part.filename or "", ensure_ascii=False)
        described = {
            "Content-Type": part.content_type,
            "Content-Transfer-Encoding": "base64",
            "Content-Disposition": f"{disposition}; filename={filename}",
        }
        if part.content_id:
            described["Content-ID"] = f"<{part.content_id}>"
        reference = f"{name}{number}"
        document["Parts"].append({"Headers": described, "ContentRef": reference})
        document[reference] = base64.b64encode(part.content).decode("ascii")


def _date(text: str | None) -> str:
    try:
        moment = parsedate_to_datetime(text or "")
        if moment.tzinfo is not None:
            moment = moment.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        moment = datetime.now(timezone.utc)
    return moment.strftime("%Y%m%dT%H%M%S")
