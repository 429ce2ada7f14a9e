"""
Signatures of SNS messages.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html (read 2026-11-21).
"""

from __future__ import annotations

import binascii

from base64 import b64decode

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from mailcore.errors import MalformedWebhook, WebhookRejected
from mailcore_ses.sns.envelope import NOTIFICATION, SnsEnvelope


# SHA-1 is what signature version 1 means, and still the default of a topic.
_HASHES = {"1": SHA1(), "2": SHA256()}  # noqa: S303
_PADDING = PKCS1v15()
_MIN_KEY_BITS = 2048


def string_to_sign(envelope: SnsEnvelope) -> bytes:
    r"""
    The text that SNS signs: ``Key\nValue\n`` for each signed field, sorted by key.

    Raises:
        MalformedWebhook: If a field cannot be expressed in UTF-8.
    """
    if envelope.type == NOTIFICATION:
        subject = "" if envelope.subject is None else f"Subject\n{envelope.subject}\n"
        text = (
            f"Message\n{envelope.message}\nMessageId\n{envelope.message_id}\n{subject}"
            f"Timestamp\n{envelope.timestamp}\nTopicArn\n{envelope.topic_arn}\nType\n"
            f"{envelope.type}\n"
        )
    else:
        text = (
            f"Message\n{envelope.message}\nMessageId\n{envelope.message_id}\nSubscribeURL\n"
            f"{envelope.subscribe_url}\nTimestamp\n{envelope.timestamp}\nToken\n{envelope.token}\n"
            f"TopicArn\n{envelope.topic_arn}\nType\n{envelope.type}\n"
        )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedWebhook("a signed field holds half a character") from None


class SigningKey:
    """
    The public key of a certificate, as SNS publishes it.

    That it was fetched over TLS from the region's SNS host is its proof; AWS documents no chain
    to check.

    Args:
        pem: The certificate in PEM.

    Raises:
        WebhookRejected: If it is no certificate of an RSA key of at least 2048 bits.
    """

    def __init__(self, pem: bytes) -> None:
        try:
            certificate = load_pem_x509_certificate(pem)
            key = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise WebhookRejected("the signing certificate cannot be read") from error
        if not isinstance(key, RSAPublicKey) or key.key_size < _MIN_KEY_BITS:
            raise WebhookRejected(f"the signing certificate has no RSA key of {_MIN_KEY_BITS} bits")
        self._key = key
        self._valid_from = certificate.not_valid_before_utc.timestamp()
        self._valid_until = certificate.not_valid_after_utc.timestamp()

    def is_valid_at(self, moment: float) -> bool:
        """Whether a moment, in seconds since 1970, lies within the validity of the certificate."""
        return self._valid_from <= moment <= self._valid_until

    def has_signed(self, envelope: SnsEnvelope) -> bool:
        """
        Whether a message of signature version 1 or 2 was signed with the private half of the key.

        Raises:
            MalformedWebhook: If the signature is not base64.
            WebhookRejected: If this machine's OpenSSL was told to refuse SHA-1.
        """
        signed = string_to_sign(envelope)
        try:
            signature = b64decode(envelope.signature, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedWebhook("field `Signature` is not base64") from None
        try:
            self._key.verify(signature, signed, _PADDING, _HASHES[envelope.signature_version])
        except InvalidSignature:
            return False
        except UnsupportedAlgorithm as error:
            raise WebhookRejected(
                "OpenSSL of this machine refuses SHA-1: "
                "set the topic's attribute SignatureVersion to 2"
            ) from error
        return True
