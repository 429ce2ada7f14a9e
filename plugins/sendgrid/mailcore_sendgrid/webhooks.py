"""
Whether to believe a webhook request: SendGrid's signature, a secret that both sides know, or both.

SendGrid signs the time and the whole body (ECDSA with P-256 and SHA-256); received mail in the same
way, if its setting has a security policy.
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
and .../parsing-email/securing-your-parse-webhooks (read 2026-11-30).
"""

from __future__ import annotations

import binascii
import re

from base64 import b64decode
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from mailcore.errors import ConfigurationError, MalformedWebhook, WebhookRejected
from mailcore.flow import Flow
from mailcore.foundation import cached_property
from mailcore.webhook import Verdict, WebhookRequest, basic_auth_of, check_age


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
"""The signature: ASN.1 in base64."""
TIME_HEADER = "x-twilio-email-event-webhook-timestamp"
"""When the request was signed, in seconds since 1970; part of what is signed."""

DEFAULT_MAX_AGE_SECONDS = 73 * 3600.0
"""
SendGrid tries events again for a day and received mail for three, and does not say whether it signs
anew each time.
"""

MAX_WEBHOOK_BODY_BYTES = 64 * 1024 * 1024
"""Received mail has 30 MB, events come in 768 KB; a mail as one field may be written with more."""

_VERDICT = Verdict("sendgrid-signature")
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_MAX_SIGNATURE_CHARACTERS = 200
_LINE_OF_PEM = re.compile(r"-----[A-Z ]+-----|\s+")
# SubjectPublicKeyInfo (RFC 5480) of a key of P-256, but for the point.
_P_256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_POINT_BYTES = 64


class WebhookTrust:
    """
    Verifies what is posted to the webhook.

    ============================  =========================  ====================================
    the request                   verification keys only     with webhook secrets
    ============================  =========================  ====================================
    no or a wrong secret          not looked at              401 with a challenge
    signed, in time               believed                   believed
    no or a wrong signature       403                        403; believed by the secret alone if
                                                             there are no verification keys
    signed too long ago           403                        403, if there are verification keys
    ============================  =========================  ====================================

    Args:
        verification_keys: The keys as SendGrid shows them, in base64, or in PEM; of the event
            webhook, and of the security policy of received mail. Several while one replaces the
            other.
        max_age_seconds: How long ago a request may have been signed. The signature covers all of
            it, so what somebody kept can only be repeated, and that `dedupe_key` tells.
        webhook_secrets: Each ``user:password``; several while they are being changed.
        provider: Name of the provider, for errors.

    Raises:
        ConfigurationError: If a key or a secret is none, or the age is not above 0.
    """

    def __init__(
        self,
        verification_keys: Iterable[str],
        *,
        max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS,
        webhook_secrets: Iterable[str] | None = None,
        provider: str = "sendgrid",
    ) -> None:
        if isinstance(verification_keys, str) or not isinstance(verification_keys, Iterable):
            raise ConfigurationError(f"{provider}: verification keys are a list, not one text")
        if not max_age_seconds > 0:
            raise ConfigurationError(f"{provider}: max_age_seconds must be above 0")
        self._provider = provider
        self._encoded = tuple(self._der_of(key) for key in verification_keys)
        self._max_age_seconds = max_age_seconds
        self._basic_auth = basic_auth_of(webhook_secrets, provider)

    def verify(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Prove a request, before anything in it is believed; needs nothing from outside.

        Raises:
            WebhookRejected: If it is not proven.
            MalformedWebhook: If it is nothing that SendGrid posts.
        """
        yield from ()
        if request.method != "POST":
            raise MalformedWebhook("SendGrid posts its webhooks", provider=self._provider)
        verdict = self._basic_auth.verify(request) if self._basic_auth is not None else None
        if not self._encoded:
            if verdict is None:
                raise self._rejected("no webhook_verification_keys are configured")
            return verdict
        signature = self._signature_of(request)
        timestamp = request.header(TIME_HEADER) or ""
        if not _TIMESTAMP.fullmatch(timestamp):
            raise self._rejected("it has no time that it was signed at")
        digest = sha256(timestamp.encode("ascii"))
        digest.update(request.body)
        if not self._matches(signature, digest.digest()):
            raise self._rejected("the signature is wrong")
        check_age(int(timestamp), self._max_age_seconds, provider=self._provider)
        return _VERDICT

    def _signature_of(self, request: WebhookRequest) -> bytes:
        given = request.header(SIGNATURE_HEADER)
        if not given:
            raise self._rejected("it has no signature")
        if len(given) > _MAX_SIGNATURE_CHARACTERS:
            raise self._rejected("the signature is wrong")
        try:
            return b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise self._rejected("the signature is wrong") from None

    def _matches(self, signature: bytes, digest: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
        from cryptography.hazmat.primitives.hashes import SHA256

        for key in self._keys:
            try:
                key.verify(signature, digest, ECDSA(Prehashed(SHA256())))
            except InvalidSignature:
                continue
            return True
        return False

    @cached_property
    def _keys(self) -> tuple[EllipticCurvePublicKey, ...]:
        # Loading cryptography takes longer than all the rest: only who receives needs it.
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

        try:
            points = [each[len(_P_256) - 1 :] for each in self._encoded]
            return tuple(
                EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point) for point in points
            )
        except ValueError:
            raise self._no_key() from None

    def _der_of(self, key: object) -> bytes:
        try:
            given = _LINE_OF_PEM.sub("", key) if isinstance(key, str) else ""
            der = b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise self._no_key() from None
        if len(der) != len(_P_256) + _POINT_BYTES or not der.startswith(_P_256):
            raise self._no_key()
        return der

    def _no_key(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self._provider}: a verification key is the public key that SendGrid shows: P-256, "
            "in base64"
        )

    def _rejected(self, reason: str) -> WebhookRejected:
        return WebhookRejected(reason, provider=self._provider, status_code=403)

    def __repr__(self) -> str:
        return f"<WebhookTrust with {len(self._encoded)} verification keys>"
