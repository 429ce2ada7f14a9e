"""
The store of events that were handled, in the database that Django's routers name for it.

It is a :class:`mailcore.webhook.SeenStore`, so that a consumer of a queue can take it as well. The
views use :meth:`DatabaseSeenStore.claim`, which does what a store that is only asked and told
cannot: the note that an event is handled, and what its receiver changes in the same database, are
committed together or not at all, and a second process that gets the same event waits for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import blake2b

from django.db import IntegrityError, router, transaction
from django.utils import timezone

from mailcore_django.seen.models import SeenEvent


__all__ = ["DatabaseSeenStore"]

DEFAULT_KEEP_DAYS = 15
"""An SQS queue keeps messages for up to 14 days, and no provider goes on trying for longer."""


class DatabaseSeenStore:
    """
    Events that were handled, shared by all processes of the project.

    Args:
        using: Alias of the database; by default the one that the project's routers name.
    """

    def __init__(self, *, using: str | None = None) -> None:
        self._using = using or router.db_for_write(SeenEvent)

    def seen(self, key: str) -> bool:
        """Whether the event of this key was handled."""
        rows = SeenEvent.objects.using(self._using).filter(digest=_digest(key))
        return bool(rows.exists())

    def mark(self, key: str) -> None:
        """Remember that it was. Marking twice is fine."""
        rows = SeenEvent.objects.using(self._using)
        rows.bulk_create([SeenEvent(digest=_digest(key))], ignore_conflicts=True)

    @contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """
        Handle an event, unless that was done.

        A transaction: what is done within it to this database is committed with the note, and
        undone together with it if an exception leaves it. Another process with the same key waits
        until this one is through (PostgreSQL, MySQL: for this key alone; SQLite: for the whole
        database, as long as its ``timeout`` says).

        Args:
            key: The key of the event, as in :meth:`seen` and :meth:`mark`.

        Returns:
            True if the event is to be handled now, False if it was handled before.
        """
        with transaction.atomic(using=self._using):
            yield self._is_new(key)

    def _is_new(self, key: str) -> bool:
        # Written first and not looked for before: on SQLite a transaction that has read is refused
        # to write if another one wrote meanwhile (https://www.sqlite.org/rescode.html#busy_snapshot).
        row = SeenEvent(digest=_digest(key))
        try:
            with transaction.atomic(using=self._using):
                row.save(using=self._using, force_insert=True)
        except IntegrityError:
            return False
        return True

    def prune(self, keep_days: int = DEFAULT_KEEP_DAYS) -> int:
        """
        Forget what was handled long ago.

        Args:
            keep_days: How many days events are remembered.

        Returns:
            How many were forgotten.
        """
        oldest = timezone.now() - timedelta(days=keep_days)
        rows = SeenEvent.objects.using(self._using).filter(marked_at__lt=oldest)
        return int(rows.delete()[0])


def _digest(key: str) -> str:
    # Keys hold addresses.
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
