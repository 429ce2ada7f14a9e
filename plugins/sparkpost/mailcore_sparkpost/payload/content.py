"""
``content`` of a transmission, and what it has beside content and recipients.

https://developers.sparkpost.com/api/transmissions/ (read 2026-11-30, in
https://github.com/SparkPost/developers.sparkpost.com).
"""

from __future__ import annotations

import base64

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timezone
from typing import Any

from mailcore.address import Address
from mailcore.features import AMP
from mailcore.message import ADDRESS_HEADERS, Attachment, Message, attachments_as_shown
from mailcore.mime import header_value, write_message
from mailcore_sparkpost.options import SparkPostOptions
from mailcore_sparkpost.payload.plan import OPENING, TO, Plan
from mailcore_sparkpost.payload.variables import Variables, reference


Payload = dict[str, Any]

REPLY_TO = "reply-to"
_LARGEST = 2**31 - 1
_UNSUBSCRIBE, _POST = "list-unsubscribe", "list-unsubscribe-post"


def transmission(
    message: Message,
    options: SparkPostOptions,
    plan: Plan,
    variables: Variables,
    own: Mapping[str, str],
) -> Payload:
    """
    A transmission without its recipients, and without what ``esp_extra`` adds.

    Args:
        message: The message, which was checked.
        options: The options of the provider.
        plan: How the message goes.
        variables: Takes what is not to be filled in.
        own: Headers that each recipient has a value of, and the variables that have it.
    """
    given = options.transmission
    payload: Payload = {}
    chosen = _options(message, plan)
    if chosen or "options" in given:
        payload["options"] = {**given.get("options", {}), **chosen}
    if message.tags:
        payload["campaign_id"] = message.tags[0]
    for name in ("description", "tracking_domain"):
        if name in given:
            payload[name] = given[name]
    if message.envelope_sender is not None:
        payload["return_path"] = message.envelope_sender.smtputf8_addr_spec
    if message.metadata:
        payload["metadata"] = plain(message.metadata)
    payload["content"] = _content(message, plan, variables, own)
    if plan.template:
        payload["content"].update(given.get("content", {}))
    values = plain(message.merge_global_data or {}) if plan.filled_in else {}
    values.update(variables.values)
    if values:
        payload["substitution_data"] = values
    return payload


def plain(values: Mapping[str, Any]) -> Payload:
    """
    Values as JSON has them.

    SparkPost's numbers have 32 bits, and larger ones are to be texts
    (https://developers.sparkpost.com/api/, read 2026-11-30).
    """
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if type(value) is str:
        return value
    if type(value) is int:
        return value if -_LARGEST <= value <= _LARGEST else str(value)
    if isinstance(value, Mapping):
        return plain(value)
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def _options(message: Message, plan: Plan) -> Payload:
    found: Payload = {}
    if message.send_at is not None:
        moment = message.send_at.astimezone(timezone.utc).replace(microsecond=0)
        found["start_time"] = moment.isoformat()
    if message.track_opens is not None:
        found["open_tracking"] = message.track_opens
    if message.track_opens is False:
        # The second picture has a switch of its own.
        found["initial_open"] = False
    if message.track_clicks is not None:
        found["click_tracking"] = message.track_clicks
    if not (plan.template or plan.is_mime or plan.filled_in) and _has_braces(message):
        found["perform_substitutions"] = False
    return found


def _has_braces(message: Message) -> bool:
    bodies = (message.text, message.html, *(part.content for part in message.alternatives))
    return any(OPENING in body for body in bodies if body)


def _content(message: Message, plan: Plan, variables: Variables, own: Mapping[str, str]) -> Payload:
    if plan.template:
        return _template(message)
    if plan.is_mime:
        is_utf8 = any(
            address.uses_eai
            for address in (*message.authors, *message.to, *message.cc, *message.reply_to)
        )
        return {"email_rfc822": write_message(message, smtputf8=is_utf8).decode()}
    return _inline(message, plan, variables, own)


def _template(message: Message) -> Payload:
    content: Payload = {}
    if message.template_id is not None:
        content["template_id"] = message.template_id
    override: Payload = {}
    if message.from_email is not None:
        override["from"] = mailbox(message.from_email)
    if message.reply_to:
        override["reply_to"] = mailboxes(message.reply_to)
    if override:
        # Since 2025-10; that it stands here was not seen in the documentation itself.
        content["override"] = override
    return content


def _inline(message: Message, plan: Plan, variables: Variables, own: Mapping[str, str]) -> Payload:
    shown = str if plan.filled_in else variables.literal
    content: Payload = {
        "from": shown(mailboxes(message.authors[:1])),
        "subject": shown(message.subject or ""),
    }
    if message.text:
        content["text"] = message.text
    if message.html:
        content["html"] = message.html
    for part in message.alternatives:
        if part.mime_type == AMP:
            content["amp_html"] = part.content
    if message.reply_to:
        content["reply_to"] = shown(mailboxes(message.reply_to))
    if message.headers or message.unsubscribe is not None or message.cc or own:
        _add_headers(content, message, variables, own, shown)
    if message.attachments:
        _add_files(content, message)
    return content


def _add_headers(
    content: Payload,
    message: Message,
    variables: Variables,
    own: Mapping[str, str],
    shown: Callable[[str], str],
) -> None:
    headers = {name: shown(value) for name, value in _headers(message, own)}
    cc = message.deliveries.cc
    if cc:
        headers["CC"] = variables.literal(mailboxes(cc))
    for name, variable in own.items():
        if name.lower() == REPLY_TO:
            content["reply_to"] = reference(variable)
        else:
            headers[name] = reference(variable)
    if headers:
        content["headers"] = headers


def _add_files(content: Payload, message: Message) -> None:
    parts = attachments_as_shown(message)
    for field, is_inline in (("attachments", False), ("inline_images", True)):
        files = [_file(part) for part in parts if part.inline is is_inline]
        if files:
            content[field] = files


def _headers(message: Message, own: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The message's, and those to unsubscribe, without what each recipient has an own one of."""
    replaced = {TO, *map(str.lower, own)}
    given = dict(message.headers.items_as_given())
    if message.unsubscribe is not None:
        given = {**message.unsubscribe.headers, **given}
    if _UNSUBSCRIBE in replaced:
        # The one of all belongs to the URL of all.
        replaced.add(_POST)
    for name, value in given.items():
        if name.lower() not in replaced:
            yield name, header_text(name, value)


def header_text(name: str, value: str) -> str:
    """
    The value of a header: as it is, since SparkPost encodes it (RFC 2047) itself.

    But it does not encode domains: addresses are written here.
    """
    if value.isascii() or name.lower() not in ADDRESS_HEADERS:
        return value
    return header_value(name, value)


def mailboxes(addresses: Iterable[Address]) -> str:
    """Addresses separated by commas."""
    return ", ".join(map(mailbox, addresses))


def mailbox(address: Address) -> str:
    """An address with its name in any script, which SparkPost encodes; the domain in punycode."""
    if address.addr_spec.isascii():
        return address.format()
    return Address(address.smtputf8_addr_spec, address.display_name).format()


def _file(part: Attachment) -> dict[str, str]:
    return {
        # The name of an image is its Content-ID: it has no other.
        "name": (part.content_id if part.inline else part.filename) or "",
        "type": part.content_type,
        "data": base64.b64encode(part.content).decode("ascii"),
    }
