"""
Whether to believe a webhook request: Brevo signs nothing, so by a secret that both sides know.

https://developers.brevo.com/docs/username-and-password-authentication (as of 2026-11-30): user and
password in the webhook's URL, ``https://user:password@example.com/webhook``; a token, which comes
as ``Authorization: Bearer …``; or headers of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailcore.flow import Flow
from mailcore.webhook import SharedSecrets, Verdict, WebhookRequest


class WebhookTrust:
    """
    Verifies what is posted to the webhook, by HTTP Basic authentication or a secret in a header.

    Args:
        webhook_secrets: Each ``user:password``; several while they are being changed.
        webhook_header_secrets: Each ``Name: value`` of a header; several while they are being
            changed. A request needs one of these or of those; without any, nobody is believed.
        provider: Name of the provider, for errors.

    Raises:
        ConfigurationError: If a secret is none. The text does not repeat it.
    """

    def __init__(
        self,
        webhook_secrets: Iterable[str] | None = None,
        webhook_header_secrets: Iterable[str] | None = None,
        *,
        provider: str = "brevo",
    ) -> None:
        self._secrets = SharedSecrets(
            webhook_secrets, webhook_header_secrets, provider=provider, label="Brevo"
        )

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        Raises:
            WebhookRejected: With status 401, if it does not bring one of the secrets. Brevo does
                not send such an event again (https://developers.brevo.com/docs/retry-mechanism, as
                of 2026-11-30: of 4xx answers, after 429 only).
        """
        yield from ()
        return self._secrets.verify(request)

    def __repr__(self) -> str:
        return f"<WebhookTrust {self._secrets!r}>"
