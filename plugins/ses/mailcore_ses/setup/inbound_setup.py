"""
What SES needs to receive mail: a bucket, a topic with listeners, and a receipt rule that is active.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html,
receiving-email-action-s3.html and receiving-email-mx-record.html (read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from dataclasses import dataclass

from mailcore_ses.setup.topic_setup import TopicSetup


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and
# https://docs.aws.amazon.com/ses/latest/APIReference/API_ReceiptRule.html, from memory.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?")
# Neither wildcards nor variables of IAM, because it stands in the bucket's policy.
_PREFIX = re.compile(r"(?!/)[A-Za-z0-9/_.-]{0,200}")
# "user@example.com", "example.com", or ".example.com" for what is below.
_RECIPIENT = re.compile(r"(?:[^\s@]{1,64}@|\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, kw_only=True)
class InboundSetup(TopicSetup):
    """
    What is wanted.

    Args:
        account_id: The AWS account, 12 digits.
        region_name: Where all of it lives; one in which SES receives mail.
        topic_name: The SNS topic that is told of each mail.
        https_endpoint: The URL of a webhook to subscribe, with ``user:password@`` if it has a
            secret.
        queue_name: The SQS queue to subscribe, for :func:`mailcore_ses.intake.consumer.consume`.
        dead_letter_queue: Whether there is a queue for what failed too often, and what the webhook
            did not take.
        dead_letter_queue_name: The name of that queue; by default that of the queue, or else of the
            topic, with ``-dead``.
        max_receive_count: How often a message is received before it goes there.
        visibility_timeout_seconds: How many seconds the queue hides a message, for consumers other
            than `mailcore ses consume`.
        recipients: Whom mail is received for: domains, addresses, or ``.example.com`` for all
            domains below example.com. SES takes mail for verified domains only.
        bucket_name: The S3 bucket that mail is put into.
        object_key_prefix: What the keys of its objects begin with, such as ``in/``.
        rule_set_name: The name of the receipt rule set that the rule is added to.
        rule_name: The receipt rule in it.
        require_tls: Whether mail that comes without TLS is refused.
        replace_active: Whether the rule set becomes the active one in place of another.

    Raises:
        ConfigurationError: With all that AWS would not take, or if nobody is to listen.
    """

    topic_name: str = "ses-inbound"
    recipients: tuple[str, ...]
    bucket_name: str
    object_key_prefix: str = ""
    rule_set_name: str = "mailcore"
    rule_name: str = "mailcore-inbound"
    require_tls: bool = False
    replace_active: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipients", tuple(dict.fromkeys(self.recipients)))
        super().__post_init__()

    def _problems(self) -> Iterator[str]:
        yield from super()._problems()
        if not self.recipients:
            yield "give recipients: a domain, or addresses, that mail is to be received for"
        if not all(map(_RECIPIENT.fullmatch, self.recipients)):
            yield (
                "each of recipients must be a domain, an address, or .example.com for all domains "
                "below it; international domains as xn--…"
            )
        if not _BUCKET.fullmatch(self.bucket_name):
            yield "bucket_name has 3 to 63 lower case letters, digits, '-' and '.'"
        if not _PREFIX.fullmatch(self.object_key_prefix):
            yield "object_key_prefix has letters, digits, '/', '_', '.' and '-'; not '/' at first"
        if not all(map(_NAME.fullmatch, (self.rule_set_name, self.rule_name))):
            yield (
                "rule_set_name and rule_name have 1 to 64 letters, digits, '_', '.' and '-', and "
                "begin and end with a letter or digit"
            )

    @property
    def rule_arn(self) -> str:
        """The ARN of the receipt rule, on whose behalf SES writes and publishes."""
        return self._arn(
            "ses", f"receipt-rule-set/{self.rule_set_name}:receipt-rule/{self.rule_name}"
        )

    @property
    def publisher_arns(self) -> tuple[str, ...]:
        """The ARN of the rule."""
        return (self.rule_arn,)

    @property
    def objects_arn(self) -> str:
        """A pattern for the ARNs of the objects that SES writes."""
        return f"arn:{self.partition}:s3:::{self.bucket_name}/{self.object_key_prefix}*"

    @property
    def mx_host(self) -> str:
        """The host that MX records name."""
        return f"inbound-smtp.{self.region_name}.{self.dns_suffix}"

    @property
    def mx_names(self) -> tuple[str, ...]:
        """The names that need an MX record; ``*.`` before what stands for all domains below."""
        domains = (recipient.rpartition("@")[2] for recipient in self.recipients)
        return tuple(dict.fromkeys(f"*{d}" if d.startswith(".") else d for d in domains))
