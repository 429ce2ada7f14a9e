"""
SES's event records, as event publishing sends them.

Source: SES Developer Guide, "Contents of event data that Amazon SES publishes to Amazon SNS" and
its examples (read 2026-11-21). The values are the local SES's own.
"""

from __future__ import annotations

import uuid

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import getaddresses

from mailcore_local.engine import EventKind, Fate, Happening
from mailcore_local.ses.model import Params
from mailcore_local.ses.records import MessageRecord, iso_timestamp


# eventType -> (the key of its object, the name in MatchingEventTypes)
EVENT_TYPES = {
    "Send": ("send", "SEND"),
    "Reject": ("reject", "REJECT"),
    "Bounce": ("bounce", "BOUNCE"),
    "Complaint": ("complaint", "COMPLAINT"),
    "Delivery": ("delivery", "DELIVERY"),
    "Open": ("open", "OPEN"),
    "Click": ("click", "CLICK"),
    "Rendering Failure": ("failure", "RENDERING_FAILURE"),
    "DeliveryDelay": ("deliveryDelay", "DELIVERY_DELAY"),
    "Subscription": ("subscription", "SUBSCRIPTION"),
}

# What happened, where no fate makes a difference.
_PLAIN = {
    EventKind.SENT: "Send",
    EventKind.REJECTED: "Reject",
    EventKind.RENDERING_FAILED: "Rendering Failure",
    EventKind.DELIVERED: "Delivery",
    EventKind.DEFERRED: "DeliveryDelay",
    EventKind.OPENED: "Open",
    EventKind.CLICKED: "Click",
    EventKind.UNSUBSCRIBED: "Subscription",
}

_KINDS = {
    "Send": EventKind.SENT,
    "Reject": EventKind.REJECTED,
    "Bounce": EventKind.BOUNCED,
    "Complaint": EventKind.COMPLAINED,
    "Delivery": EventKind.DELIVERED,
    "Open": EventKind.OPENED,
    "Click": EventKind.CLICKED,
    "Rendering Failure": EventKind.RENDERING_FAILED,
    "DeliveryDelay": EventKind.DEFERRED,
    "Subscription": EventKind.UNSUBSCRIBED,
}

_MAX_HEADER_BYTES = 10 * 1024
_REPORTING_MTA = "dns; local-ses.smtp-out.amazonses.com"
_REMOTE_IP = "127.0.0.1"
_OUTGOING_IP = "127.0.0.1"
_USER_AGENT = "Mozilla/5.0 (compatible; mailcore local SES)"


def event_of(message: MessageRecord, happening: Happening) -> tuple[str, Params]:
    """
    The event's type and object for something that happened to an accepted message.
    """
    recipients, fate = happening.recipients, happening.fate
    plain = _PLAIN.get(happening.kind)
    if plain is not None:
        return plain, event_object(message, plain, recipients)
    if happening.kind is EventKind.COMPLAINED:
        complaint = _complaint(message, recipients)
        if fate is Fate.SUPPRESSED_AFTER_COMPLAINT:
            for name in ("userAgent", "complaintFeedbackType", "arrivalDate"):
                del complaint[name]
            complaint["complaintSubType"] = "OnAccountSuppressionList"
        return "Complaint", complaint
    if happening.kind is EventKind.AUTO_REPLIED:
        # The reply names nobody: SES cannot tell whose it is.
        bounce = _bounce([], "Transient", "General", _unknown_user)
        del bounce["reportingMTA"]
        return "Bounce", bounce
    if happening.kind is EventKind.SOFT_BOUNCED:
        return "Bounce", _bounce(recipients, "Transient", "MailboxFull", _mailbox_full)
    if fate is Fate.SUPPRESSED:
        return "Bounce", _bounce(recipients, "Permanent", "Suppressed", _suppressed)
    if fate is Fate.SUPPRESSED_AFTER_BOUNCE:
        subtype = "OnAccountSuppressionList"
        return "Bounce", _bounce(recipients, "Permanent", subtype, _suppressed)
    return "Bounce", _bounce(recipients, "Permanent", "General", _unknown_user)


def event_object(
    message: MessageRecord, event_type: str, recipients: Sequence[str] | None = None
) -> Params:
    """
    A plausible object for an event of `event_type`: what the key `bounce`, `open`, … holds.

    Args:
        message: The message it is about.
        event_type: The type of the event, one of `EVENT_TYPES`.
        recipients: Whom it is about, where the event says so; all recipients by default.
    """
    to = list(message.destination if recipients is None else recipients)
    now = datetime.now(timezone.utc)
    timestamp = iso_timestamp(now)
    if event_type == "Reject":
        return {"reason": "Bad content"}
    if event_type == "Bounce":
        return _bounce(to, "Permanent", "General", _unknown_user)
    if event_type == "Complaint":
        return _complaint(message, to)
    if event_type == "Delivery":
        return _delivery(message, to)
    if event_type == "Open":
        return {"ipAddress": _REMOTE_IP, "timestamp": timestamp, "userAgent": _USER_AGENT}
    if event_type == "Click":
        return {
            "ipAddress": _REMOTE_IP,
            "timestamp": timestamp,
            "userAgent": _USER_AGENT,
            "link": "https://example.com/",
            "linkTags": None,
        }
    if event_type == "Rendering Failure":
        return {
            "templateName": _template_name(message),
            "errorMessage": message.rendering_error or "Attribute is not present.",
        }
    if event_type == "DeliveryDelay":
        return {
            "delayType": "MailboxFull",
            "timestamp": timestamp,
            "expirationTime": iso_timestamp(now + timedelta(hours=14)),
            "delayedRecipients": [
                {
                    "emailAddress": address,
                    "status": "4.2.2",
                    "diagnosticCode": "smtp; 452 4.2.2 mailbox full",
                }
                for address in to
            ],
            "reportingMTA": _REPORTING_MTA,
        }
    if event_type == "Subscription":
        return {
            "contactList": "local",
            "timestamp": timestamp,
            "source": "UnsubscribeHeader",
            "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
            "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
        }
    return {}


