"""
SNS message signatures with a certificate of our own.
"""

from __future__ import annotations

import base64
import secrets
import threading

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


SIGNATURE_VERSIONS = ("1", "2")

_NOTIFICATION_KEYS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION_KEYS = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)


def string_to_sign(envelope: Mapping[str, str]) -> bytes:
    """
    The canonical text of an SNS message.

    Each signed key that is present and its value, in order, each on a line that ends with LF.

    Source: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages" (read
    2026-11-21).
    """
    confirmation = envelope["Type"] != "Notification"
    keys = _CONFIRMATION_KEYS if confirmation else _NOTIFICATION_KEYS
    return "".join(f"{key}\n{envelope[key]}\n" for key in keys if key in envelope).encode()


class Signer:
    """
    An RSA key with its self-signed certificate, one pair for each server.

    The pair is made when it is first asked for: it costs a tenth of a second and more, which many
    tests need not wait for.
    """

    def __init__(self) -> None:
        self.certificate_name = f"SimpleNotificationService-{secrets.token_hex(16)}.pem"
        self._lock = threading.Lock()
        self._pair: tuple[rsa.RSAPrivateKey, bytes] | None = None

    @property
    def certificate_pem(self) -> bytes:
        """
        The certificate, PEM.
        """
        return self._key_and_certificate()[1]

    def sign(self, envelope: Mapping[str, str]) -> str:
        """
        The base64 signature of `envelope`, by its `SignatureVersion`.

        RSA PKCS#1 v1.5 over SHA-1 (`"1"`) or SHA-256 (`"2"`).
        """
        # SHA-1 is what signature version 1 means; it is AWS's choice and still the default of a
        # topic.
        digest = hashes.SHA256() if envelope["SignatureVersion"] == "2" else hashes.SHA1()  # noqa: S303
        key, _ = self._key_and_certificate()
        signature = key.sign(string_to_sign(envelope), padding.PKCS1v15(), digest)
        return base64.b64encode(signature).decode("ascii")

    def _key_and_certificate(self) -> tuple[rsa.RSAPrivateKey, bytes]:
        with self._lock:
            if self._pair is None:
                key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                self._pair = (key, _self_signed(key))
            return self._pair


def _self_signed(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "mailcore local SES"),
            x509.NameAttribute(NameOID.COMMON_NAME, "sns.local.invalid"),
        ]
    )
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
