"""
Requests to webhooks on their way, and what is kept of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailcore_local.engine import Delivery, DeliveryRecord
from mailcore_local.faces import Face, WebhookPost
from mailcore_local.mailbox import WebhookOutcome


_KEPT_BODY_CHARACTERS = 64 * 1024


@dataclass(frozen=True, kw_only=True, repr=False)
class WebhookRecord(DeliveryRecord):
    """
    One request to a webhook: its `about` is the id of the mail, `None` for inbound mail.

    Attributes:
        face: The name of the provider that posts it.
        post_id: The id of the request; a duplicate has its own.
        event_ids: The ids of the events that it tells of.
        is_trial: Whether it only tries the address, and tells of nothing.
    """

    face: str
    post_id: str
    event_ids: tuple[str, ...] = ()
    is_trial: bool = False

    @property
    def is_event(self) -> bool:
        """
        Whether the post tells of an event, and so counts for whoever waits; trials do not.
        """
        return not self.is_trial


def outcome_of(record: DeliveryRecord) -> WebhookOutcome:
    """
    What the timeline shows of a request to a webhook.
    """
    return WebhookOutcome(
        endpoint=shown_address(record.endpoint),
        event_type=record.event_type or "",
        state=record.state,
        attempts=record.attempts,
        answer=record.answer,
        body=record.body[:_KEPT_BODY_CHARACTERS].encode("utf-8", "replace").decode(),
    )


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery(Delivery[WebhookRecord]):
    """
    One post of a face for one endpoint.

    Attributes:
        face: The face that made it.
        post: The request, signed.
    """

    face: Face
    post: WebhookPost

    @property
    def method(self) -> str:
        """
        The HTTP method of the provider.
        """
        return self.post.method

    def sealed(self) -> str:
        """
        The body, octets that are no UTF-8 as `surrogateescape` has them.
        """
        return self._sent().body.decode("utf-8", "surrogateescape")

    def headers(self) -> Mapping[str, str]:
        """
        The headers of the provider.
        """
        return self._sent().headers

    def _sent(self) -> WebhookPost:
        post = self.face.addressed(self.post, self.record.endpoint)
        return self.face.tampered(post) if self.tampered else post


def may_retry(outcome: str) -> bool:
    """
    Whether a post is worth another attempt: after 5xx, 429 and what went wrong on the way.
    """
    return outcome == "429" or outcome.startswith("5") or not outcome.isdecimal()


def shown_address(url: str) -> str:
    """
    A URL without credentials and query, which may be secrets.
    """
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc, query="", fragment="").geturl()
