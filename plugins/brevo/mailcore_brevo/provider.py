"""The Brevo provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from mailcore.errors import Problem
from mailcore.events import Event, InboundEvent
from mailcore.features import NO, YES, Features, advisory, limited, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import option_missing, takes_options
from mailcore.result import RecipientStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_brevo.answers import statuses_of
from mailcore_brevo.events import MAX_WEBHOOK_BODY_BYTES, parse_events
from mailcore_brevo.merge_syntax import SYNTAX
from mailcore_brevo.options import BrevoOptions
from mailcore_brevo.payload import requests_for
from mailcore_brevo.payload.checks import check
from mailcore_brevo.webhooks import WebhookTrust


if TYPE_CHECKING:
    from mailcore.inbound import InboundMessage
    from mailcore_brevo.account import BrevoAccount
    from mailcore_brevo.suppressions import BrevoSuppressions


class BrevoProvider(Provider[HttpRequest, HttpResponse]):
    """
    Brevo; its options are those of :class:`~mailcore_brevo.options.BrevoOptions`.

    Those of :class:`~mailcore_brevo.options.BrevoMessageOptions` are for every message; a message
    may bring its own in ``esp_extra``: see :func:`mailcore_brevo.brevo_options`. What wins, last to
    first: ``esp_extra``, the fields of the message, these options.

    A URL has the key and the host of the API: ``brevo://KEY@api.brevo.com``.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "brevo"
    label: ClassVar[str] = "Brevo"
    idempotency: ClassVar[Literal["native", "none"]] = "native"
    merge_syntax: ClassVar[MergeSyntax | None] = SYNTAX
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES
    # After 5xx it does not try again: https://developers.brevo.com/docs/retry-mechanism (as of
    # 2026-11-30).
    webhook_failure_status: ClassVar[int] = 429
    features: ClassVar[Features] = Features(
        cc=yes("in a batch, each mail goes to them as well"),
        bcc=yes("in a batch, each mail goes to them as well"),
        reply_to=limited(1, "Brevo takes one address"),
        headers=partial("ASCII only; not what Brevo writes or obeys"),
        spoofed_to=NO("Brevo writes To itself"),
        multiple_from=NO("Brevo takes one sender"),
        alternatives=NO("Brevo has text and HTML"),
        amp_html=NO("Brevo has text and HTML"),
        attachments=yes("the name's extension tells the type; some are refused"),
        inline_images=NO("Brevo has no Content-ID"),
        envelope_sender=NO("Brevo's Return-Path is its own"),
        metadata=yes("in a header that recipients can read"),
        tags=YES,
        track_opens=NO("a setting of the account"),
        track_clicks=NO("a setting of the account"),
        send_at=yes("up to 3 days ahead"),
        templates=yes("by number, without bodies of the message's own"),
        template_sender=YES,
        merge_data=yes("for a template, or for {{params.…}} in the message's own"),
        merge_global_data=yes("for a template, or for {{params.…}} in the message's own"),
        merge_metadata=yes("as headers of a version, which Brevo does not document"),
        merge_headers=partial("not From and To; Brevo does not document them"),
        unsubscribe=yes("beside Brevo's own: which one counts is not documented"),
        idempotency_key=yes("for 30 minutes; a repetition has no message ids"),
        international_addresses=NO("Brevo loses names and copies beside such"),
        recipients=advisory(99, "to, cc and bcc together; a batch has any number"),
        event_webhooks=YES,
        webhook_verification=yes("HTTP Basic, or a header: Brevo signs nothing"),
        inbound=yes("as fields; files are fetched"),
    )
    sending_options: ClassVar[tuple[str, ...]] = ("api_key",)

    @takes_options(BrevoOptions)
    def __init__(self, options: BrevoOptions) -> None:
        self._options = options
        self._trust = WebhookTrust(options.webhook_secrets, options.webhook_header_secrets)

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what Brevo cannot express.

        The rules are in :mod:`mailcore_brevo.payload.checks`.
        """
        return check(message)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The calls that send a message: :mod:`mailcore_brevo.payload` has the table.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "sending")
        return requests_for(message, self._options)

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """One message id for all recipients of a message; of a batch, one for each."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Check the request's credentials (HTTP Basic), or its header with a secret."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the event or events, or the received mails, in a request."""
        return parse_events(self.name, request)

    def fetch_inbound(self, event: InboundEvent) -> Flow[InboundMessage]:
        """
        Get a received mail: from the event, its files from Brevo.

        See :mod:`mailcore_brevo.inbound_fetching`.
        """
        from mailcore_brevo.inbound_fetching import fetch

        return fetch(event, self._options)

    @property
    def account(self) -> BrevoAccount:
        """
        The blocked contacts and domains of the account, and its credits.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore.registry import default_registry
        from mailcore_brevo.account import BrevoAccount

        return BrevoAccount(self.suppressions(), default_registry().transport_for(self))

    def suppressions(self) -> BrevoSuppressions:
        """
        What `account` and the command line ask Brevo for.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore_brevo.suppressions import BrevoSuppressions

        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "looking after the account")
        return BrevoSuppressions(self._options)
