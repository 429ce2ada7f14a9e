"""
A message as Mandrill's API has it: one JSON object, with another one in it.

MessagesSendRequest and MessagesRequestComponent of the OpenAPI description of Mailchimp
Transactional 1.4.0 (https://github.com/mailchimp/mailchimp-client-lib-codegen,
spec/transactional.openapi.json; read 2026-11-30). What it does not say stands with its own source.
"""

from __future__ import annotations

import base64

from collections.abc import Iterable, Mapping
from datetime import timezone
from typing import Any

from mailcore.address import Address
from mailcore.message import (
    Attachment,
    MergeSyntax,
    Message,
    attachments_as_shown,
    extra_of,
    fills_in,
    merged,
    value_names,
)
from mailcore_mandrill.options import (
    MESSAGE,
    NAMESPACE,
    MandrillOptions,
)


Payload = dict[str, Any]

REPLY_TO = "Reply-To"
SEND, SEND_TEMPLATE = "/messages/send.json", "/messages/send-template.json"


def url_of(template: str | None, options: MandrillOptions) -> str:
    """The URL of the call that sends a message, with a template or without."""
    return options.base_url + (SEND if template is None else SEND_TEMPLATE)


def call_of(
    message: Message, options: MandrillOptions, syntax: MergeSyntax, template: str | None
) -> Payload:
    """
    The object of a call, without recipients and what is theirs alone.

    ``message`` is the last name in it.
    """
    call: Payload = {"key": options.api_key, **options.placed}
    content: Payload = dict(call.pop(MESSAGE, ()))
    if template is not None:
        # Both have to be there: so the description, and django-anymail, whose [] works.
        call["template_name"] = template
        call["template_content"] = []
    if message.send_at is not None:
        moment = message.send_at.astimezone(timezone.utc)
        call["send_at"] = moment.strftime("%Y-%m-%d %H:%M:%S")
    _add_content(content, message)
    _add_labels(content, message)
    _add_parts(content, message, is_template=template is not None)
    _add_values(content, message, options, syntax, is_template=template is not None)
    if message.is_batch:
        content["preserve_recipients"] = False
    extra = extra_of(message, NAMESPACE)
    if extra:
        content = merged(content, extra.get(MESSAGE) or {})
        call = merged(call, {name: each for name, each in extra.items() if name != MESSAGE})
        call["template_content"] = _contents(call.get("template_content"))
        if call["template_content"] is None:
            del call["template_content"]
    call[MESSAGE] = content
    return call


def _add_content(content: Payload, message: Message) -> None:
    sender = message.from_email
    if sender is not None:
        content["from_email"] = sender.ascii_addr_spec
        if sender.display_name:
            content["from_name"] = sender.display_name
    if message.subject:
        content["subject"] = message.subject
    if message.html:
        content["html"] = message.html
    if message.text:
        content["text"] = message.text
    headers = _headers(message)
    if headers:
        content["headers"] = headers
    if message.envelope_sender is not None:
        # The domain only: Mandrill makes up what stands before it.
        content["return_path_domain"] = message.envelope_sender.ascii_addr_spec.rpartition("@")[2]


def _add_labels(content: Payload, message: Message) -> None:
    if message.tags:
        content["tags"] = list(message.tags)
    if message.metadata:
        content["metadata"] = dict(message.metadata)
    if message.track_opens is not None:
        content["track_opens"] = message.track_opens
    if message.track_clicks is not None:
        content["track_clicks"] = message.track_clicks


def _headers(message: Message) -> dict[str, str]:
    # In Unicode: Mandrill encodes what it has to, and anew what is encoded already
    # (https://mailchimp.com/developer/release-notes/, 2023-04-19; read 2026-11-30).
    headers = dict(message.headers.items_as_given())
    if message.unsubscribe is not None:
        own = message.headers
        headers |= {
            name: value for name, value in message.unsubscribe.headers.items() if name not in own
        }
    if message.reply_to:
        headers[REPLY_TO] = ", ".join(map(_address_text, message.reply_to))
    return headers


def _address_text(address: Address) -> str:
    if address.addr_spec.isascii():
        return address.format()
    return Address(address.ascii_addr_spec, address.display_name).format()


def _add_parts(content: Payload, message: Message, *, is_template: bool) -> None:
    if not message.attachments:
        return
    # Which pictures a stored template shows, only Mandrill knows.
    parts = message.attachments if is_template else attachments_as_shown(message)
    for part in parts:
        content.setdefault("images" if part.inline else "attachments", []).append(_file(part))


def _file(part: Attachment) -> Payload:
    return {
        # Of a picture the type alone, which has to begin with "image/".
        "type": part.mime_type if part.inline else part.content_type,
        # Which of a picture is its Content-ID; a file needs none: so in django-anymail's tests.
        "name": (part.content_id if part.inline else part.filename) or "",
        "content": base64.b64encode(part.content).decode("ascii"),
    }


def _add_values(
    content: Payload,
    message: Message,
    options: MandrillOptions,
    syntax: MergeSyntax,
    *,
    is_template: bool,
) -> None:
    values = dict(message.merge_global_data or {})
    if is_template:
        if options.merge_language is not None:
            content["merge_language"] = options.merge_language
    elif fills_in(message, syntax):
        content["merge_language"] = options.merge_language or "mailchimp"
        # A tag without a value would stay in the text.
        known = set(syntax.keys(values))
        for name in value_names(message):
            if syntax.key(name) not in known:
                values[name] = ""
    else:
        content.setdefault("merge", False)
        return
    if values:
        content["global_merge_vars"] = merge_vars(values)


def merge_vars(values: Mapping[str, Any]) -> list[Payload]:
    """Values as Mandrill has them: nested ones as they are, for handlebars."""
    return [{"name": name, "content": value} for name, value in values.items()]


def recipient(address: Address, kind: str) -> Payload:
    """An item of ``to``, which has all recipients."""
    item: Payload = {"email": address.ascii_addr_spec, "type": kind}
    if address.display_name:
        item["name"] = address.display_name
    return item


def _contents(given: object) -> object:
    """Contents of editable regions: a mapping is easier to write than the list of names."""
    if isinstance(given, Mapping):
        return merge_vars(given)
    return list(given) if isinstance(given, Iterable) and not isinstance(given, str) else given
