"""Forgetting, as `manage.py mailcore erase` and `prune` ask for it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from mailcore.outbox import OutboxState, erase
from mailcore_django.outbox.keeping import outbox_databases, outbox_settings
from mailcore_django.outbox.store import DatabaseOutboxStore


__all__ = ["BEING_SENT", "NEWER", "OVER", "erase_address", "prune_old"]

BEING_SENT = "are just being sent: erase it once more"
NEWER = "were kept by a newer release, which has to erase it"
_AT_ONCE = 1000
OVER = tuple(each for each in OutboxState if each.is_over)
"""The states of messages that workers leave alone."""


def erase_address(address: str) -> dict[str, int]:
    """
    Forget an address: messages that are over lose their text, those that wait go to the others.

    Returns:
        How many messages it was taken out of, and how many have it still. From those it is to be
        erased once more, when they are sent, or by a newer release that has kept them.
    """
    erased = being_sent = newer = 0
    for using in outbox_databases():
        done = erase(DatabaseOutboxStore(using=using), address.strip())
        erased += done.erased
        being_sent += done.being_sent
        newer += done.newer
    counts = {"messages without the address": erased}
    if being_sent:
        counts[BEING_SENT] = being_sent
    if newer:
        counts[NEWER] = newer
    return counts


def prune_old(keep_days: int | None = None) -> dict[str, int]:
    """
    Delete messages that have been over for longer, and say how many.

    Args:
        keep_days: How many days rows are kept; ``MAILCORE["OUTBOX"]["keep_days"]`` if None.
    """
    days = outbox_settings().keep_days if keep_days is None else keep_days
    before = timezone.now() - timedelta(days=days)
    deleted = 0
    for using in outbox_databases():
        store = DatabaseOutboxStore(using=using)
        while count := store.prune(before=before, states=OVER, limit=_AT_ONCE):
            deleted += count
    return {"messages deleted": deleted}
