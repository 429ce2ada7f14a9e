"""
What Postmark posts to webhooks, normalised: one event for each request.

https://postmarkapp.com/developer/webhooks/webhooks-overview and the page of each webhook (read
2026-11-21). Received mail comes the same way, without a `RecordType`, and is told by what it has:
one webhook can serve for everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mailcore.address import address_key
from mailcore.bounces import enhanced_status
from mailcore.bounces.outcome import COMPLAINED, Outcome
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
from mailcore_postmark.event_map import judge_bounce, judge_subscription
from mailcore_postmark.inbound import parse_inbound


_INBOUND = "Inbound"
# Received mail has all of them but RawEmail, which a setting of the server adds.
_INBOUND_FIELDS = ("FromFull", "OriginalRecipient", "ToFull", "RawEmail")

# Fields that one type of record has and no other, in the order in which they are looked for: opens
# and clicks share `ReceivedAt`. A complaint without a name is a bounce whose `Type` says so.
_TOLD_BY = {
    "BouncedAt": "Bounce",
    "DeliveredAt": "Delivery",
    "SuppressSending": "SubscriptionChange",
    "OriginalLink": "Click",
    "FirstOpen": "Open",
}
_OF_ANY_RECORD = ("MessageID", "MessageStream", "ServerID")

# Stable across the retries of one event: webhooks-overview, section on retries. That section could
# only be read as others quote it.
TRACE_HEADER = "x-pm-webhook-trace-id"

_DIGIT_Z = frozenset(f"{digit}Z" for digit in range(10))


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read the event, or the received mail, in a request that was verified.

    What cannot be read in it is told in the event's `defects`; a type that is not documented is an
    event of type UNKNOWN.

    Args:
        provider: The name that the provider has in the events.
        request: The request that Postmark posted, which was believed.

    Raises:
        MalformedWebhook: If the body is no JSON object, or has neither a `RecordType` nor a field
            that tells that Postmark posted it.
    """
    payload = read_object(request.body, "body")
    name = payload.get("RecordType")
    kind = _KINDS.get(name) if type(name) is str else None
    if kind is None:
        if name == _INBOUND or (name is None and not payload.keys().isdisjoint(_INBOUND_FIELDS)):
            return (parse_inbound(provider, payload),)
        kind = _UNKNOWN if "RecordType" in payload else _nameless(provider, payload)
    return (_tracking_event(provider, payload, kind, request),)


def _nameless(provider: str, payload: Mapping[str, Any]) -> _Kind:
    """
    The type of a record that does not name it, told by the fields that only this type has.

    Webhooks had no `RecordType` before April 2018, and all other fields of today:
    https://github.com/anymail/django-anymail/issues/101 (read 2026-11-30).

    Raises:
        MalformedWebhook: If nothing tells that it is Postmark's.
    """
    for field, record_type in _TOLD_BY.items():
        if field in payload:
            return _KINDS[record_type]
    if payload.keys().isdisjoint(_OF_ANY_RECORD):
        reason = "body has neither a field `RecordType` nor one that records of Postmark have"
        raise MalformedWebhook(reason, provider=provider)
    return _UNKNOWN


def _judge(event: TrackingEventFields, outcome: Outcome) -> None:
    event["event_type"], event["reject_reason"], event["bounce_class"] = outcome


def _read_response(fields: Fields, event: TrackingEventFields) -> None:
    """What the receiving server said."""
    response = fields.text("Details")
    if response is not None:
        event["mta_response"] = response
        event["smtp_status"] = enhanced_status(response)


def _read_client(fields: Fields, event: TrackingEventFields) -> None:
    """Who opened or clicked, and where."""
    event["user_agent"] = fields.text("UserAgent")
    event["ip_address"] = fields.within("Geo").text("IP")


def _delivered(fields: Fields, event: TrackingEventFields) -> None:
    event["event_type"] = EventType.DELIVERED
    _read_response(fields, event)


def _bounced(fields: Fields, event: TrackingEventFields) -> None:
    name = fields.required("Type")
    event["description"] = fields.text("Description") or fields.text("Name")
    _read_response(fields, event)
    code = fields.document.get("TypeCode")
    _judge(event, judge_bounce(name, code, event.get("mta_response")))


def _complained(fields: Fields, event: TrackingEventFields) -> None:
    _judge(event, COMPLAINED)
    event["description"] = fields.text("Description") or fields.text("Details")


def _opened(fields: Fields, event: TrackingEventFields) -> None:
    event["event_type"] = EventType.OPENED
    _read_client(fields, event)


def _clicked(fields: Fields, event: TrackingEventFields) -> None:
    event["event_type"] = EventType.CLICKED
    event["click_url"] = fields.required("OriginalLink")
    _read_client(fields, event)


