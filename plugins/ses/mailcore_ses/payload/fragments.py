"""Pieces that several of SES's requests have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mailcore.address import Address
from mailcore.message import Attachment, Message, attachments_as_shown
from mailcore.mime import as_seven_bit
from mailcore_ses.payload.names import OVERRIDES, names_in
from mailcore_ses.payload.tags import tag_list


if TYPE_CHECKING:
    from mailcore_ses.payload.plan import Plan


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


def destination(message: Message) -> Parameters:
    """``Destination``, where SES writes the header."""
    to, cc, bcc = message.deliveries
    return given(ToAddresses=named(to), CcAddresses=named(cc), BccAddresses=bare(bcc))


def for_every_message(message: Message, plan: Plan) -> Parameters:
    """What every kind of call has of the provider's options and of the message, by its names."""
    options = plan.options
    found = dict(options.of_every_message)
    if options.message_tag_name is not None and message.tags:
        tags = {**(options.email_tags or {}), options.message_tag_name: message.tags[0]}
        found["EmailTags"] = tag_list(tags.items())
    if message.envelope_sender is not None:
        found["FeedbackForwardingEmailAddress"] = message.envelope_sender.ascii_addr_spec
    if message.track_opens is not None or message.track_clicks is not None:
        found[OVERRIDES] = _overrides(message)
    if plan.is_written_by_ses:
        if message.from_email is not None:
            found["FromEmailAddress"] = message.from_email.format_ascii()
        found.update(given(ReplyToAddresses=named(message.reply_to)))
    if plan.operation == "SendEmail":
        return found
    return {
        own_name: value
        for name, value in found.items()
        for own_name in names_in(plan.operation, name)
    }


_SWITCH = {True: "ENABLED", False: "DISABLED", None: None}


def _overrides(message: Message) -> Parameters:
    """Tracking of this message, whatever its configuration set says."""
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
