"""One row for each key of a message that was sent, or is being sent."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models


class IdempotencyKey(models.Model):
    """
    What became of the message that a key stands for.

    No addresses: the key is kept as a digest, and the record has digests of message and recipients.
    """

    digest: models.CharField[str, str] = models.CharField(max_length=32, primary_key=True)
    record: models.TextField[str, str] = models.TextField()
    expires_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(db_index=True)

    class Meta:
        """Names for people."""

        verbose_name = "key of a message that was sent"
        verbose_name_plural = "keys of messages that were sent"
        ordering: ClassVar[list[str]] = ["-expires_at"]

    def __str__(self) -> str:
        return self.digest
