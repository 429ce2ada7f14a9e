"""
Mandrill's webhooks, read: events about messages, changes of lists, and received mail, in groups.

https://mandrill.zendesk.com/hc/en-us/articles/360038740594 (read 2026-11-30): one field of a form,
with a JSON array of up to 1000 events; new keys may come without notice.
"""

from __future__ import annotations

from typing import Any

from mailcore.address import address_key
from mailcore.bounces import enhanced_status
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, TrackingEvent, TrackingEventFields
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    digest_of,
    parse_epoch,
    read_objects,
)
from mailcore_mandrill.event_map import OUTCOMES, judge_list, judge_message
from mailcore_mandrill.inbound import INBOUND, parse_inbound
from mailcore_mandrill.webhooks import EVENTS_FIELD, form_of


_EVENTS = f"`{EVENTS_FIELD}`"
# `_id` names the message: several of these may happen to it, within one second too.
_REPEATED = frozenset(["open", "click"])


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read the events in a request that was verified.

    What cannot be read in one is told in its `defects`; an unknown type is an event of type
    UNKNOWN.

    Args:
        provider: The name that the provider has in the events.
        request: The request that Mandrill posted, which was believed.

    Raises:
        MalformedWebhook: If it is no form, or has no array of events.
    """
    for name, value in form_of(request).fields:
        if name == EVENTS_FIELD:
            return tuple([_event(provider, item) for item in read_objects(value, _EVENTS)])
    raise MalformedWebhook(f"the form has no field {_EVENTS}", provider=provider)


def _event(provider: str, item: dict[str, Any]) -> Event:
    fields = Fields(item)
    name = item.get("event")
    if name == INBOUND:
        return parse_inbound(provider, item, fields)
    if type(name) is str and name:
        return _message_event(provider, item, fields, name)
    # Changes of lists have a type, and no event.
    return _list_event(provider, item, fields)


def _message_event(provider: str, item: dict[str, Any], fields: Fields, name: str) -> TrackingEvent:
    message = fields.within("msg")
    message_id = fields.text("_id") or message.text("_id")
    if message_id is None:
        fields.tell("_id", "is missing")
    response = message.text("diag") or _last_response(message)
    reason = _reject_reason(fields, message) if name == "reject" else None
    outcome = judge_message(name, reason, response)
    is_known = name in OUTCOMES
    recipient = message.required("email") if is_known else message.text("email")
    happened_at = item.get("ts")
    url = fields.text("url")
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": outcome.event_type,
        "reject_reason": outcome.reject_reason,
        "bounce_class": outcome.bounce_class,
        "recipient": recipient,
        "timestamp": fields.time("ts", parse_epoch),
        "message_id": message_id,
        "esp_event": ReadOnlyJson(item),
    }
    # The id is the recipient's own; without one, the address tells them apart.
    key = address_key(recipient or "")
    event["dedupe_key"] = f"{provider}:{name}:{message_id or ''}:{key}:{happened_at}"
    if name in _REPEATED:
        event["user_agent"] = fields.text("user_agent")
        event["ip_address"] = fields.text("ip")
        event["dedupe_key"] += ":" + digest_of(
            {each: item.get(each) for each in ("url", "ip", "user_agent")}
        )
        if name == "click":
            event["click_url"] = url or fields.required("url")
    elif not is_known:
        event["dedupe_key"] += f":{digest_of(item)}"
    if response is not None:
        event["mta_response"] = response
        event["smtp_status"] = enhanced_status(response)
    description = message.text("bounce_description") or reason
    if description is not None:
        event["description"] = description
    tags = message.texts("tags")
    if tags:
        event["tags"] = tags
    metadata = message.mapping("metadata")
    if metadata:
        event["metadata"] = metadata
    if fields.defects:
        event["defects"] = fields.distinct_defects
    return TrackingEvent.assembled(event)


def _last_response(message: Fields) -> str | None:
    """What the receiving server said last, where there is no word of its own for it."""
    attempts = message.document.get("smtp_events")
    if type(attempts) is not list or not attempts or type(attempts[-1]) is not dict:
        return None
    said = attempts[-1].get("diag")
    return said if type(said) is str and said else None


def _reject_reason(fields: Fields, message: Fields) -> str | None:
    """
    Why a message was rejected.

    No page that could be read says where it stands (2026-11-30): as in answers, or in an object as
    in changes of lists.
    """
    for place in (message, fields):
        named = place.document.get("reject_reason")
        if type(named) is not str:
            inner = place.document.get("reject")
            named = inner.get("reason") if type(inner) is dict else None
        if type(named) is str and named:
            return named
    return None


def _list_event(provider: str, item: dict[str, Any], fields: Fields) -> TrackingEvent:
    kind = fields.text("type")
    if kind is None:
        fields.tell("event", "is missing")
    action = fields.text("action")
    entry = fields.within("reject") if "reject" in fields else fields.within("entry")
    recipient, reason = entry.text("email"), entry.text("reason")
    if recipient is None:
        fields.tell("reject.email", "is missing")
    outcome = judge_list(kind or "", action, reason)
    detail = entry.text("detail")
    told = "/".join(each for each in (kind, action, reason) if each)
    identity = f"{item.get('ts')}:{digest_of(item)}"
    return TrackingEvent(
        provider=provider,
        event_type=outcome.event_type,
        reject_reason=outcome.reject_reason,
        bounce_class=outcome.bounce_class,
        recipient=recipient,
        timestamp=fields.time("ts", parse_epoch),
        dedupe_key=f"{provider}:{kind or 'unknown'}:{address_key(recipient or '')}:{identity}",
        description=f"{told}: {detail}" if detail else told or None,
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(item),
    )
