"""The Mailgun provider."""

from __future__ import annotations

import functools

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import Problem
from mailcore.events import Event, InboundEvent
from mailcore.features import NO, YES, Features, advisory, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import option_missing, takes_options
from mailcore.result import RecipientStatus
from mailcore.sending import Planner
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_mailgun.answers import statuses_of
from mailcore_mailgun.events import parse_events
from mailcore_mailgun.merge_syntax import SYNTAX
from mailcore_mailgun.options import MailgunOptions
from mailcore_mailgun.payload import requests_for
from mailcore_mailgun.payload.checks import check
from mailcore_mailgun.payload.plan import plan
from mailcore_mailgun.webhooks import MAX_WEBHOOK_BODY_BYTES, WebhookTrust


if TYPE_CHECKING:
    from mailcore.account import SuppressionAccount
    from mailcore.inbound import InboundMessage
    from mailcore_mailgun.suppressions import MailgunSuppressions

_NOT_IN_TEMPLATES = "not with a stored template"


class MailgunProvider(Provider[HttpRequest, HttpResponse]):
    """
    Mailgun; its options are those of :class:`~mailcore_mailgun.options.MailgunOptions`.

    Those of :class:`~mailcore_mailgun.options.MailgunSendingOptions` are for every message; a
    message may bring its own in ``esp_extra``: see :func:`mailcore_mailgun.mailgun_options`. What
    wins, last to first: ``esp_extra``, the fields of the message, these options.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "mailgun"
    label: ClassVar[str] = "Mailgun"
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES
    features: ClassVar[Features] = Features(
        cc=yes("in a batch, each mail goes to them as well"),
        bcc=yes("in a batch, each mail goes to them as well"),
        reply_to=YES,
        headers=partial("not X-Mailgun-*, which Mailgun obeys"),
        spoofed_to=partial(_NOT_IN_TEMPLATES),
        multiple_from=yes("receivers may refuse such mail, or take it for spam"),
        alternatives=partial(_NOT_IN_TEMPLATES),
        amp_html=partial(_NOT_IN_TEMPLATES),
        attachments=yes("in batches and with templates, one without a name is given one"),
        inline_images=yes("in batches, by a name; with templates, the Content-ID is their name"),
        envelope_sender=yes("its domain: Mailgun sends through it, and makes up the local part"),
        metadata=yes("events bring the values back as text"),
        tags=YES,
        track_opens=YES,
        track_clicks=YES,
        send_at=yes("3 or 7 days ahead, by the plan"),
        templates=yes("by name, without bodies of the message's own"),
        template_sender=yes("its From header; Mailgun writes postmaster@ where there is none"),
        merge_data=yes("for a template, or for %recipient.…% in the message's own"),
        merge_global_data=yes("for a template, or for %recipient.…% in the message's own"),
        merge_metadata=YES,
        merge_headers=yes("not From"),
        unsubscribe=YES,
        idempotency_key=NO("Mailgun has no idempotency key"),
        international_addresses=partial("recipients only: not in From and Reply-To, nor in MIME"),
        recipients=advisory(1000, "in one call; larger batches make several"),
        event_webhooks=YES,
        webhook_verification=yes("HMAC over timestamp and token; the body is not signed"),
        inbound=yes("as fields, as MIME, or stored at Mailgun"),
    )
    sending_options: ClassVar[tuple[str, ...]] = ("api_key",)
    merge_syntax: ClassVar[MergeSyntax | None] = SYNTAX

    @takes_options(MailgunOptions)
    def __init__(self, options: MailgunOptions) -> None:
        self._options = options
        self._plan_of = Planner(functools.partial(plan, content=options.content))
        self._trust = WebhookTrust(
            options.webhook_signing_keys,
            max_age_seconds=options.max_age_seconds,
            seen_tokens=options.seen_tokens,
            webhook_secrets=options.webhook_secrets,
        )

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what Mailgun cannot express.

        The rules are in :mod:`mailcore_mailgun.payload.checks`.
        """
        return check(message, self._options, self._plan_of)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The requests that send a message: :mod:`mailcore_mailgun.payload` has the table.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "sending")
        return requests_for(message, self._options, self._plan_of(message))

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """One message id for all recipients of a request; what becomes of each, events tell."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Verify the signature, or the secret: see :mod:`mailcore_mailgun.webhooks`."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the events of a webhook, new or legacy, or the mail of a route."""
        return parse_events(self.name, request)

    def fetch_inbound(self, event: InboundEvent) -> Flow[InboundMessage]:
        """
        Get a received mail: from the event, or from where Mailgun stores it.

        See :mod:`mailcore_mailgun.inbound_fetching`.
        """
        from mailcore_mailgun.inbound_fetching import fetch

        return fetch(event, self._options)

    @property
    def account(self) -> SuppressionAccount:
        """
        The suppression lists of the domain: see the provider's page.

        Raises:
            ConfigurationError: If the provider has no `api_key`, or no `sender_domain`: each domain
                has its own.
        """
        from mailcore.account import account_of

        return account_of(self)

    def suppressions(self) -> MailgunSuppressions:
        """
        What `account` and the command line ask Mailgun for.

        Raises:
            ConfigurationError: As `account`.
        """
        from mailcore_mailgun.suppressions import MailgunSuppressions

        options = self._options
        if options.api_key is None:
            raise option_missing(self.name, "api_key", "looking after suppressions")
        if options.sender_domain is None:
            raise option_missing(self.name, "sender_domain", "looking after suppressions")
        return MailgunSuppressions(options, options.sender_domain)

    def delete_inbound(self, event: InboundEvent) -> Flow[None]:
        """Refuse to delete what Mailgun stores: it does so by itself."""
        from mailcore_mailgun.inbound_fetching import delete

        return delete(event)
