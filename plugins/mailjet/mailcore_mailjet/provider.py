"""The Mailjet provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from mailcore.errors import Problem
from mailcore.events import Event
from mailcore.features import NO, YES, Features, advisory, limited, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import option_missing, takes_options
from mailcore.result import RecipientStatus
from mailcore.sending import Combined
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_mailjet.answers import statuses_of
from mailcore_mailjet.calls import MAX_MESSAGES, calls_for, split
from mailcore_mailjet.events import parse_events
from mailcore_mailjet.merge_syntax import SYNTAX
from mailcore_mailjet.options import MailjetOptions
from mailcore_mailjet.payload import Call, requests_for
from mailcore_mailjet.payload.checks import check
from mailcore_mailjet.webhooks import MAX_WEBHOOK_BODY_BYTES, WebhookTrust


class MailjetProvider(Provider[HttpRequest, HttpResponse]):
    """
    Mailjet; its options are those of :class:`~mailcore_mailjet.options.MailjetOptions`.

    Where an option has a parameter of Mailjet's API, a message may bring its own in ``esp_extra``:
    see :func:`mailcore_mailjet.mailjet_options`. What wins, last to first: ``esp_extra``, the
    fields of the message, these options. The mailer's defaults are part of the message.

    A URL has the keys and the host of the API: ``mailjet://API_KEY:SECRET_KEY@api.mailjet.com``.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "mailjet"
    label: ClassVar[str] = "Mailjet"
    max_messages_per_call: ClassVar[int] = MAX_MESSAGES
    features: ClassVar[Features] = Features(
        cc=yes("beside to"),
        bcc=yes("beside to"),
        reply_to=limited(1),
        headers=partial("not those that Mailjet writes or obeys"),
        spoofed_to=NO("Mailjet writes To itself"),
        multiple_from=NO("Mailjet has one sender"),
        alternatives=NO("Mailjet has text and HTML"),
        amp_html=NO("Mailjet has text and HTML"),
        attachments=YES,
        inline_images=YES,
        envelope_sender=NO("Mailjet's return path is the account's"),
        metadata=YES,
        tags=limited(1, "Mailjet has one campaign"),
        track_opens=yes("with HTML"),
        track_clicks=yes("with HTML"),
        send_at=NO("Mailjet sends at once"),
        templates=yes("by ID, without bodies of the message's own"),
        template_sender=YES,
        merge_data=yes("for a template, or {{var:name}}; no None"),
        merge_global_data=yes("for a template, or {{var:name}}; no None"),
        merge_metadata=YES,
        merge_headers=partial("as headers; not From and To"),
        unsubscribe=yes("as headers"),
        idempotency_key=NO("Mailjet documents no idempotency key"),
        # As django-anymail's author found (docs/esps/mailjet.rst, read 2026-11-30).
        international_addresses=YES,
        recipients=advisory(50, "to, cc and bcc together; a batch has any number"),
        event_webhooks=YES,
        webhook_verification=yes("HTTP Basic: Mailjet signs nothing"),
        inbound=yes("taken apart, in the webhook"),
    )
    sending_options: ClassVar[tuple[str, ...]] = ("api_key", "secret_key")
    merge_syntax: ClassVar[MergeSyntax | None] = SYNTAX
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES

    @takes_options(MailjetOptions)
    def __init__(self, options: MailjetOptions) -> None:
        self._options = options
        self._call = Call.of(options)
        self._trust = WebhookTrust(options.webhook_secrets)

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what Mailjet cannot express.

        The rules are in :mod:`mailcore_mailjet.payload.checks`.
        """
        return check(message)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The calls that send a message: :mod:`mailcore_mailjet.payload` has the table.

        Each holds its body, so this shows what would be sent.

        Raises:
            ConfigurationError: If the provider has no keys.
        """
        options = self._options
        missing = [name for name in self.sending_options if getattr(options, name) is None]
        if missing:
            raise option_missing(self.name, missing[0], "sending", *missing[1:])
        return requests_for(message, self._call)

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """A status for each recipient, with a message id of its own."""
        return statuses_of(request, response)

    def combine(self, requests: Sequence[HttpRequest]) -> Sequence[Combined[HttpRequest]]:
        """Put messages into calls of up to 50."""
        return calls_for(requests)

    def split(
        self, requests: Sequence[HttpRequest], response: HttpResponse
    ) -> Sequence[HttpResponse]:
        """The answer to each message of a combined call."""
        return split(requests, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Check the request's credentials (HTTP Basic)."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the events, or the received mail, in a request."""
        return parse_events(self.name, request)
