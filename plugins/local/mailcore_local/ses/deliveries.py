"""
What SNS posts: envelopes with a signature, or the bare message.
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from dataclasses import dataclass

from mailcore_local.engine import Delivery
from mailcore_local.ses.records import NotificationRecord
from mailcore_local.ses.signing import Signer


@dataclass(frozen=True, kw_only=True)
class SnsDelivery(Delivery[NotificationRecord]):
    """
    One SNS message for one endpoint.

    Attributes:
        envelope: The envelope that is not signed yet.
        signer: The signer of the topic, which signs it.
        raw: Whether the endpoint gets the message without the envelope (raw message delivery).
    """

    envelope: Mapping[str, str]
    signer: Signer
    raw: bool = False

    def sealed(self) -> str:
        """
        The envelope with its signature, or the message.
        """
        if self.raw:
            return self.record.message
        signed = {**self.envelope, "Signature": self.signer.sign(self.envelope)}
        if self.tampered:
            signed["Message"] += " "
        return json.dumps(signed, indent=2)

    def headers(self) -> Mapping[str, str]:
        """
        The headers of SNS.
        """
        record = self.record
        headers = {
            "x-amz-sns-message-type": record.type,
            "x-amz-sns-message-id": record.message_id,
            "x-amz-sns-topic-arn": record.topic_arn,
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "Accept-Encoding": "gzip,deflate",
        }
        if record.type != "SubscriptionConfirmation":
            headers["x-amz-sns-subscription-arn"] = record.subscription_arn
        if self.raw:
            headers["x-amz-sns-rawdelivery"] = "true"
        return headers


def may_retry(outcome: str) -> bool:
    """
    Whether SNS tries again: after 5xx, 429, a timeout and a refused connection.

    Source: Amazon SNS Developer Guide, "Fanout Amazon SNS notifications to HTTPS endpoints" (read
    2026-11-30). It tries three times more, 20 seconds apart, and waits 15 seconds for an answer.
    """
    return outcome == "429" or outcome.startswith("5") or not outcome.isdecimal()
