"""
A message as Postmark's API has it: one JSON object.

https://postmarkapp.com/developer/api/email-api and
https://postmarkapp.com/developer/api/templates-api (as of 2026-11-21; read in the stored copies of
postmarkapp.com/developer/user-guide/send-email-with-api, and for the tables of fields through
clients that are generated from Postmark's OpenAPI description).
"""

from __future__ import annotations

import base64
import json

from collections.abc import Iterable, Mapping
from typing import Any

from mailcore.address import Address
from mailcore.message import Attachment, Message, attachments_as_shown, extra_of
from mailcore_postmark.options import NAMESPACE, PostmarkOptions, TrackLinks
from mailcore_postmark.payload.headers import api_headers


Payload = dict[str, Any]

_TEMPLATE_KEYS = ("TemplateId", "TemplateAlias")


def email_payload(message: Message, options: PostmarkOptions) -> Payload:
    """The object of one message, without what ``esp_extra`` adds."""
    payload: Payload = {}
    _add_addresses(payload, message)
    _add_content(payload, message)
    _add_tracking(payload, message, options)
    if message.attachments:
        parts = message.attachments if uses_template(message) else attachments_as_shown(message)
        payload["Attachments"] = [_attachment(part) for part in parts]
    if options.message_stream is not None:
        payload["MessageStream"] = options.message_stream
    if uses_template(message):
        payload.update(_template(message, options))
    return payload


def _add_addresses(payload: Payload, message: Message) -> None:
    if message.from_email is not None:
        payload["From"] = address_text(message.from_email)
    for name, addresses in zip(("To", "Cc", "Bcc"), message.deliveries, strict=True):
        if addresses:
            payload[name] = address_list(addresses)
    if message.reply_to:
        payload["ReplyTo"] = address_list(message.reply_to)


def _add_content(payload: Payload, message: Message) -> None:
    # An empty text counts as none. Beside a template Postmark refuses it: so in django-anymail.
    if message.subject:
        payload["Subject"] = message.subject
    if message.html:
        payload["HtmlBody"] = message.html
    if message.text:
        payload["TextBody"] = message.text
    if message.headers or message.unsubscribe is not None:
        payload["Headers"] = api_headers(message)


def _add_tracking(payload: Payload, message: Message, options: PostmarkOptions) -> None:
    if message.tags:
        payload["Tag"] = message.tags[0]
    if message.metadata:
        payload["Metadata"] = metadata_texts(message.metadata)
    if message.track_opens is not None:
        payload["TrackOpens"] = message.track_opens
    track_links = _track_links(message, options)
    if track_links is not None:
        payload["TrackLinks"] = track_links


def uses_template(message: Message) -> bool:
    """Whether a template of Postmark's writes the message."""
    if message.template_id is not None:
        return True
    extra = extra_of(message, NAMESPACE)
    return bool(extra) and _names_template(extra)


def _names_template(extra: Mapping[str, Any]) -> bool:
    return any(extra.get(key) is not None for key in _TEMPLATE_KEYS)


def address_list(addresses: Iterable[Address]) -> str:
    """Addresses separated by commas."""
    return ", ".join(map(address_text, addresses))


def address_text(address: Address) -> str:
    """
    An address with its name; the domain in punycode.

    https://postmarkapp.com/support/article/1180-what-does-errorcode-300-mean (read 2026-11-21):
    names with punctuation are quoted; domains have ASCII letters, digits and hyphens only, and
    what stands before the @ is ASCII, too.
    """
    if address.addr_spec.isascii():
        return address.format()
    return Address(address.ascii_addr_spec, address.display_name).format()


def metadata_texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """
    Metadata with values as texts, which is how Postmark keeps and returns them.

    https://postmarkapp.com/support/article/1125-custom-metadata-faq (read 2026-11-21).
    """
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
    }


def _track_links(message: Message, options: PostmarkOptions) -> TrackLinks | None:
    if message.track_clicks is None:
        return options.track_links
    if not message.track_clicks:
        return "None"
    if options.track_links in (None, "None"):
        return "HtmlAndText"
    return options.track_links


def _attachment(part: Attachment) -> Payload:
    attachment = {
        "Name": part.filename or "",
        "Content": base64.b64encode(part.content).decode("ascii"),
        "ContentType": part.content_type,
    }
    if part.inline:
        attachment["ContentID"] = f"cid:{part.content_id}"
    return attachment


def _template(message: Message, options: PostmarkOptions) -> Payload:
    # The model has to be there, even if it is empty.
    fields: Payload = {"TemplateModel": message.merge_global_data or {}}
    template_id = message.template_id
    # One that esp_extra names comes instead, also if this one is a number and that one an alias.
    if template_id is not None and not _names_template(extra_of(message, NAMESPACE)):
        # An alias begins with a letter. Python reads no numbers of more than 4300 digits.
        is_number = template_id.isascii() and template_id.isdecimal() and len(template_id) < 20
        if is_number:
            fields["TemplateId"] = int(template_id)
        else:
            fields["TemplateAlias"] = template_id
    if options.inline_css is not None:
        fields["InlineCss"] = options.inline_css
    return fields
