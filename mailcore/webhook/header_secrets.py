"""
Webhooks that bring a secret in a header of their own, for services that let users choose one.

Like HTTP Basic authentication this proves who knows the secret, and nothing of the body: HTTPS
keeps it from strangers.
"""

from __future__ import annotations

import hmac

from collections.abc import Iterable
from hashlib import sha256

from mailcore.errors import ConfigurationError, InvalidMessage
from mailcore.message.headers import Headers
from mailcore.webhook.request import Verdict, WebhookRequest


_VERDICT = Verdict("header-secret")
_MAX_HEADER_CHARACTERS = 4096


class HeaderSecrets:
    """
    The secrets that a webhook accepts, each in a header.

    Give the new secret beside the old one while senders change over. What is compared takes the
    same time however much of it is right, and for each secret.

    Args:
        secrets: Each ``Name: value``, as ``X-Webhook-Secret: 3f0a…``.
        provider: Name of the provider, for errors.

    Raises:
        ConfigurationError: If one is not ``Name: value``. The text does not repeat it.
    """

    def __init__(self, secrets: Iterable[str], *, provider: str = "") -> None:
        self._provider = provider or "webhook"
        if isinstance(secrets, str) or not isinstance(secrets, Iterable):
            raise ConfigurationError(f"{self._provider}: header secrets are a list, not one text")
        self._digests = tuple(map(self._parsed, secrets))
        if not self._digests:
            raise ConfigurationError(f"{self._provider}: give at least one header secret")

    def verify(self, request: WebhookRequest) -> Verdict | None:
        """The verdict on a request that brings one of the secrets, else None."""
        known = False
        for name, digest in self._digests:
            given = (request.header(name) or "")[:_MAX_HEADER_CHARACTERS].strip(" \t")
            # Digests are of one length, which compare_digest needs to take constant time.
            known |= hmac.compare_digest(_digest(given), digest)
        return _VERDICT if known else None

    def _parsed(self, secret: object) -> tuple[str, bytes]:
        name, colon, value = secret.partition(":") if isinstance(secret, str) else ("", "", "")
        name, value = name.strip(), value.strip()
        usable = bool(name and colon and value)
        try:
            Headers({name or "-": value})
        except InvalidMessage:
            usable = False
        if not usable or not value.isascii():
            raise ConfigurationError(
                f"{self._provider}: each header secret is 'Name: value', both of them ASCII and "
                "neither of them empty"
            )
        return name.lower(), _digest(value)

    def __repr__(self) -> str:
        return f"<HeaderSecrets with {len(self._digests)} secrets>"


def _digest(value: str) -> bytes:
    return sha256(value.encode("utf-8", "surrogateescape")).digest()
