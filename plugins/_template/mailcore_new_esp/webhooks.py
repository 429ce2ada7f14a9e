"""Who sent a request: New ESP signs its time and body with a shared secret."""

from __future__ import annotations

from typing import ClassVar

from mailcore.flow import Flow
from mailcore.webhook import SignedTrust, Verdict, WebhookRequest, hmac_matches


SIGNATURE_HEADER = "X-Webhook-Signature"
"""HMAC-SHA256 of the time, a dot and the body, in hexadecimal digits."""
TIME_HEADER = "X-Webhook-Timestamp"
"""When the request was made: seconds since 1970."""


class WebhookTrust(SignedTrust[str]):
    """
    Proves that the service made a request, and not long ago.

    Its keys are the secrets of webhooks; without any, nobody is believed.
    """

    provider: ClassVar[str] = "new-esp"
    label: ClassVar[str] = "New ESP"
    keys_option: ClassVar[str] = "webhook_secrets"

    def read_key(self, key: object) -> str:
        """Take any text."""
        return str(key)

    def prove(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Compare the signature; needs nothing from outside.

        Raises:
            WebhookRejected: If it is wrong or too old.
        """
        yield from ()
        made_at = request.header(TIME_HEADER) or ""
        signed = made_at.encode() + b"." + request.body
        if not hmac_matches(request.header(SIGNATURE_HEADER) or "", signed, self.keys):
            raise self.rejected("the signature is wrong")
        # Only now: what is not signed may be anything.
        if not made_at.isascii() or not made_at.isdigit() or len(made_at) > 12:
            raise self.rejected("the time is no number")
        self.check_age(int(made_at))
        return Verdict("new-esp-hmac-sha256")
