"""Checks of the conformance suite: keys by which a service tells that it has had a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.errors import MailcoreError, SendError
from mailcore.features import Feature
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.testing.batch_checks import batch_of
from mailcore.testing.canaries import merged, plain_fields, token
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, report


_KEYS = ("3c1de7a4-6f0e-4d8b-9f5b-0a6a1f0f7c11", "b8c0a7c2-52e5-4a53-8a2c-7f1d4a0f9e22")
# More than any provider takes in one request, as far as their documentation goes.
_MANY = 1_201

_Said = Mapping[tuple[str, ...], list[str]]


class IdempotencyChecks(SuiteHooks):
    """
    ``idempotency_key``, where the service has it.

    Of a provider whose ``idempotency`` is not ``native``, these check nothing.
    """

    def test_each_call_has_a_key_of_its_own(self) -> None:
        """
        A repeated message makes the same keys, and each of its calls has another one.

        With one key for several calls, a service sends the first, and takes the others for
        repetitions of it.
        """
        provider = self.make_provider()
        failures: list[str] = []
        if provider.idempotency == "native":
            first, again, other = (self._said(provider, key) for key in (_KEYS[0], *_KEYS))
            keys = [_differences(*each) for each in zip(first, again, other, strict=True)]
            if not all(keys):
                failures.append("no place has the same for the same key, and another for another")
            # Not any place: what was decoded of a key may be the same of two.
            elif len(keys) > 1 and keys[0] == keys[1]:
                failures.append("several calls of one message have the same key")
        report("keys do not tell a repetition", failures)

    def test_what_the_service_had_is_no_refusal(self) -> None:
        """The answer to a repetition says that the mail was accepted, or may have been."""
        provider = self.make_provider()
        failures: list[str] = []
        supports = provider.idempotency == "native"
        keys = [{"idempotency_key": _KEYS[0]}] if supports else []
        for fields in keys:
            message = merged(plain_fields(), fields)
            for request in self._requests(message, provider):
                for response in self.repeated_responses(request):
                    failures += self._refused(provider, message, response)
        report("a repetition is taken for a refusal", failures)

    def _refused(self, provider: Provider[Any, Any], message: Message, response: Any) -> list[str]:
        mailer = Mailer(provider, transport=Script([response]), registry=self._registry)
        try:
            result = mailer.send(message)
        except SendError as error:
            return [] if error.maybe_accepted else [f"it raises {type(error).__name__}: {error}"]
        except MailcoreError as error:
            return [f"it raises {type(error).__name__}: {error}"]
        return [
            f"a recipient is {status.status}"
            for status in result.recipients.values()
            if not (status.accepted or status.maybe_accepted)
        ]

    def _said(self, provider: Provider[Any, Any], key: str) -> list[_Said]:
        """What the first and the last call of a batch say, by place; that of one message else."""
        message: Message | None = None
        if any(
            provider.features[each].kind != "no"
            for each in (Feature.MERGE_DATA, Feature.MERGE_METADATA, Feature.MERGE_HEADERS)
        ):
            to = [f"{token('many')}{number}@example.net" for number in range(self._count(provider))]
            message = batch_of(self, provider, to)
        message = (message or merged(plain_fields())).replace(idempotency_key=key)
        requests = self._requests(message, provider)
        positions = [0] if len(requests) == 1 else [0, len(requests) - 1]
        return [self._by_place(requests[position]) for position in positions]

    def _count(self, provider: Provider[Any, Any]) -> int:
        limit = provider.features[Feature.RECIPIENTS]
        is_limited = limit.kind == "limited" and limit.limit is not None
        return min(_MANY, limit.limit or _MANY) if is_limited else _MANY

    def _by_place(self, request: Any) -> _Said:
        found: dict[tuple[str, ...], list[str]] = {}
        for finding in self.decode_request(request):
            found.setdefault(finding.path, []).append(finding.text)
        return found


def _differences(one: _Said, again: _Said, other: _Said) -> _Said:
    """Places that say the same of the same message, and something else with another key."""
    return {
        place: texts
        for place, texts in one.items()
        if again.get(place) == texts and other.get(place) != texts
    }
