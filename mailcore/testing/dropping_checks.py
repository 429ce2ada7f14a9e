"""Checks of the conformance suite: what a mailer may drop of a message is sent without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import MessageError, Problem, UnsupportedFeature
from mailcore.features import Feature, UnsupportedPolicy
from mailcore.message.dropping import NEVER_DROPPED, breaches, differs, unsupported
from mailcore.message.fields import USES
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.sending.checking import check
from mailcore.testing.canaries import COUNTED, RECIPIENT, merged, plain_fields, token
from mailcore.testing.suite_hooks import SuiteHooks, report


_DROP: UnsupportedPolicy = {"*": "drop"}
_MOST_ITEMS = 20
_CONTEXTS = {
    "": (),
    " with a template": (Feature.TEMPLATES,),
    " with values": (Feature.MERGE_GLOBAL_DATA,),
    " in a batch": (Feature.MERGE_METADATA,),
    " in a batch with headers": (Feature.MERGE_HEADERS,),
    " in a batch with values": (Feature.MERGE_DATA,),
    " in a batch from a template": (Feature.TEMPLATES, Feature.MERGE_DATA),
}


class DroppingChecks(SuiteHooks):
    """Remedies: what the problems of ``features`` and ``check()`` say may go."""

    def test_what_can_be_dropped_is_sent_without(self) -> None:
        """A mailer that drops whatever has a remedy sends the message, or it is one for nobody."""
        provider = self.make_provider()
        failures = [
            f"{name}: {failure}"
            for name, message in self._asking_too_much(provider)
            for failure in self._dropping_failures(provider, message)
        ]
        report("the remedies are not true", dict.fromkeys(failures))

    def test_what_must_not_be_dropped_is_not(self) -> None:
        """No remedy changes who gets which mail when, or lets recipients see each other."""
        provider = self.make_provider()
        failures = [
            f"{name}: {failure}"
            for name, message in self._asking_too_much(provider)
            for problem in self._problems(provider, message)
            for failure in _faults(problem, message)
        ]
        report("a remedy goes too far", dict.fromkeys(failures))

    def test_what_it_refuses_in_part_has_a_remedy(self) -> None:
        """Each message of :meth:`refused_in_part` is refused, and sent by whoever drops that."""
        provider = self.make_provider()
        failures = []
        for number, message in enumerate(self.refused_in_part()):
            problems = self._problems(provider, message)
            if not problems:
                failures.append(f"message {number} is not refused")
            failures += [
                f"message {number}: no remedy for {problem.field}"
                for problem in problems
                if problem.remedy is None
            ]
        report("refused_in_part() is not as it says", failures)

    def _problems(self, provider: Provider[Any, Any], message: Message) -> list[Problem]:
        found = unsupported(message, provider.features)
        return found + self._registry.hooks.check_features(provider, message)

    def _dropping_failures(self, provider: Provider[Any, Any], message: Message) -> Iterator[str]:
        hooks = self._registry.hooks
        try:
            found = check(provider, message, hooks, _DROP)
        except UnsupportedFeature as error:
            for problem in error.problems:
                if problem.remedy is not None:
                    yield f"{problem.remedy!r} does not help: {problem.reason}"
            return
        if not found.dropped:
            return
        done = ", ".join(str(problem.remedy) for problem in found.dropped)
        try:
            requests = hooks.build_payload(provider, found.message)
        except MessageError as error:
            yield f"cannot be built after: {done}: {error}"
            return
        reached = {address for request in requests for address in request.recipients}
        if reached != set(message.recipients):
            yield f"goes to {len(reached)} of {len(message.recipients)} recipients after: {done}"

    def _asking_too_much(self, provider: Provider[Any, Any]) -> Iterator[tuple[str, Message]]:
        """Messages of which providers lack something: every feature, in every kind of message."""
        everything: list[Mapping[str, Any]] = []
        for feature in USES:
            count = 2
            limit = provider.features[feature].limit
            if limit is not None:
                count = min(limit + 1, _MOST_ITEMS)
            canary = self.canary(feature.value, count if feature in COUNTED else 1)
            if feature not in NEVER_DROPPED:
                everything.append(canary.fields)
            for name, context in _CONTEXTS.items():
                fields = [self.canary(each.value).fields for each in context if each != feature]
                message = merged(plain_fields(), _TWO if fields else {}, *fields, canary.fields)
                yield f"{feature}{name}", message
        for name, context in _CONTEXTS.items():
            fields = [self.canary(each.value).fields for each in context]
            bodies = {"html": None} if Feature.TEMPLATES in context else {}
            message = merged(plain_fields(), _TWO if fields else {}, *everything, *fields, bodies)
            yield f"all that may be dropped{name}", message
        for number, message in enumerate(self.refused_in_part()):
            yield f"refused_in_part() {number}", message


_TWO = {"to": [RECIPIENT, f"{token('another')}@example.net"]}


def _faults(problem: Problem, message: Message) -> Iterator[str]:
    """What is wrong with a problem's remedy."""
    remedy = problem.remedy
    if remedy is None:
        return
    if problem.feature in {feature.value for feature in NEVER_DROPPED}:
        yield f"{problem.feature} is never dropped, and has a remedy: {remedy}"
    changed = remedy.apply(message)
    if not differs(message, changed):
        yield f"{remedy!r} changes nothing"
    # Whether a To header may go depends on the message, so mailers look before they drop it.
    touched = [each for each in breaches(message, changed) if each != "To"]
    if touched:
        yield f"{remedy!r} changes what no remedy may: {', '.join(touched)}"
