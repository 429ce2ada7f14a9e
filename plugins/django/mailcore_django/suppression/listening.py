"""
Events that fill the list.

A list that cannot be written answers the webhook with 500, so that the event comes again.
"""

from __future__ import annotations

from mailcore import TrackingEvent
from mailcore.webhook import SuppressionFeed
from mailcore_django.signals import tracking
from mailcore_django.suppression.policy import lists_of
from mailcore_django.suppression.store import DatabaseSuppressionStore


__all__ = ["connect", "disconnect", "on_event"]

_UID = "mailcore_django.suppression"
_feed = SuppressionFeed(DatabaseSuppressionStore(), scopes=lists_of)


def connect() -> None:
    """Hear of what is reported from now on."""
    tracking.connect(on_event, dispatch_uid=_UID)


def disconnect() -> None:
    """Hear no more of it: for tests that have no database."""
    tracking.disconnect(dispatch_uid=_UID)


def on_event(*, event: TrackingEvent, **_: object) -> None:
    """Receive ``tracking``."""
    _feed(event)
