"""The SparkPost provider."""

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
from mailcore.sending import Planner
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_sparkpost.answers import statuses_of
from mailcore_sparkpost.events import BATCH_HEADER, parse_events
from mailcore_sparkpost.inbound import MAX_WEBHOOK_BODY_BYTES
from mailcore_sparkpost.options import SparkPostOptions
from mailcore_sparkpost.payload import MAX_RECIPIENTS, requests_for
from mailcore_sparkpost.payload.checks import check
from mailcore_sparkpost.payload.plan import SYNTAX, plan_of
from mailcore_sparkpost.webhooks import WebhookTrust


if TYPE_CHECKING:
    from mailcore.account import QuotaAccount
    from mailcore_sparkpost.quota import SendQuota
    from mailcore_sparkpost.suppressions import SparkPostSuppressions


class SparkPostProvider(Provider[HttpRequest, HttpResponse]):
    """
    SparkPost; its options are those of :class:`~mailcore_sparkpost.options.SparkPostOptions`.

    Where an option has a parameter of SparkPost's API, a message may bring its own in
    ``esp_extra``: see :func:`mailcore_sparkpost.sparkpost_options`. What wins, last to first:
    ``esp_extra``, the fields of the message, these options. The mailer's defaults are part of the
    message.

    A URL has the key and the host of the API: ``sparkpost://KEY@api.eu.sparkpost.com``.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "sparkpost"
    label: ClassVar[str] = "SparkPost"
    features: ClassVar[Features] = Features(
        cc=partial("not beside a template, which has the Cc line"),
        bcc=YES,
        reply_to=YES,
        headers=partial("not X-MSYS-*, nor beside a template"),
        spoofed_to=YES,
        # https://github.com/anymail/django-anymail/issues/212 (read 2026-11-30): the error 7001.
        multiple_from=NO("SparkPost takes one sender"),
        alternatives=partial("in a mail that is written here: no values, no '{{' in its texts"),
        amp_html=YES,
        attachments=partial("not beside a template; some only as an alternative is"),
        inline_images=partial("not beside a template"),
        envelope_sender=yes("its domain; but for Enterprise, SparkPost writes the local part"),
        metadata=yes("SparkPost takes 10 KB; templates see it too"),
        tags=limited(1, "SparkPost has one campaign_id"),
        track_opens=YES,
        track_clicks=YES,
        send_at=yes("up to 3 days ahead"),
        templates=yes("without content of the message's own"),
        template_sender=YES,
        merge_data=yes("for a template, or for {{name}} in the message's own texts"),
        merge_global_data=yes("for a template, or for {{name}} in the message's own texts"),
        merge_metadata=YES,
        merge_headers=partial("not From, nor beside a template"),
        unsubscribe=partial("with the option transactional: else SparkPost writes its own"),
        idempotency_key=NO("SparkPost has no idempotency key"),
        international_addresses=yes("SparkPost does not say whether all servers get SMTPUTF8"),
        recipients=advisory(MAX_RECIPIENTS, "in one mail; a batch has any number"),
        event_webhooks=YES,
        webhook_verification=yes("HTTP Basic, a header or OAuth 2.0: SparkPost signs nothing"),
        inbound=YES,
    )
    sending_options: ClassVar[tuple[str, ...]] = ("api_key",)
    merge_syntax: ClassVar[MergeSyntax | None] = SYNTAX
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES
    notification_headers: ClassVar[frozenset[str]] = frozenset({BATCH_HEADER})

    @takes_options(SparkPostOptions)
    def __init__(self, options: SparkPostOptions) -> None:
        self._options = options
        self._plan_of = Planner(plan_of)
        self._trust = WebhookTrust(
            options.webhook_secrets,
            options.webhook_header_secrets,
            accepts_bearer=options.accepts_bearer,
        )

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what SparkPost cannot express.

        The rules are in :mod:`mailcore_sparkpost.payload.checks`.
        """
        return check(message, self._options, self._plan_of(message))

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The calls that send a message: :mod:`mailcore_sparkpost.payload` has the table.

        Each holds its body, so this shows what would be sent.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "sending")
        return requests_for(message, self._options, self._plan_of(message))

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """One message id for all recipients of a transmission."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Check the request's credentials (HTTP Basic), its header with a secret, or its token."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the events, and the received mails, in a request."""
        counts = self._options.counts_initial_opens
        return parse_events(self.name, request, counts_initial_opens=counts)

    @property
    def account(self) -> QuotaAccount[SendQuota]:
        """
        The suppression list of the account or the subaccount, and the quota: see its page.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore.account import QuotaAccount
        from mailcore.registry import default_registry

        return QuotaAccount(self.suppressions(), default_registry().transport_for(self))

    def suppressions(self) -> SparkPostSuppressions:
        """
        What `account` and the command line ask SparkPost for.

        Raises:
            ConfigurationError: If the provider has no `api_key`.
        """
        from mailcore_sparkpost.suppressions import SparkPostSuppressions

        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "looking after suppressions")
        return SparkPostSuppressions(self._options)
