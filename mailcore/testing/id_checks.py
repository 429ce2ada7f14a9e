"""Checks of the conformance suite: message ids, by which events are told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.flow import HttpResponse
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.result import RecipientStatus
from mailcore.testing.batch_checks import batch_of
from mailcore.testing.canaries import RECIPIENT, merged, plain_fields, token
from mailcore.testing.decoding import contains
from mailcore.testing.suite_hooks import SuiteHooks, report


class IdChecks(SuiteHooks):
    """
    An id of a status is one that the service knows, so that its events can bring it back.

    They concern providers whose answers are :class:`~mailcore.flow.HttpResponse`.
    """

    def test_message_ids_are_known_to_the_service(self) -> None:
        """The id of an accepted recipient stands in the answer, or was given to the service."""
        provider = self.make_provider()
        failures = [
            f"{name}: {failure}"
            for name, message in self._messages(provider)
            for request, response, statuses in self._accepted(provider, message)
            for failure in self._unknown(request, response, statuses)
        ]
        report("message ids are not the service's", dict.fromkeys(failures))

    def test_message_ids_that_are_made_here_tell_mails_apart(self) -> None:
        """Where the provider makes the ids, no two sends and no two mails of a batch share one."""
        if not self.makes_message_ids:
            return
        provider = self.make_provider()
        failures = []
        for name, message in self._messages(provider):
            first, second = (
                [
                    status.message_id
                    for _, _, statuses in self._accepted(provider, message)
                    for status in statuses.values()
                ]
                for _ in range(2)
            )
            if set(first) & set(second):
                failures.append(f"{name}: two sends have the same message id")
            if name == "batch" and len(set(first)) != len(first):
                failures.append("batch: two recipients have the same message id")
        report("message ids do not tell mails apart", failures)

    def _messages(self, provider: Provider[Any, Any]) -> Iterator[tuple[str, Message]]:
        yield "message", merged(plain_fields())
        batch = batch_of(self, provider, [RECIPIENT, f"{token('second')}@example.net"])
        if batch is not None:
            yield "batch", batch

    def _accepted(
        self, provider: Provider[Any, Any], message: Message
    ) -> Iterator[tuple[Any, HttpResponse, Mapping[str, RecipientStatus]]]:
        for request in self._requests(message, provider):
            response = self.accepting_response(request)
            if isinstance(response, HttpResponse):
                yield request, response, provider.parse(request, response)

    def _unknown(
        self, request: Any, response: HttpResponse, statuses: Mapping[str, RecipientStatus]
    ) -> Iterator[str]:
        answered = "\n".join([*response.headers.values(), response.body.decode("utf-8", "replace")])
        sent = self.decode_request(request) if self.makes_message_ids else []
        for status in statuses.values():
            if not status.accepted or status.message_id is None:
                continue
            # Some services leave the angle brackets out, where a message id has them.
            bare = status.message_id.strip("<>")
            if self.makes_message_ids:
                if not contains(sent, bare):
                    yield "a message id that was made here is not in the request"
            elif bare not in answered:
                yield "a message id is not in the answer: makes_message_ids is not set"
