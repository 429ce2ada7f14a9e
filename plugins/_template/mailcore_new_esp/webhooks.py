"""Who sent a request: New ESP signs its time and body with a shared secret."""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.errors import WebhookRejected
from mailcore.flow import Flow
from mailcore.webhook import Verdict, WebhookRequest, check_age, hmac_matches


SIGNATURE_HEADER = "X-Webhook-Signature"
"""HMAC-SHA256 of the time, a dot and the body, in hexadecimal digits."""
TIME_HEADER = "X-Webhook-Timestamp"
"""When the request was made: seconds since 1970."""


class WebhookTrust:
    """
    Proves that the service made a request, and not long ago.

    Args:
        webhook_secrets: One of which a request must be signed with; without any, nobody is
            believed.
        max_age_seconds: How long ago it may have been made.
        provider: Name of the provider, for errors.
    """

    def __init__(
        self,
        webhook_secrets: Sequence[str],
        *,
        max_age_seconds: float,
        provider: str,
    ) -> None:
        self._secrets = tuple(webhook_secrets)
        self._max_age_seconds = max_age_seconds
        self._provider = provider

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed; needs nothing from outside.

        Raises:
            WebhookRejected: If it is not proven.
        """
        yield from ()
        made_at = request.header(TIME_HEADER) or ""
        signed = made_at.encode() + b"." + request.body
        if not hmac_matches(request.header(SIGNATURE_HEADER) or "", signed, self._secrets):
            raise WebhookRejected("the signature is wrong", provider=self._provider)
        # Only now: what is not signed may be anything.
        if not made_at.isascii() or not made_at.isdigit() or len(made_at) > 12:
            raise WebhookRejected("the time is no number", provider=self._provider)
        check_age(int(made_at), self._max_age_seconds, provider=self._provider)
        return Verdict("new-esp-hmac-sha256")
