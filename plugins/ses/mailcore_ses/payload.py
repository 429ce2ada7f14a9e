"""
Message → parameters of ``SendEmail`` with raw content.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (read 2026-11-21).
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

from mailcore.encoded_words import encode_words
from mailcore.frozen import thaw
from mailcore.message import Message
from mailcore.mime import write_message


METADATA_HEADER = "X-Metadata"
TAG_HEADER = "X-Tag"


def send_email_parameters(message: Message, configuration_set_name: str | None) -> dict[str, Any]:
    """The parameters that send *message*, none that it does not need; esp_extra comes last."""
    parameters: dict[str, Any] = {
        "Destination": _destination(message),
        "Content": {"Raw": {"Data": write_message(message, extra_headers=event_headers(message))}},
    }
    if message.envelope_sender is not None:
        parameters["FeedbackForwardingEmailAddress"] = message.envelope_sender.ascii_addr_spec
    if configuration_set_name is not None:
        parameters["ConfigurationSetName"] = configuration_set_name
    extra = message.esp_extra.get("ses")
    if extra:
        _merge(parameters, extra)
    return parameters


def _destination(message: Message) -> dict[str, list[str]]:
    # Names stay in the header: SES's MIME encoding of long ones here would be its own.
    destination: dict[str, list[str]] = {}
    for key, addresses in (
        ("ToAddresses", message.to),
        ("CcAddresses", message.cc),
        ("BccAddresses", message.bcc),
    ):
        if addresses:
            destination[key] = [address.ascii_addr_spec for address in addresses]
    return destination


def event_headers(message: Message) -> list[tuple[str, str]]:
    """
    Headers that carry metadata and tags to the events, which bring them back.

    SES's own message tags would lose most characters (``A-Za-z0-9_-`` only).
    """
    headers: list[tuple[str, str]] = []
    if message.metadata:
        # ASCII, with spaces between the items: foldable, and nothing to be encoded.
        headers.append((METADATA_HEADER, json.dumps(message.metadata)))
    headers.extend((TAG_HEADER, encode_tag(tag)) for tag in message.tags)
    return headers


def encode_tag(tag: str) -> str:
    """A tag as a header value from which a reader of RFC 2047 gets exactly it."""
    if tag.isascii() and "=?" not in tag and tag == tag.strip():
        return tag
    return " ".join(encode_words(tag))


def _merge(into: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """Deep-merge: mappings merge, everything else replaces."""
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = thaw(value)
