"""
Which calls are missing for SES events: pure, so that a second run has nothing to do.

The topic and its listeners are in :mod:`mailcore_ses.setup.topic_plan`; here is what publishes.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html (read
2026-11-21) and configure-sns-notifications.html (read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailcore.errors import ConfigurationError
from mailcore.foundation import redact
from mailcore_ses.aws.call import SES_V1, AwsCall
from mailcore_ses.setup.event_setup import EventSetup
from mailcore_ses.setup.topic_plan import ExistingTopic, call, topic_calls


@dataclass(frozen=True, kw_only=True)
class Existing(ExistingTopic):
    """
    What is there already, beside topic and listeners; by default nothing.

    Attributes:
        has_configuration_set: Whether the configuration set is there.
        destination: The set's event destination of that name.
        notifications: What GetIdentityNotificationAttributes tells, by identity.
    """

    has_configuration_set: bool = False
    destination: Mapping[str, Any] | None = None
    notifications: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_NOTHING = Existing()


def plan(wanted: EventSetup, existing: Existing = _NOTHING) -> tuple[AwsCall, ...]:
    """
    The calls that are missing, in order; none if all of it is there.

    Queues, statements of policies, subscriptions and destinations of other names stay as they are.

    Raises:
        ConfigurationError: If an identity publishes to another topic, or a policy that is there
            cannot be read.
    """
    return (
        *topic_calls(wanted, existing),
        *_configuration_set_calls(wanted, existing),
        *_notification_calls(wanted, existing),
    )


def _configuration_set_calls(wanted: EventSetup, existing: Existing) -> Iterator[AwsCall]:
    name = wanted.configuration_set_name
    if name is None:
        return
    if not existing.has_configuration_set:
        yield call(wanted, "sesv2", "CreateConfigurationSet", ConfigurationSetName=name)
    definition = {
        "Enabled": True,
        "MatchingEventTypes": list(wanted.event_types),
        "SnsDestination": {"TopicArn": wanted.topic_arn},
    }
    present = existing.destination
    if present is not None and _same_destination(present, definition):
        return
    verb = "Create" if present is None else "Update"
    yield call(
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


def _notification_calls(wanted: EventSetup, existing: Existing) -> Iterator[AwsCall]:
    """An identity has one topic for each type, so another one there is not replaced."""
    taken = list(_taken(wanted, existing))
    if taken:
        raise ConfigurationError(
            f"{'; '.join(taken)}: an identity has one topic for each type. Subscribe the webhook "
            f"or the queue to that topic, or take it away first (aws ses "
            f"set-identity-notification-topic --identity … --notification-type …)"
        )
    for identity in wanted.identities:
        yield from _calls_for_identity(wanted, identity, existing.notifications.get(identity, {}))


def _taken(wanted: EventSetup, existing: Existing) -> Iterator[str]:
    for identity in wanted.identities:
        present = existing.notifications.get(identity, {})
        for kind in wanted.notification_types:
            topic = present.get(f"{kind}Topic")
            if topic and topic != wanted.topic_arn:
                yield f"{redact(identity)} sends {kind} notifications to {topic}"


def _calls_for_identity(
    wanted: EventSetup, identity: str, present: Mapping[str, Any]
) -> Iterator[AwsCall]:
    for kind in wanted.notification_types:
        if present.get(f"{kind}Topic") != wanted.topic_arn:
            yield call(
                wanted,
                SES_V1,
                "SetIdentityNotificationTopic",
                Identity=identity,
                NotificationType=kind,
                SnsTopic=wanted.topic_arn,
            )
        # Tags and metadata are headers: without these, events do not have them.
        if present.get(f"HeadersIn{kind}NotificationsEnabled") is not True:
            yield call(
                wanted,
                SES_V1,
                "SetIdentityHeadersInNotificationsEnabled",
                Identity=identity,
                NotificationType=kind,
                Enabled=True,
            )
    forwarding = wanted.feedback_forwarding
    # On at first: monitor-sending-activity-using-notifications-email.html (read 2026-11-30).
    if forwarding is not None and present.get("ForwardingEnabled", True) is not forwarding:
        yield call(
            wanted,
            SES_V1,
            "SetIdentityFeedbackForwardingEnabled",
            Identity=identity,
            ForwardingEnabled=forwarding,
        )
