"""Checks of the conformance suite: who is believed, and what is read."""

from __future__ import annotations

import asyncio
import dataclasses
import json

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mailcore.address.domain import address_key
from mailcore.errors import MailcoreError
from mailcore.events import Event, EventType, InboundEvent
from mailcore.features import Feature
from mailcore.mailer import Mailer
from mailcore.provider import Provider
from mailcore.testing.canaries import merged, plain_fields, token
from mailcore.testing.mutations import GARBAGE, REPLACEMENTS, mutations
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import report
from mailcore.testing.suite_values import Notice
from mailcore.testing.webhook_reading import WebhookReading, unreadable
from mailcore.webhook.receiving import areceive, receive
from mailcore.webhook.request import WebhookRequest
from mailcore.webhook.responding import respond


_CUTS = 32
# An object that nobody knows may be a new kind of event.
_NO_ITEM = frozenset(
    f"body[0] is {label}" for label, other in REPLACEMENTS if not isinstance(other, dict)
)


class WebhookChecks(WebhookReading):
    """
    Whether webhooks are verified and read, and nothing else is believed.

    Of a provider that declares ``event_webhooks`` NO, each of these checks that it believes
    nobody: nothing is skipped.
    """

    def test_every_event_type_is_read(self) -> None:
        """Each type of event arrives with its recipient and message id."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        failures = [
            failure
            for event_type in self.event_types
            for failure in self._lost(provider, [_notice(event_type)])
        ]
        report("events are lost", failures)

    def test_no_event_of_a_batch_is_lost(self) -> None:
        """Several events at once all arrive, each once."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        failures: list[str] = []
        for event_type in self.event_types:
            notices = [_notice(event_type, n) for n in range(3)]
            failures += self._lost(provider, notices)
        failures += self._lost(provider, [_notice(each) for each in self.event_types])
        report("events of a batch are lost", failures)

    def test_a_damaged_event_takes_no_other_with_it(self) -> None:
        """One thing wrong with an event of a batch in JSON leaves all others as they are."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        notices = [_notice(self.event_types[0], number) for number in range(3)]
        failures = [
            failure
            for request in self.signed_webhooks(notices)
            for failure in _lost_beside_damage(provider, request)
        ]
        report("a damaged event takes others with it", dict.fromkeys(failures))

    def test_events_name_the_message_that_was_sent(self) -> None:
        """The message id of a send is the one of its events, for each recipient."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        message = merged(plain_fields())
        transport = Script(otherwise=self.accepting_response)
        result = Mailer(provider, transport=transport, registry=self._registry).send(message)
        failures: list[str] = []
        for recipient, status in result.recipients.items():
            if not status.message_id:
                failures.append(f"{recipient} has no message_id")
                continue
            notice = Notice(
                event_type=self.event_types[0], recipient=recipient, message_id=status.message_id
            )
            failures += self._lost(provider, [notice])
        report("events cannot be matched with sends", failures)

    def test_events_carry_metadata_and_tags(self) -> None:
        """Metadata and tags of a message come back with its events, as they were given."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        given: dict[str, Any] = {}
        if "metadata" in self.events_carry and self._supports(provider, Feature.METADATA):
            given["metadata"] = {token("metadata key"): f"Grüße {token('metadata value')}"}
        if "tags" in self.events_carry and self._supports(provider, Feature.TAGS):
            given["tags"] = (token("tag"),)
        notice = dataclasses.replace(_notice(self.event_types[0]), **given)
        failures = [
            f"{name}: given {expected!r}, came back as {actual!r}"
            for event in self._received(provider, self.signed_webhooks([notice]))
            for name, expected in given.items()
            if expected != (actual := getattr(event, name, None))
        ]
        report("events do not carry what the message had", failures)

    def test_unknown_events_are_reported(self) -> None:
        """A type of event that nobody knows yet becomes an unknown event, and no error."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        events = self._received(provider, [self.unknown_webhook()])
        failures = [
            f"it is reported as {event.event_type}"
            for event in events
            if event.event_type is not EventType.UNKNOWN
        ]
        report("an unknown event is not unknown", failures or ([] if events else ["it is lost"]))

    def test_redelivery_has_the_same_key(self) -> None:
        """The same notification twice has the same dedupe keys, other events have others."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        requests = self.signed_webhooks([_notice(self.event_types[0], n) for n in range(3)])
        first, second = (
            [event.dedupe_key for event in self._received(provider, requests)] for _ in range(2)
        )
        failures: list[str] = []
        if first != second:
            failures.append(f"{first} became {second}")
        if not all(first) or len(set(first)) != len(first):
            failures.append(f"not one key for each event: {first}")
        report("redelivered events cannot be recognised", failures)

    def test_forged_webhooks_are_rejected(self) -> None:
        """A request that was changed, or comes from somebody else, is not believed."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        if provider.features[Feature.WEBHOOK_VERIFICATION].kind == "no":
            self._require_rejection_of_strangers(provider)
            return
        notice = _notice(self.event_types[0])
        failures: list[str] = []
        for request in self.signed_webhooks([notice]):
            genuine = self._received(provider, [request])
            for label, forged in self.forged_webhooks(request, notice.recipient):
                failures += self._let_in(provider, label, forged, genuine)
        report("a forged webhook is let in", failures)

    def test_truncated_webhooks_are_refused(self) -> None:
        """A body that was cut off is refused, wherever the cut is."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        failures: list[str] = []
        for request in self.signed_webhooks([_notice(self.event_types[0])]):
            genuine = self._received(provider, [request])
            size = len(request.body)
            for cut in sorted({size * n // _CUTS for n in range(_CUTS)} | {size - 1}):
                shorter = dataclasses.replace(request, body=request.body[:cut])
                failures += self._let_in(provider, f"{cut} of {size} bytes", shorter, genuine)
        report("a truncated webhook is let in", failures)

    def test_garbage_is_refused(self) -> None:
        """Whatever anybody posts gives a WebhookError with a 4xx, never another exception."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        failures: list[str] = []
        for label, body in GARBAGE:
            stranger = WebhookRequest("POST", {"content-type": "application/json"}, body)
            failures += self._let_in(provider, label, stranger, ())
            failures += unreadable(provider, label, stranger)
        report("garbage is not refused", failures)

    def test_damaged_events_are_survived(self) -> None:
        """A field that is missing or of another type gives events or MalformedWebhook."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        requests = [
            request
            for event_type in self.event_types
            for request in self.signed_webhooks([_notice(event_type)])
        ]
        failures = [
            failure
            for request in (*requests, self.unknown_webhook())
            for label, body in mutations(request.body, request.header("content-type") or "")
            for failure in unreadable(provider, label, dataclasses.replace(request, body=body))
        ]
        report("damaged events raise", dict.fromkeys(failures))

    def test_only_post_brings_events(self) -> None:
        """HEAD and GET are answered with 200 where that is declared; all else with 405."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        probes = provider.webhook_probe_methods
        failures = [
            f"webhook_probe_methods has {method}, which services do not try addresses by"
            for method in probes - {"HEAD", "GET"}
        ]
        handled: list[Event] = []
        for request in self.signed_webhooks([_notice(self.event_types[0])]):
            for method in ("HEAD", "GET", "PUT", "PATCH", "DELETE"):
                asked = dataclasses.replace(request, method=method)
                answer = respond(provider, asked, handled.append, registry=self._webhook_registry)
                if answer.status_code != (200 if method in probes else 405):
                    failures.append(f"{method} is answered with {answer.status_code}")
        failures += [f"{event!r} is handled without a POST" for event in handled]
        report("other methods than POST", failures)

    def test_async_receiving_is_the_same(self) -> None:
        """`areceive()` gives the same events, and the same errors."""
        provider = self.make_provider()
        if self._believes_nobody(provider):
            return
        genuine = self.signed_webhooks([_notice(each) for each in self.event_types])
        stranger = WebhookRequest("POST", {}, b"{}")
        failures: list[str] = []
        for request in (*genuine, stranger):
            registry = self._webhook_registry
            outcomes = []
            for synchronous in (True, False):
                try:
                    outcomes.append(
                        repr(receive(provider, request, registry=registry))
                        if synchronous
                        else repr(asyncio.run(areceive(provider, request, registry=registry)))
                    )
                except MailcoreError as error:
                    outcomes.append(repr(error))
            if outcomes[0] != outcomes[1]:
                failures.append(f"{outcomes[0]} in sync, {outcomes[1]} in async code")
        report("async receiving differs", failures)

    def _lost(self, provider: Provider[Any, Any], notices: Sequence[Notice]) -> Iterator[str]:
        """Say which notices do not come out as exactly one event, and which events are extra."""
        events = self._received(provider, self.signed_webhooks(notices))
        wanted = Counter((n.event_type, address_key(n.recipient), n.message_id) for n in notices)
        found = Counter(map(_identity, events))
        for identity, count in (wanted - found).items():
            yield f"{count} of {_shown(identity)} did not arrive; {_listed(found)}"
        for identity, count in (found - wanted).items():
            yield f"{count} of {_shown(identity)} too many"
        for event in events:
            try:
                json.dumps(event.to_dict())
            except (TypeError, ValueError) as error:
                yield f"to_dict() of {event!r} is no JSON: {error}"


