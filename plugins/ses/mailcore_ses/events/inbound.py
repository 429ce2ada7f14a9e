"""
Mail that SES received.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html
(read 2026-11-21).
"""

from __future__ import annotations

import binascii

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from mailcore.address import address_key
from mailcore.events import InboundEvent
from mailcore.webhook import ReadOnlyJson, addr_spec_in, parse_timestamp
from mailcore_ses.events.recipients import read_addresses, read_part
from mailcore_ses.sns.topic_arn import parse_topic_arn


SETUP_MESSAGE_ID = "AMAZON_SES_SETUP_NOTIFICATION"
"""SES writes such a mail to a bucket or topic that a receipt rule names, to try it."""

# GRAY and PROCESSING_FAILED say neither.
_IS_BAD = {"PASS": False, "FAIL": True}


def parse_inbound(
    provider: str,
    payload: Mapping[str, Any],
    *,
    event_id: str | None,
    received_at: datetime | None,
) -> InboundEvent:
    """
    Read a notification of type `Received`.

    One event for all its recipients: it is one mail.

    Args:
        provider: The name that the provider has in the event.
        payload: The JSON of the notification.
        event_id: The id of what brought it.
        received_at: When the notification was made.
    """
    defects: list[str] = []
    receipt = read_part(payload, "receipt", defects)
    mail = read_part(payload, "mail", defects)
    action = read_part(receipt, "action", defects)
    recipients = tuple(
        read_addresses(receipt.get("recipients"), "receipt.recipients", defects)
        or read_addresses(mail.get("destination"), "mail.destination", defects)
    )
    message_id = _text(mail, "messageId")
    subject = _text(read_part(mail, "commonHeaders", defects, required=False), "subject")
    when = parse_timestamp(receipt.get("timestamp")) or parse_timestamp(mail.get("timestamp"))
    if when is None:
        defects.append("neither `receipt.timestamp` nor `mail.timestamp` can be read")
    return InboundEvent(
        provider=provider,
        event_id=event_id,
        timestamp=when,
        message_id=message_id,
        received_at=received_at,
        # Several rules may match a mail, each for some of its recipients.
        dedupe_key=f"{provider}:received:{message_id}:{_digest(recipients)}",
        envelope_sender=addr_spec_in(_text(mail, "source") or "") or None,
        envelope_recipients=recipients,
        subject=subject,
        content=_content(payload.get("content"), action.get("encoding"), defects),
        location=_location(action),
        spam=_is_bad(receipt.get("spamVerdict")),
        virus=_is_bad(receipt.get("virusVerdict")),
        spf=_verdict(receipt.get("spfVerdict")),
        dkim=_verdict(receipt.get("dkimVerdict")),
        dmarc=_verdict(receipt.get("dmarcVerdict")),
        defects=tuple(dict.fromkeys(defects)),
        esp_event=ReadOnlyJson(payload),
    )


def _text(parent: Mapping[str, Any], key: str) -> str | None:
    value = parent.get(key)
    return value if isinstance(value, str) else None


def _content(content: object, encoding: object, defects: list[str]) -> bytes | None:
    if content is None:
        return None
    if not isinstance(content, str):
        defects.append("`content` is not a string")
        return None
    if isinstance(encoding, str) and encoding.upper() == "BASE64":
        try:
            return b64decode("".join(content.split()), validate=True)
        except (binascii.Error, ValueError):
            defects.append("`content` is not base64, as `action.encoding` says")
            return None
    return content.encode("utf-8", "replace")


def _location(action: Mapping[str, Any]) -> dict[str, str]:
    """
    What names the object in S3, for the S3 action and others that have it.

    With the region of the topic that the action notifies, which is where SES received the mail. The
    bucket may be elsewhere; S3 then says where, and botocore asks there.
    """
    found = {name: _text(action, name) for name in ("bucketName", "objectKey")}
    topic = parse_topic_arn(action.get("topicArn"))
    if any(found.values()) and topic is not None:
        found["regionName"] = topic.region_name
    return {name: value for name, value in found.items() if value is not None}


def _verdict(verdict: object) -> str | None:
    status = verdict.get("status") if isinstance(verdict, dict) else None
    return status.lower() if isinstance(status, str) and status else None


def _is_bad(verdict: object) -> bool | None:
    return _IS_BAD.get((_verdict(verdict) or "").upper())


def _digest(recipients: tuple[str, ...]) -> str:
    joined = "\n".join(sorted(map(address_key, recipients)))
    return sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]
