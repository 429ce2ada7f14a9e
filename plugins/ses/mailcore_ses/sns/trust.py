"""
Proving that a webhook request is a message of an SNS topic that is trusted.

A good signature proves only that *some* topic sent the message, and anybody can have one: what
makes it ours is the list of topics.
"""

from __future__ import annotations

import logging
import shlex
import time

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mailcore.errors import (
    MalformedWebhook,
    SendError,
    WebhookError,
    WebhookRejected,
)
from mailcore.flow import Exchange, Flow
from mailcore.webhook import Verdict, WebhookRequest, check_age, parse_timestamp
from mailcore_ses.aws.call import PROVIDER, AwsCall, AwsResponse
from mailcore_ses.sns.believed import SnsTrust
from mailcore_ses.sns.certificates import SigningKeys, is_certificate_url
from mailcore_ses.sns.envelope import (
    NOTIFICATION,
    SUBSCRIPTION_CONFIRMATION,
    SnsEnvelope,
    check_envelope,
    read_envelope,
)
from mailcore_ses.sns.topic_arn import Topic, parse_topic_arn


if TYPE_CHECKING:
    from mailcore_ses.sns.signature import SigningKey

logger = logging.getLogger("mailcore_ses.sns")

_VERDICTS = {version: Verdict(f"sns-signature-{version}") for version in ("1", "2")}
# What ConfirmSubscription says of a token that expired or a topic that is gone.
_FINAL_CODES = frozenset({"InvalidParameter", "NotFound"})
# The longest that a queue keeps a message.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
# (read 2026-11-30).
_MAX_QUEUED_SECONDS = 14 * 86_400.0


