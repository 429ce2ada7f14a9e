"""
Whether to believe a webhook request: Postmark signs nothing, so by a secret that both sides know.

https://postmarkapp.com/developer/webhooks/webhooks-overview (read 2026-11-21): user and password
stand in the webhook's URL, ``https://user:password@example.com/webhook``. In the Webhooks API they
may stand in ``HttpAuth`` instead, and a secret in a header of one's own in ``HttpHeaders``
(https://postmarkapp.com/developer/api/webhooks-api, as Postmark's own client postmark-python 0.4.0
has it; read 2026-11-30); the inbound webhook has only its URL.
"""

from __future__ import annotations

from typing import ClassVar

from mailcore.webhook import SecretTrust


class WebhookTrust(SecretTrust):
    """
    Verifies what is posted to the webhook, by HTTP Basic authentication or a secret in a header.

    A request that is proven and says nothing is a probe: Postmark tries each trigger when a webhook
    is set up or edited, and wants 200, no other 2xx (since 2026; as of 2026-11-30 on no page of
    Postmark's that could be read).

    Whoever brings no secret is answered with 401, never with 403: that ends the retries of received
    mail, which is still there when the secret has been put right.
    (https://postmarkapp.com/support/article/understanding-inbound-webhook-retries-in-postmark,
    read 2026-11-21)
    """

    provider: ClassVar[str] = "postmark"
    label: ClassVar[str] = "Postmark"
    empty_bodies: ClassVar[tuple[bytes, ...]] = (b"{}",)
