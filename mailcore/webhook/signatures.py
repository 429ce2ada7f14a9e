"""Signatures and ages of webhook requests: what providers share who sign with a secret."""

from __future__ import annotations

import hmac
import time

from base64 import b64encode
from collections.abc import Iterable
from typing import Literal

from mailcore.errors import ConfigurationError, WebhookRejected


_MAX_SIGNATURE_CHARACTERS = 512


def hmac_matches(
    given: str,
    content: bytes,
    secrets: Iterable[str],
    *,
    digest: str = "sha256",
    encoding: Literal["hex", "base64"] = "hex",
) -> bool:
    """
    Whether a signature is the HMAC (RFC 2104) of the content under one of several secrets.

    Takes the same time however much of it is right, and for each secret.

    Args:
        given: The signature; hexadecimal digits in any case.
        content: The octets that were signed.
        secrets: Keys; several while one replaces the other. Without one nothing matches, and an
            empty one is none: everybody knows it.
        digest: A name that :mod:`hashlib` knows.
        encoding: How the signature is written.

    Raises:
        ConfigurationError: If the secrets are one text: each character of it would be one.
    """
    if isinstance(secrets, str):
        raise ConfigurationError("the secrets of a webhook are a list, not one text")
    if len(given) > _MAX_SIGNATURE_CHARACTERS:
        return False
    shown = given.lower() if encoding == "hex" else given
    matches = False
    for secret in filter(None, secrets):
        expected = hmac.digest(secret.encode(), content, digest)
        text = expected.hex().encode() if encoding == "hex" else b64encode(expected)
        matches |= hmac.compare_digest(text, shown.encode("utf-8", "replace"))
    return matches


def check_age(
    made_at: float,
    max_age_seconds: float,
    *,
    provider: str = "",
    max_lead_seconds: float = 300.0,
    now: float | None = None,
) -> None:
    """
    Refuse a request that was made too long ago, or in the future: somebody may have kept it.

    Args:
        made_at: When, in seconds since 1970, by the signed part of the request.
        max_age_seconds: How long ago it may be.
        provider: Name of the provider, for the error.
        max_lead_seconds: How far the provider's clock may be ahead of ours.
        now: Seconds since 1970; the clock's if None.

    Raises:
        WebhookRejected: If it is older or comes from the future.
    """
    age_seconds = (time.time() if now is None else now) - made_at
    if not -max_lead_seconds <= age_seconds <= max_age_seconds:
        reason = (
            f"made {age_seconds:.0f} seconds ago, and at most {max_age_seconds:.0f} are allowed"
        )
        raise WebhookRejected(reason, provider=provider, status_code=403)
