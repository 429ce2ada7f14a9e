"""One row for each event that was handled, by each receiver of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone


class SeenEvent(models.Model):
    """
    An event that a receiver was done with.

    No addresses: the key of an event has them, and is kept as a digest. That the digest is unique
    is what two processes that get one event at the same moment are told apart by.
    """

    digest: models.CharField[str, str] = models.CharField(max_length=32, primary_key=True)
    marked_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        default=timezone.now, db_index=True
    )

    class Meta:
        """Names for people."""

        verbose_name = "event that was handled"
        verbose_name_plural = "events that were handled"
        ordering: ClassVar[list[str]] = ["-marked_at"]

    def __str__(self) -> str:
        return self.digest
