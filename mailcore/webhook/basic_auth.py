"""
HTTP Basic authentication of webhooks, for every provider.

RFC 7617 and RFC 9110, section 11 (read 2026-11-21).
"""

from __future__ import annotations

import hmac

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256

from mailcore.errors import ConfigurationError, WebhookRejected
from mailcore.webhook.request import Verdict, WebhookRequest


_VERDICT = Verdict("basic-auth")
_MAX_HEADER_CHARACTERS = 4096


class BasicAuth:
    """
    The secrets that a webhook accepts.

    Give the new secret beside the old one while senders change over. What is compared takes the
    same time however much of it is right, and for each secret, and the answer is the same whatever
    was wrong: 401 with the challenge, which some senders need to see before they send their
    credentials, and which RFC 9110 asks for when they were wrong.

    Args:
        secrets: Each ``user:password``, as in ``https://user:password@example.com/webhook``.
        realm: What the challenge calls the webhook.
        provider: Name of the provider, for errors.

    Raises:
        ConfigurationError: If there is none, or one is not ``user:password``. The text does not
            repeat it.
    """

    def __init__(
        self, secrets: Iterable[str], *, realm: str = "webhook", provider: str = ""
    ) -> None:
        if isinstance(secrets, str):
            raise ConfigurationError(f"{provider or 'webhook'}: secrets are a list, not one text")
        self._provider = provider
        self._digests = tuple(_digest_of_secret(secret, provider) for secret in secrets)
        if not self._digests:
            raise ConfigurationError(f"{provider or 'webhook'}: give at least one secret")
        if not realm.isascii() or not realm.isprintable() or '"' in realm or "\\" in realm:
            raise ConfigurationError("realm must be printable ASCII, without quotes")
        self._challenge = f'Basic realm="{realm}", charset="UTF-8"'

    def verify(self, request: WebhookRequest) -> Verdict:
        """
        Check the request's Authorization header.

        Raises:
            WebhookRejected: With status 401 and the challenge, if it is not one of the secrets.
        """
        header = request.headers.get("authorization")
        if header is None:
            raise self._rejected("there is no Authorization header")
        if not self._is_known(_credentials(header)):
            raise self._rejected("the credentials are wrong")
        return _VERDICT

    def _is_known(self, credentials: str) -> bool:
        # Digests are of one length, which compare_digest needs to take constant time.
        given = sha256(credentials.encode("utf-8", "surrogatepass")).digest()
        known = False
        for digest in self._digests:
            known |= hmac.compare_digest(given, digest)
        return known

    def _rejected(self, reason: str) -> WebhookRejected:
        return WebhookRejected(
            reason,
            provider=self._provider,
            status_code=401,
            headers={"www-authenticate": self._challenge},
        )

    def __repr__(self) -> str:
        return f"<BasicAuth with {len(self._digests)} secrets>"


def _digest_of_secret(secret: object, provider: str) -> bytes:
    user, colon, password = secret.partition(":") if isinstance(secret, str) else ("", "", "")
    # RFC 7617, section 2: neither may hold control characters.
    if not (user and colon and password) or not (user + password).isprintable():
        raise ConfigurationError(
            f"{provider or 'webhook'}: each secret is user:password, neither of them empty"
        )
    return sha256(b64encode(f"{user}:{password}".encode())).digest()


def _credentials(header: str) -> str:
    """
    ``user:password`` in base64; something that no secret is, if the scheme is another.

    It is compared encoded: RFC 4648 has one spelling for each text, and no other is taken.
    """
    scheme, _, encoded = header[:_MAX_HEADER_CHARACTERS].partition(" ")
    return encoded.strip(" ") if scheme.lower() == "basic" else ""
