"""
Events that find the messages they are about.

An outbox that cannot be written answers the webhook with 500, so that the event comes again.
"""

from __future__ import annotations

from mailcore import TrackingEvent
from mailcore.outbox import OutboxEvents
from mailcore_django.outbox.keeping import outbox_databases, outbox_settings
from mailcore_django.outbox.store import DatabaseOutboxStore
from mailcore_django.signals import tracking


__all__ = ["connect", "disconnect", "on_event"]

_UID = "mailcore_django.outbox"


def connect() -> None:
    """Hear of what is reported from now on."""
    tracking.connect(on_event, dispatch_uid=_UID)


def disconnect() -> None:
    """Hear no more of it: for tests that have no database."""
    tracking.disconnect(dispatch_uid=_UID)


def on_event(*, event: TrackingEvent, **_: object) -> None:
    """Receive ``tracking``."""
    for using in outbox_databases():
        OutboxEvents(DatabaseOutboxStore(using=using), policy=outbox_settings().policy)(event)
