"""Pieces that several of SES's requests have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mailcore.address import Address
from mailcore.message import Attachment, Message, attachments_as_shown
from mailcore.mime.encoding import as_seven_bit
from mailcore_ses.payload.settings import SendingSettings


Parameters = dict[str, Any]


def given(**parameters: Any) -> Parameters:
    """The parameters that have a value: neither None nor empty."""
    return {name: value for name, value in parameters.items() if value}


def bare(addresses: Iterable[Address]) -> list[str]:
    """
    Addresses without names: raw content has the names in its header.

    SES's MIME encoding of long names in a Destination would be its own.
    """
    return [address.ascii_addr_spec for address in addresses]


def named(addresses: Iterable[Address]) -> list[str]:
    """Addresses with names, where SES writes the header: RFC 2047 words, domains in punycode."""
    return [address.format_ascii() for address in addresses]


def sender(message: Message) -> str | None:
    """``FromEmailAddress``, where SES writes the header."""
    return None if message.from_email is None else message.from_email.format_ascii()


def feedback_address(message: Message) -> str | None:
    """Where bounces go."""
    envelope_sender = message.envelope_sender
    return None if envelope_sender is None else envelope_sender.ascii_addr_spec


def tag_list(tags: Iterable[tuple[str, str]]) -> list[Parameters]:
    """Message tags as SES lists them."""
    return [{"Name": name, "Value": value} for name, value in tags]


def email_tags(message: Message, settings: SendingSettings) -> list[Parameters]:
    """The provider's message tags; the message's one tag under the name that is set for it."""
    if not settings.email_tags and settings.message_tag_name is None:
        return []
    tags = dict(settings.email_tags)
    if settings.message_tag_name is not None and message.tags:
        tags[settings.message_tag_name] = message.tags[0]
    return tag_list(tags.items())


def list_management(settings: SendingSettings) -> Parameters:
    """``ListManagementOptions``: SES adds the headers and refuses who left the list."""
    if settings.contact_list_name is None:
        return {}
    return given(ContactListName=settings.contact_list_name, TopicName=settings.topic_name)


_SWITCH = {True: "ENABLED", False: "DISABLED", None: None}


def overrides(message: Message) -> Parameters | None:
    """``ConfigurationOverrides``: tracking of this message, whatever its configuration set says."""
    if message.track_opens is None and message.track_clicks is None:
        return None
    return {
        "Tracking": given(
            OpenTrackingEnabled=_SWITCH[message.track_opens],
            ClickTrackingEnabled=_SWITCH[message.track_clicks],
        )
    }


def attachments(message: Message) -> list[Parameters]:
    """``Attachments`` of simple and template content."""
    parts = message.attachments if message.template_id else attachments_as_shown(message)
    return [_attachment(part) for part in parts]


def _attachment(part: Attachment) -> Parameters:
    content, content_type, encoding = part.content, part.content_type, "BASE64"
    if part.mime_type.startswith("message/"):
        # RFC 2046, section 5.2.1, allows no base64 in them: what is not clean goes as a file.
        clean = as_seven_bit(content)
        if clean is None:
            content_type = "application/octet-stream"
        else:
            content, encoding = clean, "SEVEN_BIT"
    return {
        "RawContent": content,
        "ContentDisposition": "INLINE" if part.inline else "ATTACHMENT",
        "FileName": part.filename or "",
        **given(ContentId=part.content_id),
        "ContentTransferEncoding": encoding,
        "ContentType": content_type,
    }
