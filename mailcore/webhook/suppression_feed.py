"""Events that put addresses onto your own suppression list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

from mailcore.account.suppressions import BOUNCE, COMPLAINT, MANUAL, UNSUBSCRIBE
from mailcore.address.domain import address_key
from mailcore.errors import ConfigurationError, InvalidAddress
from mailcore.events import Event, EventType, RejectReason, TrackingEvent
from mailcore.stores.scopes import ALL_LISTS, ALL_MAIL, Scopes, reader_of
from mailcore.stores.suppressions import LONGEST_SOURCE, SuppressionEntry, SuppressionStore
from mailcore.webhook.handlers import LoopHandler


class SuppressionFeed(LoopHandler):
    """
    A handler that keeps the suppression list up to date with what providers report.

    ==================================================  ==========================================
    Event                                               becomes
    ==================================================  ==========================================
    a hard bounce; rejected because of an earlier one,  ``BOUNCE``, for all mail
    or because the address is invalid
    a complaint; rejected because of an earlier one     ``COMPLAINT``, for all mail
    an unsubscription; rejected because of an earlier   ``UNSUBSCRIBE``, for the lists of the
    one                                                 message, or for all lists if it names none
    put onto the provider's list by your own people     ``MANUAL``, for all mail
    (unsubscribed, with the reason blocked)
    subscribed                                          older entries ``UNSUBSCRIBE`` of the same
                                                        lists are forgotten; of all if it names none
    ==================================================  ==========================================

    Everything else changes nothing: soft bounces, those of which nobody knows whether the address
    is to blame, and events that mean one of several recipients
    (:attr:`~mailcore.events.TrackingEvent.may_write_again`).

    Give it to an application, to :func:`~mailcore.webhook.receive`, to a consumer of a queue, or to
    an :class:`~mailcore.webhook.EventRouter` beside other handlers. What the store raises goes on:
    the webhook answers 500, and the event comes again.

    Args:
        store: Where the entries are kept.
        scopes: Which lists an event is about, as the policy
            :class:`~mailcore.middleware.suppression.Suppression` has it for messages: give both the
            same.

    Raises:
        ConfigurationError: If an argument is wrong.

    Example:
        >>> from mailcore.stores import MemorySuppressionStore
        >>> from mailcore.webhook import EventRouter
        >>> store = MemorySuppressionStore()
        >>> router = EventRouter()
        >>> router.add(SuppressionFeed(store, scopes=["news"]), name="suppressions")
        >>> router(
        ...     TrackingEvent(
        ...         provider="toy",
        ...         event_type=EventType.UNSUBSCRIBED,
        ...         recipient="Ada@example.net",
        ...         tags=["news", "2026-11"],
        ...     )
        ... )
        >>> list(store.entries())
        [SuppressionEntry('a***@example.net', reason='UNSUBSCRIBE', scope='news', source='toy')]
    """

    def __init__(self, store: SuppressionStore, *, scopes: Scopes = ()) -> None:
        if isinstance(store, type) or not callable(getattr(store, "add", None)):
            kind = store.__qualname__ if isinstance(store, type) else type(store).__name__
            raise ConfigurationError(
                f"SuppressionFeed takes a store such as MemorySuppressionStore(), not {kind}"
            )
        self._store = store
        self._scopes_of = reader_of(scopes)

    def __call__(self, event: Event) -> None:
        """
        Note what an event says, in this thread.

        Raises:
            StoreError: If the store cannot be written.
        """
        if not isinstance(event, TrackingEvent) or event.recipient is None:
            return
        if event.event_type is EventType.SUBSCRIBED:
            self._subscribed(event)
            return
        entries = list(self._entries_of(event))
        if entries:
            self._store.add(entries)

    async def handle(self, event: Event) -> None:
        """Do as a call, in an event loop; the store is asked in a thread."""
        import asyncio

        await asyncio.to_thread(self, event)

    def _entries_of(self, event: TrackingEvent) -> Iterable[SuppressionEntry]:
        if event.may_write_again is not False or event.recipient is None:
            return
        reason = _reason_of(event)
        scopes: tuple[str, ...] = (ALL_MAIL,)
        if reason == UNSUBSCRIBE:
            scopes = self._scopes_of(event) or (ALL_LISTS,)
        for scope in dict.fromkeys(scopes):
            try:
                yield SuppressionEntry(
                    email_address=event.recipient,
                    reason=reason,
                    updated_at=moment_of(event),
                    detail=event.mta_response or event.description or "",
                    scope=scope,
                    source=event.provider[:LONGEST_SOURCE],
                )
            except InvalidAddress:
                # No message can be to it: it would come again for ever.
                return

    def _subscribed(self, event: TrackingEvent) -> None:
        if event.recipient is None or not event.recipient_certain:
            return
        key, when = address_key(event.recipient), moment_of(event)
        scopes = self._scopes_of(event)
        for entry in self._store.find([key]):
            is_meant = not scopes or entry.scope in (ALL_LISTS, *scopes)
            if entry.reason == UNSUBSCRIBE and is_meant and entry.since <= when:
                self._store.remove(key, reasons=[UNSUBSCRIBE], scope=entry.scope)

    def __repr__(self) -> str:
        return f"<SuppressionFeed for {type(self._store).__name__}>"


def _reason_of(event: TrackingEvent) -> str:
    kind, why = event.event_type, event.reject_reason
    if kind is EventType.COMPLAINED or (kind is EventType.REJECTED and why is RejectReason.SPAM):
        return COMPLAINT
    if kind is EventType.UNSUBSCRIBED and why is RejectReason.BLOCKED:
        return MANUAL
    if kind is EventType.UNSUBSCRIBED or why is RejectReason.UNSUBSCRIBED:
        return UNSUBSCRIBE
    return BOUNCE


def moment_of(event: TrackingEvent) -> datetime:
    """When something happened, or was reported, with time zone; now if nobody says."""
    for time in (event.timestamp, event.received_at):
        if time is not None and time.utcoffset() is not None:
            return time
    return datetime.now(timezone.utc)
