"""
Mailgun's webhooks, read: JSON with ``event-data``, the forms of before 2018, and routes' posts.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads (read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailcore.address import address_key
from mailcore.bounces.outcome import UNKNOWN, Outcome
from mailcore.errors import MalformedWebhook
from mailcore.events import Event, EventType, TrackingEvent, TrackingEventFields
from mailcore.foundation import FrozenDict, freeze
from mailcore.webhook import (
    Fields,
    ReadOnlyJson,
    WebhookRequest,
    addr_spec_in,
    bracketed_id,
    digest_of,
    is_form,
    parse_epoch,
    parse_timestamp,
    read_form,
    read_object,
)
from mailcore_mailgun.event_map import (
    OUTCOMES,
    WITHOUT_MESSAGE,
    enhanced_status,
    is_made_up,
    judge_drop,
    judge_failure,
)
from mailcore_mailgun.inbound import is_inbound, read_posted_mail, read_stored
from mailcore_mailgun.webhooks import read_document


_NOTHING = Fields({})


def parse_events(provider: str, request: WebhookRequest) -> tuple[Event, ...]:
    """
    Read the event in a request that was verified.

    Never fails but for what is neither JSON nor a form: an unknown type is an event of type
    UNKNOWN, what cannot be read is told in its `defects`.

    Args:
        provider: The name that the provider has in the events.
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
    signed_at = parse_epoch(signature.get("timestamp")) if isinstance(signature, dict) else None
    data = payload.get("event-data")
    if isinstance(data, dict):
        return (read_event(provider, data, received_at=signed_at, esp_event=payload),)
    defect = f"`event-data` is {'missing' if data is None else 'not an object'}"
    return (
        TrackingEvent(
            provider=provider,
            event_type=EventType.UNKNOWN,
            received_at=signed_at,
            dedupe_key=f"{provider}:unknown:{digest_of(payload)}",
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
        provider: The name that the provider has in the event.
        data: The event as Mailgun's JSON has it.
        received_at: When the notification of it was made.
        esp_event: What to keep as the event's `esp_event`; *data* if None.
    """
    fields = Fields(data)
    # The documentation of 2018 has some in capitals.
    kind = (fields.required("event") or "unknown").lower()
    timestamp = parse_epoch(data.get("timestamp")) or parse_timestamp(data.get("@timestamp"))
    event_id = fields.text("id")
    if timestamp is None:
        fields.tell("timestamp", "cannot be read")
    # An id is unique within a day only. No more of the time, because the APIs round it.
    dated = f"{event_id}:{timestamp.date()}" if timestamp and event_id else digest_of(data)
    key = f"{provider}:{kind}:{dated}"
    kept = ReadOnlyJson(data if esp_event is None else esp_event)
    if kind == "stored":
        return read_stored(
            provider,
            fields,
            event_id=event_id,
            timestamp=timestamp,
            received_at=received_at,
            dedupe_key=key,
            esp_event=kept,
        )
    status = fields.within("delivery-status") if "delivery-status" in data else _NOTHING
    outcome = _judge(kind, data, status.document)
    headers, message_id = _message(fields, is_required=outcome is not UNKNOWN)
    recipient = _recipient(fields, kind, headers)
    description = response = None
    if status or kind in ("rejected", "failed", "dropped"):
        description, response = _words(fields, kind, status, outcome.event_type)
    user_agent = None
    if "client-info" in data:
        user_agent = fields.within("client-info").text("user-agent")
    event: TrackingEventFields = {
        "provider": provider,
        "event_type": outcome.event_type,
        "recipient": recipient,
        "timestamp": timestamp,
        "received_at": received_at,
        "event_id": event_id,
        "message_id": message_id,
        "dedupe_key": f"{key}:{address_key(recipient) if recipient else ''}",
        "metadata": _metadata(fields),
        "tags": _tags(fields, kind),
        "reject_reason": outcome.reject_reason,
        "bounce_class": outcome.bounce_class,
        "smtp_status": enhanced_status(status.document) if status else None,
        "mta_response": response,
        "description": description,
        "user_agent": user_agent,
        "click_url": fields.text("url"),
        "ip_address": fields.text("ip"),
        "defects": tuple(fields.defects),
        "esp_event": kept,
    }
    return TrackingEvent.assembled(event)


def _judge(kind: str, data: Mapping[str, Any], status: Mapping[str, Any]) -> Outcome:
    if kind == "failed":
        return judge_failure(data.get("severity"), data.get("reason"), status)
    if kind == "dropped":
        return judge_drop(data.get("reason"), status)
    return OUTCOMES.get(kind, UNKNOWN)


def _message(fields: Fields, *, is_required: bool) -> tuple[Mapping[str, Any], str | None]:
    """What is said of the header of the message, and its id as the send returned it."""
    message = fields.document.get("message")
    headers = message.get("headers") if type(message) is dict else None
    if type(headers) is not dict:
        if is_required or message is not None:
            fields.tell("message.headers", "is not an object")
        return {}, None
    message_id = headers.get("message-id")
    if type(message_id) is str:
        return headers, bracketed_id(message_id)
    if is_required or message_id is not None:
        fields.tell("message.headers.message-id", "is not a string")
    return headers, None


def _words(
    fields: Fields, kind: str, status: Fields, event_type: EventType
) -> tuple[str | None, str | None]:
    """Mailgun's words, and those of the receiving server."""
    if kind == "rejected":
        reject = fields.within("reject")
        words = ": ".join(filter(None, (reject.text("reason"), reject.text("description"))))
        return words or fields.text("reason"), None
    if not status:
        return fields.text("reason"), None
    description, message = status.text("description"), status.text("message")
    if kind not in ("failed", "dropped"):
        return description, message
    reason = fields.text("reason")
    if event_type is EventType.REJECTED or is_made_up(status.document.get("code")):
        # No server was asked, or none answered.
        return description or message or reason, None
    return description or reason, message


def _recipient(fields: Fields, kind: str, headers: Mapping[str, Any]) -> str | None:
    given = fields.text("recipient")
    if given:
        return addr_spec_in(given)
    if kind in WITHOUT_MESSAGE:
        member = fields.within("member").text("address")
        return addr_spec_in(member) if member else None
    # A message that was rejected has no recipient of its own yet.
    addressed = Fields(headers, fields.defects, place="message.headers.").text("to")
    if addressed and "," not in addressed:
        return addr_spec_in(addressed) or None
    fields.tell("recipient", "is missing")
    return None


def _metadata(fields: Fields) -> Mapping[str, Any]:
    variables = fields.document.get("user-variables")
    if variables and type(variables) is str:
        try:
            found: Mapping[str, Any] = freeze(read_object(variables, "`user-variables`"))
        except MalformedWebhook as error:
            fields.defects.append(str(error))
            return FrozenDict()
        return found
    # An empty object comes as an empty array, too, and nothing as an empty text.
    return fields.mapping("user-variables") if variables else FrozenDict()


def _tags(fields: Fields, kind: str) -> tuple[str, ...]:
    found = fields.texts("tags")
    # Not a tag: the person wants no mail of the domain at all.
    return () if kind == "unsubscribed" and found == ("*",) else found
