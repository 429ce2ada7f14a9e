"""
Whether to believe a webhook request: SNS's signature, a secret that both sides know, or both.

https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html and
sns-large-payload-raw-message-delivery.html (read 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mailcore.errors import MalformedWebhook, WebhookRejected
from mailcore.flow import Flow
from mailcore.webhook import BasicAuth, Verdict, WebhookRequest, basic_auth_of
from mailcore_ses.aws.call import PROVIDER
from mailcore_ses.sns.believed import SnsTrust
from mailcore_ses.sns.envelope import NOTIFICATION, is_raw_delivery
from mailcore_ses.sns.trust import SnsVerifier


class WebhookTrust:
    """
    Verifies what is posted to the webhook.

    ============================  =========================  ====================================
    the request                   topics only                with secrets
    ============================  =========================  ====================================
    no or a wrong secret          not looked at              401 with a challenge
    a signed message              signature and topic        the same; the secret alone if there
                                                             are no topics
    raw message delivery          403: it has no signature   the secret; its header must name one
                                                             of the topics, if there are any
    subscription confirmation     signature and topic        signature and topic, always
    ============================  =========================  ====================================

    Args:
        trust: Whom to believe by signature.
        secrets: Each ``user:password``; several while they are being changed.

    Raises:
        ConfigurationError: If a secret has another form.
    """

    def __init__(self, trust: SnsTrust, *, secrets: Iterable[str] = ()) -> None:
        self._sns = SnsVerifier(trust)
        self._topics = trust.topics
        self._basic_auth = basic_auth_of(secrets, PROVIDER)

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        Raises:
            WebhookRejected: If it is not proven.
            MalformedWebhook: If it is nothing that SNS posts.
            WebhookError: With status 503, if SNS could not be asked: it will try again.
        """
        if self._basic_auth is None:
            return self._sns.verify(request)
        return self._verify_with_secrets(request, self._basic_auth)

    def _verify_with_secrets(self, request: WebhookRequest, basic_auth: BasicAuth) -> Flow[Verdict]:
        if request.method != "POST":
            raise MalformedWebhook("SNS posts its messages", provider=PROVIDER)
        verdict = basic_auth.verify(request)
        if is_raw_delivery(request):
            self._check_topic(request)
            return verdict
        if not self._topics and request.header("x-amz-sns-message-type") == NOTIFICATION:
            return verdict
        return (yield from self._sns.verify(request))

    def verify_envelope(self, fields: Mapping[str, Any]) -> Flow[Verdict]:
        """Prove an SNS message that came without HTTP, by its signature."""
        return self._sns.verify_envelope(fields)

    def _check_topic(self, request: WebhookRequest) -> None:
        arn = request.header("x-amz-sns-topic-arn") or ""
        if self._topics and self._topics.find(arn) is None:
            raise WebhookRejected(
                "a raw delivery is of a topic that is not one of topic_arns",
                provider=PROVIDER,
            )
