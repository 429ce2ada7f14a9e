"""
DKIM signatures (RFC 6376) over a mail that is ready to be sent: the extra ``mailcore-esp[dkim]``.

A signer is a function from the octets of a mail to the same octets with a ``DKIM-Signature`` in
front. Two of them, one with an RSA and one with an Ed25519 key (RFC 8463), may sign one mail::

    sign = DkimSigner(domain="example.com", selector="mail", private_key=pem)
    signed = sign(write_message(message))

Which headers are signed: all that are there, but those that relays write and those that `never`
names. A header of :data:`OVERSIGNED` is signed once more than it occurs (RFC 6376, section 8.15):
one that somebody adds on the way, which readers would show in place of ours, breaks the signature.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import time

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from mailcore.address.address import parse_address_list
from mailcore.address.domain import encode_domain
from mailcore.errors import ConfigurationError, InvalidMessage, MessageError, Problem


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


__all__ = ["MIN_RSA_BITS", "OVERSIGNED", "Canonicalization", "DkimSigner"]

Canonicalization: TypeAlias = Literal[
    "relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"
]
"""The canonicalization of the header and of the body (RFC 6376, section 3.4)."""

OVERSIGNED = ("from", "to", "cc", "subject", "reply-to", "content-type", "mime-version")
"""Headers that people see, or by which a mail is read: none of them may be added unnoticed."""

MIN_RSA_BITS = 1024
"""RFC 8301, section 3.2: no verifier takes less. It asks signers for 2,048."""

# RFC 6376, section 5.4.1 (what changes on the way), section 3.5 (no signature of itself), and Bcc.
_OF_RELAYS = frozenset(
    ["return-path", "received", "delivered-to", "x-original-to", "authentication-results"]
) | frozenset(["dkim-signature", "bcc", "resent-bcc"])
# RFC 8058, section 4: a receiver offers one-click only if both are covered.
_ALWAYS = frozenset(["from", "list-unsubscribe", "list-unsubscribe-post"])

# RFC 6376, section 3.1: sub-domains (RFC 5321). "_" is no part of it, and occurs in the wild.
_SELECTOR = re.compile(r"(?!.*\.\.)[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?", re.ASCII)
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_SPACES = re.compile(rb"[ \t]+")
_MAX_WARNED_DOMAINS = 100

logger = logging.getLogger("mailcore.dkim")


class DkimSigner:
    """
    Signs mails with one key. Safe to share between threads.

    Args:
        domain: The signing domain (``d=``), encoded as in addresses (IDNA 2008). DMARC counts the
            signature if From has the same domain, or one above or below it; another is warned of.
        selector: The selector, under which the public key stands in DNS:
            ``<selector>._domainkey.<domain>``.
        private_key: RSA of at least 1,024 bits (2,048 are advised), or Ed25519, in PEM, not
            encrypted: the text, not the path of a file.
        headers: Names of headers to sign instead of all: From and both List-Unsubscribe headers
            are signed in any case.
        never: Names of headers that are left out, because what sends the mail rewrites them.
        canonicalization: ``relaxed`` lets relays change white space, ``simple`` nothing.

    Raises:
        ConfigurationError: If cryptography is not installed, or an argument is wrong. The text
            has nothing of the key.
    """

    def __init__(
        self,
        *,
        domain: str,
        selector: str,
        private_key: str | bytes,
        headers: Collection[str] = (),
        never: Iterable[str] = (),
        canonicalization: Canonicalization = "relaxed/relaxed",
    ) -> None:
        if not _SELECTOR.fullmatch(selector):
            reason = "DKIM: the selector must be letters, digits, '-' and '.', as in DNS"
            raise ConfigurationError(reason)
        if canonicalization not in _CANONICALIZATIONS:
            raise ConfigurationError(f"DKIM: canonicalization is one of {_CANONICALIZATIONS}")
        if isinstance(headers, str):
            raise ConfigurationError("DKIM: headers is a list of names, not one text")
        self._domain = _encoded(domain)
        self._selector = selector
        self._algorithm, self._sign = _signing_with(private_key)
        self._headers = frozenset(name.lower() for name in headers)
        self._never = (_OF_RELAYS | {name.lower() for name in never}) - _ALWAYS
        if self._headers & self._never:
            names = ", ".join(sorted(self._headers & self._never))
            raise ConfigurationError(
                f"DKIM: {names} cannot be signed: rewritten or removed on the way"
            )
        counted = self._headers | _ALWAYS if self._headers else frozenset(OVERSIGNED)
        self._oversigned = [n for n in OVERSIGNED if n in counted and n not in self._never]
        self._canonicalization = canonicalization
        header, _, body = canonicalization.partition("/")
        self._canonical_field = _relaxed_field if header == "relaxed" else bytes
        self._canonical_body = _relaxed_body if body == "relaxed" else _simple_body
        self._warned: set[str] = set()

    def __call__(self, mail: bytes, *, signed_at: datetime | None = None) -> bytes:
        """
        Sign a mail.

        Args:
            mail: The mail, with CRLF at the end of every line.
            signed_at: The time for the signature's ``t=``, with a time zone; now, if not given.

        Returns:
            The mail with a DKIM-Signature in front, else unchanged.

        Raises:
            InvalidMessage: If it has no From, or something in its head that is no header.
        """
        head, _, body = mail.partition(b"\r\n\r\n")
        fields = _fields(head)
        self._warn_of_foreign(fields)
        names, covered = self._covered(fields)
        body_hash = hashlib.sha256(self._canonical_body(body)).digest()
        seconds = int(time.time() if signed_at is None else signed_at.timestamp())
        unsigned = (
            f"DKIM-Signature: v=1; a={self._algorithm}; c={self._canonicalization};\r\n"
            f"\td={self._domain};\r\n\ts={self._selector}; t={seconds};\r\n"
            f"\th={_folded(names)};\r\n\tbh={_base64(body_hash)};\r\n\tb="
        ).encode("ascii")
        covered.append(self._canonical_field(unsigned))
        signature = _base64(self._sign(b"\r\n".join(covered)))
        lines = "\r\n\t ".join(signature[at : at + 70] for at in range(0, len(signature), 70))
        return b"".join((unsigned, lines.encode("ascii"), b"\r\n", mail))

    def _covered(self, fields: list[tuple[str, bytes]]) -> tuple[list[str], list[bytes]]:
        """
        Names for ``h=``, and the fields that they stand for in their canonical form.

        Several fields of one name are taken from the last one upwards (RFC 6376, section 5.4.2);
        a name that has none left stands for the absence of another.
        """
        chosen = [field for field in reversed(fields) if self._is_signed(field[0])]
        names = [name for name, _ in chosen]
        return [*names, *self._oversigned], [self._canonical_field(field) for _, field in chosen]

    def _is_signed(self, name: str) -> bool:
        if name in _ALWAYS:
            return True
        return name not in self._never and (not self._headers or name in self._headers)

    def _warn_of_foreign(self, fields: list[tuple[str, bytes]]) -> None:
        values = [field.partition(b":")[2] for name, field in fields if name == "from"]
        if not values:
            raise InvalidMessage([Problem("from_email", "a mail without From cannot be signed")])
        for domain in _domains(values) - self._warned:
            if _is_related(domain, self._domain):
                continue
            if len(self._warned) < _MAX_WARNED_DOMAINS:
                self._warned.add(domain)
                logger.warning(
                    "DKIM: mail from %s is signed by %s: DMARC does not count that signature",
                    domain,
                    self._domain,
                )

    def __repr__(self) -> str:
        return f"DkimSigner(domain={self._domain!r}, selector={self._selector!r})"


_CANONICALIZATIONS = ("relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple")


def _encoded(domain: str) -> str:
    encoded, reason = encode_domain(domain)
    if reason or "[" in encoded:
        raise ConfigurationError(f"DKIM: the domain cannot stand in DNS: {reason or 'an address'}")
    return encoded.lower()


def _signing_with(private_key: str | bytes) -> tuple[str, Callable[[bytes], bytes]]:
    """The name of the algorithm, and the function that makes a signature over octets."""
    try:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    except ImportError as error:
        reason = "DKIM needs cryptography: pip install 'mailcore-esp[dkim]'"
        raise ConfigurationError(reason) from error
    key = _read_key(private_key)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        edwards = key
        # RFC 8463, section 3: what is signed is the hash.
        return "ed25519-sha256", lambda data: edwards.sign(hashlib.sha256(data).digest())
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise ConfigurationError(
                f"DKIM: the RSA key has {key.key_size} bits: make one of 2,048 "
                f"(RFC 8301: fewer than {MIN_RSA_BITS} are not verified)"
            )
        rivest, scheme, digest = key, padding.PKCS1v15(), hashes.SHA256()
        return "rsa-sha256", lambda data: rivest.sign(data, scheme, digest)
    raise ConfigurationError(f"DKIM: the private key is neither RSA nor Ed25519 ({_kind(key)})")


def _read_key(private_key: str | bytes) -> RSAPrivateKey | Ed25519PrivateKey | object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not isinstance(private_key, (str, bytes)):
        reason = f"DKIM: the private key must be text in PEM, not {_kind(private_key)}"
        raise ConfigurationError(reason)
    pem = private_key.encode() if isinstance(private_key, str) else private_key
    if b"-----BEGIN " not in pem:
        raise ConfigurationError(
            "DKIM: the private key is not in PEM, which begins with '-----BEGIN': "
            "give the text of the key, not the path of its file"
        )
    if b"ENCRYPTED" in pem:
        raise ConfigurationError("DKIM: the private key is encrypted: give it without a password")
    if b"\n" not in pem.strip() and b"\\n" in pem:
        raise ConfigurationError(
            r"DKIM: the private key has '\n' as two characters where its lines should end"
        )
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # Not chained: the cause may quote the key.
        reason = f"DKIM: the private key cannot be read ({_kind(error)})"
    raise ConfigurationError(reason)


def _kind(value: object) -> str:
    return type(value).__name__


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """Each header's name, in lower case, and its octets without the last CRLF."""
    fields = []
    for octets in _FIELD_END.split(head.removesuffix(b"\r\n")):
        match = _FIELD.match(octets)
        if match is None:
            reason = "a line in the head of the mail is no header, or does not end in CRLF"
            raise InvalidMessage([Problem("headers", reason)])
        fields.append((match[1].decode("ascii").lower(), octets))
    return fields


