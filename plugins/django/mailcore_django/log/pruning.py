"""Forgetting what is older than the settings allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import router
from django.db.models import QuerySet
from django.utils import timezone

from mailcore_django.log.models import Event, SentMessage


__all__ = ["Pruned", "prune"]

_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """
    What was forgotten.

    Args:
        messages: How many messages, each with its recipients.
        events: How many events.
    """

    messages: int
    events: int


def prune(keep_days: int) -> Pruned:
    """
    Delete messages and events that are older.

    A thousand at a time, so that neither memory nor a lock grows with the table.

    Args:
        keep_days: How many days entries are kept: ``MAILCORE["LOG"]["keep_days"]``.
    """
    oldest = timezone.now() - timedelta(days=keep_days)
    using = router.db_for_write(SentMessage)
    messages = SentMessage.objects.using(using).filter(created_at__lt=oldest)
    events = Event.objects.using(using).filter(received_at__lt=oldest)
    return Pruned(messages=_delete(messages), events=_delete(events))


def _delete(rows: QuerySet[SentMessage] | QuerySet[Event]) -> int:
    count = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        rows.model._base_manager.using(rows.db).filter(pk__in=keys).delete()
        count += len(keys)
    return count
