"""
The outbox: messages, each with its attempts and with what was reported of it.

Columns are those that :meth:`mailcore.outbox.OutboxRow.to_columns` and its like write: lists and
statuses are JSON, texts are as they are. Beside them stand the alias of the mailer, and digests
that rows are found by, since databases compare texts in their own ways.

Times are in UTC whatever ``USE_TZ`` says, see :func:`mailcore_django.outbox.columns.as_utc`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models

from mailcore import EventType, ResultStatus
from mailcore.outbox import OutboxState


_LONGEST_NAME = 100
_LONGEST_WORKER = 200
_DIGEST = 32


def _choices(*values: object) -> list[tuple[str, str]]:
    return [(str(value), str(value).replace("_", " ")) for value in values]


# Functions, so that a word which a release of the core adds is no migration.
def states() -> list[tuple[str, str]]:
    """What a message may have as its state."""
    return _choices(*OutboxState)


def result_statuses() -> list[tuple[str, str]]:
    """What an attempt may have as its status."""
    return _choices(*ResultStatus)


def event_types() -> list[tuple[str, str]]:
    """What may be reported."""
    return _choices(*EventType)


class OutboxMessage(models.Model):
    """One message that is to be sent, or was."""

    id: models.CharField[str, str] = models.CharField(
        max_length=_DIGEST, primary_key=True, editable=False
    )
    mailer: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_NAME, help_text="The alias that it is sent with."
    )
    key: models.CharField[str | None, str | None] = models.CharField(  # noqa: DJ001  # no key
        max_length=200, null=True, blank=True, help_text="No two messages have the same."
    )
    key_digest: models.CharField[str | None, str | None] = models.CharField(  # noqa: DJ001  # it too
        max_length=_DIGEST, null=True, unique=True, editable=False
    )
    fingerprint: models.CharField[str, str] = models.CharField(
        max_length=_DIGEST, blank=True, editable=False
    )
    state: models.CharField[str, str] = models.CharField(max_length=20, choices=states)
    priority: models.SmallIntegerField[int, int] = models.SmallIntegerField(default=0)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField("kept at")
    not_before: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )
    due_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        help_text="When it may be sent next."
    )
    changed_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        "state since", help_text="When its state changed last."
    )
    attempts: models.PositiveIntegerField[int, int] = models.PositiveIntegerField(default=0)
    earlier_attempts: models.PositiveIntegerField[int, int] = models.PositiveIntegerField(
        default=0, editable=False
    )
    tries_until: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True, help_text="Until when it is tried."
    )
    claimed_by: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_WORKER, blank=True, help_text="The worker that has it, or had it last."
    )
    claimed_until: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )
    began_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True, help_text="When the last send began."
    )
    unsure_since: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True, help_text="Since when it may be on its way although nobody knows."
    )
    document: models.TextField[str | None, str | None] = models.TextField(  # noqa: DJ001  # pruned
        "message", null=True, blank=True, help_text="The message as JSON; empty once it was pruned."
    )
    document_version: models.PositiveSmallIntegerField[int, int] = (
        models.PositiveSmallIntegerField()
    )
    recipients: models.TextField[str, str] = models.TextField()
    remaining: models.TextField[str | None, str | None] = models.TextField(  # noqa: DJ001  # all
        null=True, blank=True
    )
    statuses: models.TextField[str, str] = models.TextField(blank=True)
    subject: models.TextField[str, str] = models.TextField(blank=True)
    tags: models.TextField[str, str] = models.TextField(blank=True)
    provider: models.CharField[str, str] = models.CharField(max_length=_LONGEST_NAME, blank=True)
    message_ids: models.TextField[str, str] = models.TextField(blank=True)
    error_category: models.CharField[str, str] = models.CharField(
        "error", max_length=_LONGEST_NAME, blank=True
    )
    error_code: models.TextField[str, str] = models.TextField(blank=True)
    error_text: models.TextField[str, str] = models.TextField("last error", blank=True)

    if TYPE_CHECKING:

        def get_state_display(self) -> str:
            """The word for people."""

    class Meta:
        """What workers and people find rows by, and what one may be allowed beside looking."""

        verbose_name = "message"
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            # Whole ones: not every database has indexes of some rows.
            models.Index(
                fields=["state", "mailer", "-priority", "due_at", "id"], name="mailcore_outbox_due"
            ),
            models.Index(fields=["state", "changed_at"], name="mailcore_outbox_changed"),
        ]
        permissions: ClassVar[list[tuple[str, str]]] = [
            ("view_body", "Can view the body of a message"),
            ("send_again", "Can send a message again"),
            ("cancel", "Can cancel a message"),
        ]

    def __str__(self) -> str:
        # The admin keeps this text of what people did, and it is not erased there.
        return f"message {self.pk}"


class OutboxRecipient(models.Model):
    """An address of a message, as a digest: what messages are found by."""

    row: models.ForeignKey[OutboxMessage, OutboxMessage] = models.ForeignKey(
        OutboxMessage, on_delete=models.CASCADE, related_name="+"
    )
    digest: models.CharField[str, str] = models.CharField(max_length=_DIGEST)

    class Meta:
        """What messages are found by."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["digest"], name="mailcore_outbox_recipient")
        ]

    def __str__(self) -> str:
        return self.digest


