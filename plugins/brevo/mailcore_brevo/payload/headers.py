"""Headers of a message, as an object of names and values in ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.message import Message
from mailcore.sending import header_texts
from mailcore_brevo.metadata import METADATA_HEADER, metadata_text


REPLY_TO = "reply-to"


def api_headers(
    message: Message,
    own: Mapping[str, str] | None = None,
    own_metadata: Mapping[str, Any] | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """
    ``headers``: the message's, those to unsubscribe, the metadata; those of one recipient win.

    What the options and ``esp_extra`` have beside them wins over the message's.

    ``Reply-To`` of the recipient is left out: Brevo has a field for it.
    """
    found = header_texts(message, own, extra=extra, without=(REPLY_TO,))
    metadata = {**message.metadata, **own_metadata} if own_metadata else message.metadata
    if metadata:
        found[METADATA_HEADER] = metadata_text(metadata)
    return found
