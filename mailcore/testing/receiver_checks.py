"""Checks of the conformance suite: who only receives needs no secret for sending."""

from __future__ import annotations

import re

from collections.abc import Iterator
from typing import Any

from mailcore.errors import ConfigurationError, MailcoreError
from mailcore.features import Feature
from mailcore.mailer import Mailer
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.registry.option_variables import variable_of
from mailcore.testing.canaries import RECIPIENT, plain_fields, token
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, report
from mailcore.testing.suite_values import Notice
from mailcore.webhook.receiving import receive


class ReceiverChecks(SuiteHooks):
    """The promise of :attr:`mailcore.provider.Provider.sending_options`."""

    def test_receiving_needs_no_secret_for_sending(self) -> None:
        """Without its sending options it reads webhooks, and says what a send would need."""
        provider = self.make_provider()
        if not provider.sending_options:
            return
        receiver = self.make_receiver()
        failures = [*self._unread(receiver), *self._untold(receiver)]
        report("a process that only receives needs more than that", failures)

    def _unread(self, receiver: Provider[Any, Any]) -> Iterator[str]:
        if receiver.features[Feature.EVENT_WEBHOOKS].kind == "no":
            return
        notice = Notice(
            event_type=self.event_types[0], recipient=RECIPIENT, message_id=token("message id")
        )
        for request in self.signed_webhooks([notice]):
            try:
                receive(receiver, request, registry=self._webhook_registry)
            except MailcoreError as error:
                yield f"an event is refused: {error}"

    def _untold(self, receiver: Provider[Any, Any]) -> Iterator[str]:
        transport = Script(otherwise=self.accepting_response)
        mailer = Mailer(receiver, transport=transport, registry=self._registry)
        try:
            mailer.send(Message(**plain_fields()))
        except ConfigurationError as error:
            for option in receiver.sending_options:
                if not {option, variable_of(receiver.name, option)} <= _words(str(error)):
                    yield f"the error of a send does not name {option} and its variable"
        except MailcoreError as error:
            yield f"a send is a {type(error).__name__}, not a ConfigurationError"
        else:
            yield "a send goes out"
        if transport.requests:
            yield "a request is made"


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))
