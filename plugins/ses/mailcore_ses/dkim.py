"""
DKIM signatures (RFC 6376) by a key of your own: the extra ``mailcore-ses[dkim]``.

Easy DKIM or BYODKIM of SES are the better choice where they can be had: SES then signs every
message, templates among them, after it has rewritten what it rewrites.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.parser import BytesHeaderParser
from importlib.util import find_spec
from typing import Any

from mailcore.errors import ConfigurationError


NOT_SIGNED = frozenset(
    # SES replaces or removes these on the way, and a receiver would find the signature broken.
    # https://docs.aws.amazon.com/ses/latest/dg/header-fields.html and
    # https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-manual.html
    # (read 2026-11-21); Bcc and X-SES-* never stand in a message of ours.
    ["date", "message-id", "return-path", "bounces-to", "bcc", "dkim-signature"]
)
# RFC 6376, section 8.15: signed once more than they occur, so that nobody can add another.
_OVERSIGNED = ("from", "to", "subject")


class DkimSigner:
    """
    Signs raw messages: RSA with SHA-256, relaxed canonicalization of header and body.

    Args:
        domain: The signing domain (``d=``).
        selector: Of the key in DNS: ``<selector>._domainkey.<domain>``.
        private_key: RSA key in PEM, PKCS #1 or PKCS #8, not encrypted.
        headers: Names of headers to sign, in place of all but those that SES rewrites. From is
            always signed.

    Raises:
        ConfigurationError: If the extra is not installed, or the key cannot be read.
    """

    def __init__(
        self, *, domain: str, selector: str, private_key: str, headers: Sequence[str] = ()
    ) -> None:
        if find_spec("dkim") is None:
            raise ConfigurationError(
                "ses: dkim_private_key needs dkimpy: pip install 'mailcore-ses[dkim]'"
            )
        import dkim.crypto  # type: ignore[import-untyped]  # it has no types

        try:
            dkim.crypto.parse_pem_private_key(private_key.encode("ascii"))
        except (
            dkim.crypto.UnparsableKeyError,
            UnicodeEncodeError,
            IndexError,
            ValueError,
        ) as error:
            # The cause may quote the key.
            reason = f"ses: dkim_private_key is no RSA key in PEM ({type(error).__name__})"
            raise ConfigurationError(reason) from None
        self._domain = domain.encode("idna")
        self._selector = selector.encode("ascii")
        self._private_key = private_key.encode("ascii")
        self._headers = frozenset(name.lower() for name in headers)

    def __call__(self, message: bytes) -> bytes:
        """
        Sign a message.

        Args:
            message: ASCII, with CRLF.

        Returns:
            The same message with a DKIM-Signature in front.
        """
        import dkim

        signature: bytes = dkim.sign(
            message,
            self._selector,
            self._domain,
            self._private_key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=self._names(message),
            linesep=b"\r\n",
        )
        return signature + message

    def _names(self, message: bytes) -> list[bytes]:
        present = [name.lower() for name in BytesHeaderParser().parsebytes(message)]
        if self._headers:
            signed = [name for name in present if name in self._headers or name == "from"]
        else:
            signed = [name for name in present if name not in NOT_SIGNED]
        signed += [name for name in _OVERSIGNED if name in signed]
        return [name.encode("ascii") for name in signed]

    def __repr__(self) -> str:
        return f"DkimSigner(domain={self._domain.decode()!r}, selector={self._selector.decode()!r})"


def signer_from_options(
    domain: str | None, selector: str | None, private_key: str | None, headers: Sequence[str]
) -> DkimSigner | None:
    """
    The signer that a provider's options describe, None if there is no key.

    Raises:
        ConfigurationError: If one of domain, selector and key is missing.
    """
    options: dict[str, Any] = {
        "dkim_domain": domain,
        "dkim_selector": selector,
        "dkim_private_key": private_key,
    }
    missing = [name for name, value in options.items() if not value]
    if len(missing) == len(options) and not headers:
        return None
    if missing or not (domain and selector and private_key):
        raise ConfigurationError(f"ses: DKIM needs {', '.join(missing)} as well")
    return DkimSigner(domain=domain, selector=selector, private_key=private_key, headers=headers)
