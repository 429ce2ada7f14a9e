"""The SendGrid provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import Problem
from mailcore.events import Event
from mailcore.features import NO, YES, Features, advisory, limited, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import option_missing, takes_options
from mailcore.result import RecipientStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_sendgrid.answers import statuses_of
from mailcore_sendgrid.events import parse_events
from mailcore_sendgrid.options import SendGridOptions
from mailcore_sendgrid.payload import check, requests_for
from mailcore_sendgrid.payload.merge import SYNTAX
from mailcore_sendgrid.webhooks import MAX_WEBHOOK_BODY_BYTES, WebhookTrust


if TYPE_CHECKING:
    from mailcore.account import QuotaAccount
    from mailcore_sendgrid.suppressions import SendGridSuppressions, SendQuota

_TEMPLATES = "for a template, or for {{name}} in subject, text and HTML"


class SendGridProvider(Provider[HttpRequest, HttpResponse]):
    """
    SendGrid; its options are those of :class:`~mailcore_sendgrid.options.SendGridOptions`.

    Those of :class:`~mailcore_sendgrid.options.SendGridSendingOptions` are for every message; a
    message may bring its own in ``esp_extra``: see :func:`mailcore_sendgrid.sendgrid_options`. What
    wins, last to first: ``esp_extra``, the fields of the message, these options.

    A URL has the key and the host of the API: ``sendgrid://KEY@api.sendgrid.com``.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "sendgrid"
    label: ClassVar[str] = "SendGrid"
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES
    features: ClassVar[Features] = Features(
        cc=yes("in a batch, each mail goes to them as well"),
        bcc=yes("in a batch, each mail goes to them as well"),
        reply_to=YES,
        headers=partial("not X-SG-*, DKIM-Signature and X-SMTPAPI"),
        spoofed_to=NO("SendGrid writes To itself"),
        multiple_from=NO("SendGrid has one sender"),
        alternatives=partial("not with a dynamic template"),
        amp_html=partial("not with a dynamic template"),
        attachments=partial("not empty ones; text in UTF-8 only, since SendGrid keeps no charset"),
        inline_images=YES,
        envelope_sender=NO("SendGrid's Return-Path is set for each domain"),
        metadata=yes("events bring the values back as text"),
        tags=limited(10, "in ASCII"),
        track_opens=YES,
        track_clicks=YES,
        send_at=yes("72 hours ahead"),
        templates=yes("dynamic ones without subject and bodies of the message's own"),
        template_sender=NO("SendGrid's templates have no sender: From is required"),
        merge_data=yes(_TEMPLATES),
        merge_global_data=yes(_TEMPLATES),
        merge_metadata=YES,
        merge_headers=partial("not From and To"),
        unsubscribe=YES,
        idempotency_key=NO("SendGrid has no idempotency key"),
        # https://github.com/sendgrid/sendgrid-csharp/issues/255 and 656 (read 2026-11-30): such
        # mail was accepted and lost; that it works since 2025 is said, and no page confirms it.
        international_addresses=NO("SendGrid has lost mail to such addresses"),
        recipients=advisory(1000, "to, cc and bcc together; larger batches make several calls"),
        event_webhooks=YES,
        webhook_verification=yes("ECDSA over time and body, and HTTP Basic"),
        inbound=yes("as fields, or as MIME"),
    )
    sending_options: ClassVar[tuple[str, ...]] = ("api_key",)
    merge_syntax: ClassVar[MergeSyntax | None] = SYNTAX

    @takes_options(SendGridOptions)
    def __init__(self, options: SendGridOptions) -> None:
        self._options = options
        self._trust = WebhookTrust(
            options.webhook_verification_keys,
            max_age_seconds=options.max_age_seconds,
            webhook_secrets=options.webhook_secrets,
        )

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what SendGrid cannot express.

        The rules are in :mod:`mailcore_sendgrid.payload.checks`.
        """
        return check(message, self._options.id_argument)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The calls that send a message: :mod:`mailcore_sendgrid.payload` has the table.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "sending")
        return requests_for(message, self._options)

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """The message id that was made for each mail; what becomes of it, events tell."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Verify the signature, or the secret: see :mod:`mailcore_sendgrid.webhooks`."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the events in a request, or the received mail."""
        return parse_events(self.name, request, self._options.id_argument)

    @property
    def account(self) -> QuotaAccount[SendQuota]:
        """
        The lists of suppressions and the credits of the account: see the provider's page.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore.account import QuotaAccount
        from mailcore.registry import default_registry

        return QuotaAccount(self.suppressions(), default_registry().transport_for(self))

    def suppressions(self) -> SendGridSuppressions:
        """
        What `account` and the command line ask SendGrid for.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore_sendgrid.suppressions import SendGridSuppressions

        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "looking after suppressions")
        return SendGridSuppressions(self._options)
