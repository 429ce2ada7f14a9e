"""The Mailgun provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from mailcore.errors import ConfigurationError, Problem
from mailcore.events import Event, InboundEvent
from mailcore.features import NO, YES, Features, advisory, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import basic_authorization
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import option_missing
from mailcore.result import RecipientStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_mailgun.answers import statuses_of
from mailcore_mailgun.events import parse_events
from mailcore_mailgun.extra import Tracking, header_names, option_fields
from mailcore_mailgun.merge_syntax import SYNTAX
from mailcore_mailgun.payload import SendingSettings, requests_for
from mailcore_mailgun.payload.checks import check
from mailcore_mailgun.payload.settings import BASE_URLS, checked_base_url, sender_domain
from mailcore_mailgun.webhooks import (
    DEFAULT_MAX_AGE_SECONDS,
    MAX_WEBHOOK_BODY_BYTES,
    WebhookTrust,
)


if TYPE_CHECKING:
    from mailcore.account import SuppressionAccount
    from mailcore.inbound import InboundMessage
    from mailcore.webhook import SeenStore
    from mailcore_mailgun.suppressions import MailgunSuppressions

_NOT_IN_TEMPLATES = "not with a stored template"


class MailgunProvider(Provider[HttpRequest, HttpResponse]):
    """
    Mailgun.

    The options from ``dkim`` on are for every message; a message may bring its own in
    ``esp_extra``: see :func:`mailcore_mailgun.mailgun_options`. What wins, last to first:
    ``esp_extra``, the fields of the message, these options.

    Args:
        api_key: A sending key of one domain, or the key of the account. Who only receives needs
            none, but for mail that Mailgun stores.
        sender_domain: The domain that Mailgun sends through, for all messages; that of each
            message's ``from_email`` if None. The domain of a message's ``envelope_sender`` wins.
        region: Where the domain is.
        base_url: Another API, such as a proxy or a server for tests, instead of the region's.
        content: ``mime`` to write every message here, as far as that is possible, instead of
            leaving it to Mailgun: all but batches and stored templates.
        timeout_seconds: For connecting, and for each wait for data.
        webhook_signing_keys: The *HTTP webhook signing key* of the account; several while one
            replaces the other. Without any, webhook requests need `webhook_secrets`.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring
            (HTTP Basic), beside the signature.
        max_age_seconds: Refuse webhook requests that were signed longer ago. Less than 8 hours
            refuses what Mailgun tries again.
        seen_tokens: Remembers the tokens of webhook requests, so that none is believed again with
            another content.
        max_inbound_bytes: A larger received mail is not fetched. Mailgun receives 25 MB, to which
            base64 adds a third.
        dkim: Whether to sign.
        secondary_dkim: A second key to sign with, as ``domain/selector``.
        secondary_dkim_public: The name under which that key is published.
        deliver_within: How long Mailgun tries, such as ``1h30m``.
        deliverytime_optimize_period: The window for send time optimisation, such as ``24h``.
        time_zone_localize: The recipients' local time to deliver at, such as ``16:00``.
        test_mode: Whether Mailgun accepts messages and does not send them (they cost as usual).
        tracking: Whether to track opens and clicks; ``htmlonly`` leaves links in the text alone.
        tracking_clicks, tracking_opens: The same for one of them.
        tracking_pixel_location_top: Whether the tracking pixel stands first in the HTML.
        require_tls: Whether to give up rather than deliver without TLS.
        skip_verification: Whether to deliver whatever certificate the recipient's server has.
        sending_ip: An address of the account to send from.
        sending_ip_pool: The id of a pool of them.
        archive_to: A URL that Mailgun posts each delivered mail to, at the price of a mail.
        suppress_headers: Names of ``X-Mailgun-*`` headers to leave out of delivered mails.
        template_text: Whether Mailgun makes a plain text part from stored templates.

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

    def __init__(
        self,
        *,
        api_key: str | None = None,
        sender_domain: str | None = None,
        region: Literal["us", "eu"] = "us",
        base_url: str | None = None,
        content: Literal["form", "mime"] = "form",
        timeout_seconds: float = 30.0,
        webhook_signing_keys: Sequence[str] = (),
        webhook_secrets: Sequence[str] = (),
        max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS,
        seen_tokens: SeenStore | None = None,
        max_inbound_bytes: int = 40 * 1024 * 1024,
        dkim: bool | None = None,
        secondary_dkim: str | None = None,
        secondary_dkim_public: str | None = None,
        deliver_within: str | None = None,
        deliverytime_optimize_period: str | None = None,
        time_zone_localize: str | None = None,
        test_mode: bool | None = None,
        tracking: Tracking | None = None,
        tracking_clicks: Tracking | None = None,
        tracking_opens: bool | None = None,
        tracking_pixel_location_top: bool | None = None,
        require_tls: bool | None = None,
        skip_verification: bool | None = None,
        sending_ip: str | None = None,
        sending_ip_pool: str | None = None,
        archive_to: str | None = None,
        suppress_headers: Sequence[str] = (),
        template_text: bool | None = None,
    ) -> None:
        if region not in tuple(BASE_URLS):
            raise ConfigurationError(f"mailgun: region must be one of {', '.join(BASE_URLS)}")
        if content not in ("form", "mime"):
            raise ConfigurationError("mailgun: content must be form or mime")
        numbers: tuple[object, ...] = (timeout_seconds, max_inbound_bytes, max_age_seconds)
        for number in numbers:
            if not isinstance(number, (int, float)) or not number > 0:
                raise ConfigurationError(
                    "mailgun: timeout_seconds, max_inbound_bytes and max_age_seconds must be "
                    "numbers above 0"
                )
        options = option_fields(
            {
                "dkim": dkim,
                "secondary_dkim": secondary_dkim,
                "secondary_dkim_public": secondary_dkim_public,
                "deliver_within": deliver_within,
                "deliverytime_optimize_period": deliverytime_optimize_period,
                "time_zone_localize": time_zone_localize,
                "test_mode": test_mode,
                "tracking": tracking,
                "tracking_clicks": tracking_clicks,
                "tracking_opens": tracking_opens,
                "tracking_pixel_location_top": tracking_pixel_location_top,
                "require_tls": require_tls,
                "skip_verification": skip_verification,
                "sending_ip": sending_ip,
                "sending_ip_pool": sending_ip_pool,
                "archive_to": archive_to,
                "suppress_headers": header_names(suppress_headers),
                "template_text": template_text,
            }
        )
        self._api_key = None if api_key is None else _checked_key(api_key)
        self._max_inbound_bytes = max_inbound_bytes
        self._settings = SendingSettings(
            base_url=BASE_URLS[region] if base_url is None else checked_base_url(base_url),
            authorization=basic_authorization("api", self._api_key or ""),
            sender_domain=None if sender_domain is None else _checked_domain(sender_domain),
            options={name: value for name, value in options.items() if value is not None},
            content=content,
            timeout_seconds=timeout_seconds,
        )
        self._verifier = WebhookTrust(
            webhook_signing_keys,
            max_age_seconds=max_age_seconds,
            seen_tokens=seen_tokens,
            webhook_secrets=webhook_secrets,
        )

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what Mailgun cannot express.

        The rules are in :mod:`mailcore_mailgun.payload.checks`.
        """
        return check(message, self._settings)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The requests that send a message: :mod:`mailcore_mailgun.payload` has the table.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._api_key is None:
            raise option_missing(self.name, "api_key", "sending")
        return requests_for(message, self._settings)

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """One message id for all recipients of a request; what becomes of each, events tell."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Verify the signature, or the secret: see :mod:`mailcore_mailgun.webhooks`."""
        return self._verifier.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the events of a webhook, new or legacy, or the mail of a route."""
        return parse_events(self.name, request)

    def fetch_inbound(self, event: InboundEvent) -> Flow[InboundMessage]:
        """
        Get a received mail: from the event, or from where Mailgun stores it.

        See :mod:`mailcore_mailgun.inbound_fetching`.
        """
        from mailcore_mailgun.inbound_fetching import fetch

        return fetch(
            event,
            api_key=self._api_key,
            timeout_seconds=self._settings.timeout_seconds,
            max_inbound_bytes=self._max_inbound_bytes,
        )

    @property
    def account(self) -> SuppressionAccount:
        """
        The suppression lists of the domain: see the provider's page.

        Raises:
            ConfigurationError: If the provider has no `api_key`, or no `sender_domain`: each domain
                has its own.
        """
        from mailcore.account import SuppressionAccount
        from mailcore.registry import default_registry

        return SuppressionAccount(self.suppressions(), default_registry().transport_for(self))

    def suppressions(self) -> MailgunSuppressions:
        """
        What `account` and the command line ask Mailgun for.

        Raises:
            ConfigurationError: As `account`.
        """
        from mailcore_mailgun.suppressions import MailgunSuppressions

        settings = self._settings
        if self._api_key is None:
            raise option_missing(self.name, "api_key", "looking after suppressions")
        if settings.sender_domain is None:
            raise option_missing(self.name, "sender_domain", "looking after suppressions")
        return MailgunSuppressions(
            base_url=settings.base_url,
            domain=settings.sender_domain,
            authorization=settings.authorization,
            timeout_seconds=settings.timeout_seconds,
        )

    def delete_inbound(self, event: InboundEvent) -> Flow[None]:
        """Refuse to delete what Mailgun stores: it does so by itself."""
        from mailcore_mailgun.inbound_fetching import delete

        return delete(event)


def _checked_key(api_key: object) -> str:
    if not isinstance(api_key, str) or not api_key.strip():
        raise ConfigurationError("mailgun: api_key is empty")
    key = api_key.strip()
    if not key.isascii() or not key.isprintable():
        raise ConfigurationError("mailgun: api_key has characters that no key has")
    return key


# The option of the same name hides it in the constructor.
_checked_domain = sender_domain