def _lost_beside_damage(provider: Provider[Any, Any], request: WebhookRequest) -> Iterator[str]:
    """Say where the last events of a batch are lost because the first one is damaged."""
    try:
        items = json.loads(request.body)
    except ValueError:
        return
    if not isinstance(items, list) or len(items) < 2:
        return
    others = {_identity(event) for event in provider.parse_webhook(_with_items(request, items[1:]))}
    for label, damaged in mutations(json.dumps(items[:1]).encode()):
        if not label.startswith("body[0]") or label in _NO_ITEM:
            # What is no object in the place of the event: it may be no batch of the service's.
            continue
        first = json.loads(damaged)
        try:
            events = provider.parse_webhook(_with_items(request, [*first, *items[1:]]))
        except MailcoreError as error:
            yield f"{label}: the batch is refused: {error}"
            continue
        if not others <= {_identity(event) for event in events}:
            yield f"{label}: other events are lost"


def _with_items(request: WebhookRequest, items: list[Any]) -> WebhookRequest:
    return dataclasses.replace(request, body=json.dumps(items).encode())


def _notice(event_type: EventType, number: int = 0) -> Notice:
    return Notice(
        event_type=event_type,
        recipient=f"{token(f'recipient {number}')}@example.net",
        message_id=token("message id"),
    )


def _identity(event: Event) -> tuple[EventType, str, str]:
    recipients = (
        ",".join(event.envelope_recipients)
        if isinstance(event, InboundEvent)
        else event.recipient or ""
    )
    return event.event_type, address_key(recipients), event.message_id or ""


def _shown(identity: tuple[EventType, str, str]) -> str:
    event_type, recipient, message_id = identity
    return f"{event_type} for {recipient or 'nobody'} of message {message_id or '(none)'}"


def _listed(found: Counter[tuple[EventType, str, str]]) -> str:
    if not found:
        return "there are no events"
    return f"there are {', '.join(f'{count} {_shown(each)}' for each, count in found.items())}"
