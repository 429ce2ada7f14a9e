"""
DKIM signatures by a key of your own, made by :class:`mailcore.mime.dkim.DkimSigner`.

Easy DKIM or BYODKIM of SES are the better choice where they can be had: SES then signs every
message, templates among them, after it has rewritten what it rewrites.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailcore.errors import ConfigurationError
from mailcore.mime import DkimSigner


NOT_SIGNED = frozenset(
    # SES replaces or removes these on the way, and a receiver would find the signature broken.
    # https://docs.aws.amazon.com/ses/latest/dg/header-fields.html and
    # https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-manual.html
    # (read 2026-11-21); Bcc and X-SES-* never stand in a message of ours.
    ["date", "message-id", "return-path", "bounces-to"]
)


def signer_from_options(
    domain: str | None, selector: str | None, private_key: str | None, headers: Sequence[str]
) -> DkimSigner | None:
    """
    The signer that a provider's options describe, None if there is no key.

    Raises:
        ConfigurationError: If one of domain, selector and key is missing, or cannot be used.
    """
    options: dict[str, Any] = {
        "dkim_domain": domain,
        "dkim_selector": selector,
        "dkim_private_key": private_key,
    }
    missing = [name for name, value in options.items() if not value]
    if len(missing) == len(options) and not headers:
        return None
    if not (domain and selector and private_key):
        raise ConfigurationError(f"ses: DKIM needs {', '.join(missing)} as well")
    try:
        return DkimSigner(
            domain=domain,
            selector=selector,
            private_key=private_key,
            headers=headers,
            never=NOT_SIGNED,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"ses: {error}") from None
