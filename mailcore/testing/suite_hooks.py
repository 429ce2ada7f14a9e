"""What a provider's own test class tells the conformance suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from mailcore.account.suppressions import KeepsSuppressions, SuppressionList
from mailcore.errors import MailcoreError, SendError
from mailcore.events import EventType
from mailcore.features import Feature
from mailcore.flow import HttpRequest, HttpResponse, Transport
from mailcore.foundation.computing import cached_property
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.registry.hookspecs import hookimpl
from mailcore.registry.registry import Registry
from mailcore.sending.delivery import checked
from mailcore.testing.canaries import Canary, default_canary
from mailcore.testing.decoding import Finding, decode_request
from mailcore.testing.script import Script
from mailcore.testing.suite_values import Notice, TransportFault
from mailcore.webhook.request import WebhookRequest


class SuiteHooks:
    """
    The parts of :class:`~mailcore.testing.ProviderSuite` to override.

    A provider without webhooks needs :attr:`secrets`, :meth:`make_provider`,
    :meth:`accepting_response` and :meth:`refusing_responses`; one with webhooks also
    :meth:`signed_webhooks` and :meth:`unknown_webhook`; one that receives mail,
    :meth:`inbound_webhooks`.
    """

    secrets: Sequence[str]
    """The secrets that :meth:`make_provider` gives to the provider; ``()`` if it takes none."""

    event_types: ClassVar[Sequence[EventType]] = (
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
    )
    """What :meth:`signed_webhooks` can report."""

    events_carry: ClassVar[frozenset[str]] = frozenset(["metadata", "tags"])
    """What of a message its events bring back, as far as the provider supports it in messages."""

    webhook_body_is_signed: ClassVar[bool] = True
    """Whether verification covers the body; False for basic authentication and the like."""

    makes_message_ids: ClassVar[bool] = False
    """True for a provider that makes the ids of messages itself, because its service has none."""

    never_refuses: ClassVar[bool] = False
    """True for a provider whose service has no way to refuse a message."""

    transport_cannot_fail: ClassVar[bool] = False
    """True for a provider whose transport does nothing that can fail."""

    answers_are_bounded: ClassVar[bool] = True
    """False for a provider whose transport cannot bound the time of an answer that drips."""

    recipient_kind: ClassVar[str] = ""
    """
    The field that tells ``to``, ``cc`` and ``bcc`` apart, for a service with one list of them all.

    It stands beside the address, and must say what the message says.
    """

    import_may_load: ClassVar[frozenset[str]] = frozenset()
    """Other people's packages that importing the provider's module may load."""

    def make_provider(self) -> Provider[Any, Any]:
        """Make the provider, with every option that makes it send more, and :attr:`secrets`."""
        raise NotImplementedError("override make_provider()")

    def make_receiver(self) -> Provider[Any, Any]:
        """Make the provider with what receiving needs, and none of its ``sending_options``."""
        raise NotImplementedError("override make_receiver(), for the provider has sending_options")

    def make_suppressions(self) -> SuppressionList | None:
        """The list of suppressed addresses; None if the provider has none."""
        provider = self.make_provider()
        return provider.suppressions() if isinstance(provider, KeepsSuppressions) else None

    def accepting_response(self, request: Any) -> Any:
        """The answer of a service that accepts the request for every recipient."""
        raise NotImplementedError("override accepting_response()")

    def refusing_responses(self, request: Any) -> Iterable[Any]:
        """Answers of a service that accepts the request for nobody: each documented form."""
        raise NotImplementedError("override refusing_responses()")

    def partly_refusing_responses(self, request: Any) -> Iterable[Any]:
        """
        Answers that refuse the first mail of a call, and accept the others: each documented form.

        For services that answer for each mail of a batch, or each of several messages in one call.
        """
        return ()

    def repeated_responses(self, request: Any) -> Iterable[Any]:
        """
        Answers to a call whose idempotency key the service has had before: each documented form.

        For services that do not simply give the first answer again. Each must become an acceptance,
        or an error with ``maybe_accepted``.
        """
        return ()

    def broken_responses(self, request: Any) -> Iterable[Any]:
        """
        Answers that no documentation has: by default what proxies make of HTTP.

        Each must become a SendError, with ``maybe_accepted`` if its status is 2xx.
        """
        if isinstance(request, HttpRequest):
            html = {"content-type": "text/html"}
            plain = {"content-type": "application/json"}
            for status_code in (200, 202, 301, 400, 401, 403, 404, 413, 429, 500, 502, 503):
                yield HttpResponse(
                    status_code=status_code, headers=html, body=b"<html>Login</html>"
                )
                for body in (b"", b'{"id": "abc', b"null", b"[]", b'"text"', b"{}", b"\xff\xfe"):
                    yield HttpResponse(status_code=status_code, headers=plain, body=body)

    def transport_faults(self) -> Iterable[TransportFault]:
        """
        Ways in which the provider's own transport fails.

        By default a server on the loopback interface refuses connections, hangs, hangs up and
        talks nonsense: see :mod:`mailcore.testing.faults`, and :meth:`provider_at`.
        """
        from mailcore.testing.faults import loopback_faults

        return loopback_faults(self)

    def provider_at(self, base_url: str, timeout_seconds: float) -> Provider[Any, Any] | None:
        """
        Make a provider that sends to a server at *base_url*, and waits that long for an answer.

        None if its requests are :class:`~mailcore.flow.HttpRequest`: those are redirected.
        """
        return None

    def signed_webhooks(self, notices: Sequence[Notice]) -> Sequence[WebhookRequest]:
        """
        The authentic requests by which the provider reports *notices*.

        As few as it would make: a provider that reports in batches makes one of all.
        """
        raise NotImplementedError(
            "override signed_webhooks(), or declare event_webhooks=NO(reason)"
        )

    def unknown_webhook(self) -> WebhookRequest:
        """An authentic request with a type of event that the provider has not documented yet."""
        raise NotImplementedError(
            "override unknown_webhook(), or declare event_webhooks=NO(reason)"
        )

    def inbound_webhooks(self, mail: Message) -> Sequence[WebhookRequest]:
        """
        The authentic requests by which the provider hands over a mail that it received.

        One for each form that it has: as raw MIME, taken apart as JSON or as a form, as a place
        where the mail is kept. Each alone must give the whole mail.

        Args:
            mail: Sender, recipients, subject, bodies, files, header fields; to be written by
                :func:`mailcore.mime.writing.write_message` where the provider gives raw MIME.
        """
        raise NotImplementedError("override inbound_webhooks(), or declare inbound=NO(reason)")

    def forged_webhooks(
        self, request: WebhookRequest, recipient: str
    ) -> Iterable[tuple[str, WebhookRequest]]:
        """
        What somebody without the secret makes of an authentic request, with what was done to it.

        By default the same about somebody else, and if :attr:`webhook_body_is_signed` with any
        byte or header changed, else with the Authorization header missing or wrong. Override it
        for a provider whose signature covers something else. A forged request that gives the same
        events as the authentic one counts as harmless: change what it says.
        """
        from mailcore.testing.forgeries import forgeries, tampered, without_credentials

        yield from forgeries(request, recipient)
        if self.webhook_body_is_signed:
            yield from tampered(request, recipient)
            return
        found = list(without_credentials(request, recipient))
        if not found:
            raise AssertionError(
                "webhook_body_is_signed is False, and the authentic request has no Authorization "
                "header: override forged_webhooks()"
            )
        yield from found

    def webhook_transport(self) -> Transport:
        """What verifying a webhook and fetching a mail may ask; by default nothing."""
        return Script()

    def canary(self, name: str, count: int = 1) -> Canary:
        """
        The message that proves a feature.

        Override it for features that the provider supports in part, or in a form of its own, and
        call ``super()`` for the others.

        Args:
            name: The value of a :class:`~mailcore.features.Feature`, or a key of
                :data:`mailcore.testing.canaries.PLAIN`, or ``esp_extra``.
            count: How many items, where the feature counts them.
        """
        if name == "esp_extra":
            from mailcore.testing.canaries import token

            texts = (token("esp_extra key"), token("esp_extra value"))
            extra = {self.make_provider().name: {texts[0]: texts[1]}}
            return Canary(fields={"esp_extra": extra}, tokens=texts)
        canary = default_canary(name, count)
        if name in ("merge_data", "merge_global_data"):
            syntax = self.make_provider().merge_syntax
            if syntax is not None:
                text = f"Dear {syntax.reference_to(canary.tokens[0])}"
                return replace(canary, fields={**canary.fields, "text": text})
        return canary

    def refused_in_part(self) -> Iterable[Message]:
        """
        Messages that :meth:`mailcore.Provider.check` refuses for something that can be dropped.

        For each rule of the provider's own that has a ``remedy``, beside those that the features
        tell: a header that the service obeys, say. All problems of such a message have one.
        """
        return ()

    def decode_request(self, request: Any) -> list[Finding]:
        """Every text in a request; see :func:`mailcore.testing.decode_request`."""
        return decode_request(request)

    def is_header_step(self, step: str) -> bool:
        """
        Whether a step of :attr:`mailcore.testing.Finding.path` leads to header fields of the mail.

        By default, if its name has ``header`` in it. Override it for a provider that calls them
        otherwise: recipients see what stands there.
        """
        return "header" in step.lower()

    def is_filled_in(self, request: Any) -> bool:
        """
        Whether a request tells the service to fill values into the texts that it brings.

        For providers with a :attr:`~mailcore.provider.Provider.merge_syntax`: what in the request
        decides it, such as a parameter, or another call.
        """
        raise NotImplementedError("override is_filled_in(), for the provider has a merge_syntax")

    def bcc_places(self) -> Iterable[tuple[str, ...]]:
        """
        Places of a request where Bcc addresses may stand although other recipients do as well.

        Each as :attr:`mailcore.testing.Finding.field`, for a provider that sends every recipient
        a mail of their own, for example.
        """
        return ()

    # What follows is for the checks, not to be overridden.

    def _requests(self, message: Message, provider: Provider[Any, Any]) -> Sequence[Any]:
        """Build as a mailer does: the declaration first, then the provider's checks."""
        hooks = self._registry.hooks
        return hooks.build_payload(provider, checked(provider, message, hooks, {}))

    def _findings(self, message: Message, provider: Provider[Any, Any]) -> list[Finding]:
        requests = self._requests(message, provider)
        return [
            Finding((f"[{position}]", *finding.path), finding.text)
            for position, request in enumerate(requests)
            for finding in self.decode_request(request)
        ]

    @cached_property
    def _registry(self) -> Registry:
        """A registry of its own, whatever is installed."""
        return Registry(autoload=False)

    @cached_property
    def _webhook_registry(self) -> Registry:
        """A registry where webhooks are verified through :meth:`webhook_transport`."""
        registry = Registry(autoload=False)
        registry.register_extension(_WebhookTransport(self))
        return registry

    def _supports(self, provider: Provider[Any, Any], feature: Feature) -> bool:
        return provider.features[feature].kind not in ("no", "needs")


class _WebhookTransport:
    def __init__(self, hooks: SuiteHooks) -> None:
        self._hooks = hooks

    @hookimpl
    def mailcore_create_transport(self, provider: Provider[Any, Any]) -> Transport:
        return self._hooks.webhook_transport()


def foreign(outcome: object) -> str:
    """
    The exception of somebody else's that became of a send; empty if none did.

    Those of a plugin leave a mailer as errors of mailcore's, of the category ``fault``.
    """
    if isinstance(outcome, SendError) and outcome.category == "fault":
        return str(outcome).partition(" raised ")[2] or str(outcome)
    if isinstance(outcome, Exception) and not isinstance(outcome, MailcoreError):
        return f"{type(outcome).__name__}: {outcome}"
    return ""


def report(what: str, failures: Iterable[str]) -> None:
    """
    Fail with all failures at once.

    Raises:
        AssertionError: If there are any. (No assert: ``python -O`` would remove it.)
    """
    found = list(failures)
    if found:
        raise AssertionError(f"{what}:" + "".join(f"\n  - {failure}" for failure in found))
