"""The Mandrill provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import Problem
from mailcore.events import Event
from mailcore.features import NO, YES, Features, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import REPLACED_CREDENTIAL, json_bytes
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import option_missing, takes_options
from mailcore.result import RecipientStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_mandrill.answers import statuses_of
from mailcore_mandrill.events import parse_events
from mailcore_mandrill.inbound import MAX_WEBHOOK_BODY_BYTES
from mailcore_mandrill.merge_syntax import MAILCHIMP, SYNTAXES
from mailcore_mandrill.options import MandrillOptions
from mailcore_mandrill.payload import requests_for
from mailcore_mandrill.payload.checks import check
from mailcore_mandrill.webhooks import WebhookTrust


if TYPE_CHECKING:
    from mailcore_mandrill.account import MandrillAccount
    from mailcore_mandrill.suppressions import MandrillSuppressions


class MandrillProvider(Provider[HttpRequest, HttpResponse]):
    """
    Mandrill, which Mailchimp calls Mailchimp Transactional.

    Its options are those of :class:`~mailcore_mandrill.options.MandrillOptions`. Where an option
    has a parameter of Mandrill's API, a message may bring its own in ``esp_extra``: see
    :func:`mailcore_mandrill.mandrill_options`. What wins, last to first: ``esp_extra``, the fields
    of the message, these options. The mailer's defaults are part of the message.

    A URL has the key and the host of the API: ``mandrill://KEY@mandrillapp.com/api/1.0``.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "mandrill"
    label: ClassVar[str] = "Mandrill"
    features: ClassVar[Features] = Features(
        cc=YES,
        bcc=YES,
        reply_to=YES,
        headers=partial("not X-MC-*, which Mandrill obeys"),
        spoofed_to=NO("Mandrill writes To itself"),
        multiple_from=NO("Mandrill has one sender"),
        alternatives=NO("Mandrill has text and HTML"),
        amp_html=NO("Mandrill has text and HTML"),
        attachments=YES,
        inline_images=yes("images only, without their file names"),
        envelope_sender=yes("its domain: Mandrill makes up the local part"),
        metadata=partial("250 bytes of JSON: Mandrill loses what is larger"),
        tags=yes("of up to 50 characters, not beginning with _"),
        track_opens=YES,
        track_clicks=YES,
        send_at=yes("up to a year ahead"),
        templates=yes("by slug, without bodies of the message's own"),
        template_sender=YES,
        merge_data=yes("for a template, or for *|NAME|* in the message's own texts"),
        merge_global_data=yes("for a template, or for *|NAME|* in the message's own texts"),
        merge_metadata=YES,
        merge_headers=partial("a call for each recipient; not From and To"),
        unsubscribe=yes("as headers"),
        idempotency_key=NO("Mandrill has no idempotency key"),
        international_addresses=NO("Mandrill garbles what is not ASCII before the @"),
        recipients=YES,
        event_webhooks=YES,
        webhook_verification=yes("HMAC-SHA1 over URL and form, without a time"),
        inbound=YES,
    )
    sending_options: ClassVar[tuple[str, ...]] = ("api_key",)
    merge_syntax: ClassVar[MergeSyntax | None] = MAILCHIMP
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES
    # It tries the URL so before there is a key; then it posts a request without events:
    # https://mandrill.zendesk.com/hc/en-us/articles/360038740014 (read 2026-11-30).
    webhook_probe_methods: ClassVar[frozenset[str]] = frozenset({"HEAD"})

    @takes_options(MandrillOptions)
    def __init__(self, options: MandrillOptions) -> None:
        self._options = options
        self._syntax = SYNTAXES[options.merge_language]
        # Of this provider: what a reference is depends on an option.
        vars(self)["merge_syntax"] = self._syntax
        self._trust = WebhookTrust(
            options.webhook_signing_keys, options.webhook_urls, options.webhook_secrets
        )

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what Mandrill cannot express.

        The rules are in :mod:`mailcore_mandrill.payload.checks`.
        """
        return check(message)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The calls that send a message: :mod:`mailcore_mandrill.payload` has the table.

        Each holds its body, with the API key in it, so this shows what would be sent.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "sending")
        return requests_for(message, self._options, self._syntax)

    def without_credentials(self, request: HttpRequest) -> HttpRequest:
        """Take the API key out of the body of a request that is redirected."""
        key = json_bytes(self._options.api_key or "")
        replaced = request.body.replace(key, json_bytes(REPLACED_CREDENTIAL))
        return replace(super().without_credentials(request), body=replaced)

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """A status for each recipient, each with a message id of its own."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Compare the signature, or the credentials, or both."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the events, or the received mail, in a request."""
        return parse_events(self.name, request)

    @property
    def account(self) -> MandrillAccount:
        """
        The denylist, the allowlist and the quota: see the provider's page.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore.registry import default_registry
        from mailcore_mandrill.account import MandrillAccount

        return MandrillAccount(self.suppressions(), default_registry().transport_for(self))

    def suppressions(self) -> MandrillSuppressions:
        """
        What `account` and the command line ask Mandrill for.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore_mandrill.suppressions import MandrillSuppressions

        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "looking after suppressions")
        return MandrillSuppressions(self._options, self._options.api_key)
