"""Checks of the conformance suite: every recipient has a status, every fault is a SendError."""

from __future__ import annotations

import asyncio
import dataclasses
import pickle
import time

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.address.domain import address_key
from mailcore.errors import MessageError, NetworkError, SendError, SendTimeout
from mailcore.features import Feature
from mailcore.mailer import AsyncMailer, Mailer
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.result import SendResult
from mailcore.testing.batch_checks import BATCHES, batch_of
from mailcore.testing.canaries import merged, plain_fields, token
from mailcore.testing.decoding import decode_request, innermost
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, foreign, report
from mailcore.testing.suite_values import TransportFault


class SendingChecks(SuiteHooks):
    """Whether answers and faults become the statuses and errors that they mean."""

    def test_every_recipient_has_a_status(self) -> None:
        """An accepted message has an accepted status for everybody, whatever their spelling."""
        provider = self.make_provider()
        failures: list[str] = []
        for name, message in self._sendable(provider).items():
            result = self._sender(provider, self.accepting_response).send(message)
            lost = [a for a in message.recipients if not result.recipients[a].accepted]
            failures += [f"{name}: {a} is {result.recipients[a].status}" for a in lost]
            for request in self._requests(message, provider):
                statuses = provider.parse(request, self.accepting_response(request))
                keys = {address_key(address) for address in statuses}
                asked = {address_key(address) for address in request.recipients}
                failures += [f"{name}: parse() gives no status for {a}" for a in asked - keys]
                failures += [f"{name}: parse() invents the recipient {a}" for a in keys - asked]
            if self._supports(provider, Feature.EVENT_WEBHOOKS) and not result.message_ids:
                failures.append(f"{name}: no message_id for events to refer to")
        report("recipients are lost", failures)

    def test_every_recipient_is_in_one_request(self) -> None:
        """Requests name each recipient once, as the message spells it."""
        provider = self.make_provider()
        failures: list[str] = []
        for name, message in self._sendable(provider).items():
            requests = self._requests(message, provider)
            named = Counter(a for request in requests for a in request.recipients)
            for address in {*named, *message.recipients}:
                count = named[address]
                if address not in message.recipients:
                    failures.append(f"{name}: a request names {address}, which the message lacks")
                elif count != 1:
                    failures.append(f"{name}: {address} is named by {count} requests")
        report("recipients of the requests are not those of the message", failures)

    def test_a_mailbox_is_delivered_to_once(self) -> None:
        """Who stands in to, cc and bcc, in any spelling, is asked to be delivered to once."""
        provider = self.make_provider()
        to = f"Ada.{token('to once')}@Example.NET"
        copies = [f for f in (Feature.CC, Feature.BCC) if self._supports(provider, f)]
        again = {feature.value: [to.lower()] for feature in copies}
        message = Message(**{**plain_fields(), "to": [to, to.upper()], **again})
        failures = []
        for request in self._requests(message, provider):
            # What keeps messages as they are refuses none; its envelope is `recipients`.
            if self.never_refuses:
                findings = decode_request(request.recipients)
            else:
                findings = self.decode_request(request)
            named = [place for place in innermost(findings, to.casefold()) if not place.in_mime]
            count = sum(place.text.casefold().count(to.casefold()) for place in named)
            if count != 1:
                places = ", ".join(place.place for place in named) or "nowhere"
                failures.append(f"one mailbox is named {count} times: {places}")
        report("a mailbox gets a message more than once", failures)

    def test_refusals_are_send_errors(self) -> None:
        """Every documented refusal becomes a SendError that can travel through a queue."""
        provider = self.make_provider()
        message = merged(plain_fields())
        request = self._requests(message, provider)[0]
        responses = list(self.refusing_responses(request))
        failures = []
        if not responses and not self.never_refuses:
            failures.append("refusing_responses() gives none, and never_refuses is not set")
        for response in responses:
            outcome = self._send_with(provider, response)
            failures += _faults_of(outcome, f"answered with {response!r}", provider)
        report("a refusal is not reported as one", failures)

    def test_broken_answers_are_send_errors(self) -> None:
        """An answer that cannot be read becomes a SendError; after a 2xx it may be accepted."""
        provider = self.make_provider()
        failures: list[str] = []
        batch = batch_of(self, provider, [f"{token('to')}@example.net"])
        for message in (merged(plain_fields()), *([] if batch is None else [batch])):
            request = self._requests(message, provider)[0]
            for response in self.broken_responses(request):
                outcome = self._send_with(provider, response, message)
                label = f"{'batch ' * message.is_batch}answered with {_shown(response)}"
                success = 200 <= getattr(response, "status_code", 0) < 300
                if success and isinstance(outcome, SendResult) and not outcome.accepted:
                    continue
                failures += _faults_of(outcome, label, provider)
                if success and isinstance(outcome, SendError) and not outcome.maybe_accepted:
                    failures.append(
                        f"{label}: maybe_accepted is False, but the status is a success"
                    )
        report("a broken answer is not reported as one", failures)

    def test_transport_faults_are_send_errors(self) -> None:
        """Whatever goes wrong between here and the service is a SendError that tells the truth."""
        faults = list(self.transport_faults())
        failures = [failure for fault in faults for failure in _faults_of_transport(fault)]
        if not faults and not self.transport_cannot_fail:
            failures.append("transport_faults() gives none, and transport_cannot_fail is not set")
        report("a fault of the transport is not reported as it is", failures)

    def test_async_sending_is_the_same(self) -> None:
        """An AsyncMailer sends the same requests, with the same results and errors."""
        provider = self.make_provider()
        message = merged(plain_fields())
        request = self._requests(message, provider)[0]
        steps = [self.accepting_response, *self.refusing_responses(request)]
        steps += [NetworkError("cannot connect"), SendTimeout("no answer", maybe_accepted=True)]
        failures: list[str] = []
        for step in steps:
            ours = [
                (self._send_with(provider, step)),
                asyncio.run(self._asend_with(provider, step)),
            ]
            sync, other = (self._compared(each) for each in ours)
            if sync != other:
                failures.append(f"{step!r}: {sync} in sync, {other} in async code")
        report("async sending differs", failures)

    def _compared(self, outcome: SendResult | Exception) -> Any:
        """What is the same of two sends: not the ids that are made for each."""
        if self.makes_message_ids and isinstance(outcome, SendResult):
            return {
                address: dataclasses.replace(status, message_id=None)
                for address, status in outcome.recipients.items()
            }
        return _comparable(outcome)

    def _sendable(self, provider: Provider[Any, Any]) -> Mapping[str, Message]:
        """Messages with recipients of every kind that the provider supports."""
        names = ["to", "to with capitals", "to with an international domain"]
        to = [
            f"{token('to')}@example.net",
            f"Ada.{token(names[1]).upper()}@Example.NET",
            f"{token(names[2])}@bücher.example",
        ]
        limit = provider.features[Feature.RECIPIENTS]
        if limit.kind == "limited" and limit.limit is not None:
            to = to[: limit.limit]
        fields = {**plain_fields(), "to": to}
        messages = {"message": Message(**fields)}
        room = limit.kind != "limited" or limit.limit is None or limit.limit >= len(to) + 2
        if room:
            copies = {
                feature.value: self.canary(feature.value).fields[feature.value]
                for feature in (Feature.CC, Feature.BCC)
                if self._supports(provider, feature)
            }
            messages["message with copies"] = Message(**{**fields, **copies})
            if "cc" in copies:
                again = {"cc": [to[0].upper()]}
                messages["message with a repeated recipient"] = Message(**{**fields, **again})
        for feature in BATCHES:
            support = provider.features[feature]
            if support.kind != "no":
                needed = self.canary(support.needed.value).fields if support.needed else {}
                batch = merged(plain_fields(), needed, {"to": to, feature.value: {}})
                messages[f"batch with {feature}"] = batch
        return messages

    def _sender(self, provider: Provider[Any, Any], step: Any) -> Mailer:
        return Mailer(provider, transport=Script(otherwise=step), registry=self._registry)

    def _send_with(
        self, provider: Provider[Any, Any], step: Any, message: Message | None = None
    ) -> SendResult | Exception:
        try:
            return self._sender(provider, step).send(message or merged(plain_fields()))
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001  # what it is, is what is checked
            return error

    async def _asend_with(self, provider: Provider[Any, Any], step: Any) -> SendResult | Exception:
        transport = Script(otherwise=step)
        mailer = AsyncMailer(provider, transport=transport, registry=self._registry)
        try:
            return await mailer.send(merged(plain_fields()))
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001  # what it is, is what is checked
            return error


