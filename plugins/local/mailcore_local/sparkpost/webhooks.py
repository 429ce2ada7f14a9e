"""
SparkPost's webhooks: events and relayed mail.

Read 2026-11-30: https://developers.sparkpost.com/api/webhooks/,
https://developers.sparkpost.com/api/relay-webhooks/ (in
https://github.com/SparkPost/developers.sparkpost.com), the samples of
https://github.com/SparkPost/java-sparkpost (`webhook_samples.json`),
https://docs.sparkpost.com/docs/deliverability/bounce-classification-codes/ and
https://docs.sparkpost.com/docs/tech-resources/preparing-for-async-suppressions/ (in
https://github.com/SparkPost/support-docs): of a suppressed recipient there are an injection and a
bounce of class 25.
"""

from __future__ import annotations

import base64
import json

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from mailcore.inbound import parse_inbound
from mailcore_local.engine import EventKind
from mailcore_local.mailbox import CapturedMail, MailEvent


# Classes of bounces: invalid recipient, mailbox full, administrative failure, auto-reply.
HARD, FULL, ADMIN, AUTO_REPLY = "10", "22", "25", "60"

CUSTOMER_ID = "1"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_IP = "127.0.0.1"
_GEO = {
    "country": "US",
    "region": "MD",
    "city": "Columbia",
    "latitude": 39.1749,
    "longitude": -76.8375,
}


