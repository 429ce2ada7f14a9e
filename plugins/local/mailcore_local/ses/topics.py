"""
SNS topics and their HTTP subscriptions.
"""

from __future__ import annotations

import re
import secrets
import uuid

from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import quote, urlsplit

from mailcore_local.ses.deliveries import SnsDelivery
from mailcore_local.ses.errors import ServiceError
from mailcore_local.ses.records import NotificationRecord, iso_timestamp
from mailcore_local.ses.signing import Signer
from mailcore_local.ses.topic_attributes import Subscription, Topic, invalid_parameter


class Topics:
    """
    All topics and subscriptions, and the envelopes they give rise to.

    Not thread-safe: the server's lock guards it.

    Args:
        base_url: Where the server is reached; certificate, subscribe and unsubscribe URLs start
            with it.
        signer: Signs, and has the certificate.
        arn_prefix: What the ARNs of topics begin with: `arn:<partition>:sns:<region>:<account>:`.
        signature_version: The version of SNS's signature that new topics have, `"1"` or `"2"`.
        submit: A function that takes a delivery over.
    """

    def __init__(
        self,
        *,
        base_url: str,
        signer: Signer,
        arn_prefix: str,
        signature_version: str,
        submit: Callable[[list[SnsDelivery]], None],
    ) -> None:
        self._base_url = base_url
        self._certificate_url = f"{base_url}/{signer.certificate_name}"
        self._signer = signer
        self._arn_prefix = arn_prefix
        self._signature_version = signature_version
        self._submit = submit
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}

    def create(self, name: str) -> Topic:
        """
        The topic of this name, made when it is not there yet, as with SNS.
        """
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", name):
            raise invalid_parameter("Topic Name")
        arn = self._arn_prefix + name
        if arn not in self.topics:
            self.topics[arn] = Topic(
                arn=arn, attributes={"SignatureVersion": self._signature_version}
            )
        return self.topics[arn]

    def topic(self, arn: str) -> Topic:
        """
        The topic of this ARN.

        Raises:
            ServiceError: `NotFound`.
        """
        if arn not in self.topics:
            raise ServiceError("NotFound", "Topic does not exist", status_code=404)
        return self.topics[arn]

    def subscription(self, arn: str) -> Subscription:
        """
        The subscription of this ARN.

        Raises:
            ServiceError: `NotFound`.
        """
        if arn not in self.subscriptions:
            raise ServiceError("NotFound", "Subscription does not exist", status_code=404)
        return self.subscriptions[arn]

    def delete(self, arn: str) -> None:
        """
        Remove a topic with its subscriptions; one that is not there is no error, as with SNS.
        """
        self.topics.pop(arn, None)
        for subscription in [s for s in self.subscriptions.values() if s.topic_arn == arn]:
            del self.subscriptions[subscription.arn]

    def subscribe(
        self,
        topic_arn: str,
        endpoint: str,
        *,
        raw_message_delivery: bool = False,
        delivery_policy: str = "",
    ) -> Subscription:
        """
        Subscribe an endpoint and send it the confirmation request.

        The same endpoint twice is one subscription.

        Raises:
            ServiceError: `NotFound` for the topic, `InvalidParameter` for the endpoint.
        """
        topic = self.topic(topic_arn)
        _check_endpoint(endpoint)
        for subscription in self.subscriptions.values():
            if (subscription.topic_arn, subscription.endpoint) == (topic_arn, endpoint):
                break
        else:
            subscription = Subscription(
                arn=f"{topic_arn}:{uuid.uuid4()}",
                topic_arn=topic_arn,
                endpoint=endpoint,
                token=secrets.token_hex(64),
                raw_message_delivery=raw_message_delivery,
                delivery_policy=delivery_policy,
            )
            self.subscriptions[subscription.arn] = subscription
        if not subscription.confirmed:
            text = (
                f"You have chosen to subscribe to the topic {topic_arn}.\n"
                "To confirm the subscription, visit the SubscribeURL included in this message."
            )
            self._submit(
                [self._confirmation(topic, subscription, "SubscriptionConfirmation", text)]
            )
        return subscription

    def confirm(self, topic_arn: str, token: str) -> Subscription:
        """
        Confirm the subscription that `token` was sent for.

        Raises:
            ServiceError: `NotFound` for the topic, `InvalidParameter` for the token.
        """
        self.topic(topic_arn)
        for subscription in self.subscriptions.values():
            if subscription.topic_arn == topic_arn and secrets.compare_digest(
                subscription.token.encode(), token.encode()
            ):
                subscription.confirmed = True
                return subscription
        raise invalid_parameter("Token")

    def unsubscribe(self, arn: str) -> None:
        """
        End a subscription; the endpoint is told, with a token that would bring it back.

        Raises:
            ServiceError: `NotFound`.
        """
        subscription = self.subscription(arn)
        topic = self.topic(subscription.topic_arn)
        if subscription.confirmed:
            text = (
                f"You have chosen to deactivate subscription {arn}.\n"
                "To cancel this operation and restore the subscription,"
                " visit the SubscribeURL included in this message."
            )
            self._submit([self._confirmation(topic, subscription, "UnsubscribeConfirmation", text)])
            # Kept unconfirmed: its token restores it.
            subscription.confirmed = False
        else:
            del self.subscriptions[arn]

    def publish(
        self,
        topic_arn: str,
        message: str,
        *,
        subject: str | None = None,
        message_id: str | None = None,
        event_type: str | None = None,
        ses_message_id: str | None = None,
        event_ids: tuple[str, ...] = (),
    ) -> list[SnsDelivery]:
        """
        The deliveries of one message, one for each confirmed subscription.

        They are not submitted yet.

        Raises:
            ServiceError: `NotFound` for the topic.
        """
        topic = self.topic(topic_arn)
        message_id = message_id or str(uuid.uuid4())
        deliveries: list[SnsDelivery] = []
        for subscription in self.subscriptions.values():
            if subscription.topic_arn != topic_arn or not subscription.confirmed:
                continue
            envelope = self._envelope(topic, "Notification", message_id, message)
            if subject is not None:
                envelope["Subject"] = subject
            envelope["UnsubscribeURL"] = (
                f"{self._base_url}/?Action=Unsubscribe"
                f"&SubscriptionArn={quote(subscription.arn, safe=':')}"
            )
            record = _record(
                envelope,
                subscription,
                event_type=event_type,
                ses_message_id=ses_message_id,
                event_ids=event_ids,
            )
            raw = subscription.raw_message_delivery
            deliveries.append(
                SnsDelivery(record=record, envelope=envelope, signer=self._signer, raw=raw)
            )
        return deliveries

    def _confirmation(
        self, topic: Topic, subscription: Subscription, kind: str, text: str
    ) -> SnsDelivery:
        if kind == "UnsubscribeConfirmation":
            subscription.token = secrets.token_hex(64)
        envelope = self._envelope(topic, kind, str(uuid.uuid4()), text)
        envelope["Token"] = subscription.token
        envelope["SubscribeURL"] = (
            f"{self._base_url}/?Action=ConfirmSubscription"
            f"&TopicArn={quote(topic.arn, safe=':')}&Token={subscription.token}"
        )
        record = _record(envelope, subscription)
        return SnsDelivery(record=record, envelope=envelope, signer=self._signer)

    def _envelope(self, topic: Topic, kind: str, message_id: str, message: str) -> dict[str, str]:
        return {
            "Type": kind,
            "MessageId": message_id,
            "TopicArn": topic.arn,
            "Message": message,
            "Timestamp": iso_timestamp(datetime.now(timezone.utc)),
            "SignatureVersion": topic.attributes["SignatureVersion"],
            "SigningCertURL": self._certificate_url,
        }


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or re.search(r"[\x00-\x20\x7f]", endpoint) or not endpoint.isascii():
        raise invalid_parameter("Endpoint must be an http:// or https:// URL")


def _record(
    envelope: dict[str, str],
    subscription: Subscription,
    *,
    event_type: str | None = None,
    ses_message_id: str | None = None,
    event_ids: tuple[str, ...] = (),
) -> NotificationRecord:
    return NotificationRecord(
        message_id=envelope["MessageId"],
        type=envelope["Type"],
        topic_arn=envelope["TopicArn"],
        subscription_arn=subscription.arn,
        endpoint=subscription.endpoint,
        message=envelope["Message"],
        event_type=event_type,
        about=ses_message_id,
        event_ids=event_ids,
    )