def _faults_of(
    outcome: SendResult | Exception, label: str, provider: Provider[Any, Any]
) -> Iterator[str]:
    if isinstance(outcome, SendResult):
        statuses = ", ".join(sorted({str(s.status) for s in outcome.recipients.values()}))
        yield f"{label}: no error, the recipients are {statuses}"
        return
    if found := foreign(outcome):
        yield f"{label}: foreign exception {found}, no SendError"
        return
    if not isinstance(outcome, SendError):
        yield f"{label}: {_named(outcome)}, no SendError"
        return
    if outcome.provider != provider.name:
        yield f"{label}: the error names the provider {outcome.provider!r}"
    if outcome.retryable and outcome.maybe_accepted:
        yield f"{label}: retryable although it may be accepted: a retry could send twice"
    try:
        travelled = pickle.loads(pickle.dumps(outcome))  # noqa: S301  # our own bytes
    except Exception as error:  # noqa: BLE001  # pickle raises what the value raises
        yield f"{label}: the error cannot be pickled: {_named(error)}"
        return
    if _comparable(travelled) != _comparable(outcome):
        yield f"{label}: the error changes when pickled"


def _faults_of_transport(fault: TransportFault) -> Iterator[str]:
    start = time.monotonic()
    yield from _faults_of_answer(fault)
    took = time.monotonic() - start
    if fault.max_seconds is not None and took > fault.max_seconds:
        yield f"{fault.name}: the send takes as long as it likes: {took:.1f} seconds"


