"""Who sent a request: New ESP signs its time and body with a shared secret."""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.errors import WebhookRejected
from mailcore.webhook import Verdict, WebhookRequest, check_age, hmac_matches


SIGNATURE_HEADER = "X-Webhook-Signature"
"""HMAC-SHA256 of the time, a dot and the body, in hexadecimal digits."""
TIME_HEADER = "X-Webhook-Timestamp"
"""When the request was made: seconds since 1970."""


def verify(
    request: WebhookRequest,
    secrets: Sequence[str],
    *,
    provider: str,
    max_age_seconds: float,
) -> Verdict:
    """
    Prove that the service made the request, and not long ago.

    Args:
        request: The request.
        secrets: One of which it must be signed with.
        provider: Name of the provider, for errors.
        max_age_seconds: How long ago it may have been made.

    Raises:
        WebhookRejected: If it is not proven.
    """
    made_at = request.header(TIME_HEADER) or ""
    signed = made_at.encode() + b"." + request.body
    if not hmac_matches(request.header(SIGNATURE_HEADER) or "", signed, secrets):
        raise WebhookRejected("the signature is wrong", provider=provider)
    # Only now: what is not signed may be anything.
    if not made_at.isascii() or not made_at.isdigit() or len(made_at) > 12:
        raise WebhookRejected("the time is no number", provider=provider)
    check_age(int(made_at), max_age_seconds, provider=provider)
    return Verdict("new-esp-hmac-sha256")
