"""
Whether to believe a webhook request: Postmark signs nothing, so by a secret that both sides know.

https://postmarkapp.com/developer/webhooks/webhooks-overview (read 2026-11-21): user and password
stand in the webhook's URL, ``https://user:password@example.com/webhook``. In the Webhooks API they
may stand in ``HttpAuth`` instead; the inbound webhook has only its URL.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailcore.errors import ConfigurationError, WebhookRejected
from mailcore.flow import Flow
from mailcore.webhook import Verdict, WebhookRequest
from mailcore.webhook.basic_auth import BasicAuth


class WebhookTrust:
    """
    Verifies what is posted to the webhook, by HTTP Basic authentication.

    Args:
        webhook_secrets: Each ``user:password``; several while they are being changed. Without any,
            nobody is believed.
        provider: Name of the provider, for errors.

    Raises:
        ConfigurationError: If a secret is none. The text does not repeat it.
    """

    def __init__(
        self, webhook_secrets: Iterable[str] | None = None, *, provider: str = "postmark"
    ) -> None:
        # One text is an iterable of letters: BasicAuth says what is wrong with that.
        given = webhook_secrets or ()
        if not isinstance(given, Iterable):
            raise ConfigurationError(f"{provider}: webhook_secrets is a list of user:password")
        secrets = given if isinstance(given, str) else tuple(given)
        self._basic_auth = BasicAuth(secrets, provider=provider) if secrets else None
        self._provider = provider

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        Raises:
            WebhookRejected: With status 401, if it does not bring one of the secrets. Never 403:
                that ends the retries of received mail, which is still there when the secret has
                been put right.
                (https://postmarkapp.com/support/article/understanding-inbound-webhook-retries-in-postmark,
                read 2026-11-21)
        """
        yield from ()
        if self._basic_auth is None:
            raise WebhookRejected(
                "no webhook_secrets are configured: give the provider "
                "webhook_secrets=['user:password'], and Postmark the URL "
                "https://user:password@example.com/...",
                provider=self._provider,
                status_code=401,
            )
        return self._basic_auth.verify(request)

    def __repr__(self) -> str:
        return f"<WebhookTrust {self._basic_auth!r}>"
