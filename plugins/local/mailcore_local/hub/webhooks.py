"""
Which webhooks are told, and the requests to them.
"""

from __future__ import annotations

import logging
import threading

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mailcore_local.engine import Fault, Publisher, apply_fault
from mailcore_local.faces import Envelope, Face, WebhookPost
from mailcore_local.hub.posting import WebhookDelivery, WebhookRecord, may_retry, outcome_of
from mailcore_local.mailbox import CapturedMail, MailEvent, MailStore
from mailcore_local.mailbox.mail import new_id


logger = logging.getLogger("mailcore_local")


class Webhooks:
    """
    The URLs of each face, and what was posted to them. All methods may be called from any thread.

    Args:
        faces: The providers that are spoken, by name.
        events: The URLs that events are posted to, by the name of the face.
        inbound: The URLs that inbound mail is posted to, by the name of the face.
        store: Where the outcome of a request is kept with its mail.
        retry_delays_seconds: The pauses before the retries of a post.
        timeout_seconds: How many seconds one attempt of a post may take.

    Attributes:
        publisher: What posts, in a thread of its own once it is started.
    """

    def __init__(
        self,
        faces: Mapping[str, Face],
        *,
        events: Mapping[str, Sequence[str]],
        inbound: Mapping[str, Sequence[str]],
        store: MailStore,
        retry_delays_seconds: Sequence[float],
        timeout_seconds: float,
    ) -> None:
        self._faces = faces
        self._store = store
        self._lock = threading.Lock()
        self._events = {name: tuple(events.get(name, ())) for name in faces}
        self._inbound = {name: tuple(inbound.get(name, ())) for name in faces}
        self.publisher = Publisher[WebhookRecord](
            retry_delays_seconds=retry_delays_seconds,
            timeout_seconds=timeout_seconds,
            may_retry=may_retry,
            observe=self._observe,
        )

    def of(self, face: Face) -> tuple[str, ...]:
        """
        Where events of a provider are posted to.
        """
        with self._lock:
            return self._events[face.name]

    def inbound_of(self, face: Face) -> tuple[str, ...]:
        """
        Where inbound mail of a provider is posted to.
        """
        with self._lock:
            return self._inbound[face.name]

    def set(self, face: Face, urls: Sequence[str]) -> None:
        """
        Post events of a provider to these URLs from now on.
        """
        with self._lock:
            self._events[face.name] = tuple(urls)

    def set_inbound(self, face: Face, urls: Sequence[str]) -> None:
        """
        Post inbound mail of a provider to these URLs from now on.
        """
        with self._lock:
            self._inbound[face.name] = tuple(urls)

    def tell(
        self,
        face: Face,
        mail: CapturedMail,
        events: Sequence[MailEvent],
        fault: Callable[[], Fault],
    ) -> None:
        """
        Post events, each in the provider's form.

        Args:
            face: The face of the mail.
            mail: The mail as it is kept.
            events: What happened, in order.
            fault: Says what is to go wrong; called only if there is something to post.
        """
        urls = self.of(face)
        posts = face.webhook_posts(mail, events) if urls and events else []
        deliveries = [self._delivery(face, u, p, mail.id) for u in urls for p in posts]
        if not deliveries:
            return
        deliveries = [_with_its_own_id(each) for each in apply_fault(deliveries, fault())]
        for delivery in deliveries:
            self._observe(delivery.record)
        self.publisher.submit(deliveries)

    def hand_over(self, faces: Sequence[Face], raw: bytes, envelope: Envelope) -> int:
        """
        Post a mail that comes in.

        Args:
            faces: The providers that take it in.
            raw: The mail as it was received.
            envelope: The addresses in MAIL FROM and RCPT TO.

        Returns:
            The number of posts, one for each webhook or for each recipient.
        """
        deliveries = []
        for face in faces:
            urls = self.inbound_of(face)
            posts = face.inbound_posts(raw, envelope) if urls else []
            deliveries += [self._delivery(face, url, post, None) for post in posts for url in urls]
        self.publisher.submit(deliveries)
        return len(deliveries)

    def try_addresses(self, face: Face) -> None:
        """
        Post what the provider tries the address of a webhook with before it takes it.
        """
        urls = self.of(face)
        trials = face.trials() if urls else []
        deliveries = [self._delivery(face, url, trial, None) for url in urls for trial in trials]
        self.publisher.submit(
            [replace(each, record=replace(each.record, is_trial=True)) for each in deliveries]
        )

    def _delivery(
        self, face: Face, url: str, post: WebhookPost, mail_id: str | None
    ) -> WebhookDelivery:
        record = WebhookRecord(
            endpoint=url,
            event_type=post.event_type,
            about=mail_id,
            face=face.name,
            post_id=new_id(),
            event_ids=post.event_ids,
        )
        return WebhookDelivery(record=record, face=face, post=post)

    def _observe(self, record: WebhookRecord) -> None:
        if record.is_trial and record.state == "failed":
            logger.warning(
                "%s tries the address of a webhook with a %s, and takes none that answers %s",
                self._faces[record.face].label,
                record.event_type,
                record.attempts[-1],
            )
        if record.about is not None and not self._store.closed:
            outcome = outcome_of(record)
            self._store.record_post(record.about, record.post_id, record.event_ids, outcome)


def _with_its_own_id(delivery: WebhookDelivery) -> WebhookDelivery:
    return replace(delivery, record=replace(delivery.record, post_id=new_id()))
