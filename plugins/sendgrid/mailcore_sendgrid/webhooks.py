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
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import ConfigurationError
from mailcore.flow import Flow
from mailcore.foundation import cached_property
from mailcore.webhook import SignedTrust, Verdict, WebhookRequest


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


class WebhookTrust(SignedTrust[bytes]):
    """
    Verifies what is posted to the webhook.

    A verification key is taken as SendGrid shows it, in base64, or in PEM: that of the event
    webhook, and that of the security policy of received mail. The signature covers all of a
    request, so what somebody kept can only be repeated, and that `dedupe_key` tells.
    """

    provider: ClassVar[str] = "sendgrid"
    label: ClassVar[str] = "SendGrid"
    keys_option: ClassVar[str] = "webhook_verification_keys"
    default_max_age_seconds: ClassVar[float] = DEFAULT_MAX_AGE_SECONDS

    def prove(self, request: WebhookRequest) -> Flow[Verdict]:
        """
        Verify the signature; needs nothing from outside.

        Raises:
            WebhookRejected: If there is none, or it is wrong or too old.
        """
        yield from ()
        signature = self._signature_of(request)
        timestamp = request.header(TIME_HEADER) or ""
        if not _TIMESTAMP.fullmatch(timestamp):
            raise self.rejected("it has no time that it was signed at")
        digest = sha256(timestamp.encode("ascii"))
        digest.update(request.body)
        if not self._matches(signature, digest.digest()):
            raise self.rejected("the signature is wrong")
        self.check_age(int(timestamp))
        return _VERDICT

    def _signature_of(self, request: WebhookRequest) -> bytes:
        given = request.header(SIGNATURE_HEADER)
        if not given:
            raise self.rejected("it has no signature")
        if len(given) > _MAX_SIGNATURE_CHARACTERS:
            raise self.rejected("the signature is wrong")
        try:
            return b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise self.rejected("the signature is wrong") from None

    def _matches(self, signature: bytes, digest: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
        from cryptography.hazmat.primitives.hashes import SHA256

        for key in self._public_keys:
            try:
                key.verify(signature, digest, ECDSA(Prehashed(SHA256())))
            except InvalidSignature:
                continue
            return True
        return False

    @cached_property
    def _public_keys(self) -> tuple[EllipticCurvePublicKey, ...]:
        # Loading cryptography takes longer than all the rest: only who receives needs it.
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

        try:
            points = [each[len(_P_256) - 1 :] for each in self.keys]
            return tuple(
                EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point) for point in points
            )
        except ValueError:
            raise _no_key() from None

    def read_key(self, key: object) -> bytes:
        """
        The SubjectPublicKeyInfo of a key, in DER.

        Raises:
            ConfigurationError: If it is none of P-256.
        """
        try:
            given = _LINE_OF_PEM.sub("", key) if isinstance(key, str) else ""
            der = b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise _no_key() from None
        if len(der) != len(_P_256) + _POINT_BYTES or not der.startswith(_P_256):
            raise _no_key()
        return der


def _no_key() -> ConfigurationError:
    return ConfigurationError(
        "sendgrid: a verification key is the public key that SendGrid shows: P-256, in base64"
    )
