"""
What the local SES keeps for inspection: accepted messages and notifications.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from mailcore_local.engine import AcceptedMessage, DeliveryRecord


def iso_timestamp(moment: datetime) -> str:
    """
    `moment` as SES and SNS write it: UTC with milliseconds, `2026-11-20T09:15:04.318Z`.
    """
    moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(frozen=True, kw_only=True, repr=False)
class MessageRecord(AcceptedMessage):
    """
    One message that the local SES accepted.

    `to`, `cc` and `bcc` are those of the Destination; with raw content and none, those of the
    headers. `tags` are message tags, those that SES adds included (`ses:…`). Of a bulk send, each
    entry has a record, and `parameters` are those of the entry.

    Attributes:
        operation: The call that brought it, `SendEmail` or `SendBulkEmail`.
        configuration_set_name: The configuration set that applied, or `None`.
        header_message_id: What SES writes into the Message-ID header of the delivered copy.
        header_date: What SES writes into its Date header.
    """

    operation: str
    configuration_set_name: str | None
    header_message_id: str
    header_date: str


@dataclass(frozen=True, kw_only=True, repr=False)
class NotificationRecord(DeliveryRecord):
    """
    One SNS message on its way to one endpoint.

    Attributes:
        message_id: The SNS message id; a duplicate has that of its original.
        type: `Notification`, `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
        topic_arn: The ARN of the topic that sent it.
        subscription_arn: The subscription it goes to.
        message: The message inside the envelope; of an event, its JSON.
        event_ids: The ids that others know the event by; none where the local SES is alone.
    """

    message_id: str
    type: str
    topic_arn: str
    subscription_arn: str
    message: str
    event_ids: tuple[str, ...] = ()

    @property
    def is_event(self) -> bool:
        """
        Whether it is a notification, and not about the subscription.
        """
        return self.type == "Notification"

    @property
    def ses_message_id(self) -> str | None:
        """
        The message that the event is about, or `None`.
        """
        return self.about

    def __repr__(self) -> str:
        what = self.event_type or self.type
        return f"<NotificationRecord {self.message_id} {what} {self.state}>"
