"""
Whether to believe a webhook request: Mailjet signs nothing, so by a secret that both sides know.

_event-api.md and _parse-api.md in https://github.com/mailjet/api-documentation/tree/master/guides
(read 2026-11-30): user and password stand in the URL, ``https://user:password@example.com/webhook``,
of events and of received mail alike.
"""

from __future__ import annotations

from typing import ClassVar

from mailcore.webhook import SecretTrust


MAX_WEBHOOK_BODY_BYTES = 64 * 1024 * 1024
"""What files of 40 MB take in base64, with the rest; Mailjet does not say how large mail may be."""


class WebhookTrust(SecretTrust):
    """
    Verifies what is posted to the webhook, by HTTP Basic authentication.

    A request that is proven and says nothing is a probe, and is answered with 200: anything else
    makes Mailjet try again for a day, and then suspend the URL.
    """

    provider: ClassVar[str] = "mailjet"
    label: ClassVar[str] = "Mailjet"
    empty_bodies: ClassVar[tuple[bytes, ...]] = (b"{}", b"[]")
