"""
Webhooks that are asked to confirm their subscription: which did not, and why, as far as one sees.
"""

from __future__ import annotations

import logging
import threading

from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from mailcore_local.ses.records import NotificationRecord
from mailcore_local.ses.topic_attributes import Subscription


logger = logging.getLogger("mailcore_local.ses")

_REASONS = {
    "400": "it could not read the request",
    "404": "nothing is at this path: look at the path, and at the slash at its end",
    "405": (
        "it takes no POST at this address: often the slash at the end is missing, or is one too"
        " many; else the route is for other methods only"
    ),
    "ConnectionRefusedError": "nothing listens there yet",
    "gaierror": "there is no such host",
    "SSLCertVerificationError": "its certificate is not trusted",
    "TimeoutError": "it did not answer in time",
}
_DISTRUST = (
    "it did not believe the request: the receiver needs this server's topic_arns,"
    " certificate_base_urls and sns_endpoint_url, which the MAILCORE_URL of this server has"
)


class ConfirmationFailed(Exception):
    """
    A webhook did not take the request to confirm its subscription, and will not be asked again.

    Attributes:
        endpoint: The address of the webhook, without credentials and query.
        outcome: The status of its answer, or the name of a network error.
        reason: What is likely wrong, in words.
    """

    def __init__(self, endpoint: str, outcome: str, reason: str) -> None:
        super().__init__(endpoint, outcome, reason)
        self.endpoint = endpoint
        self.outcome = outcome
        self.reason = reason

    def __str__(self) -> str:
        return f"webhook {self.endpoint} answered {_named(self.outcome)}: {self.reason}"


class Confirmations:
    """
    Tells at once why an endpoint cannot be confirmed, and the same only once.

    Args:
        changed: The lock of the services; who waits for a confirmation waits on it.

    Attributes:
        failed: Those that will not be asked again, by the subscription's ARN.
    """

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._told: dict[str, str] = {}
        self.failed: dict[str, ConfirmationFailed] = {}

    def asked(self, subscription: Subscription) -> None:
        """
        Note that an endpoint is asked, once more perhaps.
        """
        self.failed.pop(subscription.arn, None)

    def confirmed(self, subscription: Subscription) -> None:
        """
        Tell that an endpoint confirmed its subscription.
        """
        self.failed.pop(subscription.arn, None)
        self._told.pop(subscription.arn, None)
        logger.info("webhook %s confirmed its subscription", shown_address(subscription.endpoint))

    def observe(self, record: NotificationRecord) -> None:
        """
        Look at an attempt to deliver something.
        """
        if record.type != "SubscriptionConfirmation" or record.state == "delivered":
            return
        failure = failure_of(record)
        with self._changed:
            told = self._told.get(record.subscription_arn)
            self._told[record.subscription_arn] = str(failure)
        if told != str(failure):
            logger.warning("%s", failure)
        if record.state == "failed":
            with self._changed:
                self.failed[record.subscription_arn] = failure
                self._changed.notify_all()


def failure_of(record: NotificationRecord) -> ConfirmationFailed:
    """
    What the last attempt of a SubscriptionConfirmation that was not delivered says.
    """
    outcome = record.attempts[-1]
    address = shown_address(record.endpoint)
    return ConfirmationFailed(address, outcome, _reason(record, outcome))


def not_confirmed(endpoint: str) -> ConfirmationFailed:
    """
    A webhook that took the request and did not do what it asks for.
    """
    reason = (
        "it did not visit the SubscribeURL; mailcore does for topics that are among its topic_arns,"
        " unless auto_confirm is off"
    )
    return ConfirmationFailed(shown_address(endpoint), "200", reason)


def _reason(record: NotificationRecord, outcome: str) -> str:
    if outcome in ("401", "403"):
        return _DISTRUST
    if outcome.startswith("3"):
        return _redirected(record)
    if outcome == "429" or outcome.startswith("5"):
        return "it failed; its log says why"
    return _REASONS.get(outcome, "it did not take the request")


def _redirected(record: NotificationRecord) -> str:
    if record.redirected_to is None:
        return "it redirects, which SNS does not follow"
    asked = urlsplit(record.endpoint)
    target = urlsplit(urljoin(record.endpoint, record.redirected_to))
    address = shown_address(target.geturl())
    if target.netloc == asked.netloc and target.path == f"{asked.path}/":
        return f"the slash at the end is missing, and SNS follows no redirects: {address}"
    if target.netloc == asked.netloc and f"{target.path}/" == asked.path:
        return f"the slash at the end is too many, and SNS follows no redirects: {address}"
    return f"it redirects to {address}, which SNS does not follow"


def _named(outcome: str) -> str:
    if not outcome.isdecimal():
        return f"nothing ({outcome})"
    try:
        return f"{outcome} {HTTPStatus(int(outcome)).phrase}"
    except ValueError:
        return outcome


def shown_address(url: str) -> str:
    """
    A URL without credentials and query, which may be secrets.
    """
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc, query="", fragment="").geturl()
