"""
Which calls are missing for a topic and those who listen to it.

The policies are those of
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html,
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html and
sns-dead-letter-queues.html (read 2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError
from mailcore_ses.aws.call import AwsCall
from mailcore_ses.setup.delivery_policy import DELIVERY_POLICY
from mailcore_ses.setup.topic_setup import TopicSetup
from mailcore_ses.setup.webhook_endpoint import without_password


RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS keeps messages."""


@dataclass(frozen=True, kw_only=True)
class ExistingTopic:
    """
    What is there already of topic and listeners; by default nothing.

    Attributes:
        topic: The attributes of the topic, as SNS returns them.
        subscriptions: The topic's subscriptions, as SNS lists them.
        webhook_attributes: The attributes of the webhook's subscription, if it was confirmed.
        queues: The attributes of each queue, by name.
    """

    topic: Mapping[str, str] | None = None
    subscriptions: tuple[Mapping[str, str], ...] = ()
    webhook_attributes: Mapping[str, str] | None = None
    queues: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def topic_calls(wanted: TopicSetup, existing: ExistingTopic) -> Iterator[AwsCall]:
    """
    The calls that are missing for queues, topic and subscriptions, in this order.

    Raises:
        ConfigurationError: If a policy that is there cannot be read.
    """
    yield from _queue_calls(wanted, existing)
    yield from _topic_calls(wanted, existing)
    yield from _subscription_calls(wanted, existing)


def webhook_subscription(
    wanted: TopicSetup, subscriptions: tuple[Mapping[str, str], ...]
) -> str | None:
    """The ARN of the webhook's subscription; None if there is none, or it was not confirmed."""
    if wanted.https_endpoint is None:
        return None
    protocol = urlsplit(wanted.https_endpoint).scheme
    return _subscription_arn(subscriptions, protocol, without_password(wanted.https_endpoint))


def call(wanted: TopicSetup, service: str, operation: str, **params: Any) -> AwsCall:
    """A call; to the provider's own region if it is one of SES."""
    region_name = None if service in ("sesv2", "ses") else wanted.region_name
    return AwsCall(service=service, operation=operation, params=params, region_name=region_name)


def with_statement(policy: str | None, statement: Mapping[str, Any]) -> str | None:
    """
    A policy with a statement too, in place of one of its name; None if it has it already.

    Raises:
        ConfigurationError: If the policy that is there is not a JSON object.
    """
    present = read_policy(policy)
    kept = statements_of(present)
    if statement in kept:
        return None
    others = [s for s in kept if not (isinstance(s, dict) and s.get("Sid") == statement["Sid"])]
    merged = {"Version": "2012-10-17", **present, "Statement": [*others, statement]}
    return json.dumps(merged)


def read_policy(policy: str | None) -> dict[str, Any]:
    """
    A policy as an object; empty if there is none.

    Raises:
        ConfigurationError: If it is not a JSON object.
    """
    try:
        document = json.loads(policy) if policy else {}
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ConfigurationError("the policy that is there cannot be read")
    return document


def statements_of(document: Mapping[str, Any]) -> list[Any]:
    """The statements of a policy, of which there may be one without a list."""
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def statement_for_ses(
    wanted: TopicSetup, source_arn: str, action: str, resource: str
) -> dict[str, Any]:
    """
    The statement of a policy that lets SES do something, on behalf of one thing of the account.

    Args:
        wanted: What is wanted of topic and listeners, of which the account counts.
        source_arn: The ARN of what SES acts for.
        action: The action with its prefix, such as ``s3:PutObject``.
        resource: The ARN that it is allowed for, or a pattern of ARNs.
    """
    source = {"AWS:SourceAccount": wanted.account_id, "AWS:SourceArn": source_arn}
    return {
        "Sid": _statement_id("Ses", source_arn),
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": source},
    }


def _statement_id(kind: str, arn: str) -> str:
    """Names a statement by what it lets in, so that one resource may serve several of them."""
    return f"Mailcore{kind}{sha256(arn.encode()).hexdigest()[:8]}"


def _queue_calls(wanted: TopicSetup, existing: ExistingTopic) -> Iterator[AwsCall]:
    dead = wanted.dead_letter_queue_name
    redrive: dict[str, str] = {}
    if dead is not None:
        settings = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
        # SNS itself puts there what the webhook did not take.
        needed = _writers(wanted, existing, dead) if wanted.https_endpoint is not None else {}
        yield from _queue(wanted, existing, dead, settings, needed)
        policy = {
            "deadLetterTargetArn": wanted.queue_arn(dead),
            "maxReceiveCount": wanted.max_receive_count,
        }
        redrive = {"RedrivePolicy": json.dumps(policy)}
    if wanted.queue_name is not None:
        settings = {
            "MessageRetentionPeriod": str(RETENTION_SECONDS),
            "ReceiveMessageWaitTimeSeconds": "20",
            "VisibilityTimeout": str(wanted.visibility_timeout_seconds),
        }
        if existing.queues.get(wanted.queue_name, {}).get("RedrivePolicy"):
            redrive = {}
        needed = {**redrive, **_writers(wanted, existing, wanted.queue_name)}
        yield from _queue(wanted, existing, wanted.queue_name, settings, needed)


