"""
What SendGrid posts, normalised: events in arrays, and received mail as a form.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from mailcore.bounces import enhanced_status
from mailcore.bounces.outcome import CLICKED, DEFERRED, DELIVERED, OPENED, UNKNOWN, Outcome
from mailcore.events import Event, TrackingEvent, TrackingEventFields
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

# An example of the documentation has milliseconds.
_LARGEST_SECONDS = 1e11
_MAX_DIGITS = 20
_USUAL_STATUSES = frozenset(
    f"{kind}.{subject}.{detail}" for kind in "245" for subject in range(8) for detail in range(10)
)
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


class _Said(NamedTuple):
    """What only some types of events have."""

    outcome: Outcome
    response: str | None = None
    status: str | None = None
    description: str | None = None
    user_agent: str | None = None
    ip_address: str | None = None
    click_url: str | None = None


def _event(provider: str, item: dict[str, Any], id_argument: str) -> TrackingEvent:
    fields = Fields(item)
    kind = fields.required("event") or "unknown"
    event_id = fields.text("sg_event_id")
    recipient = (fields.text if kind in WITHOUT_RECIPIENT else fields.required)("email")
    timestamp = fields.time("timestamp", _time)
    message_id = _message_id(fields, id_argument)
    said = _READERS[kind](fields) if kind in _READERS else _Said(OUTCOMES.get(kind, UNKNOWN))
    category = item.get("category")
    reserved = _reserved(id_argument)
    # Custom arguments stand among SendGrid's own fields: what has no name of theirs.
    own = {key: item[key] for key in [each for each in item if each not in reserved]}
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": said.outcome.event_type,
        "recipient": recipient,
        "timestamp": timestamp,
        "event_id": event_id,
        "message_id": message_id,
        # The same for each delivery of an event, says its documentation.
        "dedupe_key": f"{provider}:{kind}:{event_id or digest_of(item)}",
        "metadata": _frozen(own),
        "tags": (category,) if type(category) is str else fields.texts("category"),
        "reject_reason": said.outcome.reject_reason,
        "bounce_class": said.outcome.bounce_class,
        "smtp_status": said.status,
        "mta_response": said.response,
        "description": said.description,
        "user_agent": said.user_agent,
        "click_url": said.click_url,
        "ip_address": said.ip_address,
        "defects": fields.distinct_defects if fields.defects else (),
        "esp_event": ReadOnlyJson(item),
    }
    return TrackingEvent.assembled(event)


def _bounced(fields: Fields) -> _Said:
    reason, status = fields.text("reason"), _status(fields)
    kind, classification = fields.text("type"), fields.text("bounce_classification")
    outcome = judge_bounce(kind, classification, reason, status)
    return _Said(outcome, reason, status, classification or kind)


def _dropped(fields: Fields) -> _Said:
    # No server was asked: the reason is SendGrid's.
    reason = fields.text("reason")
    return _Said(judge_drop(reason), None, _status(fields), reason)


def _delivered(fields: Fields) -> _Said:
    response = fields.text("response") or fields.text("reason")
    return _Said(DELIVERED, response, enhanced_status(response) if response else None)


def _deferred(fields: Fields) -> _Said:
    attempt = fields.number("attempt")
    said = _delivered(fields)
    return said._replace(
        outcome=DEFERRED, description=f"attempt {attempt}" if attempt is not None else None
    )


def _opened(fields: Fields) -> _Said:
    return _Said(OPENED, user_agent=fields.text("useragent"), ip_address=fields.text("ip"))


def _clicked(fields: Fields) -> _Said:
    return _opened(fields)._replace(outcome=CLICKED, click_url=fields.required("url"))


def _account_changed(fields: Fields) -> _Said:
    return _Said(UNKNOWN, description=fields.text("type"))


_READERS: Mapping[str, Callable[[Fields], _Said]] = {
    "bounce": _bounced,
    "dropped": _dropped,
    "delivered": _delivered,
    "deferred": _deferred,
    "open": _opened,
    "click": _clicked,
    "account_status_change": _account_changed,
}


def _status(fields: Fields) -> str | None:
    """The enhanced status code (RFC 3463); older bounces have a reply code in its place."""
    given = fields.text("status")
    if given is not None:
        if given in _USUAL_STATUSES:
            return given
        found = enhanced_status(given)
        if found is not None:
            return found
    reason = fields.document.get("reason")
    return enhanced_status(reason) if type(reason) is str else None


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


def _frozen(own: dict[str, Any]) -> Mapping[str, Any]:
    for each in own.values():
        if type(each) is not str:
            found: Mapping[str, Any] = freeze(own)
            return found
    return FrozenDict(own)


@cache
def _reserved(id_argument: str) -> frozenset[str]:
    return RESERVED | {id_argument}


def _time(value: object) -> datetime | None:
    # Its documentation says that it is a text, and has numbers.
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < _MAX_DIGITS:
        value = int(value)
    if type(value) is int and value > _LARGEST_SECONDS:
        return parse_epoch(value / 1000)
    return parse_epoch(value)
