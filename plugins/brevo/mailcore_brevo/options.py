"""
Brevo's options, declared once: for every message by the provider, or for one in ``esp_extra``.

``esp_extra={"brevo": {...}}`` has the names of Brevo's API, such as ``params`` or ``batchId``, and
is merged in last, beside the versions of a batch: mappings merge, everything else replaces. One
name is mailcore's own: ``pixel_tracking_consent`` goes to each recipient. Recipients and
``messageVersions`` are refused: who gets a message has a status, and that takes the message's own
fields.
"""

from __future__ import annotations

import ipaddress
import uuid

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailcore.foundation import cached_property
from mailcore.message import Message, extra_of
from mailcore.registry import (
    ProviderOptions,
    base_url_option,
    key_option,
    message_options,
    option,
)


NAMESPACE = "brevo"
CONSENT = "pixel_tracking_consent"
HEADERS = "headers"
# Instructions that stand among the headers of the JSON:
# https://developers.brevo.com/docs/using-sandbox-mode and
# https://developers.brevo.com/reference/sendtransacemail (as of 2026-11-30).
SANDBOX_HEADER, SENDER_IP_HEADER = "X-Sib-Sandbox", "sender.ip"
_MAX_INBOUND_BYTES = 40 * 1024 * 1024


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_uuid4(text: str) -> bool:
    try:
        return uuid.UUID(text).version == 4
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class BrevoMessageOptions(ProviderOptions):
    """
    Options that a message may bring, too: see :func:`~mailcore_brevo.brevo_options`.

    Args:
        sandbox: True has Brevo check a message, answer it, and send nothing.
        sender_ip: A dedicated IP address of the account to send from.
        batch_id: A UUID (version 4) by which scheduled mail can be looked up and cancelled; Brevo
            makes one up if None.
        pixel_tracking_consent: Whether the recipients have agreed to be tracked one by one; False
            has Brevo report openings and clicks without saying whose. It needs a setting of the
            account, without which it does nothing.
    """

    provider = NAMESPACE

    sandbox: bool | None = option(None)
    sender_ip: str | None = option(None, fits=_is_ip_address, must_be="an IP address")
    batch_id: str | None = option(
        None, parameter="batchId", fits=_is_uuid4, must_be="a UUID of version 4"
    )
    pixel_tracking_consent: bool | None = option(None, parameter=CONSENT)

    def parameters(self) -> dict[str, Any]:
        """The options that are given, by the names of Brevo's API; two of them are headers."""
        found = super().parameters()
        headers = {}
        if self.sandbox:
            headers[SANDBOX_HEADER] = "drop"
        if self.sender_ip is not None:
            headers[SENDER_IP_HEADER] = self.sender_ip
        if headers:
            found[HEADERS] = headers
        return found


@dataclass(frozen=True, kw_only=True)
class BrevoOptions(BrevoMessageOptions):
    """
    Options of :class:`~mailcore_brevo.BrevoProvider`.

    Args:
        api_key: An API key, ``xkeysib-…``; keys for Brevo's SMTP server are others. Who only
            receives needs none, but for received mail that has files.
        base_url: The URL of the API without its version: another one is a proxy or a server for
            tests.
        webhook_secrets: ``user:password`` texts, one of which each webhook request must bring (HTTP
            Basic): Brevo signs nothing. Without any of these and the next, every webhook request is
            refused.
        webhook_header_secrets: ``Name: value`` texts, the header of one of which a webhook request
            may bring instead: ``Authorization: Bearer …`` for the ``auth`` of Brevo's Webhooks API,
            any other for its ``headers``.
        max_inbound_bytes: A larger received mail is not fetched.
        timeout_seconds: How many seconds connecting may take, and how many each wait for data may.
    """

    api_key: str | None = key_option("an API key: ASCII without spaces")
    base_url: str = base_url_option("https://api.brevo.com", version="/v3")
    webhook_secrets: Sequence[str] = option((), secret=True)
    webhook_header_secrets: Sequence[str] = option((), secret=True)
    max_inbound_bytes: int = option(_MAX_INBOUND_BYTES)
    timeout_seconds: float = option(30.0)

    @cached_property
    def api_url(self) -> str:
        """The API's, with its version."""
        return f"{self.base_url}/v3"

    @cached_property
    def authorization(self) -> Mapping[str, str]:
        """The header that has the key; a secret."""
        return {"api-key": self.api_key or ""}

    @cached_property
    def of_every_message(self) -> Mapping[str, Any]:
        """What stands in the JSON of each message."""
        return {name: value for name, value in self.parameters().items() if name != CONSENT}


@message_options(BrevoMessageOptions)
def brevo_options(options: BrevoMessageOptions) -> dict[str, dict[str, Any]]:
    """
    Options of Brevo for one message.

    ``Message(..., esp_extra=brevo_options(sandbox=True))``: each wins over the provider's option of
    the same name; those that are not given leave it, and so does ``sandbox=False``.

    Returns:
        A mapping for ``esp_extra``, with the names of Brevo's API.

    Raises:
        ConfigurationError: If one of them cannot be right.
    """
    return options.for_message()


def parameters_of(message: Message) -> Mapping[str, Any]:
    """What the message has for Brevo."""
    return extra_of(message, NAMESPACE)
