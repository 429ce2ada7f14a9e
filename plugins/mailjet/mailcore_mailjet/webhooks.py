"""
Whether to believe a webhook request: Mailjet signs nothing, so by a secret that both sides know.

_event-api.md and _parse-api.md in https://github.com/mailjet/api-documentation/tree/master/guides
(read 2026-11-30): user and password stand in the URL, ``https://user:password@example.com/webhook``,
of events and of received mail alike.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailcore.flow import Flow
from mailcore.webhook import SharedSecrets, Verdict, WebhookRequest


MAX_WEBHOOK_BODY_BYTES = 64 * 1024 * 1024
"""What files of 40 MB take in base64, with the rest; Mailjet does not say how large mail may be."""

_PROBE = Verdict("probe", handled=True)
_NOTHING = (b"{}", b"[]")


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
        self, webhook_secrets: Iterable[str] | None = None, *, provider: str = "mailjet"
    ) -> None:
        self._secrets = SharedSecrets(webhook_secrets, provider=provider, label="Mailjet")

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        A request that is proven and says nothing is a probe, and is answered with 200: anything
        else makes Mailjet try again for a day, and then suspend the URL.

        Raises:
            WebhookRejected: With status 401, if it does not bring one of the secrets.
        """
        yield from ()
        verdict = self._secrets.verify(request)
        return _PROBE if _says_nothing(request) else verdict

    def __repr__(self) -> str:
        return f"<WebhookTrust {self._secrets!r}>"


def _says_nothing(request: WebhookRequest) -> bool:
    body = request.body.strip()
    # An empty body may be one that was cut off, unless its header says that it is all.
    return body in _NOTHING or (not body and request.header("content-length") == "0")
