"""
SES events, normalised: one for each recipient.

Whatever brings an SES event (SNS, a queue, a function, a bus, a file), its own JSON is the same:
:func:`parse_message` and :func:`parse_ses_event` read it, and the keys that tell duplicates do
not depend on what brought it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mailcore.address import address_key
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    digest_of,
    parse_timestamp,
    read_object,
)
from mailcore_ses.events.event_map import KINDS, Kind, Notice, read_unknown
from mailcore_ses.events.eventbridge import event_in, is_eventbridge
from mailcore_ses.events.inbound import SETUP_MESSAGE_ID, parse_inbound
from mailcore_ses.events.message_headers import metadata_and_tags
from mailcore_ses.events.recipients import read_part
from mailcore_ses.sns.envelope import NOTIFICATION, is_raw_delivery, read_envelope


# What SES says to a topic that was just connected: the one as text, the other as JSON.
_SETUP_TEXT = "Successfully validated SNS topic"
_SETUP_TYPE = "AmazonSnsSubscriptionSucceeded"

_UNKNOWN = Kind("unknown", read_unknown)
_NOTHING: Mapping[str, Any] = {}


class Envelope(NamedTuple):
    """
    What is known of the notification that brought an SES event.

    Attributes:
        event_id: The id of the notification, such as the MessageId of SNS.
        received_at: When the notification was made.
    """

    event_id: str | None = None
    received_at: datetime | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any], event_id: str, received_at: str) -> Envelope:
        """Read it from the fields of those names; what is none is None."""
        found = fields.get(event_id)
        return cls(
            found if isinstance(found, str) else None, parse_timestamp(fields.get(received_at))
        )


_NO_ENVELOPE = Envelope()


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read the SES events in an SNS message that was verified; delivered raw or not.

    Args:
        provider: The name that the provider has in the events.
        request: The request that SNS posted, which was believed.

    Returns:
        One event for each recipient; none for messages about the topic itself.

    Raises:
        MalformedWebhook: If the body is no SNS message, or brings something else than SES events.
    """
    try:
        if is_raw_delivery(request):
            return _parse_raw(provider, request)
        fields = read_envelope(request)
        if fields.get("Type") == NOTIFICATION:
            envelope = Envelope.of(fields, "MessageId", "Timestamp")
            return parse_message(provider, fields.get("Message"), envelope=envelope)
        if not isinstance(fields.get("Type"), str):
            raise MalformedWebhook("field `Type` must be a string")
    except MalformedWebhook as error:
        error.provider = provider
        raise
    return ()


def _parse_raw(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    try:
        message = request.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedWebhook(f"body is not UTF-8 (at byte {error.start})") from None
    envelope = Envelope(request.header("x-amz-sns-message-id"))
    return parse_message(provider, message, envelope=envelope)


def parse_message(
    provider: str, message: object, *, envelope: Envelope = _NO_ENVELOPE
) -> tuple[Event, ...]:
    """
    Read the text that SES, or a rule of EventBridge, publishes to a topic.

    Args:
        provider: The name that the provider has in the events.
        message: The text; SES ends it with a line break at times.
        envelope: The id and the time of what brought the message.

    Raises:
        MalformedWebhook: If it is not a JSON object, nor what SES says to try a topic.
    """
    if not isinstance(message, str):
        raise MalformedWebhook("field `Message` must be a string", provider=provider)
    if message.startswith(_SETUP_TEXT):
        return ()
    payload: Mapping[str, Any] | None
    try:
        payload = read_object(message, "field `Message`")
    except MalformedWebhook as error:
        error.provider = provider
        raise
    if is_eventbridge(payload):
        payload = event_in(payload, provider=provider)
    if payload is None:
        return ()
    return parse_ses_event(provider, payload, envelope=envelope)


def parse_ses_event(
    provider: str, payload: Mapping[str, Any], *, envelope: Envelope = _NO_ENVELOPE
) -> tuple[Event, ...]:
    """
    Read one SES event, decoded.

    Never fails: an unknown type is an event of type UNKNOWN, what cannot be read is told in its
    `defects`.

    Args:
        provider: The name that the provider has in the events.
        payload: The event: from event publishing (`eventType`), an identity notification or
            the receiving side (`notificationType`).
        envelope: The id and the time of what brought the event.
    """
    name = payload.get("eventType") or payload.get("notificationType")
    if name == "Received":
        mail = payload.get("mail")
        if isinstance(mail, dict) and mail.get("messageId") == SETUP_MESSAGE_ID:
            return ()
        return (
            parse_inbound(
                provider,
                payload,
                event_id=envelope.event_id,
                received_at=envelope.received_at,
            ),
        )
    if name == _SETUP_TYPE:
        return ()
    kind = KINDS.get(name, _UNKNOWN) if isinstance(name, str) else _UNKNOWN
    return _tracking_events(provider, payload, kind, envelope)


def _tracking_events(
    provider: str, payload: Mapping[str, Any], kind: Kind, envelope: Envelope
) -> tuple[TrackingEvent, ...]:
    defects: list[str] = []
    details = _NOTHING if kind is _UNKNOWN else read_part(payload, kind.key, defects)
    mail = read_part(payload, "mail", defects)
    outcomes = kind.read(Notice(Fields(details, defects), mail, defects))
    metadata, tags = metadata_and_tags(mail, defects)
    message_id = mail.get("messageId")
    if not isinstance(message_id, str):
        message_id = None
        defects.append("`mail.messageId` is not a string")
    # Each recipient's own type comes over it.
    shared: TrackingEventFields = {
        "provider": provider,
        "event_type": EventType.UNKNOWN,
        "event_id": envelope.event_id,
        "timestamp": _time(kind, details, mail, defects),
        "message_id": message_id,
        "received_at": envelope.received_at,
        "metadata": metadata,
        "tags": tags,
        "esp_event": ReadOnlyJson(payload),
    }
    if defects:
        shared["defects"] = tuple(dict.fromkeys(defects))
    key = f"{provider}:{kind.key}:{_identity(kind, payload, details, message_id)}:"
    return tuple(
        [
            TrackingEvent.assembled(
                {**shared, **outcome, "dedupe_key": key + address_key(outcome["recipient"] or "")}
            )
            for outcome in outcomes
        ]
    )


def _time(
    kind: Kind, details: Mapping[str, Any], mail: Mapping[str, Any], defects: list[str]
) -> datetime | None:
    """When it happened; SES does not say so for each type, and then means the message."""
    source, place = (details, kind.key) if kind.has_own_time else (mail, "mail")
    if kind is _UNKNOWN:
        return None
    timestamp = parse_timestamp(source.get("timestamp"))
    if timestamp is None:
        defects.append(f"`{place}.timestamp` cannot be read")
    return timestamp


def _identity(
    kind: Kind, payload: Mapping[str, Any], details: Mapping[str, Any], message_id: str | None
) -> str:
    """What is the same in two notices of one event, and differs between two events."""
    if kind.identity == "feedback":
        feedback_id = details.get("feedbackId")
        if isinstance(feedback_id, str) and feedback_id:
            return feedback_id
    if kind.identity == "message" and message_id:
        return message_id
    if kind is _UNKNOWN or not message_id:
        return digest_of(payload)
    return f"{message_id}:{digest_of(details)}"
