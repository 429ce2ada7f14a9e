"""
What the log hears of: every message that is sent, and every event that is reported.

A log that cannot be written must not make anybody send again what has gone. So a send does not
fail with it: the error is logged, and its database transaction goes on as if nothing had been
written. Events are another matter: the webhook answers 500, the provider sends the event again, and
it then goes to the log alone, as ``mailcore_django.seen`` remembers who was done with it.
"""

from __future__ import annotations

import logging

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.dispatch import Signal

from mailcore import MailcoreError, Message, RecipientsRefused, SendResult, TrackingEvent
from mailcore_django.conf import get_settings
from mailcore_django.log.recording import record_event, record_message
from mailcore_django.log.sendings import About, Sending
from mailcore_django.signals import post_send, send_failed, tracking


if TYPE_CHECKING:
    from django.core.mail import EmailMessage

__all__ = ["connect", "disconnect", "on_event", "on_failed", "on_sent"]

logger = logging.getLogger("mailcore.django")


_UID = "mailcore_django.log"


def connect() -> None:
    """Hear of what is sent and reported from now on."""
    for signal, receiver in _RECEIVERS:
        signal.connect(receiver, dispatch_uid=_UID)


def disconnect() -> None:
    """Hear no more of it: for tests that have no database."""
    for signal, _ in _RECEIVERS:
        signal.disconnect(dispatch_uid=_UID)


def on_sent(
    *,
    message: EmailMessage,
    provider: str,
    using: str | None,
    mail: Message | None,
    result: SendResult,
    **_: object,
) -> None:
    """Receive ``post_send``."""
    _record(lambda: Sending.with_result(_about(message, mail, provider, using), result))


def on_failed(
    *,
    message: EmailMessage,
    provider: str,
    using: str | None,
    mail: Message | None,
    error: MailcoreError,
    **_: object,
) -> None:
    """Receive ``send_failed``; where all recipients were refused, ``post_send`` has come before."""
    if isinstance(error, RecipientsRefused) and error.result is not None:
        return
    addresses = message.recipients() if mail is None else mail.recipients
    _record(
        lambda: Sending.with_error(
            _about(message, mail, provider, using), error, map(str, addresses)
        )
    )


def on_event(*, event: TrackingEvent, **_: object) -> None:
    """Receive ``tracking``."""
    record_event(event, get_settings().log)


def _about(message: EmailMessage, mail: Message | None, provider: str, using: str | None) -> About:
    if mail is not None:
        return About.message_of(mail, mailer=using or "", provider=provider)
    # It could not be read: what Django knows of it.
    return About(
        mailer=using or "",
        provider=provider,
        from_email=str(message.from_email or ""),
        subject=str(message.subject or ""),
    )


def _record(sending: Callable[[], Sending]) -> None:
    try:
        record_message(sending(), get_settings().log)
    except Exception:
        logger.exception("the log cannot be written; the message is not concerned")


_RECEIVERS: tuple[tuple[Signal, Callable[..., None]], ...] = (
    (post_send, on_sent),
    (send_failed, on_failed),
    (tracking, on_event),
)
