"""DKIM: a signature over a mail, against what no signer can go below and against dkimpy."""

from __future__ import annotations

import functools
import hashlib
import os

from collections.abc import Callable, Iterator

import dkim

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.build import SHORT
from benchmarks.measure import Row, best_of
from mailcore import Message, write_message
from mailcore.mime.dkim import DkimSigner


# The size that a head of some ten headers has.
_HEAD_OCTETS = 600


def signatures() -> Iterator[Row]:
    """A short mail and one with a file; the floor hashes the mail and signs with RSA once."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(Encoding.PEM, form, NoEncryption())
    sign = DkimSigner(domain="example.com", selector="mail", private_key=pem)
    files = [("photo.jpg", os.urandom(1024 * 1024), "image/jpeg")]
    for what, mail, number, wanted in (
        ("2 KB", write_message(Message(**{**SHORT, "text": "Hello Ada,\n" * 120})), 50, 1.3),
        ("1.4 MB", write_message(Message(**SHORT, attachments=files)), 5, 1.5),
    ):
        contenders: dict[str, Callable[[], object]] = {
            "mailcore": functools.partial(sign, mail),
            "RSA + SHA-256": functools.partial(_floor, key, mail),
            "dkimpy": functools.partial(
                dkim.sign,
                *(mail, b"mail", b"example.com", pem),
                canonicalize=(b"relaxed", b"relaxed"),
            ),
        }
        ratios = {"RSA + SHA-256": ("<=", wanted)}
        yield Row(f"DKIM: {what}", best_of(contenders, number=number), ratios)


def _floor(key: rsa.RSAPrivateKey, mail: bytes) -> None:
    hashlib.sha256(mail).digest()
    key.sign(mail[:_HEAD_OCTETS], padding.PKCS1v15(), hashes.SHA256())
