"""
A message as Send API v3.1 has it: one JSON object.

https://dev.mailjet.com/reference/email/send-emails/ and _send-api.md in
https://github.com/mailjet/api-documentation/tree/master/guides (read 2026-11-30).
"""

from __future__ import annotations

import base64
import codecs

from collections.abc import Mapping
from typing import Any

from mailcore.http import json_bytes
from mailcore.message import Attachment, Deliveries, Message, attachments_as_shown, extra_of
from mailcore.sending import header_texts
from mailcore_mailjet.merge_syntax import Filling, filling_of, variables
from mailcore_mailjet.options import NAMESPACE, mailbox


Payload = dict[str, Any]

REPLY_TO = "reply-to"
TEMPLATE_ID = "TemplateID"

_TRACKING = {True: "enabled", False: "disabled"}
# It refuses an empty name: https://github.com/anymail/django-anymail/issues/407 (read 2026-11-30).
_UNNAMED = "attachment"
_NOTHING: Mapping[str, Any] = {}


def message_fields(message: Message, deliveries: Deliveries) -> Payload:
    """The object of one message, without what options and ``esp_extra`` add."""
    payload: Payload = {}
    if message.from_email is not None:
        payload["From"] = mailbox(message.from_email)
    _add_recipients(payload, message, deliveries)
    _add_content(payload, message)
    if message.tags:
        payload["CustomCampaign"] = message.tags[0]
    if message.metadata:
        payload["EventPayload"] = event_payload(message.metadata)
    if message.track_opens is not None:
        payload["TrackOpens"] = _TRACKING[message.track_opens]
    if message.track_clicks is not None:
        payload["TrackClicks"] = _TRACKING[message.track_clicks]
    _add_values(payload, message, filling_of(message))
    return payload


def _add_recipients(payload: Payload, message: Message, deliveries: Deliveries) -> None:
    for name, addresses in zip(("To", "Cc", "Bcc"), deliveries, strict=True):
        if addresses:
            payload[name] = [mailbox(address) for address in addresses]
    if message.reply_to:
        payload["ReplyTo"] = mailbox(message.reply_to[0])


def _add_content(payload: Payload, message: Message) -> None:
    # An empty text counts as none: mj-0012.
    if message.subject:
        payload["Subject"] = message.subject
    if message.text:
        payload["TextPart"] = message.text
    if message.html:
        payload["HTMLPart"] = message.html
    if message.headers or message.unsubscribe is not None:
        # Mailjet does not say how it writes text outside ASCII here: this has none.
        payload["Headers"] = header_texts(message)
    if message.attachments:
        _add_files(payload, message)


def _add_values(payload: Payload, message: Message, filling: Filling | None) -> None:
    if message.template_id is not None:
        payload[TEMPLATE_ID] = int(message.template_id)
    if filling is None:
        return
    if filling.language:
        payload["TemplateLanguage"] = True
    values = message.merge_global_data or _NOTHING
    if values or filling.blank:
        payload["Variables"] = variables(filling.blank, values)


def uses_template(message: Message) -> bool:
    """Whether a template of Mailjet's writes the message."""
    if message.template_id is not None:
        return True
    return bool(message.esp_extra) and bool(extra_of(message, NAMESPACE).get(TEMPLATE_ID))


def event_payload(metadata: Mapping[str, Any]) -> str:
    """Metadata as the text that events bring back."""
    return json_bytes(metadata).decode("ascii")


def _add_files(payload: Payload, message: Message) -> None:
    parts = message.attachments if uses_template(message) else attachments_as_shown(message)
    for part in parts:
        content, content_type = _content_of(part)
        file = {
            "ContentType": content_type,
            "Filename": part.filename or _UNNAMED,
            "Base64Content": base64.b64encode(content).decode("ascii"),
        }
        if part.inline:
            file["ContentID"] = part.content_id or ""
        name = "InlinedAttachments" if part.inline else "Attachments"
        payload.setdefault(name, []).append(file)


def _content_of(part: Attachment) -> tuple[bytes, str]:
    """
    The octets and the type: texts in UTF-8, without a charset.

    Mailjet adds ``charset=utf-8`` to the type of every text, whatever it has already: so
    ``anymail/backends/mailjet.py`` of django-anymail, whose author tried it (read 2026-11-30).
    """
    kind, *parameters = part.content_type.split(";")
    charset = ""
    if not part.mime_type.startswith("text/") or not parameters:
        return part.content, part.content_type
    kept = [kind.strip()]
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"')
        else:
            kept.append(parameter.strip())
    content = part.content
    if charset:
        # An attachment's content is in the charset that it names, as far as Python knows that.
        try:
            if codecs.lookup(charset).name != "utf-8":
                content = content.decode(charset).encode("utf-8")
        except (LookupError, UnicodeError):
            return part.content, part.content_type
    return content, "; ".join(kept)
