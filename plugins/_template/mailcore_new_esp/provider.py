"""
The New ESP provider.

Everything about the service in this plugin is invented, and described in the page in ``docs``.
Replace it by what the service's own documentation says, and write its address, with the date on
which it was read, beside whatever relies on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from mailcore.errors import ConfigurationError, Problem
from mailcore.events import Event
from mailcore.features import NO, YES, Features, advisory, limited, partial, yes
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.http import json_request
from mailcore.message import MergeSyntax, Message, WithoutHeaders
from mailcore.provider import Provider
from mailcore.registry import option_missing
from mailcore.result import RecipientStatus
from mailcore.webhook import Verdict, WebhookRequest
from mailcore_new_esp.answers import statuses_of
from mailcore_new_esp.events import events_of
from mailcore_new_esp.payload import SYNTAX, payload_of
from mailcore_new_esp.webhooks import verify


class NewEspProvider(Provider[HttpRequest, HttpResponse]):
    """
    New ESP.

    Args:
        api_key: Of the account. Who only receives needs none.
        webhook_secrets: Those that webhooks are signed with: two while one replaces the other.
            Without any, every webhook request is refused.
        max_age_seconds: Refuse webhook requests that were made longer ago.
        api_url: Another address of the API, such as that of a test server.
        timeout_seconds: For connecting, and for each wait for data.

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
    # Received mail stands in it, in base64.
    max_webhook_body_bytes: ClassVar[int] = 40 * 1024 * 1024

    def __init__(
        self,
        *,
        api_key: str | None = None,
        webhook_secrets: Sequence[str] = (),
        max_age_seconds: float = 300.0,
        api_url: str = "https://api.new-esp.example",
        timeout_seconds: float = 30.0,
    ) -> None:
        if api_key is not None and not _is_key(api_key):
            raise ConfigurationError(f"{self.name}: api_key must be printable ASCII")
        if isinstance(webhook_secrets, str) or not all(webhook_secrets):
            raise ConfigurationError(f"{self.name}: webhook_secrets is a list of texts")
        if min(max_age_seconds, timeout_seconds) <= 0:
            raise ConfigurationError(f"{self.name}: times must be above 0")
        self._authorization = None if api_key is None else f"Bearer {api_key}"
        self._webhook_secrets = tuple(webhook_secrets)
        self._max_age_seconds = max_age_seconds
        self._url = f"{api_url.rstrip('/')}/v1/messages"
        self._timeout_seconds = timeout_seconds

    def check(self, message: Message) -> Iterable[Problem]:
        """
        Copies of a batch would be one for each recipient, which nobody wants by accident.

        They are recipients, and so are never dropped. A header that the service would obey may be
        left out, for a mailer that is told to: its remedy says how.
        """
        for name in message.headers:
            if name.lower().startswith("x-new-esp-"):
                place = f"headers[{name!r}]"
                yield Problem(
                    place,
                    f"{place}: an instruction for New ESP, which it obeys and does not send",
                    "use the message's field for it",
                    feature="headers",
                    remedy=WithoutHeaders((name,)),
                )
        if not message.is_batch:
            return
        for field in ("cc", "bcc"):
            if getattr(message, field):
                reason = f"`{field}` cannot be expressed in a batch: each mail has one recipient"
                yield Problem(field, reason, feature=field)

    def build(self, message: Message) -> Sequence[HttpRequest]:
        """
        One request, for all recipients.

        Raises:
            ConfigurationError: If the provider has no API key.
        """
        if self._authorization is None:
            raise option_missing(self.name, "api_key", "sending")
        headers = {"Authorization": self._authorization}
        if message.idempotency_key is not None:
            headers["Idempotency-Key"] = message.idempotency_key
        request = json_request(
            self._url,
            {**payload_of(message), **message.esp_extra.get(self.name, {})},
            headers=headers,
            recipients=message.recipients,
            timeout_seconds=self._timeout_seconds,
        )
        return [request]

    def parse(
        self,
        request: HttpRequest,
        response: HttpResponse,
    ) -> Mapping[str, RecipientStatus]:
        """A status for each recipient, each with a message id of its own."""
        return statuses_of(request, response)

    def verify_webhook(self, request: WebhookRequest) -> Flow[Verdict]:
        """Compare the signature; a flow that needs nothing from outside."""
        return verify(
            request,
            self._webhook_secrets,
            provider=self.name,
            max_age_seconds=self._max_age_seconds,
        )
        yield  # it is a flow

    def parse_webhook(self, request: WebhookRequest) -> tuple[Event, ...]:
        """One event for each item of the request, in its order."""
        return events_of(request, provider=self.name)


def _is_key(text: str) -> bool:
    return bool(text.strip()) and text.isascii() and text.isprintable()
