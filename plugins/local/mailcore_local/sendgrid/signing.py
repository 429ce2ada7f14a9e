"""
Signatures of webhooks: ECDSA over P-256 with SHA-256, of the timestamp and the body.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
(read 2026-11-30). The verification key is what SendGrid shows: base64 of the DER, without lines.
"""

from __future__ import annotations

import base64
import time

from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


class Signer:
    """
    A key pair.

    Args:
        private_key: The private key as PEM (PKCS #8), to have the same one each time; a new one is
            made if it is `None`.

    Raises:
        ValueError: The key is none of P-256.
    """

    def __init__(self, private_key: str | None = None) -> None:
        if private_key is None:
            self._key = ec.generate_private_key(ec.SECP256R1())
        else:
            key = serialization.load_pem_private_key(private_key.encode(), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
                raise ValueError("the webhook secret of SendGrid is a private key of P-256, as PEM")
            self._key = key

    @property
    def verification_key(self) -> str:
        """
        The public key, as the settings of the webhook show it.
        """
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode("ascii")

    def headers(self, body: bytes) -> Mapping[str, str]:
        """
        The two headers that sign a body, now.
        """
        timestamp = str(int(time.time()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            SIGNATURE: base64.b64encode(signature).decode("ascii"),
            TIMESTAMP: timestamp,
        }
