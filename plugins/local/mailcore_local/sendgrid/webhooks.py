"""
Events in SendGrid's form: an array of JSON objects, signed as a whole.

Sources (read 2026-11-30), below https://www.twilio.com/docs/sendgrid/for-developers/:
`tracking-events/event` and `tracking-events/twilio-sendgrid-event-webhook-overview`.
Custom arguments stand beside SendGrid's own names, which win. A machine's answer is no event.
"""

from __future__ import annotations

import base64
import hashlib
import json

from collections.abc import Callable, Mapping, Sequence

from mailcore_local.engine import EventKind
from mailcore_local.mailbox import CapturedMail, MailEvent


_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
# RFC 5737: addresses for documentation.
_READER, _RECEIVER = "203.0.113.42", "192.0.2.25"

_CLASSES: Mapping[str, str] = {
    "5.1": "Invalid Address",
    "4.2": "Mailbox Unavailable",
    "5.2": "Mailbox Unavailable",
    "5.7": "Reputation",
    "5.6": "Content",
    "5.4": "Technical",
}


def documents(
    mail: CapturedMail, events: Sequence[MailEvent], drop_reason: Callable[[str], str | None]
) -> list[tuple[MailEvent, dict[str, object]]]:
    """
    What is told of each event that SendGrid has.

    Args:
        mail: The mail as it was kept.
        events: What happened, in order.
        drop_reason: Says why an address is on a list, or that it is on none.
    """
    told = []
    for event in events:
        own = _own(mail, event, drop_reason)
        if own is not None:
            told.append((event, {**_custom(mail), **_common(mail, event), **own}))
    return told


def body_of(told: Sequence[Mapping[str, object]]) -> bytes:
    """
    The body of a request; it ends with a line break, which the signature covers.
    """
    lines = ",\r\n".join(json.dumps(each) for each in told)
    return f"[{lines}]\r\n".encode()


def _custom(mail: CapturedMail) -> dict[str, object]:
    return dict(mail.metadata)


def _common(mail: CapturedMail, event: MailEvent) -> dict[str, object]:
    recipient = mail.recipient(event.recipient)
    message_id = recipient.message_id if recipient else ""
    common: dict[str, object] = {
        "email": event.recipient,
        "timestamp": int(event.at.timestamp()),
        "sg_event_id": _token(f"{event.id} {event.kind.value}"),
        "sg_message_id": f"{message_id}.recvd-local-1-{_token(event.recipient)[:8]}-1.0",
    }
    if mail.tags:
        common["category"] = list(mail.tags)
    if mail.facts.get("group_id") is not None:
        common["asm_group_id"] = mail.facts["group_id"]
    if mail.facts.get("template_id"):
        common["sg_template_id"] = mail.facts["template_id"]
    return common


def _own(
    mail: CapturedMail, event: MailEvent, drop_reason: Callable[[str], str | None]
) -> dict[str, object] | None:
    delivery = {"smtp-id": mail.facts.get("smtp_id", "")}
    said = event.detail.removeprefix("smtp; ")
    kind = event.kind
    if kind is EventKind.SENT:
        return {"event": "processed", **delivery}
    if kind is EventKind.DELIVERED:
        return {"event": "delivered", "response": said, "ip": _RECEIVER, "tls": 1, **delivery}
    if kind is EventKind.DEFERRED:
        return {"event": "deferred", "response": said, "attempt": "1", "tls": 1, **delivery}
    if kind in (EventKind.BOUNCED, EventKind.SOFT_BOUNCED):
        return {
            "event": "bounce",
            "type": "bounce" if kind is EventKind.BOUNCED else "blocked",
            "status": event.status,
            "reason": said,
            "bounce_classification": _CLASSES.get(event.status[:3], "Unclassified"),
            "ip": _RECEIVER,
            "tls": 1,
            **delivery,
        }
    if kind in (EventKind.REJECTED, EventKind.RENDERING_FAILED):
        reason = "Spam Content"
        if event.suppressed:
            reason = drop_reason(event.recipient) or "Bounced Address"
        elif kind is EventKind.RENDERING_FAILED:
            reason = said
        return {"event": "dropped", "reason": reason, "status": event.status or "5.0.0", **delivery}
    return _engagement(mail, event)


def _engagement(mail: CapturedMail, event: MailEvent) -> dict[str, object] | None:
    reader = {"useragent": _AGENT, "ip": _READER}
    if event.kind is EventKind.OPENED:
        return {"event": "open", "sg_machine_open": False, "sg_content_type": "html", **reader}
    if event.kind is EventKind.CLICKED:
        offset = {"index": 0, "type": "html" if mail.html else "text"}
        return {"event": "click", "url": event.url, "url_offset": offset, **reader}
    if event.kind is EventKind.COMPLAINED:
        return {"event": "spamreport"}
    if event.kind is EventKind.UNSUBSCRIBED:
        if mail.facts.get("group_id") is not None:
            return {"event": "group_unsubscribe", "url": event.url, **reader}
        return {"event": "unsubscribe"}
    return None


def _token(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
