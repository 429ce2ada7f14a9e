"""Checks of the conformance suite: batches, where everybody gets a mail of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mailcore.address.domain import address_key
from mailcore.errors import NetworkError, UnsupportedFeature
from mailcore.features import Feature
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.result import SendResult, SendStatus
from mailcore.testing.canaries import RECIPIENT, merged, plain_fields, token
from mailcore.testing.decoding import Finding, innermost
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, report


BATCHES = (Feature.MERGE_DATA, Feature.MERGE_METADATA, Feature.MERGE_HEADERS)
"""Features that make a message a batch."""

_OTHERS = tuple(f"{token(f'another recipient {number}')}@example.net" for number in range(2))
# More than any provider takes in one request, as far as their documentation goes.
_LARGE = 1_201


def batch_of(hooks: SuiteHooks, provider: Provider[Any, Any], to: Sequence[str]) -> Message | None:
    """A batch of the first kind that the provider supports; None if it supports none."""
    for feature in BATCHES:
        if provider.features[feature].kind != "no":
            fields = needed_by(hooks, provider, feature)
            values: Mapping[str, Any] = {}
            if feature is Feature.MERGE_DATA and provider.merge_syntax is not None:
                # Without values it may be sent otherwise: see mailcore.message.merging.
                fields = {**fields, "text": f"Dear {provider.merge_syntax.reference_to('name')}"}
                values = {to[0]: {"name": token("name of the first")}}
            return merged({**plain_fields(), "to": list(to)}, fields, {feature.value: values})
    return None


def needed_by(
    hooks: SuiteHooks, provider: Provider[Any, Any], feature: Feature
) -> Mapping[str, Any]:
    """What a message must have as well to use a feature."""
    needed = provider.features[feature].needed
    return {} if needed is None else hooks.canary(needed.value).fields


class BatchChecks(SuiteHooks):
    """What belongs to one recipient reaches that one, and everybody has a status."""

    def test_recipients_of_a_batch_are_kept_apart(self) -> None:
        """Each recipient's data, metadata and headers reach the mail of that recipient only."""
        provider = self.make_provider()
        failures = [
            f"{feature}: {failure}"
            for feature in BATCHES
            if provider.features[feature].kind != "no"
            for failure in self._mixed_up(provider, feature)
        ]
        report("recipients see what is not theirs", failures)

    def test_every_recipient_of_a_large_batch_has_a_status(self) -> None:
        """Nobody is lost when a batch takes several requests, and the last of them fails."""
        provider = self.make_provider()
        message = self._large_message(provider)
        requests = self._requests(message, provider)
        failures: list[str] = []
        result = self._sent(provider, message, [self.accepting_response] * len(requests))
        failures += [
            f"{count} of {len(message.recipients)} are {status}, and all were accepted"
            for status, count in _counted(result).items()
            if status not in (SendStatus.SENT, SendStatus.QUEUED)
        ]
        if len(requests) > 1:
            steps = [self.accepting_response] * (len(requests) - 1)
            result = self._sent(provider, message, [*steps, NetworkError("cannot connect")])
            unsent = {address_key(address) for address in requests[-1].recipients}
            for address, status in result.recipients.items():
                if status.accepted is (address_key(address) in unsent):
                    where = "the one that failed" if status.accepted else "one that did not fail"
                    failures.append(f"a recipient of {where} is {status.status}")
        report("recipients of a large batch are lost", dict.fromkeys(failures))

    def _large_message(self, provider: Provider[Any, Any]) -> Message:
        limit = provider.features[Feature.RECIPIENTS]
        count = _LARGE
        if limit.kind == "limited" and limit.limit is not None:
            count = min(count, limit.limit)
        to = [f"{token('large')}{number}@example.net" for number in range(count)]
        return batch_of(self, provider, to) or Message(**{**plain_fields(), "to": to})

    def _sent(self, provider: Provider[Any, Any], message: Message, steps: list[Any]) -> SendResult:
        transport = Script(steps)
        return Mailer(provider, transport=transport, registry=self._registry).send(message)

    def _mixed_up(self, provider: Provider[Any, Any], feature: Feature) -> Iterator[str]:
        """Say whose data stands where it is somebody else's, or nobody's."""
        canary = self.canary(feature.value)
        own = canary.fields[feature.value][RECIPIENT]
        owners = (RECIPIENT, *_OTHERS)
        values = {
            owner: {key: f"{token(f'{feature} {key} of {owner}')}" for key in own}
            for owner in owners
        }
        fields = {**canary.fields, "to": list(owners), feature.value: values}
        message = merged(plain_fields(), needed_by(self, provider, feature), fields)
        try:
            requests = self._requests(message, provider)
        except UnsupportedFeature as error:
            yield f"it is declared supported, and refused: {error}"
            return
        read = [(request, self.decode_request(request)) for request in requests]
        for owner in owners:
            for text in values[owner].values():
                found = [(each, innermost(findings, text)) for each, findings in read]
                if not any(places for _, places in found):
                    yield f"what {_shown(owner)} alone was given is silently dropped"
                for (request, findings), (_, places) in zip(read, found, strict=True):
                    for place in places:
                        yield from _misplaced(request, findings, place, owner, owners)
        for request, findings in read:
            yield from _seen(request, findings, owners)


def _misplaced(
    request: Any, findings: list[Finding], place: Finding, owner: str, owners: tuple[str, ...]
) -> Iterator[str]:
    """Say if something of one recipient stands nearer to another one, or as near to all."""
    named = {address_key(address) for address in request.recipients}
    if address_key(owner) not in named:
        yield f"what is {_shown(owner)}'s stands in a request for others, at {place.place}"
        return
    others = [each for each in owners if each != owner and address_key(each) in named]
    if not others:
        return
    nearness = _nearness(findings, place, owner)
    if any(_nearness(findings, place, other) >= nearness for other in others):
        yield f"nothing says that it is {_shown(owner)}'s alone, at {place.place}"


def _nearness(findings: list[Finding], place: Finding, address: str) -> int:
    """How many steps the way to a place has in common with the ways to an address."""
    return max(
        (
            _common(place.path, finding.path)
            for finding in innermost(findings, address.partition("@")[0])
        ),
        default=-1,
    )


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    count = 0
    for ours, theirs in zip(one, other, strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def _seen(request: Any, findings: list[Finding], owners: tuple[str, ...]) -> Iterator[str]:
    """Say who else stands in a request that is for one recipient."""
    named = {address_key(address) for address in request.recipients}
    if len(named) != 1:
        return
    for other in owners:
        if address_key(other) not in named:
            for place in innermost(findings, other.partition("@")[0]):
                yield f"another recipient stands in a request for one, at {place.place}"


def _counted(result: SendResult) -> dict[SendStatus, int]:
    counts: dict[SendStatus, int] = {}
    for status in result.recipients.values():
        counts[status.status] = counts.get(status.status, 0) + 1
    return counts


def _shown(address: str) -> str:
    return f"{address[:12]}…"
