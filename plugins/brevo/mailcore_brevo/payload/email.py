"""
A message as Brevo's API has it: one JSON object.

https://developers.brevo.com/reference/sendtransacemail (as of 2026-11-30; the fields were read in
``api/swagger.yaml`` of https://github.com/getbrevo/brevo-go, of 2025-02-07).
"""

from __future__ import annotations

import base64
import re

from collections.abc import Iterable
from typing import Any

from mailcore.address import Address, encode_words
from mailcore.inbound import read_parameters
from mailcore.message import Attachment, Message, extension_of, fills_in
from mailcore_brevo.merge_syntax import SYNTAX
from mailcore_brevo.options import CONSENT, HEADERS, BrevoOptions, parameters_of
from mailcore_brevo.payload.headers import api_headers


Payload = dict[str, Any]

# RFC 5322, section 3.2.3: what a name cannot have without quotes.
_SPECIALS = re.compile(r'[()<>\[\]:;@\\,."]')
_UTF8 = frozenset(["utf-8", "utf8", "us-ascii", "ascii"])


def email_payload(message: Message, options: BrevoOptions) -> Payload:
    """The object of one message without its recipients, and without what ``esp_extra`` adds."""
    payload: Payload = {**options.of_every_message}
    if message.from_email is not None:
        payload["sender"] = mailbox(message.from_email)
    _add_content(payload, message)
    if message.headers or message.metadata or message.unsubscribe is not None:
        payload[HEADERS] = {**payload.get(HEADERS, {}), **api_headers(message)}
    if message.tags:
        payload["tags"] = list(message.tags)
    if message.send_at is not None:
        payload["scheduledAt"] = message.send_at.isoformat(timespec="milliseconds")
    return payload


def _add_content(payload: Payload, message: Message) -> None:
    # An empty text counts as none.
    if message.html:
        payload["htmlContent"] = message.html
    if message.text:
        payload["textContent"] = message.text
    if message.subject:
        payload["subject"] = message.subject
    if message.reply_to:
        payload["replyTo"] = mailbox(message.reply_to[0], is_written_as_it_is=True)
    if message.attachments:
        payload["attachment"] = [
            _attachment(part, number) for number, part in enumerate(message.attachments, start=1)
        ]
    if message.template_id is not None:
        payload["templateId"] = int(message.template_id)
    if message.merge_global_data and not message.is_batch and fills_in(message, SYNTAX):
        payload["params"] = dict(message.merge_global_data)


def consent_of(message: Message, options: BrevoOptions) -> bool | None:
    """What is said of all recipients: whether they have agreed to be tracked one by one."""
    own: bool | None = parameters_of(message).get(CONSENT)
    return options.pixel_tracking_consent if own is None else own


def mailboxes(addresses: Iterable[Address], *, consent: bool | None) -> list[Payload]:
    """Recipients, each with what they have agreed to, if that is known."""
    found = [mailbox(address) for address in addresses]
    if consent is not None:
        for each in found:
            # Part of the recipient in Brevo's own client, brevo-python 5.1.0 (read 2026-11-30).
            each["contactPixelTrackingConsent"] = consent
    return found


def mailbox(address: Address, *, is_written_as_it_is: bool = False) -> Payload:
    """
    An address with its name; the domain in punycode.

    A name with letters outside ASCII and punctuation is encoded here (RFC 2047), because Brevo
    drops it otherwise: https://github.com/anymail/django-anymail, anymail/backends/brevo.py (read
    2026-11-30), whose author tried it. In Reply-To, Brevo writes every name as it is.
    """
    found = {"email": address.addr_spec if address.addr_spec.isascii() else address.ascii_addr_spec}
    name = address.display_name
    if name:
        is_dropped = not is_written_as_it_is and not name.isascii() and _SPECIALS.search(name)
        found["name"] = " ".join(encode_words(name)) if is_dropped else name
    return found


def _attachment(part: Attachment, number: int) -> Payload:
    # Brevo tells the type by the extension of the name, and takes no file without one.
    name = part.filename or f"attachment-{number}{extension_of(part.mime_type)}"
    return {"name": name, "content": base64.b64encode(_content(part)).decode("ascii")}


def _content(part: Attachment) -> bytes:
    """
    The octets of a file, those of a text in UTF-8.

    Brevo says of every text that it is: https://github.com/anymail/django-anymail/issues/450 (read
    2026-11-30).
    """
    if not part.mime_type.startswith("text/"):
        return part.content
    charset = read_parameters(part.content_type.encode()).parameters.get("charset", "utf-8").lower()
    if charset in _UTF8:
        return part.content
    try:
        return part.content.decode(charset).encode("utf-8")
    except (LookupError, ValueError):
        # There are more charsets than Python has codecs.
        return part.content
