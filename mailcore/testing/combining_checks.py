"""Checks of the conformance suite: different messages in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mailcore.errors import SendError
from mailcore.flow import HttpResponse
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.result import SendResult
from mailcore.sending.many import Outcome
from mailcore.testing.canaries import plain_fields, token
from mailcore.testing.decoding import innermost
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, foreign, report


_COUNT = 3


class CombiningChecks(SuiteHooks):
    """
    Whether messages that share a call (``messages_per_call``) stay apart.

    Of a provider that does not combine messages, these check that it sends one by one.
    """

    def test_messages_in_one_call_stay_apart(self) -> None:
        """Each message is sent once, and has an outcome and an id of its own."""
        provider = self.make_provider()
        messages = _messages()
        transport = Script(otherwise=self.accepting_response)
        outcomes = self._sent_together(provider, messages, transport)
        failures = list(self._misplaced(messages, transport.requests))
        most = _COUNT if provider.max_messages_per_call == 1 else _COUNT - 1
        if len(transport.requests) > most:
            failures.append(f"{len(transport.requests)} calls, and max_messages_per_call says less")
        for message, outcome in zip(messages, outcomes, strict=True):
            if not isinstance(outcome, SendResult):
                failures.append(f"{message.subject}: {outcome!r}")
            elif outcome.accepted != message.recipients:
                failures.append(f"{message.subject}: accepted are {len(outcome.accepted)} others")
        if provider.max_messages_per_call > 1:
            ids = [each.message_id for each in outcomes if isinstance(each, SendResult)]
            failures += [f"one id for several messages: {ids}"] if len({*ids}) < len(ids) else []
        report("messages in one call are mixed up", failures)

    def test_a_call_that_is_refused_accepts_nobody(self) -> None:
        """Where the call is refused each of its messages is, and where it is unclear all are."""
        provider = self.make_provider()
        if provider.max_messages_per_call == 1:
            return
        request = self._combined(provider)
        failures: list[str] = []
        for response in self.refusing_responses(request):
            outcomes = self._answered(provider, response)
            if any(isinstance(each, SendResult) and each.accepted for each in outcomes):
                failures.append(f"{_shown(response)}: accepted")
        for response in self.broken_responses(request):
            for outcome in self._answered(provider, response):
                if not isinstance(outcome, SendError) or foreign(outcome):
                    failures.append(f"{_shown(response)}: {outcome!r}")
                elif _is_success(response) and not outcome.maybe_accepted:
                    failures.append(f"{_shown(response)}: maybe_accepted is False")
        report("refused calls are believed", dict.fromkeys(failures))

    def _combined(self, provider: Provider[Any, Any]) -> Any:
        requests = [self._requests(message, provider)[0] for message in _messages()]
        return max(provider.combine(requests), key=lambda call: len(call.positions)).request

    def _answered(self, provider: Provider[Any, Any], response: Any) -> Sequence[Outcome]:
        return self._sent_together(provider, _messages(), Script(otherwise=response))

    def _sent_together(
        self, provider: Provider[Any, Any], messages: Sequence[Message], transport: Script
    ) -> Sequence[Outcome]:
        mailer = Mailer(provider, transport=transport, registry=self._registry)
        return list(mailer.send_many(messages, messages_per_call=_COUNT))

    def _misplaced(self, messages: Sequence[Message], requests: Sequence[Any]) -> Iterator[str]:
        read = [self.decode_request(request) for request in requests]
        for message in messages:
            (address,) = message.recipients
            for text in (str(message.subject), address.partition("@")[0]):
                places = [place for findings in read for place in innermost(findings, text)]
                calls = sum(bool(innermost(findings, text)) for findings in read)
                if not places:
                    yield f"{text} is silently dropped"
                elif calls > 1:
                    yield f"{text} stands in {calls} calls"


def _messages() -> list[Message]:
    fields = {**plain_fields(), "cc": None, "bcc": None}
    return [
        Message(
            **{
                **fields,
                "to": [f"{token(f'to {number}')}@example.net"],
                "subject": token(f"subject {number}"),
            }
        )
        for number in range(_COUNT)
    ]


def _is_success(response: Any) -> bool:
    return isinstance(response, HttpResponse) and 200 <= response.status_code < 300


def _shown(response: Any) -> str:
    if isinstance(response, HttpResponse):
        return f"{response.status_code} with {response.body[:40]!r}"
    return repr(response)[:80]