def _relaxed_field(field: bytes) -> bytes:
    """RFC 6376, section 3.4.2, without the CRLF at the end."""
    name, _, value = field.partition(b":")
    value = _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.rstrip(b" \t").lower() + b":" + value


def _relaxed_body(body: bytes) -> bytes:
    """RFC 6376, section 3.4.4."""
    if _has_loose_space(body):
        body = _SPACES.sub(b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    ended = _simple_body(body)
    return b"" if ended == b"\r\n" else ended


def _has_loose_space(body: bytes) -> bool:
    """
    Whether white space stands in runs, at the end of a line, or as a tab.

    The encoded files that make a mail large have next to no spaces: it is far cheaper to look at
    each of these than to search for pairs (`make bench`, DKIM).
    """
    if b"\t" in body:
        return True
    at = body.find(b" ")
    for _ in range(_FEW):
        if at < 0:
            return False
        if body[at + 1 : at + 2] in (b" ", b"\r", b""):
            return True
        at = body.find(b" ", at + 1)
    return b"  " in body or b" \r\n" in body or body.endswith(b" ")


_FEW = 1000


def _simple_body(body: bytes) -> bytes:
    """RFC 6376, section 3.4.3. A body that ends in one CRLF, such as ours, is not copied."""
    end = len(body)
    while body[end - 2 : end] == b"\r\n":
        end -= 2
    return body if end == len(body) - 2 else body[:end] + b"\r\n"


def _domains(values: Iterable[bytes]) -> set[str]:
    """The encoded domains of From; none where it cannot be read, which is not for us to say."""
    domains = set()
    for value in values:
        try:
            addresses = parse_address_list(value.replace(b"\r\n", b"").decode(), field="From")
            domains |= {address.ascii_domain.lower() for address in addresses}
        except (MessageError, UnicodeDecodeError):
            logger.debug("DKIM: From cannot be read, so its domain is not compared")
    return domains


def _is_related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _folded(names: Iterable[str]) -> str:
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) > 70:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n\t ".join(lines).removesuffix(":")


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
