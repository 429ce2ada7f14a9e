"""Events that find their message: receipts, and what they say of sends of which nobody knew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from hashlib import blake2b

from mailcore.address.domain import address_key
from mailcore.errors import ConfigurationError, SerializationError
from mailcore.events import Event, TrackingEvent
from mailcore.outbox.erasing import told as told_of
from mailcore.outbox.outcomes import LONGEST_CODE, LONGEST_ID, LONGEST_TEXT, kept_text, plain_text
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.rows import Receipt
from mailcore.outbox.sending import METADATA_KEY
from mailcore.outbox.store import OutboxStore, require_outbox_store
from mailcore.webhook.handlers import LoopHandler
from mailcore.webhook.suppression_feed import moment_of


_EARLIEST_YEAR = 1970


class OutboxEvents(LoopHandler):
    """
    A handler that keeps a receipt of each event about a message of the outbox.

    The message is found by the id of its row, which travels as metadata, or else by the provider's
    id of the message. An event also resolves a row of which nobody knew: see
    :func:`~mailcore.outbox.machine.resolved`. The same event twice leaves one receipt. Events
    about other mail change nothing.

    Give it to an application, to :func:`~mailcore.webhook.receive`, to a consumer of a queue, or to
    an :class:`~mailcore.webhook.EventRouter` beside other handlers. What the store raises goes on:
    the webhook answers 500, and the event comes again.

    Args:
        store: What keeps the rows.
        policy: What is kept of a row that an event resolves.
        metadata_key: The name of the metadata under which workers send the id of the row.
        now: A function that returns the time, with time zone.

    Raises:
        ConfigurationError: If what is given is not a store.

    Example:
        >>> from mailcore import EventType, Mailer, Message
        >>> from mailcore.outbox import MemoryOutbox, OutboxWorker
        >>> outbox = MemoryOutbox()
        >>> row = outbox.add(Message(from_email="a@example.com", to=["b@example.net"], text="Hi"))
        >>> _ = OutboxWorker(outbox, Mailer("memory")).run_once()
        >>> OutboxEvents(outbox)(
        ...     TrackingEvent(
        ...         provider="memory",
        ...         event_type=EventType.DELIVERED,
        ...         recipient="b@example.net",
        ...         metadata={"mailcore_outbox_id": row.id},
        ...     )
        ... )
        >>> [str(receipt.event_type) for receipt in outbox.receipts(row.id)]
        ['delivered']
    """

    def __init__(
        self,
        store: OutboxStore,
        *,
        policy: OutboxPolicy | None = None,
        metadata_key: str = METADATA_KEY,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        require_outbox_store(store, "OutboxEvents")
        self._store = store
        self._policy = policy if policy is not None else OutboxPolicy()
        self._metadata_key = metadata_key
        self._now = now if now is not None else _clock

    def __call__(self, event: Event) -> None:
        """
        Note what an event says, in this thread.

        Raises:
            StoreError: If the store cannot be used.
        """
        if not isinstance(event, TrackingEvent):
            return
        told = event.metadata.get(self._metadata_key)
        row_id = self._store.locate(
            row_id=told if isinstance(told, str) and _is_id(told) else "",
            provider=event.provider,
            message_id=_id_of(event),
        )
        if row_id is None:
            return
        receipt = receipt_of(event, row_id)
        decide = partial(told_of, recipient=receipt.recipient, now=self._now(), policy=self._policy)
        try:
            self._store.receive(row_id, receipt, decide)
        except SerializationError:
            # Of a newer release: it resolves what it knows itself, and events come again.
            raise ConfigurationError(
                "an event is about a message that a newer release of mailcore has kept: have that "
                "release receive events"
            ) from None

    async def handle(self, event: Event) -> None:
        """Do as a call, in an event loop; the store is asked in a thread."""
        import asyncio

        await asyncio.to_thread(self, event)

    def __repr__(self) -> str:
        return f"<OutboxEvents for {type(self._store).__name__}>"


def receipt_of(event: TrackingEvent, row_id: str) -> Receipt:
    """
    The receipt of an event.

    Args:
        event: An event, from outside, in which anything may stand.
        row_id: The id of the row that it is about.
    """
    recipient = event.recipient if event.recipient_certain else None
    happened_at = moment_of(event).astimezone(timezone.utc)
    if happened_at.year < _EARLIEST_YEAR:
        # Some databases hold no earlier ones.
        happened_at = _clock()
    return Receipt(
        row_id=row_id,
        dedupe_key=_digest_of(event),
        event_type=event.event_type,
        recipient=plain_text(address_key(recipient or ""), LONGEST_ID),
        happened_at=happened_at,
        provider=plain_text(event.provider, LONGEST_CODE),
        message_id=_id_of(event),
        bounce_class="" if event.bounce_class is None else event.bounce_class.value,
        reject_reason="" if event.reject_reason is None else event.reject_reason.value,
        detail=kept_text(event.mta_response or event.description or "", LONGEST_TEXT),
    )


def _digest_of(event: TrackingEvent) -> str:
    told = event.dedupe_key
    if not told:
        when = event.timestamp or event.received_at
        parts = (
            event.provider,
            event.event_type.value,
            event.event_id or "",
            event.message_id or "",
            event.recipient or "",
            "" if when is None else when.isoformat(),
        )
        told = "\0".join(parts)
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(each in "0123456789abcdef" for each in text)


def _id_of(event: TrackingEvent) -> str:
    return plain_text(event.message_id or "", LONGEST_ID)


def _clock() -> datetime:
    return datetime.now(timezone.utc)
