"""
Whether to believe a webhook request: Postmark signs nothing, so by a secret that both sides know.

https://postmarkapp.com/developer/webhooks/webhooks-overview (read 2026-11-21): user and password
stand in the webhook's URL, ``https://user:password@example.com/webhook``. In the Webhooks API they
may stand in ``HttpAuth`` instead, and a secret in a header of one's own in ``HttpHeaders``
(https://postmarkapp.com/developer/api/webhooks-api, as Postmark's own client postmark-python 0.4.0
has it; read 2026-11-30); the inbound webhook has only its URL.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailcore.flow import Flow
from mailcore.webhook import SharedSecrets, Verdict, WebhookRequest


_PROBE = Verdict("probe", handled=True)


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
        provider: str = "postmark",
    ) -> None:
        self._secrets = SharedSecrets(
            webhook_secrets, webhook_header_secrets, provider=provider, label="Postmark"
        )

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed.

        A request that is proven and says nothing is a probe: Postmark tries each trigger when a
        webhook is set up or edited, and wants 200, no other 2xx (since 2026; as of 2026-11-30 on no
        page of Postmark's that could be read).

        Raises:
            WebhookRejected: With status 401, if it does not bring one of the secrets. Never 403:
                that ends the retries of received mail, which is still there when the secret has
                been put right.
                (https://postmarkapp.com/support/article/understanding-inbound-webhook-retries-in-postmark,
                read 2026-11-21)
        """
        yield from ()
        verdict = self._secrets.verify(request)
        return _PROBE if _says_nothing(request) else verdict

    def __repr__(self) -> str:
        return f"<WebhookTrust {self._secrets!r}>"


def _says_nothing(request: WebhookRequest) -> bool:
    body = request.body.strip()
    # An empty body may be one that was cut off, unless its header says that it is all.
    return body == b"{}" or (not body and request.header("content-length") == "0")
