"""
The New ESP provider.

Everything about the service in this plugin is invented, and described in the page in ``docs``.
Replace it by what the service's own documentation says, and write its address, with the date on
which it was read, beside whatever relies on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from mailcore.errors import Problem
from mailcore.events import Event
from mailcore.features import NO, YES, Features, advisory, limited, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.message import MergeSyntax, Message
from mailcore.provider import Provider
from mailcore.registry import option_missing, takes_options
from mailcore.result import RecipientStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_new_esp.answers import statuses_of
from mailcore_new_esp.events import parse_events
from mailcore_new_esp.inbound import MAX_WEBHOOK_BODY_BYTES
from mailcore_new_esp.options import NewEspOptions
from mailcore_new_esp.payload import SYNTAX, check, requests_for
from mailcore_new_esp.webhooks import WebhookTrust


class NewEspProvider(Provider[HttpRequest, HttpResponse]):
    """
    New ESP.

    The options are described in
    :class:`mailcore_new_esp.options.NewEspOptions`.

    A URL has the key and the host of the API: ``new-esp://KEY@api.new-esp.example``.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "new-esp"
    label: ClassVar[str] = "New ESP"
    features: ClassVar[Features] = Features(
        cc=yes("not in batches"),
        bcc=yes("not in batches"),
        reply_to=limited(1),
        headers=partial("not x-new-esp-*, which the service obeys"),
        spoofed_to=NO("the service writes To itself"),
        multiple_from=NO("the service has one sender"),
        alternatives=NO("text and HTML only"),
        amp_html=NO("text and HTML only"),
        attachments=YES,
        inline_images=YES,
        envelope_sender=NO("bounces go to the service"),
        metadata=YES,
        tags=limited(5),
        track_opens=YES,
        track_clicks=YES,
        send_at=YES,
        templates=YES,
        template_sender=NO("templates of the service have no sender"),
        merge_data=yes("for a template, or for {{name}} in the message's own texts"),
        merge_global_data=yes("for a template, or for {{name}} in the message's own texts"),
        merge_metadata=YES,
        merge_headers=NO("headers are those of all recipients"),
        unsubscribe=yes("as headers"),
        idempotency_key=YES,
        international_addresses=NO("addresses must be ASCII before the @"),
        recipients=advisory(1000, "to, cc and bcc together"),
        event_webhooks=YES,
        webhook_verification=yes("HMAC-SHA256, with a time"),
        inbound=yes("in the webhook, as received"),
    )
    sending_options: ClassVar[tuple[str, ...]] = ("api_key",)
    merge_syntax: ClassVar[MergeSyntax | None] = SYNTAX
    idempotency: ClassVar[Literal["native", "none"]] = "native"
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES

    @takes_options(NewEspOptions)
    def __init__(self, options: NewEspOptions) -> None:
        self._options = options
        self._trust = WebhookTrust(
            options.webhook_secrets,
            max_age_seconds=options.max_age_seconds,
        )

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what the service cannot express.

        The rules are in :mod:`mailcore_new_esp.payload`.
        """
        return check(message)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        One request, for all recipients.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._options.api_key is None:
            raise option_missing(self.name, "api_key", "sending")
        return requests_for(message, self._options)

    def parse(
        self,
        request: HttpRequest,
        response: HttpResponse,
    ) -> Mapping[str, RecipientStatus]:
        """A status for each recipient, each with a message id of its own."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Compare the signature."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """One event for each item of the request, in its order."""
        return parse_events(self.name, request)
