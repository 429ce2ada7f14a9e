"""
Mailgun's webhooks, read: JSON with ``event-data``, the forms of before 2018, and routes' posts.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads (read
2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from mailcore.address import address_key
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.foundation import freeze
from mailcore.webhook import (
    ReadOnlyJson,
    WebhookRequest,
    is_form,
    parse_timestamp,
    read_form,
    read_object,
)
from mailcore_mailgun.event_map import (
    OUTCOMES,
    UNKNOWN,
    WITHOUT_MESSAGE,
    Outcome,
    enhanced_status,
    is_made_up,
    judge_drop,
    judge_failure,
)
from mailcore_mailgun.inbound import is_inbound, read_posted_mail, read_stored
from mailcore_mailgun.values import bare_address, bracketed, read_time
from mailcore_mailgun.webhooks import read_document


_NOTHING: Mapping[str, Any] = {}


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read the event in a request that was verified.

    Never fails but for what is neither JSON nor a form: an unknown type is an event of type
    UNKNOWN, what cannot be read is told in its `defects`.

    Args:
        provider: The provider's name.
        request: What Mailgun posted: a webhook of an event, or what a route forwards or stored.

    Returns:
        One event, since Mailgun reports each recipient on its own.

    Raises:
        MalformedWebhook: If the body is neither a JSON object nor a form.
    """
    if is_form(request):
        from mailcore_mailgun.legacy_events import read_legacy_event

        form = read_form(request)
        if is_inbound(form):
            return (read_posted_mail(provider, form),)
        return (read_legacy_event(provider, form),)
    payload = read_document(request)
    signature = payload.get("signature")
    signed_at = read_time(signature.get("timestamp")) if isinstance(signature, dict) else None
    data = payload.get("event-data")
    if isinstance(data, dict):
        return (read_event(provider, data, received_at=signed_at, esp_event=payload),)
    defect = f"`event-data` is {'missing' if data is None else 'not an object'}"
    return (
        TrackingEvent(
            provider=provider,
            event_type=EventType.UNKNOWN,
            received_at=signed_at,
            dedupe_key=f"{provider}:unknown:{_digest(payload)}",
            defects=(defect,),
            esp_event=ReadOnlyJson(payload),
        ),
    )


def read_event(
    provider: str,
    data: Mapping[str, Any],
    *,
    received_at: datetime | None = None,
    esp_event: Mapping[str, Any] | None = None,
) -> Event:
    """
    Read what stands under ``event-data``, or an item of Mailgun's Events or Logs API.

    The same event has the same `dedupe_key` by each of these ways. Items of the Logs API
    (``POST /v1/analytics/logs``) have ``@timestamp`` in ISO 8601 instead of ``timestamp``, and
    ``user-variables`` as the text of a JSON object:
    https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/logs (read
    2026-11-30).

    Args:
        provider: The provider's name.
        data: The event.
        received_at: When the notification of it was made.
        esp_event: What to keep as the event's `esp_event`; *data* if None.
    """
    defects: list[str] = []
    name = data.get("event")
    if name.__class__ is not str:
        _not_text("event", name, defects)
        name = "unknown"
    # The documentation of 2018 has some in capitals.
    kind: str = name.lower()
    timestamp = read_time(data.get("timestamp")) or parse_timestamp(data.get("@timestamp"))
    event_id = data.get("id")
    if event_id.__class__ is not str and event_id is not None:
        _not_text("id", event_id, defects)
        event_id = None
    # An id is unique within a day only. No more of the time, because the APIs round it.
    if timestamp is None:
        defects.append("`timestamp` cannot be read")
        key = f"{provider}:{kind}:{_digest(data)}"
    elif event_id:
        key = f"{provider}:{kind}:{event_id}:{timestamp:%Y-%m-%d}"
    else:
        key = f"{provider}:{kind}:{_digest(data)}"
    kept = ReadOnlyJson(data if esp_event is None else esp_event)
    if kind == "stored":
        return read_stored(
            provider,
            data,
            event_id=event_id,
            timestamp=timestamp,
            received_at=received_at,
            dedupe_key=key,
            defects=defects,
            esp_event=kept,
        )
    status = _NOTHING
    if "delivery-status" in data:
        status = _object(data, "delivery-status", defects)
    outcome = _judge(kind, data, status)
    headers, message_id = _message(data, defects, is_required=outcome is not UNKNOWN)
    recipient = _recipient(data, kind, headers, defects)
    description = response = None
    if status or kind in ("rejected", "failed", "dropped"):
        description, response = _words(data, kind, status, outcome.event_type, defects)
    user_agent = None
    if "client-info" in data:
        client = _object(data, "client-info", defects)
        user_agent = _text(client, "user-agent", defects)
    fields: TrackingEventFields = {
        "provider": provider,
        "event_type": outcome.event_type,
        "recipient": recipient,
        "timestamp": timestamp,
        "received_at": received_at,
        "event_id": event_id,
        "message_id": message_id,
        "dedupe_key": f"{key}:{address_key(recipient) if recipient else ''}",
        "metadata": freeze(_metadata(data, defects)),
        "tags": _tags(data, kind, defects),
        "reject_reason": outcome.reject_reason,
        "bounce_class": outcome.bounce_class,
        "smtp_status": enhanced_status(status) if status else None,
        "mta_response": response,
        "description": description,
        "user_agent": user_agent,
        "click_url": _text(data, "url", defects),
        "ip_address": _text(data, "ip", defects),
        "defects": tuple(defects),
        "esp_event": kept,
    }
    return TrackingEvent.assembled(fields)


