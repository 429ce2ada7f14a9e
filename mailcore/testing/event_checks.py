"""Checks of the conformance suite: what is kept of events, and what travels through a queue."""

from __future__ import annotations

import json

from collections.abc import Iterator
from typing import Any

from mailcore.errors import MailcoreError
from mailcore.events import Event, EventType, InboundEvent, event_from_dict
from mailcore.features import Feature
from mailcore.provider import Provider
from mailcore.testing.canaries import token
from mailcore.testing.inbound_checks import received_mail
from mailcore.testing.suite_hooks import report
from mailcore.testing.suite_values import Notice
from mailcore.testing.webhook_reading import WebhookReading
from mailcore.webhook.fetching import fetch_inbound


class EventChecks(WebhookReading):
    """
    Events after they were received.

    Of a provider that declares ``event_webhooks`` NO, each of these checks that it believes
    nobody: nothing is skipped.
    """

    def test_notifications_are_kept(self) -> None:
        """An event keeps the body that brought it and what else it was read from, no secret."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        failures: list[str] = []
        for request in self.signed_webhooks([self._notice(each) for each in self.event_types]):
            events = self._received(provider, [request])
            for event in events:
                kept = event.notification
                if kept is None or kept.body != request.body:
                    failures.append(f"{event!r} has not the body that it came by")
                    continue
                if event not in provider.parse_webhook(kept):
                    failures.append(
                        f"{event!r} is read otherwise from its notification: notification_headers "
                        "lacks a header field"
                    )
                shown = "\n".join(kept.headers.values())
                failures += [
                    "a header field of a notification has a secret"
                    for secret in self.secrets
                    if secret in shown
                ]
                if "authorization" in kept.headers:
                    failures.append("a notification has the header field Authorization")
        report("notifications are not kept", dict.fromkeys(failures))

    def test_events_travel_through_queues(self) -> None:
        """What `to_dict()` writes comes back equal, and a mail is fetched by it as before."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        notices = [self._notice(each) for each in self.event_types]
        requests = [*self.signed_webhooks(notices), self.unknown_webhook()]
        if provider.features[Feature.INBOUND].kind != "no":
            requests += self.inbound_webhooks(received_mail())
        failures = [
            failure
            for event in self._received(provider, requests)
            for failure in self._changed_by_json(provider, event)
        ]
        report("events do not travel", dict.fromkeys(failures))

    def _changed_by_json(self, provider: Provider[Any, Any], event: Event) -> Iterator[str]:
        try:
            arrived = event_from_dict(json.loads(json.dumps(event.to_dict(), allow_nan=False)))
        except (MailcoreError, TypeError, ValueError) as error:
            yield f"{event!r}: {error}"
            return
        if arrived != event:
            yield f"{event!r} comes back as another one"
        if not isinstance(event, InboundEvent) or not isinstance(arrived, InboundEvent):
            return
        sent, found = (
            self._fetched(provider, each, registry=self._webhook_registry)
            for each in (event, arrived)
        )
        if sent != found:
            yield f"the mail of {event!r} is not found any more: {found!r}"

    def _fetched(self, provider: Provider[Any, Any], event: InboundEvent, **options: Any) -> bytes:
        try:
            return fetch_inbound(provider, event, **options).raw
        except MailcoreError as error:
            return str(error).encode()

    def _notice(self, event_type: EventType) -> Notice:
        return Notice(
            event_type=event_type,
            recipient=f"{token('recipient')}@example.net",
            message_id=token("message id"),
        )
