"""
Attributes of SNS topics and subscriptions.
"""

from __future__ import annotations

import json

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mailcore_local.ses.errors import ServiceError
from mailcore_local.ses.model import Params
from mailcore_local.ses.signing import SIGNATURE_VERSIONS


@dataclass(kw_only=True)
class Topic:
    """
    A topic with its attributes as SNS names them.
    """

    arn: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Subscription:
    """
    An HTTP endpoint of a topic; it gets notifications once it is confirmed.
    """

    arn: str
    topic_arn: str
    endpoint: str
    token: str
    raw_message_delivery: bool = False
    delivery_policy: str = ""
    confirmed: bool = False

    @property
    def protocol(self) -> str:
        """
        `http` or `https`.
        """
        return urlsplit(self.endpoint).scheme


def invalid_parameter(message: str) -> ServiceError:
    """
    SNS's error for a value that it does not take.
    """
    return ServiceError("InvalidParameter", f"Invalid parameter: {message}")


def set_topic_attribute(topic: Topic, name: str, value: str) -> None:
    """
    Set one attribute of a topic.

    Raises:
        ServiceError: `InvalidParameter` for an unknown signature version, display name or JSON
            document.
    """
    if name == "SignatureVersion" and value not in SIGNATURE_VERSIONS:
        raise invalid_parameter("SignatureVersion")
    if name not in ("SignatureVersion", "DisplayName", "Policy", "DeliveryPolicy", "TracingConfig"):
        raise invalid_parameter("AttributeName")
    if name in ("Policy", "DeliveryPolicy") and value:
        try:
            json.loads(value)
        except ValueError:
            raise invalid_parameter(name) from None
    topic.attributes[name] = value


def set_subscription_attribute(subscription: Subscription, name: str, value: str) -> None:
    """
    Set one attribute of a subscription: `RawMessageDelivery`, or `DeliveryPolicy`.

    A delivery policy is told again, and changes nothing here: what is tried again, and when, is
    that of the local SES.

    Raises:
        ServiceError: `InvalidParameter`.
    """
    if name == "DeliveryPolicy":
        try:
            json.loads(value or "{}")
        except ValueError:
            raise invalid_parameter(name) from None
        subscription.delivery_policy = value
        return
    if name != "RawMessageDelivery":
        raise invalid_parameter("AttributeName")
    if value.lower() not in ("true", "false"):
        raise invalid_parameter("RawMessageDelivery")
    subscription.raw_message_delivery = value.lower() == "true"


def describe_topic(topic: Topic, subscriptions: Sequence[Subscription], owner: str) -> Params:
    """
    The attributes of GetTopicAttributes.
    """
    confirmed = sum(s.confirmed for s in subscriptions)
    return {
        "TopicArn": topic.arn,
        "Owner": owner,
        "DisplayName": "",
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": str(len(subscriptions) - confirmed),
        "SubscriptionsDeleted": "0",
        **topic.attributes,
    }
