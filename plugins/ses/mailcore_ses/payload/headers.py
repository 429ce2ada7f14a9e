"""Headers: those that bring metadata and tags to the events, and all of them as the API wants."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

from mailcore.address import encode_words, looks_encoded
from mailcore.message import Message
from mailcore.mime import header_value


METADATA_HEADER = "X-Metadata"
TAG_HEADER = "X-Tag"


def event_headers(message: Message) -> list[tuple[str, str]]:
    """
    Headers that carry metadata and tags to the events, which bring them back.

    SES's own message tags would lose most characters (``A-Za-z0-9_-`` only).
    """
    headers: list[tuple[str, str]] = []
    if message.metadata:
        headers.append((METADATA_HEADER, encode_metadata(message.metadata)))
    if message.tags:
        headers.extend((TAG_HEADER, encode_tag(tag)) for tag in message.tags)
    return headers


def encode_metadata(metadata: Mapping[str, Any]) -> str:
    """Metadata as a header value: ASCII, and with spaces between the items to fold it at."""
    return json.dumps(metadata)


def encode_tag(tag: str) -> str:
    """A tag as a header value from which a reader of RFC 2047 gets exactly it."""
    if tag.isascii() and tag == tag.strip() and not looks_encoded(tag):
        return tag
    return " ".join(encode_words(tag))


def api_headers(message: Message) -> list[dict[str, str]]:
    """All headers of a message but those that SES writes, for ``Headers`` of the API."""
    pairs = list(message.headers.items_as_given())
    if message.unsubscribe is not None:
        given = {name.lower() for name, _ in pairs}
        found = message.unsubscribe.headers.items()
        pairs += [(name, value) for name, value in found if name.lower() not in given]
    # As ``MessageHeader`` takes them: printable ASCII on one line.
    written = [(name, header_value(name, value)) for name, value in pairs]
    return [{"Name": name, "Value": value} for name, value in written + event_headers(message)]
