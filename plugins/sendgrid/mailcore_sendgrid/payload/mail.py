"""
What all mails of a call have in common: the body of ``mail/send`` but for its personalizations.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and its page of errors
(read 2026-11-30).
"""

from __future__ import annotations

import base64

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.address import Address
from mailcore.message import Alternative, Attachment, Message, attachments_as_shown, extra_of
from mailcore.sending import header_texts
from mailcore_sendgrid.options import NAMESPACE
from mailcore_sendgrid.payload.merge import value_text


Body = dict[str, Any]

_CALENDAR = "text/calendar"


def mail_body(message: Message) -> Body:
    """The body, without what options and ``esp_extra`` add."""
    body: Body = {}
    if message.from_email is not None:
        body["from"] = mailbox(message.from_email)
    body.update(reply_to_of(message.reply_to))
    _add_content(body, message)
    if message.headers or message.unsubscribe is not None:
        body["headers"] = header_texts(message)
    if message.tags:
        body["categories"] = list(dict.fromkeys(message.tags))
    if message.metadata:
        body["custom_args"] = {key: value_text(each) for key, each in message.metadata.items()}
    if message.send_at is not None:
        body["send_at"] = int(message.send_at.timestamp())
    if message.track_opens is not None or message.track_clicks is not None:
        body["tracking_settings"] = _tracking(message)
    return body


def _add_content(body: Body, message: Message) -> None:
    # SendGrid refuses empty texts.
    if message.subject:
        body["subject"] = message.subject
    content = _content(message)
    if content:
        body["content"] = content
    if message.attachments:
        is_ours = template_of(message) is None
        parts = attachments_as_shown(message) if is_ours else message.attachments
        body["attachments"] = [_attachment(part) for part in parts]
    if message.template_id is not None:
        body["template_id"] = message.template_id


def people_of(
    to: Sequence[Address], cc: Sequence[Address] = (), bcc: Sequence[Address] = ()
) -> Body:
    """The recipients of a personalization."""
    people: Body = {"to": [mailbox(address) for address in to]}
    if cc:
        people["cc"] = [mailbox(address) for address in cc]
    if bcc:
        people["bcc"] = [mailbox(address) for address in bcc]
    return people


def reply_to_of(addresses: Sequence[Address]) -> Body:
    """One address, or a list: SendGrid refuses both fields together, and addresses twice in it."""
    if not addresses:
        return {}
    if len(addresses) == 1:
        return {"reply_to": mailbox(addresses[0])}
    found = list({address.key: mailbox(address) for address in reversed(addresses)}.values())
    return {"reply_to": found[0]} if len(found) == 1 else {"reply_to_list": found[::-1]}


def template_of(message: Message) -> str | None:
    """The id of the stored template, which ``esp_extra`` may name too; None if there is none."""
    given = extra_of(message, NAMESPACE).get("template_id", message.template_id)
    return given if isinstance(given, str) and given else None


def mailbox(address: Address) -> dict[str, str]:
    """An address with its name, its domain in punycode: SendGrid writes the header."""
    found = {"email": address.ascii_addr_spec}
    if address.display_name:
        found["name"] = address.display_name
    return found


def _type_of(part: Alternative) -> str:
    """
    The type of a body.

    SendGrid takes no parameters ("The content type cannot contain ';'"), writes the charset itself,
    and makes one exception: ``text/calendar; method=REQUEST``, spelled so. Its staff and users say
    that: https://github.com/sendgrid/sendgrid-ruby/issues/298 and
    https://github.com/sendgrid/sendgrid-nodejs/issues/217 (read 2026-11-30); other methods are
    unconfirmed.
    """
    if part.mime_type != _CALENDAR:
        return part.mime_type
    method = parameters_of(part.content_type).get("method")
    return f"{_CALENDAR}; method={method}" if method else _CALENDAR


def parameters_of(content_type: str) -> Mapping[str, str]:
    """The parameters of a type, by their names in lower case."""
    if ";" not in content_type:
        return {}
    from mailcore.inbound import read_parameters

    return read_parameters(content_type.encode("utf-8")).parameters


def _content(message: Message) -> list[dict[str, str]]:
    # In this order: text, HTML, everything else. SendGrid refuses any other.
    content = []
    if message.text:
        content.append({"type": "text/plain", "value": message.text})
    if message.html:
        content.append({"type": "text/html", "value": message.html})
    content += [
        {"type": _type_of(part), "value": part.content}
        for part in message.alternatives
        if part.content
    ]
    return content


def _attachment(part: Attachment) -> dict[str, str]:
    fields = {
        "content": base64.b64encode(part.content).decode("ascii"),
        # Without parameters: "The attachment type cannot contain ';'".
        "type": part.mime_type,
        # It has to be there, and may be empty: so in django-anymail.
        "filename": part.filename or "",
        "disposition": "inline" if part.inline else "attachment",
    }
    if part.inline and part.content_id is not None:
        fields["content_id"] = part.content_id
    return fields


def _tracking(message: Message) -> dict[str, dict[str, bool]]:
    settings = {}
    if message.track_opens is not None:
        settings["open_tracking"] = {"enable": message.track_opens}
    if message.track_clicks is not None:
        settings["click_tracking"] = {"enable": message.track_clicks}
    return settings
