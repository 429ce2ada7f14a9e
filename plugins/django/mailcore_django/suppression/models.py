"""One row for each entry of the suppression list."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import ClassVar

from django.db import models
from django.utils import timezone

from mailcore.stores import ALL_LISTS, ALL_MAIL, REASONS


_LONGEST_ADDRESS = 320


# A function, so that a word which a release of the core adds is no migration.
def reasons() -> list[tuple[str, str]]:
    """Why an address may be on the list."""
    return [(reason, reason.lower()) for reason in REASONS]


class Suppression(models.Model):
    """
    An address that some mail, or all, is not sent to.

    What is unique is a digest of address, scope and reason: databases compare texts in their own
    ways, and some of them take ``ä`` for ``a``.
    """

    digest: models.CharField[str, str] = models.CharField(
        max_length=32, unique=True, editable=False
    )
    address: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_ADDRESS, db_index=True
    )
    reason: models.CharField[str, str] = models.CharField(max_length=20, choices=reasons)
    scope: models.CharField[str, str] = models.CharField(
        max_length=100,
        blank=True,
        help_text=f"{ALL_MAIL} is all mail, {ALL_LISTS} is all lists, anything else is one list. "
        "Empty: all mail, or all lists if somebody unsubscribed.",
    )
    source: models.CharField[str, str] = models.CharField(
        max_length=100, blank=True, editable=False, help_text="Who put it there."
    )
    detail: models.TextField[str, str] = models.TextField(blank=True)
    updated_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        "since", default=timezone.now, db_index=True, editable=False
    )

    class Meta:
        """Names for people."""

        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering: ClassVar[list[str]] = ["-updated_at", "-pk"]

    def __str__(self) -> str:
        # The admin keeps this text of what people did, and it is not erased there.
        return f"suppression {self.pk}"


def digest_of(address: str, scope: str, reason: str) -> str:
    """What tells entries apart: BLAKE2b of 16 octets."""
    return blake2b(f"{address}\0{scope}\0{reason}".encode(), digest_size=16).hexdigest()
