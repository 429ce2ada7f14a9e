"""
``anymail.signals``: signals, events and their constants.

``pre_send`` and ``post_send`` are mailcore's. ``tracking`` and ``inbound`` are signals of their
own, sent with events that have django-anymail's attributes; what a receiver raises answers the
webhook with 500, as it does there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.dispatch import Signal

from mailcore import EventType as _EventType
from mailcore import InboundEvent, RejectReason, TrackingEvent
from mailcore.inbound import parse_inbound
from mailcore_django import signals
from mailcore_django.compat.anymail.inbound import AnymailInboundMessage
from mailcore_django.signals import post_send, pre_send


__all__ = [
    "AnymailEvent",
    "AnymailInboundEvent",
    "AnymailTrackingEvent",
    "EventType",
    "RejectReason",
    "inbound",
    "post_send",
    "pre_send",
    "tracking",
]

tracking = Signal()
"""A provider reports what became of a message: ``event``, ``esp_name``."""

inbound = Signal()
"""A provider received a mail: ``event``, ``esp_name``."""


class EventType:
    """
    What happened: constants.

    They are mailcore's; ``INBOUND_FAILED``, which mailcore has no word for, never comes.
    """

    QUEUED = _EventType.QUEUED
    SENT = _EventType.SENT
    REJECTED = _EventType.REJECTED
    FAILED = _EventType.FAILED
    BOUNCED = _EventType.BOUNCED
    DEFERRED = _EventType.DEFERRED
    DELIVERED = _EventType.DELIVERED
    AUTORESPONDED = _EventType.AUTORESPONDED
    OPENED = _EventType.OPENED
    CLICKED = _EventType.CLICKED
    COMPLAINED = _EventType.COMPLAINED
    UNSUBSCRIBED = _EventType.UNSUBSCRIBED
    SUBSCRIBED = _EventType.SUBSCRIBED
    INBOUND = _EventType.INBOUND
    INBOUND_FAILED = "inbound_failed"
    UNKNOWN = _EventType.UNKNOWN


class AnymailEvent:
    """
    An event.

    Args:
        event_type: One of :class:`EventType`.
        timestamp: When it happened, with a time zone.
        event_id: The provider's id of it.
        esp_event: What the provider sent.
        kwargs: What subclasses take.
    """

    def __init__(
        self,
        event_type: str,
        timestamp: datetime | None = None,
        event_id: str | None = None,
        esp_event: Any = None,
        **kwargs: Any,
    ) -> None:
        self.event_type = event_type
        self.timestamp = timestamp
        self.event_id = event_id
        self.esp_event = esp_event


class AnymailTrackingEvent(AnymailEvent):
    """What became of a message that was sent: the attributes are those of the arguments."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.click_url: str | None = kwargs.get("click_url")
        self.description: str | None = kwargs.get("description")
        self.message_id: str | None = kwargs.get("message_id")
        self.metadata: Mapping[str, Any] = kwargs.get("metadata") or {}
        self.mta_response: str | None = kwargs.get("mta_response")
        self.recipient: str | None = kwargs.get("recipient")
        self.reject_reason: str | None = kwargs.get("reject_reason")
        self.tags: Sequence[str] = kwargs.get("tags") or []
        self.user_agent: str | None = kwargs.get("user_agent")


class AnymailInboundEvent(AnymailEvent):
    """A mail that was received: ``message``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message: AnymailInboundMessage | None = kwargs.get("message")


_OF_EVENTS = ("event_type", "timestamp", "event_id", "esp_event")
_OF_TRACKING = (
    *("click_url", "description", "message_id", "mta_response", "recipient", "reject_reason"),
    "user_agent",
)


def _send_tracking(sender: type, event: TrackingEvent, esp_name: str, **_: object) -> None:
    if not tracking.has_listeners(sender):
        return
    values = {name: getattr(event, name) for name in (*_OF_EVENTS, *_OF_TRACKING)}
    told = AnymailTrackingEvent(**values, metadata=dict(event.metadata), tags=list(event.tags))
    tracking.send(sender, event=told, esp_name=esp_name)


def _send_inbound(
    sender: type, event: InboundEvent, esp_name: str, provider: object = None, **_: object
) -> None:
    if not inbound.has_listeners(sender):
        return
    values = {name: getattr(event, name) for name in _OF_EVENTS}
    mail = parse_inbound(event.content) if event.content is not None else _fetched(event, provider)
    told = AnymailInboundEvent(**values, message=AnymailInboundMessage(mail, event))
    inbound.send(sender, event=told, esp_name=esp_name)


def _fetched(event: InboundEvent, provider: object) -> Any:
    """A mail that the provider keeps, such as SES in S3."""
    from mailcore import fetch_inbound
    from mailcore_django.webhooks.configured import get_webhook

    webhook = get_webhook(str(provider))
    if webhook is None:
        raise LookupError(f"MAILCORE['WEBHOOKS'] has no {provider!r}, which would fetch the mail")
    return fetch_inbound(webhook.provider, event)


signals.tracking.connect(_send_tracking, dispatch_uid="mailcore_django.compat.anymail")
signals.inbound.connect(_send_inbound, dispatch_uid="mailcore_django.compat.anymail")
