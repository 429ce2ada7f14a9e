"""
Mails, events and posts as JSON documents.
"""

from __future__ import annotations

import base64

from collections.abc import Sequence
from datetime import datetime

from mailcore_local.hub import Hub, WebhookRecord, outcome_of
from mailcore_local.mailbox import (
    CapturedMail,
    Link,
    MailEvent,
    MailSummary,
    TimelineEntry,
    WebhookOutcome,
)


Document = dict[str, object]


def summary_document(mail: MailSummary) -> Document:
    """
    What a list has of a mail.
    """
    return {
        "id": mail.id,
        "provider": mail.face,
        "accepted_at": moment(mail.accepted_at),
        "from": mail.from_email,
        "to": list(mail.to),
        "subject": mail.subject,
        "tags": list(mail.tags),
        "states": list(mail.states),
        "size_bytes": mail.size_bytes,
        "failure": mail.failure,
    }


def mail_document(mail: CapturedMail) -> Document:
    """
    A whole mail, but for its octets: `/raw` has those.
    """
    request = mail.request
    try:
        body: Document = {"body": request.body.decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(request.body).decode("ascii")}
    return {
        **summary_document(mail.summary()),
        "envelope_sender": mail.envelope_sender,
        "cc": list(mail.cc),
        "bcc": list(mail.bcc),
        "metadata": dict(mail.metadata),
        "facts": dict(mail.facts),
        "text": mail.text,
        "html": mail.html,
        "headers": [{"name": name, "value": value} for name, value in mail.parsed.headers.items()],
        "attachments": [
            {
                "filename": part.filename,
                "content_type": part.content_type,
                "size_bytes": len(part.content),
                "content_id": part.content_id,
            }
            for part in (*mail.parsed.attachments, *mail.parsed.inlines)
        ],
        "recipients": [
            {"address": each.address, "message_id": each.message_id, "state": each.state}
            for each in mail.recipients
        ],
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": [{"name": name, "value": value} for name, value in request.headers],
            **body,
        },
        "timeline": [entry_document(entry) for entry in mail.timeline],
    }


def entry_document(entry: TimelineEntry) -> Document:
    """
    An event with what the webhooks answered.
    """
    return {
        **event_document(entry.event),
        "webhooks": [outcome_document(outcome) for outcome in entry.webhooks],
    }


def event_document(event: MailEvent) -> Document:
    """
    An event.
    """
    return {
        "id": event.id,
        "kind": event.kind.value,
        "recipient": event.recipient,
        "at": moment(event.at),
        "detail": event.detail,
        "status": event.status,
        "url": event.url,
        "suppressed": event.suppressed,
        "by_hand": event.by_hand,
    }


def outcome_document(outcome: WebhookOutcome) -> Document:
    """
    What came of one request to a webhook.
    """
    return {
        "endpoint": outcome.endpoint,
        "event_type": outcome.event_type,
        "state": outcome.state,
        "attempts": list(outcome.attempts),
        "answer": outcome.answer,
        "body": outcome.body,
    }


def post_document(record: WebhookRecord) -> Document:
    """
    The request to a webhook as JSON, with the provider and the mail that it is about.
    """
    about = {"provider": record.face, "mail": record.about}
    return {**about, **outcome_document(outcome_of(record))}


def link_documents(links: Sequence[Link]) -> list[Document]:
    """
    The links of a mail.
    """
    return [{"url": link.url, "text": link.text, "part": link.part} for link in links]


def face_document(hub: Hub, name: str) -> Document:
    """
    A provider that is spoken here.
    """
    face, url = hub.face(name), hub.url_of(name)
    return {
        "name": face.name,
        "label": face.label,
        "url": url,
        "mailcore_url": face.mailcore_url(url),
        "webhooks": list(hub.webhooks(name)),
        "inbound_webhooks": list(hub.inbound_webhooks(name)),
        "lines": [{"title": line.title, "line": line.line} for line in face.lines(url)],
    }


def moment(at: datetime) -> str:
    """
    A moment as RFC 3339 writes it, in UTC with milliseconds.
    """
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
