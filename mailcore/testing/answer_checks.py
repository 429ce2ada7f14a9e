"""Checks of the conformance suite: answers over HTTP that are not quite what they should be."""

from __future__ import annotations

import dataclasses
import json

from collections.abc import Iterable, Iterator
from typing import Any

from mailcore.errors import RecipientsRefused, SendError
from mailcore.flow import HttpResponse
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.result import SendResult, SendStatus
from mailcore.testing.batch_checks import batch_of
from mailcore.testing.canaries import RECIPIENT, merged, plain_fields, token
from mailcore.testing.mutations import mutations
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, foreign, report


_CUTS = 24
_WAIT_SECONDS = 7
_NO_SUCCESS = (301, 302, 303, 307, 308, 500, 502, 503, 504)


class AnswerChecks(SuiteHooks):
    """
    Answers that are damaged, and what they ask for.

    They concern providers whose answers are :class:`~mailcore.flow.HttpResponse`; what other
    transports may bring, :meth:`broken_responses` gives.
    """

    def test_waiting_times_are_told(self) -> None:
        """An answer that says when to try again has that in ``retry_after_seconds``."""
        provider = self.make_provider()
        request = self._requests(merged(plain_fields()), provider)[0]
        failures: list[str] = []
        for response in _of_http(
            [*self.refusing_responses(request), *self.broken_responses(request)]
        ):
            if response.status_code not in (429, 503):
                continue
            headers = {**response.headers, "retry-after": str(_WAIT_SECONDS)}
            outcome = self._answered_with(provider, dataclasses.replace(response, headers=headers))
            told = getattr(outcome, "retry_after_seconds", None)
            if not isinstance(outcome, SendError) or told != _WAIT_SECONDS:
                failures.append(
                    f"Retry-After: {_WAIT_SECONDS} with {response.status_code} and the body "
                    f"{response.body[:40]!r} gives {outcome!r}, with retry_after_seconds={told}"
                )
        report("waiting times are lost", failures)

    def test_cut_off_answers_leave_doubt(self) -> None:
        """After a success whose JSON is cut off, the message may be accepted: nobody knows."""
        provider = self.make_provider()
        failures = [
            f"{name}, {label}: {failure}"
            for name, message, response in self._accepting(provider)
            for label, body in _shortened(response.body)
            for failure in _certain(
                self._answered_with(provider, dataclasses.replace(response, body=body), message)
            )
        ]
        report("an answer that is cut off is believed", failures)

    def test_only_success_is_success(self) -> None:
        """A redirect or a failure of the server accepts nobody, whatever its body says."""
        provider = self.make_provider()
        failures: list[str] = []
        for name, message, response in self._accepting(provider):
            for status_code in _NO_SUCCESS:
                answer = dataclasses.replace(response, status_code=status_code)
                outcome = self._answered_with(provider, answer, message)
                if isinstance(outcome, SendResult) and outcome.accepted:
                    failures.append(f"{name}: {status_code} is taken for a success")
                failures += [f"{name}, {status_code}: {each}" for each in _foreign(outcome)]
        report("what is no success is taken for one", failures)

    def test_errors_hold_the_answer(self) -> None:
        """The error that an answer becomes has its status and the answer itself, to look into."""
        provider = self.make_provider()
        plain = merged(plain_fields())
        request = self._requests(plain, provider)[0]
        answers = [
            *_of_http(self.refusing_responses(request)),
            *(
                dataclasses.replace(response, status_code=status_code)
                for _, _, response in self._accepting(provider)
                for status_code in _NO_SUCCESS
            ),
        ]
        failures = [
            f"{answer.status_code}: {failure}"
            for answer in answers
            for failure in _not_held(answer, self._answered_with(provider, answer, plain))
        ]
        report("errors do not hold the answer", dict.fromkeys(failures))

    def test_damaged_answers_are_survived(self) -> None:
        """An answer with a field missing or of another type gives a result or a SendError."""
        provider = self.make_provider()
        answers = list(self._accepting(provider))
        plain = merged(plain_fields())
        request = self._requests(plain, provider)[0]
        answers += [("refusal", plain, r) for r in _of_http(self.refusing_responses(request))]
        failures = [
            f"{name}, {response.status_code}, {label}: {failure}"
            for name, message, response in answers
            for label, body in mutations(response.body)
            for failure in _foreign(
                self._answered_with(provider, dataclasses.replace(response, body=body), message)
            )
        ]
        report("damaged answers raise", dict.fromkeys(failures))

    def _accepting(
        self, provider: Provider[Any, Any]
    ) -> Iterator[tuple[str, Message, HttpResponse]]:
        """The answers that accept a message and, if there are any, a batch."""
        messages = {"message": merged(plain_fields())}
        batch = batch_of(self, provider, [RECIPIENT, f"{token('second')}@example.net"])
        if batch is not None:
            messages["batch"] = batch
        for name, message in messages.items():
            request = self._requests(message, provider)[0]
            for response in _of_http([self.accepting_response(request)]):
                yield name, message, response

    def _answered_with(
        self, provider: Provider[Any, Any], response: HttpResponse, message: Message | None = None
    ) -> SendResult | Exception:
        transport = Script(otherwise=response)
        try:
            mailer = Mailer(provider, transport=transport, registry=self._registry)
            return mailer.send(message or merged(plain_fields()))
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001  # what it is, is what is checked
            return error


def _shortened(body: bytes) -> Iterator[tuple[str, bytes]]:
    """JSON cut off; where nothing but white space would be gone, it is not cut."""
    if not _is_json(body):
        return
    size = len(body)
    for cut in sorted({size * n // _CUTS for n in range(_CUTS)} | {size - 1}):
        if not _is_json(body[:cut]):
            yield f"cut off after {cut} of {size} bytes", body[:cut]


def _certain(outcome: SendResult | Exception) -> Iterator[str]:
    """Say if a result is certain of what nobody can know."""
    if isinstance(outcome, SendResult):
        if outcome.accepted or any(
            status.status is not SendStatus.UNKNOWN for status in outcome.recipients.values()
        ):
            yield f"{outcome!r}"
    elif found := foreign(outcome):
        yield f"foreign exception {found}"
    elif not isinstance(outcome, SendError):
        yield f"no SendError, but {type(outcome).__name__}: {outcome}"
    elif not outcome.maybe_accepted:
        yield "maybe_accepted is False, but the status is a success"


def _not_held(answer: HttpResponse, outcome: SendResult | Exception) -> Iterator[str]:
    """Say what an error lacks of the answer that it is made of."""
    if not isinstance(outcome, SendError) or isinstance(outcome, RecipientsRefused):
        return
    if outcome.status_code != answer.status_code:
        yield f"status_code is {outcome.status_code}"
    if outcome.raw is None:
        yield "raw is None"


def _of_http(responses: Iterable[Any]) -> Iterator[HttpResponse]:
    return (response for response in responses if isinstance(response, HttpResponse))


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _foreign(outcome: SendResult | Exception) -> Iterator[str]:
    if found := foreign(outcome):
        yield f"foreign exception {found}"
    elif isinstance(outcome, Exception) and not isinstance(outcome, SendError):
        yield f"no SendError, but {type(outcome).__name__}: {outcome}"
