"""
What the local SES keeps for inspection: accepted messages and notifications.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal


def iso_timestamp(moment: datetime) -> str:
    """
    `moment` as SES and SNS write it: UTC with milliseconds, `2026-11-20T09:15:04.318Z`.
    """
    moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(frozen=True, kw_only=True, repr=False)
class MessageRecord:
    """
    One message that the local SES accepted.

    Attributes:
        message_id: The id that the caller got.
        operation: `SendEmail` or `SendBulkEmail` (one record per entry).
        accepted_at: When, in UTC.
        from_email: The sender as the From header has it, display name included.
        to: Bare addresses of the To recipients; with raw content and no Destination, those of the
            header.
        cc: The same for Cc.
        bcc: The same for Bcc.
        raw: The MIME message: raw content byte for byte as it came, other content as rendered here.
            Empty when the template could not be rendered.
        headers: The original headers, in order, unfolded.
        subject: The decoded subject.
        configuration_set_name: The configuration set that applied, or `None`.
        tags: Message tags by name, those that SES adds included (`ses:…`).
        header_message_id: What SES writes into the Message-ID header of the delivered copy.
        header_date: What SES writes into its Date header.
        rendering_error: Why the template could not be rendered, or `None`.
        parameters: The validated request (of a bulk send: of this entry), as boto3 takes it.
    """

    message_id: str
    operation: str
    accepted_at: datetime
    from_email: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    raw: bytes
    headers: tuple[tuple[str, str], ...]
    subject: str
    configuration_set_name: str | None
    tags: Mapping[str, tuple[str, ...]]
    header_message_id: str
    header_date: str
    rendering_error: str | None
    parameters: Mapping[str, object]

    @property
    def destination(self) -> tuple[str, ...]:
        """
        Every recipient of the envelope, To first, then Cc, then Bcc.
        """
        return self.to + self.cc + self.bcc

    def __repr__(self) -> str:
        recipients = len(self.destination)
        return f"<MessageRecord {self.message_id} {self.operation} to {recipients} recipients>"


NotificationState = Literal["pending", "delivered", "failed", "dropped"]


@dataclass(frozen=True, kw_only=True, repr=False)
class NotificationRecord:
    """
    One SNS message on its way to one endpoint.

    Attributes:
        message_id: The SNS message id; a duplicate has that of its original.
        type: `Notification`, `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
        topic_arn: The topic.
        subscription_arn: The subscription it goes to.
        endpoint: The URL it is posted to.
        message: The message inside the envelope; of an event, its JSON.
        event_type: The SES event type, or `None` when it carries none.
        ses_message_id: The message that the event is about, or `None`.
        body: What was posted, as text; empty before the first attempt.
        attempts: What came of each attempt: `"200"`, `"503"`, or the name of a network error.
        state: `pending`, `delivered`, `failed` (no attempt left, or refused with 4xx), `dropped`
            (by a fault).
    """

    message_id: str
    type: str
    topic_arn: str
    subscription_arn: str
    endpoint: str
    message: str
    event_type: str | None
    ses_message_id: str | None
    body: str
    attempts: tuple[str, ...]
    state: NotificationState

    def __repr__(self) -> str:
        what = self.event_type or self.type
        return f"<NotificationRecord {self.message_id} {what} {self.state}>"