def _judge(kind: str, data: Mapping[str, Any], status: Mapping[str, Any]) -> Outcome:
    if kind == "failed":
        return judge_failure(data.get("severity"), data.get("reason"), status)
    if kind == "dropped":
        return judge_drop(data.get("reason"), status)
    return OUTCOMES.get(kind, UNKNOWN)


def _message(
    data: Mapping[str, Any], defects: list[str], *, is_required: bool
) -> tuple[Mapping[str, Any], str | None]:
    """What is said of the header of the message, and its id as the send returned it."""
    message = data.get("message")
    headers = message.get("headers") if message.__class__ is dict else None
    if headers.__class__ is not dict:
        if is_required or message is not None:
            defects.append("`message.headers` is not an object")
        return _NOTHING, None
    message_id = headers.get("message-id")
    if message_id.__class__ is str:
        return headers, bracketed(message_id)
    if is_required or message_id is not None:
        defects.append("`message.headers.message-id` is not a string")
    return headers, None


def _words(
    data: Mapping[str, Any],
    kind: str,
    status: Mapping[str, Any],
    event_type: EventType,
    defects: list[str],
) -> tuple[str | None, str | None]:
    """Mailgun's words, and those of the receiving server."""
    if kind == "rejected":
        reject = _object(data, "reject", defects)
        said = (_text(reject, "reason", defects), _text(reject, "description", defects))
        words = ": ".join(text for text in said if text)
        return words or _text(data, "reason", defects) or None, None
    if not status:
        return _text(data, "reason", defects) or None, None
    description = _text(status, "description", defects)
    message = _text(status, "message", defects)
    if kind not in ("failed", "dropped"):
        return description or None, message or None
    reason = _text(data, "reason", defects)
    if event_type is EventType.REJECTED or is_made_up(status.get("code")):
        # No server was asked, or none answered.
        return description or message or reason, None
    return description or reason, message or None


def _recipient(
    data: Mapping[str, Any], kind: str, headers: Mapping[str, Any], defects: list[str]
) -> str | None:
    given = _text(data, "recipient", defects)
    if given:
        return bare_address(given)
    if kind in WITHOUT_MESSAGE:
        member = _text(_object(data, "member", defects), "address", defects)
        return bare_address(member) if member else None
    # A message that was rejected has no recipient of its own yet.
    addressed = _text(headers, "to", defects)
    if addressed and "," not in addressed:
        return bare_address(addressed) or None
    defects.append("`recipient` is missing")
    return None


def _metadata(data: Mapping[str, Any], defects: list[str]) -> Mapping[str, Any]:
    variables = data.get("user-variables")
    if variables.__class__ is dict:
        return variables
    if variables and variables.__class__ is str:
        try:
            return read_object(variables, "`user-variables`")
        except MalformedWebhook as error:
            defects.append(str(error))
            return _NOTHING
    # An empty object comes as an empty array.
    if variables:
        defects.append("`user-variables` is not an object")
    return _NOTHING


def _tags(data: Mapping[str, Any], kind: str, defects: list[str]) -> tuple[str, ...]:
    tags = data.get("tags")
    if not tags:
        if tags is not None and tags != []:
            defects.append("`tags` is not an array")
        return ()
    if tags.__class__ is not list:
        defects.append("`tags` is not an array")
        return ()
    found = tuple(tags)
    for tag in tags:
        if tag.__class__ is not str:
            defects.append("`tags` has an entry that is not a string")
            found = tuple([each for each in tags if each.__class__ is str])
            break
    # Not a tag: the person wants no mail of the domain at all.
    return () if kind == "unsubscribed" and found == ("*",) else found


def _object(parent: Mapping[str, Any], name: str, defects: list[str]) -> Mapping[str, Any]:
    value = parent.get(name)
    if value.__class__ is dict:
        return value
    # Empty objects come as empty arrays.
    if value is not None and value != []:
        defects.append(f"`{name}` is not an object")
    return _NOTHING


def _text(parent: Mapping[str, Any], name: str, defects: list[str]) -> str | None:
    value = parent.get(name)
    if value is None or value.__class__ is str:
        return value
    _not_text(name, value, defects)
    return None


def _not_text(name: str, value: object, defects: list[str]) -> None:
    defects.append(f"`{name}` is {'missing' if value is None else 'not a string'}")


def _digest(value: Mapping[str, Any]) -> str:
    canonical = json.dumps(value, sort_keys=True, default=str)
    return sha256(canonical.encode("ascii")).hexdigest()[:16]
