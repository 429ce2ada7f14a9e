"""Headers of a message, as an object of names and values in ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.message import Message
from mailcore.mime import header_value
from mailcore_brevo.metadata import METADATA_HEADER, metadata_text


REPLY_TO = "reply-to"


def api_headers(
    message: Message,
    own: Mapping[str, str] | None = None,
    own_metadata: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """
    ``headers``: the message's, those to unsubscribe, the metadata; those of one recipient win.

    ``Reply-To`` of the recipient is left out: Brevo has a field for it.
    """
    fields = {name.lower(): (name, value) for name, value in message.headers.items_as_given()}
    if message.unsubscribe is not None:
        for name, value in message.unsubscribe.headers.items():
            fields.setdefault(name.lower(), (name, value))
    if own and any(name.lower() == "list-unsubscribe" for name in own):
        # The one of all belongs to the URL of all.
        fields.pop("list-unsubscribe-post", None)
    for name, value in (own or {}).items():
        if name.lower() != REPLY_TO:
            fields[name.lower()] = (name, value)
    found = {name: header_value(name, value) for name, value in fields.values()}
    metadata = {**message.metadata, **own_metadata} if own_metadata else message.metadata
    if metadata:
        found[METADATA_HEADER] = metadata_text(metadata)
    return found