class OutboxMessageId(models.Model):
    """An id that a provider gave to a message, as a digest: what events find messages by."""

    row: models.ForeignKey[OutboxMessage, OutboxMessage] = models.ForeignKey(
        OutboxMessage, on_delete=models.CASCADE, related_name="+"
    )
    digest: models.CharField[str, str] = models.CharField(max_length=_DIGEST)
    provider: models.CharField[str, str] = models.CharField(max_length=_LONGEST_NAME, blank=True)

    class Meta:
        """What messages are found by."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["digest", "row", "provider"], name="mailcore_outbox_message_id"
            )
        ]

    def __str__(self) -> str:
        return self.digest


class OutboxAttempt(models.Model):
    """One time that a message was given to a mailer."""

    row: models.ForeignKey[OutboxMessage, OutboxMessage] = models.ForeignKey(
        OutboxMessage, on_delete=models.CASCADE, related_name="made"
    )
    number: models.PositiveIntegerField[int, int] = models.PositiveIntegerField()
    worker_id: models.CharField[str, str] = models.CharField(max_length=_LONGEST_WORKER)
    provider: models.CharField[str, str] = models.CharField(max_length=_LONGEST_NAME, blank=True)
    began_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()
    ended_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )
    status: models.CharField[str, str] = models.CharField(max_length=20, choices=result_statuses)
    message_ids: models.TextField[str, str] = models.TextField(blank=True)
    error_category: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_NAME, blank=True
    )
    error_code: models.TextField[str, str] = models.TextField(blank=True)
    error_text: models.TextField[str, str] = models.TextField(blank=True)

    if TYPE_CHECKING:

        def get_status_display(self) -> str:
            """The word for people."""

    class Meta:
        """One row for each attempt."""

        ordering: ClassVar[list[str]] = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["row", "number"], name="mailcore_outbox_attempt")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"


class OutboxReceipt(models.Model):
    """One thing that a provider reported of a message."""

    row: models.ForeignKey[OutboxMessage, OutboxMessage] = models.ForeignKey(
        OutboxMessage, on_delete=models.CASCADE, related_name="receipts"
    )
    dedupe_key: models.CharField[str, str] = models.CharField(max_length=_DIGEST, editable=False)
    event_type: models.CharField[str, str] = models.CharField(
        "event", max_length=20, choices=event_types
    )
    recipient: models.CharField[str, str] = models.CharField(max_length=320, blank=True)
    happened_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(db_index=True)
    provider: models.CharField[str, str] = models.CharField(max_length=_LONGEST_NAME)
    message_id: models.TextField[str, str] = models.TextField(blank=True)
    bounce_class: models.CharField[str, str] = models.CharField(max_length=20, blank=True)
    reject_reason: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_NAME, blank=True
    )
    detail: models.TextField[str, str] = models.TextField(blank=True)

    if TYPE_CHECKING:

        def get_event_type_display(self) -> str:
            """The word for people."""

    class Meta:
        """One row for each event."""

        ordering: ClassVar[list[str]] = ["happened_at", "dedupe_key"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["row", "dedupe_key"], name="mailcore_outbox_receipt")
        ]

    def __str__(self) -> str:
        return f"receipt {self.pk}"
