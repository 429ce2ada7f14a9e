"""A call of Brevo's API that sends, and what is known of it when its answer is read."""

from __future__ import annotations

from dataclasses import dataclass

from mailcore.flow import HttpRequest


@dataclass(frozen=True, kw_only=True)
class BrevoRequest(HttpRequest):
    """
    The call of a message, or of some recipients of a batch.

    Args:
        versions: How many mails a batch has in it: the first that many of `recipients` get one
            each. 0 for one mail to all recipients.
        has_key: Whether it has an idempotency key, so that Brevo may say that it has had it.
    """

    versions: int = 0
    has_key: bool = False
