"""
Sending a message again that the log has the body of.

Nobody can know that a mail does not arrive twice, so people decide: :func:`doubts` says what speaks
against it. What is sent is noted before it is sent: if the process dies meanwhile, the log says
that it may have arrived.
"""

from __future__ import annotations

import json
import logging

from collections.abc import Iterable
from typing import cast

from django.db import DatabaseError, router, transaction

from mailcore import (
    MailcoreError,
    Message,
    RecipientsRefused,
    RecipientStatus,
    ResultStatus,
    SendStatus,
)
from mailcore.address import address_key
from mailcore.message import MessageFields
from mailcore_django.conf import get_settings
from mailcore_django.configured import DEFAULT_ALIAS, get_mailer
from mailcore_django.log.models import SentMessage
from mailcore_django.log.recording import record_message
from mailcore_django.log.sendings import About, Sending


__all__ = ["CannotSendAgain", "doubts", "message_of", "send_again"]

logger = logging.getLogger("mailcore.django")

_PENDING = "being sent again"
_ONCE_BEFORE = "It was sent again before."


class CannotSendAgain(MailcoreError):
    """A message cannot be sent again; nothing was sent."""


def doubts(row: SentMessage) -> list[str]:
    """
    What speaks against sending a message again: sentences for people.

    Returns:
        None if nothing is known to have arrived.
    """
    found = []
    recipients = list(row.recipients.all())
    accepted = sum(SendStatus(each.status).accepted for each in recipients)
    if accepted:
        found.append(f"It was accepted for {accepted} of {len(recipients)} recipients.")
    if row.maybe_accepted:
        found.append("It may have arrived: nobody knows whether the provider took it.")
    again = row.sent_again.count()
    if again:
        found.append(f"It was sent again {again} times before." if again > 1 else _ONCE_BEFORE)
    return found


def message_of(row: SentMessage, *, only_refused: bool) -> Message:
    """
    The message as it was, to be sent now: a new one to the provider.

    Args:
        row: A message whose body was kept.
        only_refused: Whether those that it was accepted for, or may have been, get it no more.

    Raises:
        CannotSendAgain: If there is no body, it cannot be read, or nobody is left to send to.
    """
    if not row.body:
        raise CannotSendAgain("its body was not kept: MAILCORE['LOG']['bodies'] is not True")
    try:
        message = Message.from_dict(json.loads(row.body))
    except (MailcoreError, ValueError) as error:
        raise CannotSendAgain(f"its body cannot be read: {error}") from error
    # With its key the provider would answer that it was sent, and a date may be past.
    message = message.replace(idempotency_key=None, send_at=None)
    if not only_refused:
        return message
    left_out = {
        each.key
        for each in row.recipients.all()
        if each.maybe_accepted or SendStatus(each.status).accepted
    }
    return _without(message, left_out)


def _without(message: Message, keys: Iterable[str]) -> Message:
    keys = frozenset(keys)
    kept: dict[str, object] = {
        name: [each for each in getattr(message, name) if each.key not in keys]
        for name in ("to", "cc", "bcc")
    }
    if not any(kept.values()):
        raise CannotSendAgain("it was accepted for all of its recipients, or may have been")
    for name in ("merge_data", "merge_metadata", "merge_headers"):
        given = getattr(message, name)
        if given:
            kept[name] = {
                address: values
                for address, values in given.items()
                if address_key(address) not in keys
            }
    return message.replace(**cast("MessageFields", kept))


def send_again(row: SentMessage, *, only_refused: bool, times_before: int) -> SentMessage:
    """
    Send a message again, with the mailer that it was sent with.

    The mailer's middleware is asked, Django's signals are not sent.

    Args:
        row: A message whose body was kept.
        only_refused: Whether those that it was accepted for, or may have been, get it no more.
        times_before: How often it was sent again so far, as the person who decides knows.

    Returns:
        The message in the log that this made.

    Raises:
        CannotSendAgain: If it cannot be, or somebody else has just done so.
        MailcoreError: What the mailer raises; it is in the log as well.
    """
    message = message_of(row, only_refused=only_refused)
    mailer = get_mailer(row.mailer or DEFAULT_ALIAS)
    about = About.message_of(
        message, mailer=row.mailer, provider=mailer.provider.name, again_of=row
    )
    pending = _claimed(row, about, times_before)
    try:
        result = mailer.send(message)
    except RecipientsRefused as error:
        if error.result is not None:
            _note(pending, Sending.with_result(about, error.result))
        raise
    except MailcoreError as error:
        _note(pending, Sending.with_error(about, error, message.recipients))
        raise
    _note(pending, Sending.with_result(about, result))
    return pending


def _claimed(row: SentMessage, about: About, times_before: int) -> SentMessage:
    """Note that it is being sent, unless somebody else did so first."""
    using = router.db_for_write(SentMessage)
    unknown = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
    sending = Sending(
        about=about,
        status=ResultStatus.UNKNOWN.value,
        recipients=dict.fromkeys(about.message.recipients if about.message else (), unknown),
        error=_PENDING,
        maybe_accepted=True,
    )
    with transaction.atomic(using=using):
        locked = SentMessage.objects.using(using).select_for_update().get(pk=row.pk)
        if locked.sent_again.count() != times_before:
            raise CannotSendAgain("somebody else has sent it again meanwhile")
        return record_message(sending, get_settings().log)


def _note(pending: SentMessage, sending: Sending) -> None:
    try:
        record_message(sending, get_settings().log, instead_of=pending)
    except DatabaseError:
        logger.exception("the log cannot be written; it says that the message may have arrived")
