"""
Which calls are missing for SES events: pure, so that a second run has nothing to do.

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
from mailcore_ses.aws import AwsCall
from mailcore_ses.event_setup import EventSetup, without_password


RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS keeps messages."""


@dataclass(frozen=True, kw_only=True)
class Existing:
    """
    What is there already; by default nothing.

    Attributes:
        topic: The topic's attributes.
        subscriptions: The topic's subscriptions, as SNS lists them.
        queues: The attributes of each queue, by name.
        has_configuration_set: Whether the configuration set is there.
        destination: Its event destination of that name.
    """

    topic: Mapping[str, str] | None = None
    subscriptions: tuple[Mapping[str, str], ...] = ()
    queues: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    has_configuration_set: bool = False
    destination: Mapping[str, Any] | None = None


_NOTHING = Existing()


def plan(wanted: EventSetup, existing: Existing = _NOTHING) -> tuple[AwsCall, ...]:
    """
    The calls that are missing, in order; none if all of it is there.

    Queues, statements of policies, subscriptions and destinations of other names stay as they are.
    """
    return (
        *_queue_calls(wanted, existing),
        *_topic_calls(wanted, existing),
        *_subscription_calls(wanted, existing),
        *_configuration_set_calls(wanted, existing),
    )


def _queue_calls(wanted: EventSetup, existing: Existing) -> Iterator[AwsCall]:
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
    wanted: EventSetup,
    existing: Existing,
    name: str,
    settings: Mapping[str, str],
    needed: Mapping[str, str],
) -> Iterator[AwsCall]:
    """A new queue has `settings`; one that is there keeps its own, and gets what is needed."""
    if name not in existing.queues:
        attributes = {**settings, **needed}
        yield _call(wanted, "sqs", "CreateQueue", QueueName=name, Attributes=attributes)
    elif needed:
        url = wanted.queue_url(name)
        yield _call(wanted, "sqs", "SetQueueAttributes", QueueUrl=url, Attributes=dict(needed))


def _writers(wanted: EventSetup, existing: Existing, name: str) -> dict[str, str]:
    """The policy that lets the topic write to a queue, if it does not yet."""
    present = existing.queues.get(name, {}).get("Policy")
    policy = _with_statement(present, _queue_statement(wanted, name))
    return {} if policy is None else {"Policy": policy}


def _topic_calls(wanted: EventSetup, existing: Existing) -> Iterator[AwsCall]:
    if existing.topic is None:
        yield _call(wanted, "sns", "CreateTopic", Name=wanted.topic_name)
    present = existing.topic or {}
    changes: dict[str, str] = {}
    if present.get("SignatureVersion") != "2":
        changes["SignatureVersion"] = "2"
    policy = _with_statement(present.get("Policy"), _topic_statement(wanted))
    if policy is not None:
        changes["Policy"] = policy
    for name, value in changes.items():
        yield _call(
            wanted,
            "sns",
            "SetTopicAttributes",
            TopicArn=wanted.topic_arn,
            AttributeName=name,
            AttributeValue=value,
        )


def _subscription_calls(wanted: EventSetup, existing: Existing) -> Iterator[AwsCall]:
    if wanted.queue_name is not None:
        endpoint = wanted.queue_arn(wanted.queue_name)
        if not _is_subscribed(existing, "sqs", endpoint):
            yield _subscribe(wanted, "sqs", endpoint, {})
    endpoint_url = wanted.https_endpoint
    if endpoint_url is None:
        return
    protocol = urlsplit(endpoint_url).scheme
    if not _is_subscribed(existing, protocol, without_password(endpoint_url)):
        attributes = {}
        if wanted.dead_letter_queue_name is not None:
            arn = wanted.queue_arn(wanted.dead_letter_queue_name)
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn})
        yield _subscribe(wanted, protocol, endpoint_url, attributes)


