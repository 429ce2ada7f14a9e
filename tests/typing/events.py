"""Events are of two kinds; what only one of them has is there after `isinstance`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from typing_extensions import assert_type

from mailcore import (
    BounceClass,
    Event,
    EventType,
    InboundEvent,
    RejectReason,
    TrackingEvent,
    WebhookRequest,
    WebhookResponse,
    afetch_inbound,
    areceive,
    event_from_dict,
    fetch_inbound,
    get_provider,
    receive,
)
from mailcore.inbound import InboundAddress, InboundMessage
from mailcore.webhook import EventRouter, SqliteSeenStore, arespond, respond
from mailcore.webhook.asgi import AsgiWebhook
from mailcore.webhook.wsgi import WsgiWebhook


def both_kinds_have_this(event: Event) -> None:
    assert_type(event.event_type, EventType)
    assert_type(event.provider, str)
    assert_type(event.message_id, str | None)
    assert_type(event.timestamp, datetime | None)
    assert_type(event.dedupe_key, str)
    assert_type(event.defects, tuple[str, ...])
    assert_type(event.notification, WebhookRequest | None)
    assert_type(event.to_dict(), dict[str, object])
    event.recipient  # E: union-attr, reportAttributeAccessIssue
    event.envelope_recipients  # E: union-attr, reportAttributeAccessIssue


def isinstance_tells_which(event: Event) -> None:
    if isinstance(event, InboundEvent):
        assert_type(event, InboundEvent)
        assert_type(event.envelope_recipients, tuple[str, ...])
        assert_type(event.spam, bool | None)
        return
    # No third kind: a checker knows the other one without being told.
    assert_type(event, TrackingEvent)
    assert_type(event.recipient, str | None)
    assert_type(event.bounce_class, BounceClass | None)
    assert_type(event.reject_reason, RejectReason | None)
    assert_type(event.may_write_again, bool | None)
    assert_type(event.metadata, Mapping[str, Any])
    assert_type(event.tags, tuple[str, ...])


def events_are_made_of_fields() -> None:
    TrackingEvent(provider="ses", event_type=EventType.BOUNCED, bounce_class=BounceClass.HARD)
    TrackingEvent(provider="ses")  # E: call-arg, reportCallIssue
    sent = EventType.SENT
    TrackingEvent(provider="ses", event_type=sent, recip="a")  # E: call-arg, reportCallIssue
    TrackingEvent(provider="ses", event_type="bounced")  # E: arg-type, reportArgumentType


def an_event_cannot_be_changed(event: TrackingEvent) -> None:
    event.recipient = None  # E: misc, reportAttributeAccessIssue


def documents_become_events(document: Mapping[str, object]) -> None:
    assert_type(event_from_dict(document), TrackingEvent | InboundEvent)
    assert_type(TrackingEvent.from_dict(document), TrackingEvent)
    assert_type(InboundEvent.from_dict(document), InboundEvent)


def plain(event: Event) -> None:
    """A handler."""


async def awaited(event: Event) -> None:
    """A handler for event loops, and for threads too."""


def of_one_kind(event: TrackingEvent) -> None:
    """Not a handler: received mail may come."""


def handlers_take_any_event(request: WebhookRequest) -> None:
    ses = get_provider("ses")
    assert_type(receive(ses, request), tuple[Event, ...])
    receive(ses, request, plain, seen=SqliteSeenStore("seen.db"))
    receive(ses, request, awaited)
    receive(ses, request, print)
    receive(ses, request, of_one_kind)  # E: arg-type, reportArgumentType
    receive("ses", request)  # E: arg-type, reportArgumentType
    assert_type(respond(ses, request, plain), WebhookResponse)
    AsgiWebhook(ses, awaited)
    WsgiWebhook(ses, plain)
    WsgiWebhook(ses, of_one_kind)  # E: arg-type, reportArgumentType


async def receiving_in_an_event_loop(request: WebhookRequest, event: InboundEvent) -> None:
    ses = get_provider("ses")
    assert_type(await areceive(ses, request, awaited), tuple[Event, ...])
    assert_type(await arespond(ses, request, awaited), WebhookResponse)
    assert_type(await afetch_inbound(ses, event), InboundMessage)


def a_router_leaves_handlers_as_they_are() -> None:
    router = EventRouter()

    @router.on(EventType.BOUNCED, "complained")
    def suppress(event: Event) -> int:
        return len(event.defects)

    @router.on()
    async def keep(event: Event) -> str:
        return event.dedupe_key

    event = TrackingEvent(provider="ses", event_type=EventType.SENT)
    assert_type(suppress(event), int)
    WsgiWebhook(get_provider("ses"), router)


def headers_come_in_the_forms_that_frameworks_have(pairs: list[tuple[str, str]]) -> None:
    WebhookRequest("POST", {"Content-Type": "application/json"}, b"{}")
    WebhookRequest("POST", pairs, "{}", url="https://shop.example/webhooks/ses")
    WebhookRequest("POST", 42, b"{}")  # E: arg-type, reportArgumentType
    WebhookRequest("POST", {}, None)  # E: arg-type, reportArgumentType


def received_mail(event: Event, inbound: InboundEvent) -> None:
    ses = get_provider("ses")
    message = fetch_inbound(ses, inbound, delete_after=True)
    assert_type(message, InboundMessage)
    assert_type(message.from_email, InboundAddress | None)
    assert_type(message.subject, str | None)
    assert_type(message.to, tuple[InboundAddress, ...])
    fetch_inbound(ses, event)  # E: arg-type, reportArgumentType
