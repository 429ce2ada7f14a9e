"""
What SendGrid posts, normalised: events in arrays, and received mail as a form.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailcore.bounces import enhanced_status
from mailcore.bounces.outcome import UNKNOWN
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.foundation import FrozenDict, freeze
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    digest_of,
    is_form,
    parse_epoch,
    read_objects,
)
from mailcore_sendgrid.event_map import (
    OUTCOMES,
    RESERVED,
    WITHOUT_RECIPIENT,
    judge_bounce,
    judge_drop,
)


ID_ARGUMENT = "mailcore_id"

_ONLY_TEXTS = {str}
_NOTHING: Mapping[str, Any] = FrozenDict()
# An example of the documentation has milliseconds.
_LARGEST_SECONDS = 1e11
_SUFFIX = re.compile(r"\.(?:filter|recvd|ismtpd)")


def parse_events(
    provider: str, request: WebhookRequest, id_argument: str = ID_ARGUMENT
) -> tuple[Event, ...]:
    """
    Read the events, or the received mail, in a request that was verified.

    What cannot be read in an event is told in its `defects`; a type that is not documented is an
    event of type UNKNOWN.

    Args:
        provider: The name that the provider has in the events.
        request: The request that SendGrid posted, which was believed.
        id_argument: The name of the custom argument that has the message's id.

    Raises:
        MalformedWebhook: If the body is neither a form nor an array of JSON objects.
    """
    if is_form(request):
        from mailcore_sendgrid.inbound import parse_inbound_form

        return (parse_inbound_form(provider, request),)
    items = read_objects(request.body, "body")
    return tuple([_event(provider, item, id_argument) for item in items])


def _event(provider: str, item: dict[str, Any], id_argument: str) -> TrackingEvent:
    fields = Fields(item)
    kind = fields.required("event") or "unknown"
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": EventType.UNKNOWN,
        "timestamp": fields.time("timestamp", _time),
        "event_id": (event_id := fields.text("sg_event_id")),
        "message_id": _message_id(fields, id_argument),
        "esp_event": ReadOnlyJson(item),
    }
    recipient = fields.text("email") if kind in WITHOUT_RECIPIENT else fields.required("email")
    if recipient is not None:
        event["recipient"] = recipient
    if kind == "bounce":
        _bounced(fields, event)
    elif kind == "dropped":
        _dropped(fields, event)
    else:
        outcome = OUTCOMES.get(kind, UNKNOWN)
        event["event_type"], event["reject_reason"], event["bounce_class"] = outcome
        _read_more(kind, fields, event)
    # The same for each delivery of an event: "sg_event_id … use this for deduplication purposes".
    event["dedupe_key"] = f"{provider}:{kind}:{event_id or digest_of(item)}"
    if "category" in item:
        given = item["category"]
        event["tags"] = (given,) if type(given) is str else fields.texts("category")
    metadata = _metadata(item, id_argument)
    if metadata:
        event["metadata"] = metadata
    if fields.defects:
        event["defects"] = fields.distinct_defects
    return TrackingEvent.assembled(event)


def _bounced(fields: Fields, event: TrackingEventFields) -> None:
    reason, status = fields.text("reason"), _status(fields)
    kind, classification = fields.text("type"), fields.text("bounce_classification")
    outcome = judge_bounce(kind, classification, reason, status)
    event["event_type"], event["reject_reason"], event["bounce_class"] = outcome
    event["mta_response"] = reason
    event["smtp_status"] = status
    event["description"] = classification or kind


def _dropped(fields: Fields, event: TrackingEventFields) -> None:
    # No server was asked: the reason is SendGrid's.
    reason = fields.text("reason")
    outcome = judge_drop(reason)
    event["event_type"], event["reject_reason"], event["bounce_class"] = outcome
    event["smtp_status"] = _status(fields)
    event["description"] = reason


def _read_more(kind: str, fields: Fields, event: TrackingEventFields) -> None:
    if kind in ("delivered", "deferred"):
        response = fields.text("response") or fields.text("reason")
        event["mta_response"] = response
        event["smtp_status"] = enhanced_status(response) if response else None
        if kind == "deferred" and (attempt := fields.number("attempt")):
            event["description"] = f"attempt {attempt}"
    elif kind in ("open", "click"):
        event["user_agent"] = fields.text("useragent")
        event["ip_address"] = fields.text("ip")
        if kind == "click":
            event["click_url"] = fields.required("url")
    elif kind == "account_status_change":
        event["description"] = fields.text("type")


def _status(fields: Fields) -> str | None:
    """The enhanced status code (RFC 3463); older bounces have a reply code in its place."""
    given = fields.text("status")
    found = enhanced_status(given) if given else None
    if found is None and (reason := fields.document.get("reason")) and type(reason) is str:
        found = enhanced_status(reason)
    return found


def _message_id(fields: Fields, id_argument: str) -> str | None:
    """
    The id that the send returned; of messages that others sent, what SendGrid answered to them.

    An event's own ``sg_message_id`` is the ``X-Message-Id`` of the answer, and more behind a dot.
    """
    given = fields.document.get(id_argument)
    if type(given) is str and given:
        return given
    whole = fields.text("sg_message_id")
    if whole is None:
        return None
    suffix = _SUFFIX.search(whole)
    return whole[: suffix.start()] if suffix is not None else whole.partition(".")[0]


def _metadata(item: Mapping[str, Any], id_argument: str) -> Mapping[str, Any]:
    """Custom arguments stand among SendGrid's own fields: what has no name of theirs."""
    found = {key: item[key] for key in item.keys() - RESERVED if key != id_argument}
    if not found:
        return _NOTHING
    if {*map(type, found.values())} == _ONLY_TEXTS:
        return FrozenDict(found)
    frozen: Mapping[str, Any] = freeze(found)
    return frozen


def _time(value: object) -> datetime | None:
    if type(value) is int and value > _LARGEST_SECONDS:
        return parse_epoch(value / 1000)
    return parse_epoch(value)
