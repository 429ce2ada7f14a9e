"""
Mandrill's webhooks: events, changes of the lists, received mail, and their signature.

Read 2026-11-30: https://mailchimp.com/developer/transactional/docs/webhooks/ (events, the form),
https://mandrill.zendesk.com/hc/en-us/articles/205583307-Message-Event-Webhook-format (fields),
https://mandrill.zendesk.com/hc/en-us/articles/360039234813 (received mail), and
https://mandrill.zendesk.com/hc/en-us/articles/360039232513 (signature). Slashes have a backslash,
as PHP writes JSON: https://github.com/mailchimp/mailchimp-client-lib-codegen/issues/281. How
Mandrill tries a new URL: https://mandrill.zendesk.com/hc/en-us/articles/360038740014.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from mailcore.inbound import InboundMessage, InboundPart, parse_inbound
from mailcore_local.engine import EventKind
from mailcore_local.mailbox import CapturedMail, MailEvent


FORM_TYPE = "application/x-www-form-urlencoded"
FIELD = "mandrill_events"
TRIAL_KEY = "test-webhook"

_NAMES: Mapping[EventKind, str] = {
    EventKind.SENT: "send",
    EventKind.DEFERRED: "deferral",
    EventKind.DELIVERED: "delivered",
    EventKind.BOUNCED: "hard_bounce",
    EventKind.SOFT_BOUNCED: "soft_bounce",
    EventKind.COMPLAINED: "spam",
    EventKind.UNSUBSCRIBED: "unsub",
    EventKind.OPENED: "open",
    EventKind.CLICKED: "click",
    EventKind.REJECTED: "reject",
}
_STATES = {
    "send": "sent",
    "deferral": "deferred",
    "delivered": "delivered",
    "hard_bounce": "bounced",
    "soft_bounce": "soft-bounced",
    "spam": "spam",
    "unsub": "unsub",
    "open": "sent",
    "click": "sent",
    "reject": "rejected",
}
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_VISITOR = "127.0.0.1"


def event_name(event: MailEvent) -> str | None:
    """
    How Mandrill calls an event; None if it has no webhook for it.
    """
    if event.suppressed:
        return "reject"
    return _NAMES.get(event.kind)


def event_document(mail: CapturedMail, event: MailEvent) -> dict[str, Any] | None:
    """
    The object of one event; None if Mandrill has no webhook for it.
    """
    name = event_name(event)
    if name is None:
        return None
    recipient = mail.recipient(event.recipient)
    identifier = recipient.message_id if recipient is not None else ""
    moment = int(event.at.timestamp())
    document: dict[str, Any] = {
        "event": name,
        "_id": identifier,
        "msg": _message(mail, event, name, identifier),
        "ts": moment,
    }
    if name in ("open", "click"):
        document |= {
            "ip": _VISITOR,
            "location": None,
            "user_agent": _AGENT,
            "user_agent_parsed": None,
        }
    if name == "click":
        document["url"] = event.url
    return document


def _message(mail: CapturedMail, event: MailEvent, name: str, identifier: str) -> dict[str, Any]:
    metadata = _own(mail.facts.get("metadata"), event.recipient)
    message: dict[str, Any] = {
        "ts": int(mail.accepted_at.timestamp()),
        "subject": mail.subject,
        "email": event.recipient,
        "sender": mail.envelope_sender,
        "tags": list(mail.tags),
        # An empty object of PHP is an empty array.
        "metadata": metadata or [],
        "template": mail.facts.get("template"),
        "subaccount": mail.facts.get("subaccount"),
        "state": _STATES[name],
        "opens": _told(mail, event, EventKind.OPENED),
        "clicks": _told(mail, event, EventKind.CLICKED),
        "resends": [],
        "smtp_events": [],
        "_id": identifier,
        "_version": event.id,
    }
    if name in ("hard_bounce", "soft_bounce"):
        message |= {
            "diag": event.detail,
            "bounce_description": "bad_mailbox" if name == "hard_bounce" else "mailbox_full",
            "bgtools_code": 10 if name == "hard_bounce" else 22,
        }
    if name == "deferral":
        message["smtp_events"] = [
            {
                "ts": int(event.at.timestamp()),
                "type": "deferred",
                "diag": event.detail,
                "source_ip": _VISITOR,
                "destination_ip": _VISITOR,
                "size": mail.size_bytes,
            }
        ]
    if name == "reject":
        message["reject"] = {"reason": "hard-bounce", "last_event_at": None}
    return message


def _own(by_recipient: object, address: str) -> dict[str, Any]:
    found = by_recipient.get(address) if isinstance(by_recipient, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _told(mail: CapturedMail, event: MailEvent, kind: EventKind) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for entry in mail.timeline:
        each = entry.event
        if each.kind is kind and each.recipient == event.recipient and each.at <= event.at:
            told: dict[str, Any] = {"ts": int(each.at.timestamp())}
            if kind is EventKind.CLICKED:
                told["url"] = each.url
            found.append(told)
    return found


def message_info(mail: CapturedMail, identifier: str) -> dict[str, Any]:
    """
    The answer of ``messages/info``.

    Args:
        mail: The mail that has the id.
        identifier: The ``_id`` of one copy.
    """
    found = next(each for each in mail.recipients if each.message_id == identifier)
    entries = [each.event for each in mail.timeline if each.event.recipient == found.address]
    names = [name for name in map(event_name, entries) if name is not None]
    opens = [int(e.at.timestamp()) for e in entries if e.kind is EventKind.OPENED]
    clicks = [(int(e.at.timestamp()), e.url) for e in entries if e.kind is EventKind.CLICKED]
    return {
        "ts": int(mail.accepted_at.timestamp()),
        "_id": identifier,
        "sender": mail.envelope_sender,
        "template": mail.facts.get("template"),
        "subject": mail.subject,
        "email": found.address,
        "tags": list(mail.tags),
        "opens": len(opens),
        "opens_detail": [
            {"ts": ts, "ip": _VISITOR, "location": None, "ua": _AGENT} for ts in opens
        ],
        "clicks": len(clicks),
        "clicks_detail": [
            {"ts": ts, "url": url, "ip": _VISITOR, "location": None, "ua": _AGENT}
            for ts, url in clicks
        ],
        "state": _STATES[names[-1]] if names else "sent",
        "metadata": _own(mail.facts.get("metadata"), found.address) or [],
        "smtp_events": [],
    }


def inbound_document(raw: bytes, sender: str, recipient: str, moment: int) -> dict[str, Any]:
    """
    The object of a received mail.

    Args:
        raw: The mail as it was received.
        sender: The address in MAIL FROM, for SPF's sentence.
        recipient: The address in RCPT TO.
        moment: When it was received, in seconds since 1970.
    """
    mail = parse_inbound(raw)
    author = mail.from_email
    message: dict[str, Any] = {
        "raw_msg": raw.decode("utf-8", "replace"),
        "headers": _headers(mail),
        "text": mail.text or "",
        "html": mail.html,
        "from_email": author.addr_spec if author else "",
        "from_name": author.display_name if author else "",
        "to": [[each.addr_spec, each.display_name or None] for each in mail.to],
        "subject": mail.subject or "",
        "spam_report": {"score": 0.0, "matched_rules": []},
        "dkim": {"signed": False, "valid": False},
        "spf": {"result": "none", "detail": f"no SPF record is looked up for {sender}"},
        "email": recipient,
        "tags": [],
        "sender": None,
        "template": None,
    }
    if mail.cc:
        message["cc"] = [[each.addr_spec, each.display_name or None] for each in mail.cc]
    attachments = {part.filename or "": _file(part) for part in mail.attachments}
    if attachments:
        message["attachments"] = attachments
    images = {part.content_id or part.filename or "": _image(part) for part in mail.inlines}
    if images:
        message["images"] = images
    return {"event": "inbound", "ts": moment, "msg": message}


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


def _file(part: InboundPart) -> dict[str, Any]:
    name, kind = part.filename or "", part.content_type
    is_text = kind.startswith("text/")
    if is_text:
        try:
            text = part.content.decode("utf-8")
        except UnicodeDecodeError:
            is_text = False
    if not is_text:
        text = base64.b64encode(part.content).decode("ascii")
    return {"name": name, "type": kind, "content": text, "base64": not is_text}


def _image(part: InboundPart) -> dict[str, Any]:
    return {
        "name": part.content_id or part.filename or "",
        "type": part.content_type,
        "content": base64.b64encode(part.content).decode("ascii"),
    }


def sync_document(action: str, entry: Mapping[str, Any], moment: int) -> dict[str, Any]:
    """
    The object of a change of the denylist.

    Args:
        action: What was done: ``add``, ``change`` or ``remove``.
        entry: The entry as ``rejects/list`` has it.
        moment: When it was done, in seconds since 1970.
    """
    return {"type": "blacklist", "action": action, "reject": dict(entry), "ts": moment}


def body_of(documents: Sequence[Mapping[str, Any]]) -> bytes:
    """
    The form that carries events.
    """
    text = json.dumps(list(documents), separators=(",", ":")).replace("/", "\\/")
    return urlencode({FIELD: text}).encode("ascii")


def signature(key: str, url: str, fields: Mapping[str, str]) -> str:
    """
    The value of ``X-Mandrill-Signature``.

    Args:
        key: The key of the webhook.
        url: The URL of the webhook as it was registered, query and all.
        fields: The fields of the form, decoded.
    """
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(key.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")
