"""
Metadata, as a header of the mail: the one place where Brevo keeps something for its events.

``X-Mailin-custom`` has one text, which events bring back as it is
(https://developers.brevo.com/docs/transactional-webhooks, as of 2026-11-30): JSON, as
django-anymail writes it. Whoever gets the mail can read it. Letters outside ASCII would leave Brevo
as raw octets, and so would the escapes of JSON (``_prevent_header_encoding_bug`` in
https://github.com/anymail/django-anymail, whose author tried it; read 2026-11-30): JSON that has
any is written in base64, and read again by the same prefix.
"""

from __future__ import annotations

import base64
import json

from collections.abc import Mapping
from typing import Any

from mailcore.errors import MalformedWebhook, SerializationError
from mailcore.foundation import FrozenDict, freeze
from mailcore.webhook import Fields, read_object


METADATA_HEADER = "X-Mailin-custom"
_ENCODED = "base64:"
_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_ONLY_TEXTS = {str}


def metadata_text(metadata: Mapping[str, Any]) -> str:
    """
    What the header has.

    Raises:
        SerializationError: If JSON cannot hold a value.
    """
    try:
        text = _to_json(metadata)
        if text.isascii() and "\\u" not in text:
            return text
        return _ENCODED + base64.b64encode(text.encode("utf-8")).decode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        # json's own words repeat the value, at times.
        kind = type(error).__name__
        raise SerializationError(f"metadata cannot be written as JSON ({kind})") from None


def read_metadata(fields: Fields) -> Mapping[str, Any]:
    """The metadata that an event brings back; a defect if it is not as it is written here."""
    text = fields.text(METADATA_HEADER)
    if text is None:
        return FrozenDict()
    try:
        if text.startswith(_ENCODED):
            text = base64.b64decode(text[len(_ENCODED) :], validate=True).decode("utf-8")
        found = read_object(text, METADATA_HEADER)
    except (ValueError, MalformedWebhook):
        fields.tell(METADATA_HEADER, "is no JSON object")
        return FrozenDict()
    # Metadata holds texts, mostly: see Fields.mapping().
    is_flat = {*map(type, found.values())} <= _ONLY_TEXTS
    metadata: Mapping[str, Any] = FrozenDict(found) if is_flat else freeze(found)
    return metadata
