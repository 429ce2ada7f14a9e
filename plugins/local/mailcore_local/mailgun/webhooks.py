"""
Webhooks in Mailgun's form: one event each, with a signature in the body.

Sources (read 2026-11-30), below https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/:
`webhook-payloads` and `securing-webhooks`. A machine's answer is no event.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time

from collections.abc import Callable, Mapping

from mailcore_local.engine import EventKind
from mailcore_local.faces import WebhookPost
from mailcore_local.mailbox import CapturedMail, MailEvent


# RFC 5737: addresses for documentation.
_READER, _SENDER = "203.0.113.42", "192.0.2.10"

_CLIENT: Mapping[str, object] = {
    "client-type": "browser",
    "client-os": "linux",
    "device-type": "desktop",
    "client-name": "Firefox",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "bot": "",
}

# What Mailgun says of an address that is on a list: reason, code, message.
_SUPPRESSED: Mapping[str, tuple[str, int, str]] = {
    "bounces": ("suppress-bounce", 605, "Not delivering to previously bounced address"),
    "unsubscribes": ("suppress-unsubscribe", 606, "Not delivering to unsubscribed address"),
    "complaints": (
        "suppress-complaint",
        607,
        "Not delivering to a user who marked your messages as spam",
    ),
}


def signature(key: str) -> dict[str, str]:
    """
    What proves that a request is Mailgun's: a HMAC of the present and a token, used once.

    Args:
        key: The HTTP webhook signing key of the account.
    """
    timestamp, token = str(int(time.time())), secrets.token_hex(25)
    digest = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"token": token, "timestamp": timestamp, "signature": digest}


def post(
    mail: CapturedMail,
    event: MailEvent,
    key: str,
    *,
    listed_in: Callable[[str], str | None],
    storage_url: str,
) -> WebhookPost | None:
    """
    The request about one event; `None` for one that Mailgun does not have.

    Args:
        mail: The mail as it was kept.
        event: What happened, and to whom.
        key: The HTTP webhook signing key of the account.
        listed_in: Says which list an address is on.
        storage_url: Where the message can be fetched for a while.
    """
    own = _own(event, listed_in)
    if own is None:
        return None
    data = {**_common(mail, event), **own}
    if event.kind not in (EventKind.OPENED, EventKind.CLICKED, EventKind.UNSUBSCRIBED):
        data["storage"] = {"url": storage_url, "key": mail.id}
    body = json.dumps({"signature": signature(key), "event-data": data}).encode()
    return WebhookPost(
        event_type=str(own["event"]),
        headers={"Content-Type": "application/json", "User-Agent": "mailgun/webhooks"},
        body=body,
        event_ids=(event.id,),
    )


def tampered(body: bytes) -> bytes:
    """
    A body whose signature does not fit its token.
    """
    document = json.loads(body)
    document["signature"]["token"] = document["signature"]["token"][::-1]
    return json.dumps(document).encode()


def _common(mail: CapturedMail, event: MailEvent) -> dict[str, object]:
    domain = str(mail.facts.get("domain", ""))
    headers: dict[str, object] = {
        "from": mail.from_email,
        "to": ", ".join(mail.to),
        "subject": mail.subject,
        "message-id": mail.facts.get("message_id", ""),
    }
    return {
        "id": event.id,
        "timestamp": event.at.timestamp(),
        "log-level": "info",
        "account": {"id": "local"},
        "domain": {"name": domain},
        "recipient": event.recipient,
        "recipient-domain": event.recipient.rpartition("@")[2],
        "tags": list(mail.tags),
        "campaigns": [],
        "user-variables": mail.facts.get("variables", {}),
        "flags": {
            "is-routed": False,
            "is-authenticated": True,
            "is-system-test": False,
            "is-test-mode": mail.facts.get("test_mode", False),
        },
        "envelope": {
            "transport": "smtp",
            "sender": mail.envelope_sender,
            "sending-ip": _SENDER,
            "targets": event.recipient,
        },
        "message": {
            "headers": headers,
            "attachments": [
                {"filename": part.filename or "", "content-type": part.content_type, "size": 0}
                for part in mail.parsed.attachments
            ],
            "size": mail.size_bytes,
        },
    }


def _own(event: MailEvent, listed_in: Callable[[str], str | None]) -> dict[str, object] | None:
    kind = event.kind
    if kind is EventKind.SENT:
        return {"event": "accepted", "method": "HTTP"}
    if kind is EventKind.DELIVERED:
        return {"event": "delivered", "delivery-status": _status(event, 250)}
    if kind in (EventKind.DEFERRED, EventKind.SOFT_BOUNCED):
        status = {**_status(event, 452 if event.status == "4.2.2" else 450), "retry-seconds": 600}
        return _failed("temporary", "generic", status, "warn")
    if kind is EventKind.BOUNCED:
        return _failed("permanent", "bounce", _status(event, 550), "error")
    if kind is EventKind.REJECTED and event.suppressed:
        reason, code, said = _SUPPRESSED[listed_in(event.recipient) or "bounces"]
        status = {"attempt-no": 1, "code": code, "message": "", "description": said}
        return _failed("permanent", reason, status, "error")
    if kind in (EventKind.REJECTED, EventKind.RENDERING_FAILED):
        return {
            "event": "rejected",
            "log-level": "warn",
            "reject": {"reason": event.detail, "description": ""},
        }
    return _engagement(event)


def _engagement(event: MailEvent) -> dict[str, object] | None:
    seen: dict[str, object] = {
        "ip": _READER,
        "geolocation": {"country": "DE", "region": "Unknown", "city": "Unknown"},
        "client-info": dict(_CLIENT),
    }
    if event.kind is EventKind.OPENED:
        return {"event": "opened", **seen}
    if event.kind is EventKind.CLICKED:
        return {"event": "clicked", "url": event.url, **seen}
    if event.kind is EventKind.UNSUBSCRIBED:
        return {"event": "unsubscribed", **seen}
    if event.kind is EventKind.COMPLAINED:
        return {"event": "complained", "log-level": "warn"}
    return None


def _status(event: MailEvent, code: int) -> dict[str, object]:
    said = event.detail.removeprefix("smtp; ")
    if said[:3].isdecimal():
        code = int(said[:3])
    return {
        "attempt-no": 1,
        "code": code,
        "enhanced-code": event.status,
        "message": said,
        "description": "",
        "mx-host": event.recipient.rpartition("@")[2],
        "session-seconds": 0.5,
        "tls": True,
        "certificate-verified": True,
    }


def _failed(
    severity: str, reason: str, status: Mapping[str, object], level: str
) -> dict[str, object]:
    return {
        "event": "failed",
        "severity": severity,
        "reason": reason,
        "log-level": level,
        "delivery-status": dict(status),
    }
