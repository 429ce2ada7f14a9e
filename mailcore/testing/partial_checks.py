"""Checks of the conformance suite: answers that refuse some mails of a call, and accept others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.result import SendResult
from mailcore.sending.many import Outcome
from mailcore.testing.batch_checks import batch_of
from mailcore.testing.canaries import plain_fields, token
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, report


_TO = tuple(f"{token(f'partly {number}')}@example.net" for number in range(2))


class PartialChecks(SuiteHooks):
    """
    What :meth:`partly_refusing_responses` gives: by some services with the status of an error.

    Of a provider whose suite gives none, these check nothing.
    """

    def test_a_refused_mail_of_a_batch_is_told_apart(self) -> None:
        """Who was refused is not accepted, and the others keep their statuses and ids."""
        provider = self.make_provider()
        batch = batch_of(self, provider, _TO)
        failures: list[str] = []
        requests = [] if batch is None else list(self._requests(batch, provider))
        for request in requests[:1]:
            if batch is None or len(request.recipients) < len(_TO):
                continue
            for response in self.partly_refusing_responses(request):
                transport = Script([response], otherwise=self.accepting_response)
                mailer = Mailer(
                    provider, transport=transport, registry=self._registry, refused="return"
                )
                outcome = _outcome(mailer, batch)
                failures += _mistaken(outcome, request.recipients[0], request.recipients[1:])
        report("a batch of which some is refused is mistaken", dict.fromkeys(failures))

    def test_a_refused_message_of_a_call_is_told_apart(self) -> None:
        """Where a call has several messages, the first is refused and the others are accepted."""
        provider = self.make_provider()
        if provider.max_messages_per_call == 1:
            return
        messages = [Message(**{**plain_fields(), "to": [to], "subject": to}) for to in _TO]
        requests = [self._requests(message, provider)[0] for message in messages]
        call = max(provider.combine(requests), key=lambda each: len(each.positions))
        if len(call.positions) < len(_TO):
            return
        failures: list[str] = []
        for response in self.partly_refusing_responses(call.request):
            mailer = Mailer(provider, transport=Script(otherwise=response), registry=self._registry)
            first, second = mailer.send_many(messages, messages_per_call=len(_TO))
            if isinstance(first, SendResult) and first.accepted:
                failures.append("the message that was refused is accepted")
            elif getattr(first, "maybe_accepted", False):
                failures.append("the message that was refused may be accepted")
            if not isinstance(second, SendResult) or not second.accepted:
                failures.append(f"the message that was accepted is not: {second!r}")
        report("a call of which some is refused is mistaken", dict.fromkeys(failures))


def _outcome(mailer: Mailer[Any], message: Message) -> Outcome:
    (outcome,) = mailer.send_many([message])
    return outcome


def _mistaken(outcome: Outcome, refused: str, accepted: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(outcome, SendResult):
        yield f"it raises {type(outcome).__name__}, and {len(accepted)} were accepted"
        return
    status = outcome.recipients[refused]
    if status.accepted or status.maybe_accepted:
        yield f"who was refused is {status.status}"
    for address in accepted:
        if not outcome.recipients[address].accepted:
            yield f"who was accepted is {outcome.recipients[address].status}"
