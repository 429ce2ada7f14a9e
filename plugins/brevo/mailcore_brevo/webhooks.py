"""
Whether to believe a webhook request: Brevo signs nothing, so by a secret that both sides know.

https://developers.brevo.com/docs/username-and-password-authentication (as of 2026-11-30): user and
password in the webhook's URL, ``https://user:password@example.com/webhook``; a token, which comes
as ``Authorization: Bearer …``; or headers of one's own.
"""

from __future__ import annotations

from typing import ClassVar

from mailcore.webhook import SecretTrust


class WebhookTrust(SecretTrust):
    """
    Verifies what is posted to the webhook, by HTTP Basic authentication or a secret in a header.

    Whoever brings neither is answered with 401. Brevo does not send such an event again
    (https://developers.brevo.com/docs/retry-mechanism, as of 2026-11-30: of 4xx answers, after 429
    only).
    """

    provider: ClassVar[str] = "brevo"
    label: ClassVar[str] = "Brevo"
