"""
The message and what it is made of: all that can be said about a mail before a provider is chosen.

:class:`Message` is the value. What it is made of has modules of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.message.alternative import Alternative
    from mailcore.message.attachment import Attachment, Disposition, inline_image
    from mailcore.message.content_id import attachments_as_shown
    from mailcore.message.defaults import Defaults
    from mailcore.message.deliveries import Deliveries
    from mailcore.message.esp_extra import (
        CONTROL,
        control_characters,
        extra_of,
        merged,
        place_in_extra,
    )
    from mailcore.message.fields import MESSAGE_FIELDS
    from mailcore.message.file_types import extension_of
    from mailcore.message.headers import (
        ADDRESS_HEADERS,
        MAX_LINE_OCTETS,
        Headers,
        HeadersInput,
        collect_headers,
    )
    from mailcore.message.merging import (
        MergeSyntax,
        OwnText,
        fills_in,
        subject_and_bodies,
        value_names,
    )
    from mailcore.message.message import Message, MessageFields
    from mailcore.message.remedies import (
        AsFiles,
        Emptied,
        First,
        Named,
        OneField,
        Remedy,
        SeparateBy,
        Without,
        WithoutHeaders,
        WithoutItems,
        WithoutKeys,
    )
    from mailcore.message.unsubscribe import Unsubscribe
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Alternative": "message.alternative",
            "Attachment": "message.attachment",
            "Disposition": "message.attachment",
            "inline_image": "message.attachment",
            "attachments_as_shown": "message.content_id",
            "Defaults": "message.defaults",
            "Deliveries": "message.deliveries",
            "CONTROL": "message.esp_extra",
            "control_characters": "message.esp_extra",
            "extra_of": "message.esp_extra",
            "merged": "message.esp_extra",
            "place_in_extra": "message.esp_extra",
            "MESSAGE_FIELDS": "message.fields",
            "extension_of": "message.file_types",
            "ADDRESS_HEADERS": "message.headers",
            "Headers": "message.headers",
            "HeadersInput": "message.headers",
            "MAX_LINE_OCTETS": "message.headers",
            "collect_headers": "message.headers",
            "MergeSyntax": "message.merging",
            "OwnText": "message.merging",
            "fills_in": "message.merging",
            "subject_and_bodies": "message.merging",
            "value_names": "message.merging",
            "Message": "message.message",
            "MessageFields": "message.message",
            "AsFiles": "message.remedies",
            "Emptied": "message.remedies",
            "First": "message.remedies",
            "Named": "message.remedies",
            "OneField": "message.remedies",
            "Remedy": "message.remedies",
            "SeparateBy": "message.remedies",
            "Without": "message.remedies",
            "WithoutHeaders": "message.remedies",
            "WithoutItems": "message.remedies",
            "WithoutKeys": "message.remedies",
            "Unsubscribe": "message.unsubscribe",
        },
    )

__all__ = [
    "ADDRESS_HEADERS",
    "CONTROL",
    "MAX_LINE_OCTETS",
    "MESSAGE_FIELDS",
    "Alternative",
    "AsFiles",
    "Attachment",
    "Defaults",
    "Deliveries",
    "Disposition",
    "Emptied",
    "First",
    "Headers",
    "HeadersInput",
    "MergeSyntax",
    "Message",
    "MessageFields",
    "Named",
    "OneField",
    "OwnText",
    "Remedy",
    "SeparateBy",
    "Unsubscribe",
    "Without",
    "WithoutHeaders",
    "WithoutItems",
    "WithoutKeys",
    "attachments_as_shown",
    "collect_headers",
    "control_characters",
    "extension_of",
    "extra_of",
    "fills_in",
    "inline_image",
    "merged",
    "place_in_extra",
    "subject_and_bodies",
    "value_names",
]