def _queue(
    wanted: TopicSetup,
    existing: ExistingTopic,
    name: str,
    settings: Mapping[str, str],
    needed: Mapping[str, str],
) -> Iterator[AwsCall]:
    """A new queue has `settings`; one that is there keeps its own, and gets what is needed."""
    if name not in existing.queues:
        attributes = {**settings, **needed}
        yield call(wanted, "sqs", "CreateQueue", QueueName=name, Attributes=attributes)
    elif needed:
        url = wanted.queue_url(name)
        yield call(wanted, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes=dict(needed))


def _writers(wanted: TopicSetup, existing: ExistingTopic, name: str) -> dict[str, str]:
    """The policy that lets the topic write to a queue, if it does not yet."""
    present = existing.queues.get(name, {}).get("Policy")
    policy = with_statement(present, _queue_statement(wanted, name))
    return {} if policy is None else {"Policy": policy}


def _topic_calls(wanted: TopicSetup, existing: ExistingTopic) -> Iterator[AwsCall]:
    if existing.topic is None:
        yield call(wanted, "sns", "CreateTopic", Name=wanted.topic_name)
    present = existing.topic or {}
    changes: dict[str, str] = {}
    if present.get("SignatureVersion") != "2":
        changes["SignatureVersion"] = "2"
    policy = present.get("Policy")
    for arn in wanted.publisher_arns:
        statement = statement_for_ses(wanted, arn, "SNS:Publish", wanted.topic_arn)
        changed = with_statement(policy, statement)
        if changed is not None:
            policy = changes["Policy"] = changed
    for name, value in changes.items():
        yield call(
            wanted,
            "sns",
            "SetTopicAttributes",
            TopicArn=wanted.topic_arn,
            AttributeName=name,
            AttributeValue=value,
        )


def _subscription_calls(wanted: TopicSetup, existing: ExistingTopic) -> Iterator[AwsCall]:
    if wanted.queue_name is not None:
        endpoint = wanted.queue_arn(wanted.queue_name)
        if _subscription_arn(existing.subscriptions, "sqs", endpoint) is None:
            yield _subscribe(wanted, "sqs", endpoint, {})
    if wanted.https_endpoint is None:
        return
    needed = _attributes_of_webhook(wanted, existing)
    arn = webhook_subscription(wanted, existing.subscriptions)
    if arn is None:
        protocol = urlsplit(wanted.https_endpoint).scheme
        yield _subscribe(wanted, protocol, wanted.https_endpoint, needed)
        return
    present = existing.webhook_attributes or {}
    for name, value in needed.items():
        if not present.get(name):
            yield call(
                wanted,
                "sns",
                "SetSubscriptionAttributes",
                SubscriptionArn=arn,
                AttributeName=name,
                AttributeValue=value,
            )


def _attributes_of_webhook(wanted: TopicSetup, existing: ExistingTopic) -> dict[str, str]:
    attributes: dict[str, str] = {}
    # A policy of the topic is somebody's choice; that of a subscription would hide it.
    if not (existing.topic or {}).get("DeliveryPolicy"):
        attributes["DeliveryPolicy"] = DELIVERY_POLICY
    if wanted.dead_letter_queue_name is not None:
        arn = wanted.queue_arn(wanted.dead_letter_queue_name)
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn})
    return attributes


def _subscription_arn(
    subscriptions: tuple[Mapping[str, str], ...], protocol: str, endpoint: str
) -> str | None:
    # One that was never confirmed is subscribed again: SNS then sends another confirmation.
    for subscription in subscriptions:
        arn = str(subscription.get("SubscriptionArn", ""))
        if (
            subscription.get("Protocol") == protocol
            and without_password(str(subscription.get("Endpoint"))) == endpoint
            and arn.startswith("arn:")
        ):
            return arn
    return None


def _subscribe(
    wanted: TopicSetup, protocol: str, endpoint: str, attributes: Mapping[str, str]
) -> AwsCall:
    given = {"Attributes": dict(attributes)} if attributes else {}
    return call(
        wanted,
        "sns",
        "Subscribe",
        TopicArn=wanted.topic_arn,
        Protocol=protocol,
        Endpoint=endpoint,
        ReturnSubscriptionArn=True,
        **given,
    )


def _queue_statement(wanted: TopicSetup, name: str) -> dict[str, Any]:
    return {
        "Sid": _statement_id("Sns", wanted.topic_arn),
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": wanted.queue_arn(name),
        "Condition": {"ArnEquals": {"aws:SourceArn": wanted.topic_arn}},
    }
