"""Receiving as the checks of the conformance suite need it: what is let in, and what it gives."""

from __future__ import annotations

import json

from collections.abc import Iterator, Sequence
from typing import Any

from mailcore.errors import MailcoreError, WebhookError, WebhookRejected
from mailcore.events import Event, InboundEvent, TrackingEvent
from mailcore.features import Feature
from mailcore.flow import run
from mailcore.provider import Provider
from mailcore.testing.suite_hooks import SuiteHooks
from mailcore.webhook.receiving import receive
from mailcore.webhook.request import WebhookRequest


class WebhookReading(SuiteHooks):
    """What checks of events and of received mail share."""

    def _believes_nobody(self, provider: Provider[Any, Any]) -> bool:
        """
        Whether the provider declares that it has no webhooks.

        Raises:
            AssertionError: If it declares so, and believes or parses a request all the same.
        """
        if provider.features[Feature.EVENT_WEBHOOKS].kind != "no":
            return False
        self._require_rejection_of_strangers(provider)
        try:
            events = provider.parse_webhook(WebhookRequest("POST", {}, b"{}"))
        except MailcoreError:
            return True
        raise AssertionError(f"event_webhooks is declared NO, and parse_webhook() gives {events}")

    def _require_rejection_of_strangers(self, provider: Provider[Any, Any]) -> None:
        stranger = WebhookRequest("POST", {}, b"{}")
        try:
            verdict = run(provider.verify_webhook(stranger), self.webhook_transport())
        except WebhookRejected:
            return
        raise AssertionError(f"a request from anybody is let in, {verdict}")

    def _received(
        self, provider: Provider[Any, Any], requests: Sequence[WebhookRequest]
    ) -> tuple[Event, ...]:
        registry = self._webhook_registry
        return tuple(
            event for request in requests for event in receive(provider, request, registry=registry)
        )

    def _let_in(
        self,
        provider: Provider[Any, Any],
        label: str,
        request: WebhookRequest,
        genuine: tuple[Event, ...],
    ) -> Iterator[str]:
        """Say if a request is neither refused nor read as the genuine one is."""
        try:
            events = receive(provider, request, registry=self._webhook_registry)
        except WebhookError as error:
            if not 400 <= error.response.status_code < 500:
                yield f"{label}: answered with {error.response.status_code}"
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001  # foreign ones are what is looked for
            yield f"{label}: {type(error).__name__} ({error}), no WebhookError"
        else:
            if not genuine or events != genuine:
                yield f"{label}: believed, with {events}"


def unreadable(provider: Provider[Any, Any], label: str, request: WebhookRequest) -> Iterator[str]:
    """Say if reading a request raises what it must not, or gives what are no events."""
    try:
        events: Any = provider.parse_webhook(request)
        wrong = [each for each in events if not isinstance(each, (TrackingEvent, InboundEvent))]
        if wrong:
            yield f"{label}: parse_webhook() gives {wrong}"
        for event in events:
            json.dumps(event.to_dict())
            repr(event)
    except WebhookError:
        return
    except Exception as error:  # noqa: BLE001  # foreign ones are what is looked for
        yield f"{label}: foreign exception {type(error).__name__}: {error}"
