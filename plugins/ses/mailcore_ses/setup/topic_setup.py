"""
A topic to which SES publishes, and who listens to it: a webhook, a queue, or both.

https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html and
sns-dead-letter-queues.html (read 2026-11-21).
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailcore.errors import ConfigurationError
from mailcore_ses.setup.webhook_endpoint import endpoint_problems
from mailcore_ses.sns.topic_arn import DNS_SUFFIXES, parse_topic_arn


_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"[0-9]{12}")
# How the names of regions begin; those of all others are in "aws".
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}


@dataclass(frozen=True, kw_only=True)
class TopicSetup:
    """
    What is wanted of topic and listeners.

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

    Raises:
        ConfigurationError: With all that AWS would not take, or if nobody is to listen.
    """

    account_id: str
    region_name: str
    topic_name: str
    https_endpoint: str | None = field(default=None, repr=False)
    queue_name: str | None = None
    dead_letter_queue: bool = True
    dead_letter_queue_name: str | None = None
    max_receive_count: int = 5
    visibility_timeout_seconds: int = 60

    def __post_init__(self) -> None:
        if self.dead_letter_queue and self.dead_letter_queue_name is None:
            listener = self.queue_name or self.topic_name
            object.__setattr__(self, "dead_letter_queue_name", f"{listener}-dead")
        problems = list(self._problems())
        if problems:
            raise ConfigurationError("; ".join(problems))

    def _problems(self) -> Iterator[str]:
        if not _ACCOUNT.fullmatch(self.account_id):
            yield "account_id must have 12 digits"
        if parse_topic_arn(self.topic_arn) is None or self.topic_name.endswith(".fifo"):
            yield "region_name and topic_name must be those of a standard SNS topic"
        names = [n for n in (self.queue_name, self.dead_letter_queue_name) if n is not None]
        if not all(map(_QUEUE_NAME.fullmatch, names)):
            yield (
                "the name of a queue has 1 to 80 letters, digits, '_' and '-': give queue_name and "
                "dead_letter_queue_name such names"
            )
        if len(set(names)) != len(names):
            yield "a queue cannot be its own dead-letter queue"
        if self.dead_letter_queue_name is not None and not self.dead_letter_queue:
            yield (
                "dead_letter_queue_name names a queue, and dead_letter_queue says that there is "
                "none: give one of them"
            )
        if self.https_endpoint is None and self.queue_name is None:
            yield "give https_endpoint or queue_name: nobody would hear the events"
        if self.https_endpoint is not None:
            yield from endpoint_problems(self.https_endpoint)
        if not 1 <= self.max_receive_count <= 1000:
            yield "max_receive_count must be from 1 to 1000"
        if not 0 <= self.visibility_timeout_seconds <= 43_200:
            yield "visibility_timeout_seconds must be from 0 to 43200"

    @property
    def publisher_arns(self) -> tuple[str, ...]:
        """The ARNs on whose behalf SES may publish to the topic; for subclasses to say."""
        return ()

    @property
    def topic_arn(self) -> str:
        """The ARN of the topic."""
        return self._arn("sns", self.topic_name)

    def queue_arn(self, name: str) -> str:
        """The ARN of a queue."""
        return self._arn("sqs", name)

    def queue_url(self, name: str) -> str:
        """The URL of a queue."""
        return f"https://sqs.{self.region_name}.{self.dns_suffix}/{self.account_id}/{name}"

    @property
    def partition(self) -> str:
        """The part of AWS that the region belongs to, as ARNs name it."""
        found = (name for start, name in _PARTITIONS.items() if self.region_name.startswith(start))
        return next(found, "aws")

    @property
    def dns_suffix(self) -> str:
        """What the names of AWS's hosts end in there."""
        return DNS_SUFFIXES[self.partition]

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region_name}:{self.account_id}:{resource}"
