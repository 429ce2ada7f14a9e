"""
What SES events need in AWS: a topic, who listens to it, and a configuration set that publishes.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html,
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html and
sns-dead-letter-queues.html (read 2026-11-21).
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError
from mailcore_ses.topic_arn import parse_topic_arn


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

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTITIONS = (
    (re.compile(r"cn-"), "aws-cn", "amazonaws.com.cn"),
    (re.compile(r"us-gov-"), "aws-us-gov", "amazonaws.com"),
    (re.compile(r"eusc-"), "aws-eusc", "amazonaws.eu"),
    (re.compile(""), "aws", "amazonaws.com"),
)


@dataclass(frozen=True, kw_only=True)
class EventSetup:
    """
    What is wanted.

    Args:
        account_id: The AWS account, 12 digits.
        region_name: Where all of it lives.
        topic_name: The SNS topic.
        https_endpoint: The URL of a webhook to subscribe, with ``user:password@`` if it has a
            secret.
        queue_name: The SQS queue to subscribe, for :func:`mailcore_ses.consumer.consume`.
        dead_letter_queue_name: Where messages go that failed too often, and what the webhook did
            not take; by default the queue's name with ``-dead``, none without a queue.
        max_receive_count: How often a message is received before it goes there.
        visibility_timeout_seconds: Of the queue, for other consumers than ours.
        configuration_set_name: The configuration set that publishes.
        event_destination_name: Its event destination.
        event_types: What is published; all by default.

    Raises:
        ConfigurationError: If a name is none that AWS takes, or nobody is to listen.
    """

    account_id: str
    region_name: str
    topic_name: str = "ses-events"
    https_endpoint: str | None = field(default=None, repr=False)
    queue_name: str | None = None
    dead_letter_queue_name: str | None = None
    max_receive_count: int = 5
    visibility_timeout_seconds: int = 60
    configuration_set_name: str = "events"
    event_destination_name: str = "mailcore"
    event_types: tuple[str, ...] = EVENT_TYPES

    def __post_init__(self) -> None:
        if self.queue_name is not None and self.dead_letter_queue_name is None:
            object.__setattr__(self, "dead_letter_queue_name", f"{self.queue_name}-dead")
        object.__setattr__(self, "event_types", tuple(self.event_types))
        for problem in self._problems():
            raise ConfigurationError(problem)

    def _problems(self) -> Iterator[str]:
        if not _ACCOUNT.fullmatch(self.account_id):
            yield "account_id must have 12 digits"
        if parse_topic_arn(self.topic_arn) is None or self.topic_name.endswith(".fifo"):
            yield "region_name and topic_name must be those of a standard SNS topic"
        if not all(
            map(_NAME.fullmatch, (self.configuration_set_name, self.event_destination_name))
        ):
            yield (
                "configuration_set_name and event_destination_name have 1 to 64 letters, "
                "digits, '_' and '-'"
            )
        if not self.event_types or set(self.event_types) - set(EVENT_TYPES):
            yield f"event_types must be some of {', '.join(EVENT_TYPES)}"
        yield from self._problems_of_listeners()

    def _problems_of_listeners(self) -> Iterator[str]:
        names = [n for n in (self.queue_name, self.dead_letter_queue_name) if n is not None]
        if not all(map(_QUEUE_NAME.fullmatch, names)):
            yield "the name of a queue has 1 to 80 letters, digits, '_' and '-'"
        if len(set(names)) != len(names):
            yield "a queue cannot be its own dead-letter queue"
        if self.https_endpoint is None and self.queue_name is None:
            yield "give https_endpoint or queue_name: nobody would hear the events"
        if self.https_endpoint is not None and not _is_endpoint(self.https_endpoint):
            yield "https_endpoint must be a URL that begins with https:// (or http://, to try)"
        if not 1 <= self.max_receive_count <= 1000:
            yield "max_receive_count must be from 1 to 1000"
        if not 0 <= self.visibility_timeout_seconds <= 43_200:
            yield "visibility_timeout_seconds must be from 0 to 43200"

    @property
    def topic_arn(self) -> str:
        """The ARN of the topic."""
        return self._arn("sns", self.topic_name)

    @property
    def configuration_set_arn(self) -> str:
        """The ARN of the configuration set."""
        return self._arn("ses", f"configuration-set/{self.configuration_set_name}")

    def queue_arn(self, name: str) -> str:
        """The ARN of a queue."""
        return self._arn("sqs", name)

    def queue_url(self, name: str) -> str:
        """The URL of a queue."""
        _, suffix = self._partition
        return f"https://sqs.{self.region_name}.{suffix}/{self.account_id}/{name}"

    @property
    def _partition(self) -> tuple[str, str]:
        return next(
            (p, suffix) for regions, p, suffix in _PARTITIONS if regions.match(self.region_name)
        )

    def _arn(self, service: str, resource: str) -> str:
        partition, _ = self._partition
        return f"arn:{partition}:{service}:{self.region_name}:{self.account_id}:{resource}"


def _is_endpoint(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        return False


def without_password(url: str) -> str:
    """A URL as SNS lists it, with asterisks for the password."""
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*(?=@)", r"\1:****", url, count=1)