def _faults_of_answer(fault: TransportFault) -> Iterator[str]:
    try:
        outcome = fault.send()
    except SendError as error:
        if found := foreign(error):
            yield f"{fault.name}: foreign exception {found}, no SendError"
        if fault.maybe_accepted not in (None, error.maybe_accepted):
            yield f"{fault.name}: maybe_accepted is {error.maybe_accepted} ({_named(error)})"
        if error.retryable and error.maybe_accepted:
            yield f"{fault.name}: retryable although it may be accepted"
    except AssertionError:
        raise
    except MessageError as error:
        yield f"{fault.name}: nothing was sent: {_named(error)}"
    except Exception as error:  # noqa: BLE001  # foreign ones are what is looked for
        yield f"{fault.name}: foreign exception {_named(error)}, no SendError"
    else:
        yield f"{fault.name}: no error, but {outcome!r}"


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _shown(response: Any) -> str:
    body = getattr(response, "body", b"")
    return f"{response!r} and the body {body[:40]!r}" if isinstance(body, bytes) else repr(response)


def _comparable(outcome: Any) -> Any:
    if isinstance(outcome, SendResult):
        return dict(outcome.recipients), outcome.message_ids
    if isinstance(outcome, SendError):
        flags = (outcome.retryable, outcome.maybe_accepted, outcome.retry_after_seconds)
        return type(outcome), str(outcome), outcome.category, outcome.code, flags
    return type(outcome), str(outcome)