class SnsVerifier:
    """
    Verifies SNS messages, and confirms subscriptions.

    One for each provider, used by several threads at once.

    Args:
        trust: The topics whose messages are believed.
        now: The time in seconds since 1970.
    """

    def __init__(self, trust: SnsTrust, *, now: Callable[[], float] = time.time) -> None:
        self._topics = trust.topics
        self._base_urls = tuple(trust.certificate_base_urls)
        self._auto_confirm = trust.auto_confirm
        self._max_age_seconds = trust.max_age_seconds
        self._now = now
        self._keys = SigningKeys(now)
        self._certificate_urls: dict[str, str] = {}
        """For each topic the last URL of a genuine message."""

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        Returns:
            A verdict; with ``handled`` if the message was about the subscription.

        Raises:
            WebhookRejected: If the message is not proven.
            MalformedWebhook: If it is not an SNS message.
            WebhookError: With status 503, if SNS could not be asked: it will try again.
        """
        try:
            _check_request(request)
            envelope = check_envelope(read_envelope(request))
            _check_agreement(request, envelope)
            return (yield from self._verify(envelope, max_queued_seconds=0))
        except WebhookError as error:
            error.provider = PROVIDER
            raise

    def verify_envelope(self, fields: Mapping[str, Any]) -> Flow[Verdict]:
        """
        Prove an SNS message that came without HTTP: through a queue, or to a function.

        It may have waited for 14 days, so its certificate may have expired since it was made.

        Args:
            fields: The decoded JSON, with the names that SNS signs.

        Raises:
            WebhookError: As :meth:`verify` does.
        """
        try:
            envelope = check_envelope(fields)
            return (yield from self._verify(envelope, max_queued_seconds=_MAX_QUEUED_SECONDS))
        except WebhookError as error:
            error.provider = PROVIDER
            raise

    def _verify(self, envelope: SnsEnvelope, *, max_queued_seconds: float) -> Flow[Verdict]:
        topic = self._allowed_topic(envelope)
        self._check_certificate_url(envelope.signing_cert_url, topic)
        if envelope.signature_version not in _VERDICTS:
            raise WebhookRejected(f"a message of {topic.arn} has an unknown SignatureVersion")
        key = self._keys.cached(envelope.signing_cert_url)
        if key is None or not key.has_signed(envelope):
            key = yield from self._check_with_fresh_key(
                envelope, topic, is_mismatch=key is not None
            )
        self._check_validity(key, envelope, max_queued_seconds)
        # Only now: an account has as many topics as a forger likes to invent.
        self._certificate_urls[topic.arn] = envelope.signing_cert_url
        if self._max_age_seconds is not None:
            self._check_age(envelope, self._max_age_seconds)
        if envelope.type == NOTIFICATION:
            return _VERDICTS[envelope.signature_version]
        verified_by = _VERDICTS[envelope.signature_version].verified_by
        if envelope.type == SUBSCRIPTION_CONFIRMATION:
            detail = yield from self._subscribe(envelope, topic)
        else:
            # Its token would subscribe again: that is for people to decide.
            detail = f"the subscription to {topic.arn} was cancelled"
            logger.warning("%s", detail)
        return Verdict(verified_by, handled=True, detail=detail)

    def _check_certificate_url(self, url: str, topic: Topic) -> None:
        if self._certificate_urls.get(topic.arn) == url:
            return
        if not is_certificate_url(url, topic, self._base_urls):
            raise WebhookRejected(f"a message of {topic.arn} names a certificate from elsewhere")

    def _allowed_topic(self, envelope: SnsEnvelope) -> Topic:
        topic = self._topics.find(envelope.topic_arn)
        if topic is not None:
            return topic
        unknown = parse_topic_arn(envelope.topic_arn)
        if unknown is None:
            raise MalformedWebhook("field `TopicArn` is not the ARN of an SNS topic")
        hint = f'if it is yours, add it: topic_arns=["{unknown.arn}"]'
        if not self._topics:
            raise WebhookRejected(
                f"a message of {unknown.arn} is refused because no topic is trusted; {hint}"
            )
        raise WebhookRejected(f"the topic {unknown.arn} is not one of topic_arns; {hint}")

    def _check_with_fresh_key(
        self, envelope: SnsEnvelope, topic: Topic, *, is_mismatch: bool
    ) -> Flow[SigningKey]:
        url = envelope.signing_cert_url
        forged = f"a message that claims to be of {topic.arn} has a wrong signature"
        if is_mismatch and not self._keys.may_refetch(url):
            raise WebhookRejected(forged)
        key = yield from self._keys.fetch(url)
        if not key.has_signed(envelope):
            self._keys.fetched_in_vain()
            raise WebhookRejected(forged)
        return key

    def _check_validity(
        self, key: SigningKey, envelope: SnsEnvelope, max_queued_seconds: float
    ) -> None:
        """Of the certificate now; for what waited in a queue, when it was made."""
        now = self._now()
        if key.is_valid_at(now):
            return
        made_at = parse_timestamp(envelope.timestamp)
        if (
            made_at is None
            or not 0 <= now - made_at.timestamp() <= max_queued_seconds
            or not key.is_valid_at(made_at.timestamp())
        ):
            raise WebhookRejected("the signing certificate is expired, or not valid yet")

    def _check_age(self, envelope: SnsEnvelope, max_age_seconds: float) -> None:
        made_at = parse_timestamp(envelope.timestamp)
        if made_at is None:
            raise MalformedWebhook("field `Timestamp` cannot be read")
        check_age(made_at.timestamp(), max_age_seconds, now=self._now())

    def _subscribe(self, envelope: SnsEnvelope, topic: Topic) -> Flow[str]:
        if not self._auto_confirm:
            # The token is of use to nobody but the owner of this webhook: it subscribes it.
            detail = (
                f"a subscription waits to be confirmed: aws sns confirm-subscription "
                f"--region {topic.region_name} --topic-arn {topic.arn} "
                f"--token {shlex.quote(envelope.token)}"
            )
            logger.warning("%s", detail)
            return detail
        call = AwsCall(
            service="sns",
            operation="ConfirmSubscription",
            # Authenticated, lest whoever sees an UnsubscribeURL can cut off the events.
            # https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
            # (read 2026-11-21).
            params={
                "TopicArn": topic.arn,
                "Token": envelope.token,
                "AuthenticateOnUnsubscribe": "true",
            },
            region_name=topic.region_name,
        )
        try:
            response: AwsResponse = yield Exchange(call)
        except SendError as error:
            reason = f"cannot confirm the subscription to {topic.arn}: {error}"
            raise WebhookError(reason, status_code=503) from error
        if not response.ok:
            reason = (
                f"SNS does not confirm the subscription to {topic.arn}: "
                f"{response.error_code or response.status_code}"
            )
            if response.error_code.removesuffix("Exception") in _FINAL_CODES:
                raise WebhookRejected(reason)
            raise WebhookError(reason, status_code=503)
        detail = f"subscribed to {topic.arn}"
        logger.info("%s", detail)
        return detail


def _check_request(request: WebhookRequest) -> None:
    if request.method != "POST":
        raise MalformedWebhook("SNS posts its messages")
    if "x-amz-sns-rawdelivery" in request.headers:
        raise WebhookRejected(
            "raw message delivery has no signature: switch it off for this subscription "
            "(attribute RawMessageDelivery), or give webhook_secrets"
        )
    if "x-amz-sns-message-type" not in request.headers:
        raise MalformedWebhook("header x-amz-sns-message-type is missing: not a message of SNS")


def _check_agreement(request: WebhookRequest, envelope: SnsEnvelope) -> None:
    headers = request.headers
    if (
        headers.get("x-amz-sns-message-type") != envelope.type
        or headers.get("x-amz-sns-topic-arn", envelope.topic_arn) != envelope.topic_arn
        or headers.get("x-amz-sns-message-id", envelope.message_id) != envelope.message_id
    ):
        raise MalformedWebhook("the headers are not those of the message in the body")