def kind_of(event_type: str) -> EventKind:
    """
    What an event of this type tells, in no provider's words.
    """
    return _KINDS[event_type]


def event_record(
    message: MessageRecord, event_type: str, details: Params, *, region_name: str, account_id: str
) -> Params:
    """
    The whole record: `eventType`, the event's object and `mail`.
    """
    tags = {name: list(values) for name, values in message.tags.items()}
    if event_type in ("Bounce", "Complaint", "Delivery"):
        tags["ses:outgoing-ip"] = [_OUTGOING_IP]
    headers, truncated = _headers(message)
    sender = getaddresses([message.from_email])[0][1]
    return {
        "eventType": event_type,
        EVENT_TYPES[event_type][0]: details,
        "mail": {
            "timestamp": iso_timestamp(message.accepted_at),
            "source": message.from_email,
            "sourceArn": f"arn:aws:ses:{region_name}:{account_id}:identity/{sender}",
            "sendingAccountId": account_id,
            "messageId": message.message_id,
            "destination": list(message.destination),
            "headersTruncated": truncated,
            "headers": headers,
            "commonHeaders": _common_headers(message),
            "tags": tags,
        },
    }


def _unknown_user(address: str) -> Params:
    code = f"smtp; 550 5.1.1 <{address}>: user unknown"
    return {
        "emailAddress": address,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": code,
    }


def _mailbox_full(address: str) -> Params:
    code = f"smtp; 452 4.2.2 <{address}>: mailbox full"
    return {
        "emailAddress": address,
        "action": "failed",
        "status": "4.2.2",
        "diagnosticCode": code,
    }


def _suppressed(address: str) -> Params:
    code = "Amazon SES did not send the message to this address: it is on a suppression list."
    return {
        "emailAddress": address,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": code,
    }


def _bounce(
    recipients: Sequence[str], kind: str, subtype: str, describe: Callable[[str], Params]
) -> Params:
    return {
        "feedbackId": _feedback_id(),
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [describe(address) for address in recipients],
        "timestamp": iso_timestamp(datetime.now(timezone.utc)),
        "reportingMTA": _REPORTING_MTA,
    }


def _complaint(message: MessageRecord, recipients: Sequence[str]) -> Params:
    return {
        "feedbackId": _feedback_id(),
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": address} for address in recipients],
        "timestamp": iso_timestamp(datetime.now(timezone.utc)),
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": iso_timestamp(message.accepted_at),
    }


def _delivery(message: MessageRecord, recipients: Sequence[str]) -> Params:
    now = datetime.now(timezone.utc)
    return {
        "timestamp": iso_timestamp(now),
        "processingTimeMillis": int((now - message.accepted_at).total_seconds() * 1000),
        "recipients": list(recipients),
        "smtpResponse": "250 2.6.0 Message received",
        "remoteMtaIp": _REMOTE_IP,
        "reportingMTA": "local-ses.smtp-out.amazonses.com",
    }


def _headers(message: MessageRecord) -> tuple[list[dict[str, str]], bool]:
    headers: list[dict[str, str]] = []
    size = 0
    for name, value in message.headers:
        size += len(name) + len(value.encode()) + 4
        if size > _MAX_HEADER_BYTES:
            return headers, True
        headers.append({"name": name, "value": value})
    return headers, False


def _common_headers(message: MessageRecord) -> Params:
    common: Params = {}
    by_name = {name.lower(): value for name, value in message.headers}
    for name, key in (("from", "from"), ("to", "to"), ("cc", "cc"), ("reply-to", "replyTo")):
        if by_name.get(name):
            common[key] = _mailboxes(by_name[name])
    common["date"] = message.header_date
    common["messageId"] = message.message_id
    common["subject"] = message.subject
    return common


def _mailboxes(value: str) -> list[str]:
    return [f"{name} <{address}>" if name else address for name, address in getaddresses([value])]


def _template_name(message: MessageRecord) -> str:
    for key in ("Content", "DefaultContent"):
        content = message.parameters.get(key)
        if isinstance(content, dict) and "Template" in content:
            template = content["Template"]
            arn = str(template.get("TemplateArn", ""))
            return str(template.get("TemplateName") or arn.rpartition("/")[2] or "inline template")
    return "unknown"


def _feedback_id() -> str:
    milliseconds = int(datetime.now(timezone.utc).timestamp() * 1000)
    return f"0102{milliseconds:012x}-{uuid.uuid4()}-000000"
