"""
What SES events need in AWS: a topic, who listens to it, and what publishes to it.

Two things may publish: a configuration set, for messages that name it (event publishing), and an
identity, for all messages from it (notifications of bounces, complaints and deliveries).

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html (read
2026-11-21) and configure-sns-notifications.html (read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass

from mailcore_ses.setup.topic_setup import TopicSetup


EVENT_TYPES = (
    "SEND",
    "REJECT",
    "BOUNCE",
    "COMPLAINT",
    "DELIVERY",
    "OPEN",
    "CLICK",
    "RENDERING_FAILURE",
    "DELIVERY_DELAY",
    "SUBSCRIPTION",
)
NOTIFICATION_TYPES = ("Bounce", "Complaint", "Delivery")
"""What an identity can notify of: `NotificationType` of SetIdentityNotificationTopic."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# An address or a domain; ARNs and wildcards are neither.
_IDENTITY = re.compile(r"[^\s/:*?]{1,250}\.[^\s/:*?.]{1,63}")


@dataclass(frozen=True, kw_only=True)
class EventSetup(TopicSetup):
    """
    What is wanted.

    Args:
        account_id: The AWS account, 12 digits.
        region_name: Where all of it lives.
        topic_name: The name of the SNS topic that events go to.
        https_endpoint: The URL of a webhook to subscribe, with ``user:password@`` if it has a
            secret.
        queue_name: The SQS queue to subscribe, for :func:`mailcore_ses.intake.consumer.consume`.
        dead_letter_queue: Whether there is a queue for what failed too often, and what the webhook
            did not take. Without it, an outage of the webhook of more than an hour loses events.
        dead_letter_queue_name: The name of that queue; by default that of the queue, or else of the
            topic, with ``-dead``.
        max_receive_count: How often a message is received before it goes there.
        visibility_timeout_seconds: How many seconds the queue hides a message, for consumers other
            than `mailcore ses consume`.
        configuration_set_name: The configuration set that publishes; None if only identities do.
        event_destination_name: The name of the set's event destination.
        event_types: What is published; all by default.
        identities: Addresses and domains of the account that notify of bounces, complaints and
            deliveries, with the headers of the message, whatever configuration set it had.
        feedback_forwarding: Whether these identities also send bounces and complaints by email, to
            the envelope sender; None leaves it as it is, which is on at first.

    Raises:
        ConfigurationError: With all that AWS would not take, or if nobody is to listen.
    """

    topic_name: str = "ses-events"
    configuration_set_name: str | None = "events"
    event_destination_name: str = "mailcore"
    event_types: tuple[str, ...] = EVENT_TYPES
    identities: tuple[str, ...] = ()
    feedback_forwarding: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "event_types", tuple(self.event_types))
        object.__setattr__(self, "identities", tuple(dict.fromkeys(self.identities)))
        super().__post_init__()

    def _problems(self) -> Iterator[str]:
        yield from super()._problems()
        sets = [] if self.configuration_set_name is None else [self.configuration_set_name]
        if not all(map(_NAME.fullmatch, (*sets, self.event_destination_name))):
            yield (
                "configuration_set_name and event_destination_name have 1 to 64 letters, "
                "digits, '_' and '-'"
            )
        if not self.event_types or set(self.event_types) - set(EVENT_TYPES):
            yield f"event_types must be some of {', '.join(EVENT_TYPES)}"
        if not sets and not self.identities:
            yield "give configuration_set_name or identities: nothing would publish events"
        yield from self._problems_of_identities()

    def _problems_of_identities(self) -> Iterator[str]:
        if not all(map(_IDENTITY.fullmatch, self.identities)):
            yield "each of identities must be an email address or a domain, and no ARN"
        if self.identities and not self.notification_types:
            yield (
                "identities notify of BOUNCE, COMPLAINT and DELIVERY: put one of them into "
                "event_types"
            )
        if self.feedback_forwarding is not None and not self.identities:
            yield "feedback_forwarding is a setting of identities: give identities"
        # "Unless feedback forwarding is enabled, you must specify Amazon SNS topics for bounce and
        # complaint notifications": https://docs.aws.amazon.com/ses/latest/APIReference/
        # API_SetIdentityNotificationTopic.html (read 2026-11-30).
        both = {"Bounce", "Complaint"} <= set(self.notification_types)
        if self.identities and self.feedback_forwarding is False and not both:
            yield (
                "feedback_forwarding can only be off where the topic gets bounces and complaints: "
                "put BOUNCE and COMPLAINT into event_types"
            )

    @property
    def configuration_set_arn(self) -> str | None:
        """The ARN of the configuration set; None without one."""
        if self.configuration_set_name is None:
            return None
        return self._arn("ses", f"configuration-set/{self.configuration_set_name}")

    @property
    def notification_types(self) -> tuple[str, ...]:
        """What identities notify of: :data:`NOTIFICATION_TYPES`, as far as they are wanted."""
        return tuple(kind for kind in NOTIFICATION_TYPES if kind.upper() in self.event_types)

    @property
    def publisher_arns(self) -> tuple[str, ...]:
        """The ARNs of configuration set and identities, on whose behalf SES publishes."""
        sets = () if self.configuration_set_arn is None else (self.configuration_set_arn,)
        return (*sets, *(self._arn("ses", f"identity/{each}") for each in self.identities))
