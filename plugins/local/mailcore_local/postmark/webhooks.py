"""
Webhooks in Postmark's form: one event each, as JSON, without a signature.

Sources (read 2026-11-30, in part second-hand): the pages "Bounce", "Spam complaint", "Delivery",
"Open", "Click" and "Subscription change webhook" below https://postmarkapp.com/developer/webhooks/.
Who posts is known by HTTP Basic, by a header of one's own, or by the address. A complaint, a hard
bounce and an unsubscription change the suppression list, which is told of as well.
"""

from __future__ import annotations

import json
import uuid

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

from mailcore_local.engine import EventKind
from mailcore_local.faces import WebhookPost
from mailcore_local.mailbox import CapturedMail, MailEvent
from mailcore_local.postmark.bounce_types import BounceType, type_of


SERVER_ID = 23
_RETRIES = 6

_BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0 Safari/537.36"
)
# RFC 5737: an address for documentation.
_READER: Mapping[str, object] = {
    "Client": {"Name": "Chrome 140", "Company": "Google", "Family": "Chrome"},
    "OS": {"Name": "Linux", "Company": "Linux", "Family": "Linux"},
    "Platform": "Desktop",
    "UserAgent": _BROWSER,
    "Geo": {"IP": "203.0.113.42"},
}


def timestamp(moment: datetime) -> str:
    """
    A moment as Postmark writes it: seven digits after the second, in UTC.
    """
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def posts(
    mail: CapturedMail, event: MailEvent, authorization: Mapping[str, str]
) -> Iterator[WebhookPost]:
    """
    What is posted about one event: nothing, one request, or two.

    Args:
        mail: The mail as it was kept.
        event: What happened, and to whom.
        authorization: The header of HTTP Basic, or nothing.
    """
    for document in _documents(mail, event):
        yield WebhookPost(
            event_type=str(document.get("Type") or document["RecordType"]),
            headers={
                "Content-Type": "application/json",
                "User-Agent": "Postmark",
                "X-PM-Retries-Remaining": str(_RETRIES),
                "X-PM-Webhook-Trace-Id": str(uuid.uuid4()),
                **authorization,
            },
            body=json.dumps(document).encode(),
            event_ids=(event.id,),
        )


def _documents(mail: CapturedMail, event: MailEvent) -> Iterator[dict[str, object]]:
    asked = str(mail.facts.get("bounce_type", ""))
    bounce = type_of(event.kind, event.recipient, asked)
    if bounce is not None:
        yield _bounce(mail, event, bounce)
        if bounce.name in ("HardBounce", "SpamComplaint"):
            yield _subscription(mail, event, bounce.name)
    elif event.kind is EventKind.DELIVERED:
        yield _delivery(mail, event)
    elif event.kind is EventKind.OPENED:
        yield {"RecordType": "Open", "FirstOpen": _is_first(mail, event), **_seen(mail, event)}
    elif event.kind is EventKind.CLICKED:
        html = mail.html or ""
        where = "HTML" if event.url in html.replace("&amp;", "&") else "Text"
        yield {
            "RecordType": "Click",
            "ClickLocation": where,
            "OriginalLink": event.url,
            **_seen(mail, event),
        }
    elif event.kind is EventKind.UNSUBSCRIBED:
        yield _subscription(mail, event, "ManualSuppression")


def bounce_document(mail: CapturedMail, event: MailEvent, bounce: BounceType) -> dict[str, object]:
    """
    A bounce or complaint as the Bounce API and its webhook tell it.
    """
    return {
        "ID": bounce_id(event),
        "Type": bounce.name,
        "TypeCode": bounce.code,
        "Name": bounce.title,
        "Tag": _tag(mail),
        "MessageID": _message_id(mail, event),
        "Metadata": dict(mail.metadata),
        "ServerID": SERVER_ID,
        "MessageStream": _stream(mail),
        "Description": bounce.description,
        "Details": event.detail,
        "Email": event.recipient,
        "From": mail.facts.get("sender", mail.envelope_sender),
        "BouncedAt": timestamp(event.at),
        "DumpAvailable": False,
        "Inactive": bounce.name in ("HardBounce", "SpamComplaint"),
        "CanActivate": bounce.name != "SpamComplaint",
        "Subject": mail.subject,
    }


def bounce_id(event: MailEvent) -> int:
    """
    The number of a bounce, from the id of its event: at most 52 bits, which JavaScript can hold.
    """
    return int(event.id[:13], 16)


def _bounce(mail: CapturedMail, event: MailEvent, bounce: BounceType) -> dict[str, object]:
    kind = "SpamComplaint" if bounce.name == "SpamComplaint" else "Bounce"
    return {"RecordType": kind, **bounce_document(mail, event, bounce)}


def _subscription(mail: CapturedMail, event: MailEvent, reason: str) -> dict[str, object]:
    return {
        "RecordType": "SubscriptionChange",
        "MessageID": _message_id(mail, event),
        "ServerID": SERVER_ID,
        "MessageStream": _stream(mail),
        "ChangedAt": timestamp(event.at),
        "Recipient": event.recipient,
        "Origin": "Recipient",
        "SuppressSending": True,
        "SuppressionReason": reason,
        "Tag": _tag(mail),
        "Metadata": dict(mail.metadata),
    }


def _delivery(mail: CapturedMail, event: MailEvent) -> dict[str, object]:
    return {
        "RecordType": "Delivery",
        "MessageStream": _stream(mail),
        "ServerID": SERVER_ID,
        "MessageID": _message_id(mail, event),
        "Recipient": event.recipient,
        "Tag": _tag(mail),
        "DeliveredAt": timestamp(event.at),
        "Details": event.detail,
        "Metadata": dict(mail.metadata),
    }


def _seen(mail: CapturedMail, event: MailEvent) -> dict[str, object]:
    return {
        "MessageStream": _stream(mail),
        **_READER,
        "MessageID": _message_id(mail, event),
        "Metadata": dict(mail.metadata),
        "ReceivedAt": timestamp(event.at),
        "Tag": _tag(mail),
        "Recipient": event.recipient,
    }


def _is_first(mail: CapturedMail, event: MailEvent) -> bool:
    opened = [
        entry.event.id
        for entry in mail.timeline
        if entry.event.kind is EventKind.OPENED and entry.event.recipient == event.recipient
    ]
    return opened[:1] in ([], [event.id])


def _message_id(mail: CapturedMail, event: MailEvent) -> str:
    recipient = mail.recipient(event.recipient)
    return recipient.message_id if recipient else ""


def _stream(mail: CapturedMail) -> str:
    return str(mail.facts.get("stream", "outbound"))


def _tag(mail: CapturedMail) -> str:
    return mail.tags[0] if mail.tags else ""