def _subscription_changed(fields: Fields, event: TrackingEventFields) -> None:
    suppressed = fields.document.get("SuppressSending")
    if type(suppressed) is not bool:
        fields.tell("SuppressSending", "is not a boolean")
    reason, origin = fields.text("SuppressionReason"), fields.text("Origin")
    _judge(event, judge_subscription(suppressed, reason, origin))
    event["description"] = "/".join(text for text in (reason, origin) if text) or None


def _unknown(fields: Fields, event: TrackingEventFields) -> None:
    event["event_type"] = EventType.UNKNOWN
    fields.required("RecordType")


class _Kind(NamedTuple):
    """
    Where things stand in a type of record.

    Attributes:
        name: What `dedupe_key` calls the kind.
        recipient: The field of the recipient.
        time: The field of the time when it happened.
        read: Reads what only this type has.
        identity: Further fields that tell two events of this type. Those of opens, clicks and
            changes of subscriptions have no number, and several may happen within one second.
        has_message: Whether there is always a message that it is about.
    """

    name: str
    recipient: str
    time: str
    read: Callable[[Fields, TrackingEventFields], None]
    identity: tuple[str, ...] = ("ID",)
    has_message: bool = True


# Bounces and complaints are numbered alike, and older webhooks report complaints as bounces.
_KINDS = {
    "Delivery": _Kind("delivery", "Recipient", "DeliveredAt", _delivered),
    "Bounce": _Kind("bounce", "Email", "BouncedAt", _bounced),
    "SpamComplaint": _Kind("bounce", "Email", "BouncedAt", _complained),
    "Open": _Kind("open", "Recipient", "ReceivedAt", _opened, ("UserAgent", "Geo.IP", "FirstOpen")),
    "Click": _Kind(
        "click",
        "Recipient",
        "ReceivedAt",
        _clicked,
        ("OriginalLink", "ClickLocation", "UserAgent", "Geo.IP"),
    ),
    # MessageID is null where somebody suppressed or reactivated the address by hand. Each stream
    # has a list of its own.
    "SubscriptionChange": _Kind(
        "subscription",
        "Recipient",
        "ChangedAt",
        _subscription_changed,
        ("MessageStream", "SuppressSending", "SuppressionReason", "Origin"),
        has_message=False,
    ),
}
_UNKNOWN = _Kind("unknown", "", "", _unknown, has_message=False)


def _tracking_event(
    provider: str, payload: dict[str, Any], kind: _Kind, request: WebhookRequest
) -> TrackingEvent:
    fields = Fields(payload)
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": EventType.UNKNOWN,
        "esp_event": ReadOnlyJson(payload),
    }
    kind.read(fields, event)
    if "RecordType" not in payload:
        fields.tell("RecordType", "is missing")
    if kind is _UNKNOWN:
        # Both names are in use; the time has another in each type.
        recipient = fields.text("Recipient") or fields.text("Email")
        time = None
    else:
        recipient = fields.required(kind.recipient)
        time = fields.time(kind.time, _time)
    message_id = (fields.required if kind.has_message else fields.text)("MessageID")
    # https://postmarkapp.com/developer/webhooks/bounce-webhook and delivery-webhook (as others
    # quote them): message, recipient and time tell a repetition.
    identity = (
        digest_of(payload)
        if time is None
        else f"{payload[kind.time]}:{_identity(payload, kind.identity)}"
    )
    key = address_key(recipient or "")
    event["dedupe_key"] = f"{provider}:{kind.name}:{message_id or ''}:{key}:{identity}"
    event["recipient"] = recipient
    event["timestamp"] = time
    event["message_id"] = message_id
    event["event_id"] = fields.number("ID") or request.header(TRACE_HEADER)
    tag = fields.text("Tag")
    if tag is not None:
        event["tags"] = (tag,)
    if "Metadata" in payload:
        event["metadata"] = fields.mapping("Metadata")
    if fields.defects:
        event["defects"] = fields.distinct_defects
    return TrackingEvent.assembled(event)


def _identity(payload: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """A number as it is, else a digest."""
    if len(names) == 1:
        return str(payload.get(names[0], ""))
    return digest_of({name: _at(payload, name) for name in names})


def _at(payload: Mapping[str, Any], name: str) -> Any:
    outer, _, inner = name.partition(".")
    value = payload.get(outer)
    return value if not inner or type(value) is not dict else value.get(inner)


def _time(value: object) -> datetime | None:
    """Postmark writes seven digits of a second: one more than a datetime has."""
    if type(value) is str and len(value) == 28 and value[19] == "." and value[26:] in _DIGIT_Z:
        try:
            return datetime.fromisoformat(value[:26] + "+00:00")
        except ValueError:
            return None
    return parse_timestamp(value)