def event_documents(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    """
    What SparkPost tells of an event: an object, two, or none.
    """
    make = _MAKERS.get(event.kind)
    return [] if make is None else make(mail, event)


def _common(mail: CapturedMail, event: MailEvent, event_type: str) -> dict[str, Any]:
    own = _own(mail, event.recipient)
    rcpt_type = own.get("rcpt_type")
    found = {
        "type": event_type,
        "event_id": str(int(event.id, 16)),
        "timestamp": str(int(event.at.timestamp())),
        "customer_id": CUSTOMER_ID,
        "subaccount_id": str(mail.facts.get("subaccount") or "0"),
        "transmission_id": mail.facts.get("transmission_id"),
        "message_id": own.get("message_id"),
        "campaign_id": mail.facts.get("campaign_id") or "",
        "template_id": mail.facts.get("template_id"),
        "template_version": "0",
        "rcpt_to": event.recipient.lower(),
        "raw_rcpt_to": event.recipient,
        "rcpt_meta": own.get("metadata") or {},
        "rcpt_tags": own.get("tags") or [],
        "friendly_from": mail.facts.get("friendly_from") or mail.envelope_sender,
        "subject": mail.subject,
        "ip_pool": mail.facts.get("ip_pool") or "shared",
        "sending_ip": _IP,
        "routing_domain": event.recipient.rpartition("@")[2].lower(),
        "injection_time": _iso(mail.accepted_at),
        "transactional": "1" if mail.facts.get("transactional") else "0",
    }
    return {**found, "rcpt_type": rcpt_type} if rcpt_type else found


def _message_event(
    mail: CapturedMail, event: MailEvent, event_type: str, **more: Any
) -> dict[str, Any]:
    document = {
        **_common(mail, event, event_type),
        "msg_from": mail.envelope_sender,
        "msg_size": str(mail.size_bytes),
        "recv_method": "rest",
        **more,
    }
    return _wrapped("message_event", document)


def _injection(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [_message_event(mail, event, "injection")]


def _delivery(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [
        _message_event(
            mail,
            event,
            "delivery",
            delv_method="esmtp",
            ip_address=_IP,
            num_retries="0",
            queue_time="12",
            outbound_tls="1",
        )
    ]


def _failure(event: MailEvent, bounce_class: str) -> dict[str, Any]:
    reason = event.detail.removeprefix("smtp; ")
    return {
        "bounce_class": bounce_class,
        "error_code": reason[:3] if reason[:3].isdecimal() else "554",
        "reason": reason,
        "raw_reason": reason,
        "delv_method": "esmtp",
        "ip_address": _IP,
        "num_retries": "0",
    }


def _delay(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [_message_event(mail, event, "delay", queue_time="12", **_failure(event, FULL))]


def _bounce(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [_message_event(mail, event, "bounce", **_failure(event, HARD))]


def _soft_bounce(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [_message_event(mail, event, "bounce", **_failure(event, FULL))]


def _rejection(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    if not event.suppressed:
        return [_message_event(mail, event, "policy_rejection", **_failure(event, ADMIN))]
    said = "554 5.7.1 recipient address was suppressed due to customer policy"
    failure = {**_failure(event, ADMIN), "reason": said, "raw_reason": said, "error_code": "554"}
    return [
        _message_event(mail, event, "injection"),
        _message_event(mail, event, "bounce", **failure, event_id=str(int(event.id, 16) + 1)),
    ]


def _complaint(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [
        _message_event(
            mail,
            event,
            "spam_complaint",
            fbtype="abuse",
            report_by="localhost",
            report_to="abuse.sparkpost.localhost",
            user_str="a complaint made on this machine",
        )
    ]


def _auto_reply(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [_message_event(mail, event, "out_of_band", **_failure(event, AUTO_REPLY))]


def _visit(mail: CapturedMail, event: MailEvent, event_type: str, **more: Any) -> dict[str, Any]:
    document = {
        **_common(mail, event, event_type),
        "user_agent": _AGENT,
        "ip_address": _IP,
        "geo_ip": _GEO,
        "delv_method": "esmtp",
        **more,
    }
    return _wrapped("track_event", document)


def _open(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [_visit(mail, event, "open")]


def _click(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    return [_visit(mail, event, "click", target_link_url=event.url, target_link_name="Raw URL")]


def _unsubscribe(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    document = {**_common(mail, event, "list_unsubscribe"), "mailfrom": event.recipient}
    return [_wrapped("unsubscribe_event", document)]


def _generation_failure(mail: CapturedMail, event: MailEvent) -> list[dict[str, Any]]:
    document = {
        **_common(mail, event, "generation_failure"),
        "error_code": "3000",
        "reason": event.detail,
        "raw_reason": event.detail,
        "rcpt_subs": _own(mail, event.recipient).get("data") or {},
    }
    return [_wrapped("gen_event", document)]


_MAKERS: Mapping[EventKind, Callable[[CapturedMail, MailEvent], list[dict[str, Any]]]] = {
    EventKind.SENT: _injection,
    EventKind.DELIVERED: _delivery,
    EventKind.DEFERRED: _delay,
    EventKind.BOUNCED: _bounce,
    EventKind.SOFT_BOUNCED: _soft_bounce,
    EventKind.REJECTED: _rejection,
    EventKind.COMPLAINED: _complaint,
    EventKind.AUTO_REPLIED: _auto_reply,
    EventKind.OPENED: _open,
    EventKind.CLICKED: _click,
    EventKind.UNSUBSCRIBED: _unsubscribe,
    EventKind.RENDERING_FAILED: _generation_failure,
}


def _wrapped(event_class: str, document: dict[str, Any]) -> dict[str, Any]:
    return {"msys": {event_class: document}}


def _own(mail: CapturedMail, address: str) -> Mapping[str, Any]:
    people = mail.facts.get("people")
    found = people.get(address) if isinstance(people, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def relay_document(raw: bytes, sender: str, recipient: str) -> dict[str, Any]:
    """
    The object of one relayed mail.

    Args:
        raw: The mail as it was received.
        sender: The address in MAIL FROM.
        recipient: The address in RCPT TO.
    """
    mail = parse_inbound(raw)
    try:
        text, is_base64 = raw.decode("utf-8"), False
    except UnicodeDecodeError:
        text, is_base64 = base64.b64encode(raw).decode("ascii"), True
    content = {
        "email_rfc822": text,
        "email_rfc822_is_base64": is_base64,
        "headers": [{name: value} for name, value in mail.headers.pairs],
        "html": mail.html or "",
        "text": mail.text or "",
        "subject": mail.subject or "",
        "to": [each.addr_spec for each in mail.to],
        "cc": [each.addr_spec for each in mail.cc],
    }
    author = mail.from_email
    document = {
        "content": content,
        "customer_id": CUSTOMER_ID,
        "friendly_from": author.addr_spec if author else sender,
        "msg_from": sender,
        "rcpt_to": recipient,
        "webhook_id": "4839201967643219",
        "protocol": "smtp",
    }
    return _wrapped("relay_message", document)


def body_of(documents: Sequence[Mapping[str, Any]]) -> bytes:
    """
    The octets of a batch.
    """
    return json.dumps(list(documents)).encode()
