"""
Writing to the log.

A message and an event may be written by two processes at the same moment, each in a transaction
that the other does not see. So whoever writes applies the events twice: at once, and again after
its transaction is committed; who comes last sees the other's.
"""

from __future__ import annotations

import json

from functools import partial
from hashlib import blake2b
from uuid import uuid4

from django.db import router, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailcore import Message, TrackingEvent
from mailcore.address import address_key
from mailcore.result import RecipientStatus
from mailcore_django.columns import as_text, as_time
from mailcore_django.conf import LogSettings
from mailcore_django.log.models import Event, Recipient, SentMessage
from mailcore_django.log.sendings import Sending
from mailcore_django.log.states import below, weightier


__all__ = ["record_event", "record_message"]

_LONGEST_CUT = 99


def record_message(
    sending: Sending, kept: LogSettings, *, instead_of: SentMessage | None = None
) -> SentMessage:
    """
    Write a message to the log.

    Args:
        sending: The message, and what became of it.
        kept: What of it the settings have kept.
        instead_of: The row that was written before it was sent, if there is one.
    """
    using = router.db_for_write(SentMessage)
    with transaction.atomic(using=using):
        row = _row_of(sending, kept)
        if instead_of is not None:
            row.pk, row.created_at = instead_of.pk, instead_of.created_at
            Recipient.objects.using(using).filter(sent_message=row.pk).delete()
        row.save(using=using)
        Recipient.objects.using(using).bulk_create(
            [_recipient_of(row, address, status) for address, status in sending.recipients.items()]
        )
        _apply_events_to(row.pk, using)
        # Robust: the project's own transaction is committed by then, and so is the log. Django
        # wants a function with a name for that, which a partial one has not.
        transaction.on_commit(lambda: _apply_events_to(row.pk, using), using=using, robust=True)
    return row


def _row_of(sending: Sending, kept: LogSettings) -> SentMessage:
    about = sending.about
    return SentMessage(
        mailer=_short(about.mailer, 100),
        provider=_short(about.provider, 100),
        message_id=_short(sending.message_id, 255),
        from_email=as_text(about.from_email),
        subject=as_text(about.subject) if kept.subjects else "",
        status=sending.status,
        error=_short(sending.error, 100),
        maybe_accepted=sending.maybe_accepted,
        template_id=_short(about.template_id, 255),
        tags=[as_text(tag) for tag in about.tags],
        body=_body_of(about.message) if kept.bodies and about.message is not None else "",
        again_of=about.again_of,
    )


def _body_of(message: Message) -> str:
    # Addresses are looked for in it when one of them is erased: as they are, not escaped.
    return as_text(json.dumps(message.to_dict(), ensure_ascii=False))


def _recipient_of(row: SentMessage, address: str, status: RecipientStatus) -> Recipient:
    return Recipient(
        sent_message=row,
        address=_short(address, 320),
        key=_short(address_key(address), 320),
        message_id=_short(status.message_id or "", 255),
        status=status.status.value,
        state=status.status.value,
        code=_short(status.code, 100),
        detail=as_text(status.detail),
        retryable=status.retryable,
        maybe_accepted=status.maybe_accepted,
    )


def _apply_events_to(pk: int, using: str) -> None:
    """Bring the recipients of a message up to the events that are there."""
    recipients = list(Recipient.objects.using(using).filter(sent_message=pk).exclude(message_id=""))
    events = Event.objects.using(using).filter(
        message_id__in={each.message_id for each in recipients}, recipient_certain=True
    )
    found: dict[tuple[str, str], list[str]] = {}
    for message_id, key, event_type in events.values_list(
        "message_id", "recipient_key", "event_type"
    ):
        found.setdefault((message_id, key), []).append(event_type)
    for each in recipients:
        state = weightier(each.state, found.get((each.message_id, each.key), ()))
        if state != each.state:
            _raise_state(Recipient.objects.using(using).filter(pk=each.pk), state)


def record_event(event: TrackingEvent, kept: LogSettings) -> None:
    """
    Write an event to the log, unless it is there.

    Args:
        event: What a provider reported.
        kept: What of it the settings have kept.
    """
    using = router.db_for_write(Event)
    row = _event_of(event, kept)
    with transaction.atomic(using=using):
        Event.objects.using(using).bulk_create([row], ignore_conflicts=True)
        _apply_to_recipients(row, using)
        transaction.on_commit(partial(_apply_to_recipients, row, using), using=using)


def _apply_to_recipients(row: Event, using: str) -> None:
    if row.message_id and row.recipient_key and row.recipient_certain:
        recipients = Recipient.objects.using(using)
        _raise_state(
            recipients.filter(message_id=row.message_id, key=row.recipient_key), row.event_type
        )


def _raise_state(recipients: QuerySet[Recipient], state: str) -> None:
    # One statement, so that of two processes the weightier state wins.
    recipients.filter(state__in=below(state)).update(state=state)


def _event_of(event: TrackingEvent, kept: LogSettings) -> Event:
    recipient = as_text(event.recipient)
    client = (
        {
            "click_url": as_text(event.click_url),
            "user_agent": as_text(event.user_agent),
            "ip_address": _short(event.ip_address or "", 45),
        }
        if kept.details
        else {}
    )
    return Event(
        digest=_digest(event.dedupe_key) if event.dedupe_key else uuid4().hex,
        provider=_short(event.provider, 100),
        event_type=event.event_type.value,
        message_id=_short(event.message_id or "", 255),
        recipient=_short(recipient, 320),
        recipient_key=_short(address_key(recipient), 320),
        recipient_certain=event.recipient_certain,
        timestamp=as_time(event.timestamp),
        received_at=as_time(event.received_at) or timezone.now(),
        bounce_class=str(event.bounce_class or ""),
        reject_reason=str(event.reject_reason or ""),
        smtp_status=_short(event.smtp_status or "", 20),
        mta_response=as_text(event.mta_response),
        description=as_text(event.description),
        **client,
    )


def _short(text: str, longest: int) -> str:
    """A text that is too long for its column: its beginning, and if there is room, a digest."""
    text = as_text(text)
    if len(text) <= longest:
        return text
    # Two ids that begin alike stay two.
    return f"{text[: longest - 33]}#{_digest(text)}" if longest > _LONGEST_CUT else text[:longest]


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
