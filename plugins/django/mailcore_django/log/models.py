"""
The log: messages, each with its recipients, and events.

Events have no foreign key to a message: one may come before the message is committed, or without
any. They belong together by the provider's message id, and by the key of the address
(:attr:`mailcore.Address.key`: lower case, the domain in ASCII).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone

from mailcore import EventType, ResultStatus, SendStatus


FAILED = "failed"
"""A message that no provider took: its error says why."""

_LONGEST_ADDRESS = 320
_LONGEST_ID = 255


def _choices(*values: object) -> list[tuple[str, str]]:
    return [(str(value), str(value).replace("_", " ")) for value in values]


# Functions, so that a word which a release of the core adds is no migration.
def result_statuses() -> list[tuple[str, str]]:
    """What a message may have as its status."""
    return _choices(*ResultStatus, FAILED)


def send_statuses() -> list[tuple[str, str]]:
    """What a recipient may have as its status."""
    return _choices(*SendStatus)


def states() -> list[tuple[str, str]]:
    """What a recipient may have as its state: its status, or an event."""
    return _choices(*dict.fromkeys([*map(str, SendStatus), *map(str, EventType)]))


def event_types() -> list[tuple[str, str]]:
    """What an event may be."""
    return _choices(*EventType)


class SentMessage(models.Model):
    """One message that was given to a provider, or that none could be given to."""

    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        "given at", default=timezone.now, db_index=True
    )
    mailer: models.CharField[str, str] = models.CharField(
        max_length=100, blank=True, help_text="The alias it was sent with."
    )
    provider: models.CharField[str, str] = models.CharField(max_length=100, blank=True)
    message_id: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_ID,
        blank=True,
        db_index=True,
        help_text="The provider's id, if the message has exactly one.",
    )
    from_email: models.TextField[str, str] = models.TextField("from", blank=True)
    subject: models.TextField[str, str] = models.TextField(blank=True)
    status: models.CharField[str, str] = models.CharField(
        max_length=20, choices=result_statuses, help_text="What the provider said."
    )
    error: models.CharField[str, str] = models.CharField(
        max_length=100, blank=True, help_text="The class of the error, and its category."
    )
    maybe_accepted: models.BooleanField[bool, bool] = models.BooleanField(
        "may have arrived",
        default=False,
        help_text="Whether it may have arrived although no acceptance was seen.",
    )
    template_id: models.CharField[str, str] = models.CharField(max_length=_LONGEST_ID, blank=True)
    tags: models.JSONField[list[str], list[str]] = models.JSONField(default=list, blank=True)
    body: models.TextField[str, str] = models.TextField(
        blank=True, help_text="The message as JSON, if MAILCORE['LOG'] has bodies kept."
    )
    again_of: models.ForeignKey[SentMessage | None, SentMessage | None] = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="sent_again",
        verbose_name="sent again",
    )

    if TYPE_CHECKING:

        @property
        def recipients(self) -> models.QuerySet[Recipient]:
            """Each with what became of the message for it."""

        @property
        def sent_again(self) -> models.QuerySet[SentMessage]:
            """The messages that were sent again of this one."""

    class Meta:
        """Names for people, and what one may be allowed beside looking."""

        verbose_name = "message"
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]
        permissions: ClassVar[list[tuple[str, str]]] = [
            ("view_body", "Can view the body of a message"),
            ("send_again", "Can send a message again"),
        ]

    def __str__(self) -> str:
        # The admin keeps this text of what people did, and it is not erased there.
        return f"message {self.pk}"


class Recipient(models.Model):
    """What became of a message for one of its recipients."""

    sent_message: models.ForeignKey[SentMessage, SentMessage] = models.ForeignKey(
        SentMessage, on_delete=models.CASCADE, related_name="recipients"
    )
    address: models.CharField[str, str] = models.CharField(max_length=_LONGEST_ADDRESS)
    key: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_ADDRESS, db_index=True, editable=False
    )
    message_id: models.CharField[str, str] = models.CharField(max_length=_LONGEST_ID, blank=True)
    status: models.CharField[str, str] = models.CharField(
        max_length=20, choices=send_statuses, help_text="What the provider said."
    )
    state: models.CharField[str, str] = models.CharField(
        max_length=20,
        db_index=True,
        choices=states,
        help_text="The weightiest of what was reported since.",
    )
    code: models.CharField[str, str] = models.CharField(
        max_length=100, blank=True, help_text="The provider's error code."
    )
    detail: models.TextField[str, str] = models.TextField(
        blank=True, help_text="The provider's words."
    )
    retryable: models.BooleanField[bool, bool] = models.BooleanField(default=False)
    maybe_accepted: models.BooleanField[bool, bool] = models.BooleanField(
        "may have arrived", default=False
    )

    if TYPE_CHECKING:

        def get_state_display(self) -> str:
            """The word for people."""

    class Meta:
        """What events are matched by."""

        ordering: ClassVar[list[str]] = ["pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["message_id", "key"], name="mailcore_log_recipient_match")
        ]

    def __str__(self) -> str:
        return self.address


class Event(models.Model):
    """What a provider reported of a message, once."""

    digest: models.CharField[str, str] = models.CharField(
        max_length=32, unique=True, editable=False
    )
    provider: models.CharField[str, str] = models.CharField(max_length=100)
    event_type: models.CharField[str, str] = models.CharField(
        "event", max_length=20, choices=event_types
    )
    message_id: models.CharField[str, str] = models.CharField(max_length=_LONGEST_ID, blank=True)
    recipient: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_ADDRESS, blank=True
    )
    recipient_key: models.CharField[str, str] = models.CharField(
        max_length=_LONGEST_ADDRESS, blank=True, db_index=True, editable=False
    )
    recipient_certain: models.BooleanField[bool, bool] = models.BooleanField(
        default=True, help_text="Whether it means this recipient, and not one of several."
    )
    timestamp: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        "happened at", null=True, blank=True
    )
    received_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        default=timezone.now, db_index=True
    )
    bounce_class: models.CharField[str, str] = models.CharField(max_length=20, blank=True)
    reject_reason: models.CharField[str, str] = models.CharField(max_length=20, blank=True)
    smtp_status: models.CharField[str, str] = models.CharField(max_length=20, blank=True)
    mta_response: models.TextField[str, str] = models.TextField(
        "answer of the receiving server", blank=True
    )
    description: models.TextField[str, str] = models.TextField(blank=True)
    click_url: models.TextField[str, str] = models.TextField("link that was followed", blank=True)
    user_agent: models.TextField[str, str] = models.TextField(blank=True)
    ip_address: models.CharField[str, str] = models.CharField(
        "IP address", max_length=45, blank=True
    )

    if TYPE_CHECKING:

        def get_event_type_display(self) -> str:
            """The word for people."""

    class Meta:
        """What messages are matched by."""

        ordering: ClassVar[list[str]] = ["-received_at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["message_id", "recipient_key"], name="mailcore_log_event_match")
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.recipient}".strip()
