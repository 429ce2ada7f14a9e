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
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.foundation import FrozenDict, freeze
from mailcore.webhook import ReadOnlyJson, WebhookRequest, parse_timestamp, read_object
from mailcore_postmark.event_map import (
    COMPLAINT,
    Outcome,
    judge_bounce,
    judge_subscription,
)
from mailcore_postmark.inbound import digest, parse_inbound


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
_ONLY_TEXTS = {str}


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read the event, or the received mail, in a request that was verified.

    What cannot be read in it is told in the event's `defects`; a type that is not documented is an
    event of type UNKNOWN.

    Args:
        provider: The provider's name.
        request: What Postmark posted.

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


def _text(payload: Mapping[str, Any], name: str, defects: list[str]) -> str | None:
    """A text; None if it is missing, null or empty."""
    value = payload.get(name)
    if type(value) is str:
        return value or None
    if value is not None:
        defects.append(f"`{name}` is not a string")
    return None


def _required(payload: Mapping[str, Any], name: str, defects: list[str]) -> str | None:
    """A text that this type of record has."""
    value = payload.get(name)
    if type(value) is str and value:
        return value
    defects.append(f"`{name}` is {'not a string' if value else 'missing'}")
    return None


def _number(payload: Mapping[str, Any], name: str, defects: list[str]) -> str | None:
    """A whole number, as a text."""
    value = payload.get(name)
    if type(value) is int:
        return str(value)
    if value is None or type(value) is str:
        return value or None
    defects.append(f"`{name}` is not a number")
    return None


def _judge(fields: TrackingEventFields, outcome: Outcome) -> None:
    fields["event_type"], fields["reject_reason"], fields["bounce_class"] = outcome


def _read_response(
    payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]
) -> None:
    """What the receiving server said."""
    response = _text(payload, "Details", defects)
    if response is not None:
        fields["mta_response"] = response
        fields["smtp_status"] = enhanced_status(response)


def _read_client(
    payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]
) -> None:
    """Who opened or clicked, and where."""
    fields["user_agent"] = _text(payload, "UserAgent", defects)
    place = payload.get("Geo")
    if type(place) is dict:
        address = place.get("IP")
        if type(address) is str:
            fields["ip_address"] = address or None
        elif address is not None:
            defects.append("`Geo.IP` is not a string")
    elif place is not None:
        defects.append("`Geo` is not an object")


def _delivered(payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]) -> None:
    fields["event_type"] = EventType.DELIVERED
    _read_response(payload, fields, defects)


def _bounced(payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]) -> None:
    name = _required(payload, "Type", defects)
    description = _text(payload, "Description", defects) or _text(payload, "Name", defects)
    fields["description"] = description
    _read_response(payload, fields, defects)
    _judge(fields, judge_bounce(name, payload.get("TypeCode"), fields.get("mta_response")))


def _complained(
    payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]
) -> None:
    _judge(fields, COMPLAINT)
    description = _text(payload, "Description", defects) or _text(payload, "Details", defects)
    fields["description"] = description


def _opened(payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]) -> None:
    fields["event_type"] = EventType.OPENED
    _read_client(payload, fields, defects)


def _clicked(payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]) -> None:
    fields["event_type"] = EventType.CLICKED
    fields["click_url"] = _required(payload, "OriginalLink", defects)
    _read_client(payload, fields, defects)


def _subscription_changed(
    payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]
) -> None:
    suppressed = payload.get("SuppressSending")
    if type(suppressed) is not bool:
        defects.append("`SuppressSending` is not a boolean")
    reason = _text(payload, "SuppressionReason", defects)
    origin = _text(payload, "Origin", defects)
    _judge(fields, judge_subscription(suppressed, reason, origin))
    fields["description"] = "/".join(text for text in (reason, origin) if text) or None


def _unknown(payload: Mapping[str, Any], fields: TrackingEventFields, defects: list[str]) -> None:
    fields["event_type"] = EventType.UNKNOWN
    _required(payload, "RecordType", defects)


class _Kind(NamedTuple):
    """
    Where things stand in a type of record.

    Attributes:
        name: In `dedupe_key`.
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
    read: Callable[[Mapping[str, Any], TrackingEventFields, list[str]], None]
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
    defects: list[str] = []
    fields: TrackingEventFields = {
        "provider": provider,
        "event_type": EventType.UNKNOWN,
        "esp_event": ReadOnlyJson(payload),
    }
    kind.read(payload, fields, defects)
    if "RecordType" not in payload:
        defects.append("`RecordType` is missing")
    if kind is _UNKNOWN:
        # Both names are in use; the time has another in each type.
        recipient = _text(payload, "Recipient", defects) or _text(payload, "Email", defects)
        time = None
    else:
        recipient = _required(payload, kind.recipient, defects)
        time = _time(payload.get(kind.time))
        if time is None:
            defects.append(f"`{kind.time}` cannot be read")
    message_id = (_required if kind.has_message else _text)(payload, "MessageID", defects)
    # https://postmarkapp.com/developer/webhooks/bounce-webhook and delivery-webhook (as others
    # quote them): message, recipient and time tell a repetition.
    fields["dedupe_key"] = (
        f"{provider}:{kind.name}:{message_id or ''}:{address_key(recipient or '')}:"
        + (
            digest(payload)
            if time is None
            else f"{payload[kind.time]}:{_identity(payload, kind.identity)}"
        )
    )
    fields["recipient"] = recipient
    fields["timestamp"] = time
    fields["message_id"] = message_id
    fields["event_id"] = _number(payload, "ID", defects) or request.header(TRACE_HEADER)
    tag = payload.get("Tag")
    if tag and type(tag) is str:
        fields["tags"] = (tag,)
    elif tag:
        defects.append("`Tag` is not a string")
    metadata = payload.get("Metadata")
    if type(metadata) is dict:
        # Postmark has texts only; whether that is so is found out in half the time of freezing.
        is_flat = {*map(type, metadata.values())} == _ONLY_TEXTS
        fields["metadata"] = FrozenDict(metadata) if is_flat else freeze(metadata)
    elif metadata is not None:
        defects.append("`Metadata` is not an object")
    if defects:
        fields["defects"] = tuple(dict.fromkeys(defects))
    return TrackingEvent.assembled(fields)


def _identity(payload: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """A number as it is, else a digest."""
    if len(names) == 1:
        return str(payload.get(names[0], ""))
    return digest({name: _at(payload, name) for name in names})


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
