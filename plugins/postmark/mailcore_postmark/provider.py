"""The Postmark provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import Problem
from mailcore.events import Event
from mailcore.features import (
    NO,
    YES,
    Feature,
    Features,
    advisory,
    limited,
    needs,
    partial,
    yes,
)
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.message import Message
from mailcore.provider import Provider
from mailcore.registry import option_missing, takes_options
from mailcore.result import RecipientStatus
from mailcore.sending import Combined
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_postmark.answers import statuses_of
from mailcore_postmark.batching import MAX_MESSAGES, calls_for, split
from mailcore_postmark.events import TRACE_HEADER, parse_events
from mailcore_postmark.inbound import MAX_WEBHOOK_BODY_BYTES
from mailcore_postmark.options import PostmarkOptions, token_of
from mailcore_postmark.payload import requests_for
from mailcore_postmark.payload.checks import check
from mailcore_postmark.webhooks import WebhookTrust


if TYPE_CHECKING:
    from mailcore.account import SuppressionAccount
    from mailcore_postmark.suppressions import PostmarkSuppressions


class PostmarkProvider(Provider[HttpRequest, HttpResponse]):
    """
    Postmark; its options are those of :class:`~mailcore_postmark.options.PostmarkOptions`.

    Where an option has a parameter of Postmark's API, a message may bring its own in
    ``esp_extra``: see :func:`mailcore_postmark.postmark_options`. What wins, last to first:
    ``esp_extra``, the fields of the message, these options. The mailer's defaults are part of the
    message.

    A URL has the token and the host of the API: ``postmark://TOKEN@api.postmarkapp.com``.

    Raises:
        ConfigurationError: If an option is wrong.
    """

    name: ClassVar[str] = "postmark"
    label: ClassVar[str] = "Postmark"
    max_messages_per_call: ClassVar[int] = MAX_MESSAGES
    features: ClassVar[Features] = Features(
        cc=YES,
        bcc=YES,
        reply_to=YES,
        headers=partial("not Date, Sender and X-PM-*, which Postmark writes or obeys"),
        spoofed_to=NO("Postmark writes To itself"),
        # tests/test_postmark_backend.py in https://github.com/anymail/django-anymail (read
        # 2026-11-30), whose author tried it; Postmark's documentation does not say.
        multiple_from=NO("Postmark sends from the first of them only"),
        alternatives=NO("Postmark has text and HTML"),
        amp_html=NO("Postmark has text and HTML"),
        attachments=yes("Postmark refuses some file types"),
        inline_images=YES,
        envelope_sender=NO("Postmark's Return-Path is set for each domain"),
        metadata=yes("as texts; Postmark takes 10 of up to 80 characters, keys of up to 20"),
        tags=limited(1, "Postmark has one tag"),
        track_opens=yes("False does not switch off what the server's setting switches on"),
        track_clicks=YES,
        send_at=NO("Postmark sends at once"),
        templates=yes("by ID or alias, without a subject and bodies of the message's own"),
        template_sender=NO("Postmark's templates have no sender: From is required"),
        merge_data=partial("values need a template; an empty mapping makes any message a batch"),
        merge_global_data=needs(Feature.TEMPLATES),
        merge_metadata=YES,
        merge_headers=partial("as headers; not From and To"),
        unsubscribe=yes("in broadcast streams, if Postmark lets you manage unsubscribes"),
        idempotency_key=NO("Postmark has no idempotency key"),
        international_addresses=NO("Postmark takes ASCII before the @ only"),
        recipients=advisory(50, "to, cc and bcc together; a batch has any number"),
        event_webhooks=YES,
        webhook_verification=yes("HTTP Basic, or a header: Postmark signs nothing"),
        inbound=YES,
    )
    sending_options: ClassVar[tuple[str, ...]] = ("server_token",)
    max_webhook_body_bytes: ClassVar[int] = MAX_WEBHOOK_BODY_BYTES
    notification_headers: ClassVar[frozenset[str]] = frozenset({TRACE_HEADER})

    @takes_options(PostmarkOptions)
    def __init__(self, options: PostmarkOptions) -> None:
        self._options = options
        self._trust = WebhookTrust(options.webhook_secrets, options.webhook_header_secrets)

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Name what Postmark cannot express.

        The rules are in :mod:`mailcore_postmark.payload.checks`.
        """
        return check(message)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        The calls that send a message: :mod:`mailcore_postmark.payload` has the table.

        Each holds its body, so this shows what would be sent.

        Raises:
            ConfigurationError: If neither the provider nor the message has a server token.
        """
        if self._options.server_token is None and token_of(message) is None:
            raise option_missing(self.name, "server_token", "sending")
        return requests_for(message, self._options)

    def parse(self, request: HttpRequest, response: HttpResponse) -> Mapping[str, RecipientStatus]:
        """One message id for all recipients of a message; of a batch, one for each."""
        return statuses_of(request, response)

    def combine(self, requests: Sequence[HttpRequest]) -> Sequence[Combined[HttpRequest]]:
        """Put messages of one kind and one server into calls of up to 500, 50 MB."""
        return calls_for(requests)

    def split(
        self, requests: Sequence[HttpRequest], response: HttpResponse
    ) -> Sequence[HttpResponse]:
        """The answer to each message of a combined call."""
        return split(requests, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Check the request's credentials (HTTP Basic), or its header with a secret."""
        return self._trust.verify(request)

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """Read the event, or the received mail, in a request."""
        return parse_events(self.name, request)

    @property
    def account(self) -> SuppressionAccount:
        """
        The suppression list of the stream `message_stream`: see the provider's page.

        Raises:
            ConfigurationError: If the provider has no `server_token`.
        """
        from mailcore.account import account_of

        return account_of(self)

    def suppressions(self) -> PostmarkSuppressions:
        """
        What `account` and the command line ask Postmark for.

        Raises:
            ConfigurationError: If the provider has no `server_token`.
        """
        from mailcore_postmark.suppressions import PostmarkSuppressions

        if self._options.server_token is None:
            raise option_missing(self.name, "server_token", "looking after suppressions")
        return PostmarkSuppressions(self._options, self._options.server_token)