def _configuration_set_calls(wanted: EventSetup, existing: Existing) -> Iterator[AwsCall]:
    name = wanted.configuration_set_name
    if not existing.has_configuration_set:
        yield _call(wanted, "sesv2", "CreateConfigurationSet", ConfigurationSetName=name)
    definition = {
        "Enabled": True,
        "MatchingEventTypes": list(wanted.event_types),
        "SnsDestination": {"TopicArn": wanted.topic_arn},
    }
    present = existing.destination
    if present is not None and _same_destination(present, definition):
        return
    verb = "Create" if present is None else "Update"
    yield _call(
        wanted,
        "sesv2",
        f"{verb}ConfigurationSetEventDestination",
        ConfigurationSetName=name,
        EventDestinationName=wanted.event_destination_name,
        EventDestination=definition,
    )


def _same_destination(present: Mapping[str, Any], definition: Mapping[str, Any]) -> bool:
    return (
        present.get("Enabled") is True
        and set(present.get("MatchingEventTypes", ())) == set(definition["MatchingEventTypes"])
        and present.get("SnsDestination") == definition["SnsDestination"]
    )


def _is_subscribed(existing: Existing, protocol: str, endpoint: str) -> bool:
    # One that was never confirmed is subscribed again: SNS then sends another confirmation.
    return any(
        subscription.get("Protocol") == protocol
        and without_password(str(subscription.get("Endpoint"))) == endpoint
        and str(subscription.get("SubscriptionArn", "")).startswith("arn:")
        for subscription in existing.subscriptions
    )


def _subscribe(
    wanted: EventSetup, protocol: str, endpoint: str, attributes: Mapping[str, str]
) -> AwsCall:
    given = {"Attributes": dict(attributes)} if attributes else {}
    return _call(
        wanted,
        "sns",
        "Subscribe",
        TopicArn=wanted.topic_arn,
        Protocol=protocol,
        Endpoint=endpoint,
        ReturnSubscriptionArn=True,
        **given,
    )


def _call(wanted: EventSetup, service: str, operation: str, **params: Any) -> AwsCall:
    # SES's client is the provider's own, of its region.
    region_name = None if service == "sesv2" else wanted.region_name
    return AwsCall(service=service, operation=operation, params=params, region_name=region_name)


def _topic_statement(wanted: EventSetup) -> dict[str, Any]:
    return {
        "Sid": _sid("Ses", wanted.configuration_set_arn),
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "SNS:Publish",
        "Resource": wanted.topic_arn,
        "Condition": {
            "StringEquals": {
                "AWS:SourceAccount": wanted.account_id,
                "AWS:SourceArn": wanted.configuration_set_arn,
            }
        },
    }


def _queue_statement(wanted: EventSetup, name: str) -> dict[str, Any]:
    return {
        "Sid": _sid("Sns", wanted.topic_arn),
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": wanted.queue_arn(name),
        "Condition": {"ArnEquals": {"aws:SourceArn": wanted.topic_arn}},
    }


def _sid(kind: str, arn: str) -> str:
    """Names a statement by what it lets in, so that one topic may serve several of them."""
    return f"Mailcore{kind}{sha256(arn.encode()).hexdigest()[:8]}"


def _with_statement(policy: str | None, statement: Mapping[str, Any]) -> str | None:
    """
    A policy with a statement too, in place of one of its name; None if it has it already.

    Raises:
        ConfigurationError: If the policy that is there is not JSON.
    """
    try:
        present: dict[str, Any] = json.loads(policy) if policy else {}
    except ValueError:
        raise ConfigurationError("the policy that is there cannot be read") from None
    before = present.get("Statement", [])
    kept = before if isinstance(before, list) else [before]
    if statement in kept:
        return None
    others = [s for s in kept if not (isinstance(s, dict) and s.get("Sid") == statement["Sid"])]
    merged = {"Version": "2012-10-17", **present, "Statement": [*others, statement]}
    return json.dumps(merged)
