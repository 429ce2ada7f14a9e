"""
Canaries: messages that use one feature each, with tokens that must arrive in the request.

A value without room for a token (a flag, a moment) is proven by its variations instead: requests
that differ in nothing else must differ.
"""

from __future__ import annotations

import hashlib

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from mailcore.features import AMP, Feature
from mailcore.message.alternative import Alternative
from mailcore.message.attachment import Attachment
from mailcore.message.message import Message


def token(name: str) -> str:
    """
    A text that occurs nowhere else: the same for the same name, an ASCII word of 17 characters.

    Letters and digits in lower case only, so that it survives wherever an identifier does.
    """
    return "canary" + hashlib.sha256(name.encode()).hexdigest()[:11]


@dataclass(frozen=True, kw_only=True)
class Canary:
    """
    Fields of a message, and how to see that a request carries them.

    Args:
        fields: What to add to the plain message.
        tokens: Texts that the decoded request must contain.
        variations: Further values of the same fields. The requests of `fields`, of each variation
            and of the message without any of them must all differ.
    """

    fields: Mapping[str, Any]
    tokens: tuple[str, ...] = ()
    variations: tuple[Mapping[str, Any], ...] = field(default=())


SENDER = f"{token('from_email')}@example.com"
RECIPIENT = f"{token('to')}@example.net"


def plain_fields() -> dict[str, Any]:
    """A message that every provider can send: sender, one recipient, subject, text and HTML."""
    return {
        "from_email": (f"Sender {token('from name')}", SENDER),
        "to": [(f"Recipient {token('to name')}", RECIPIENT)],
        "subject": f"Subject {token('subject')}",
        "text": f"Text {token('text')}\n",
        "html": f"<p>HTML {token('html')}</p>",
    }


def default_canary(name: str, count: int) -> Canary:
    """
    The canary for a feature, or for a field that every provider must carry.

    Args:
        name: Of the feature, or one of :data:`PLAIN`.
        count: How many items, where a feature counts: addresses, tags, files.
    """
    if name in PLAIN:
        return PLAIN[name]()
    feature = Feature(name)
    return COUNTED[feature](count) if feature in COUNTED else _SINGLE[feature]()


def merged(*field_sets: Mapping[str, Any]) -> Message:
    """
    The message with all these fields: lists are joined, mappings merged, others replaced.

    Raises:
        MessageError: As the constructor of Message does.
    """
    fields: dict[str, Any] = {}
    for given in field_sets:
        for name, value in given.items():
            before = fields.get(name)
            if name in ("from_email", "to") or before is None or value is None:
                fields[name] = value
            elif isinstance(value, list):
                fields[name] = [*before, *value]
            elif isinstance(value, Mapping):
                fields[name] = {**before, **value}
            else:
                fields[name] = value
    return Message(**fields)


def _addresses(field_name: str, count: int) -> Canary:
    tokens = tuple(token(f"{field_name} {n}") for n in range(count))
    return Canary(fields={field_name: [f"{t}@example.org" for t in tokens]}, tokens=tokens)


def _reply_to(count: int) -> Canary:
    pairs = [(token(f"reply_to name {n}"), token(f"reply_to {n}")) for n in range(count)]
    return Canary(
        fields={"reply_to": [(f"Desk {name}", f"{user}@example.org") for name, user in pairs]},
        tokens=tuple(text for pair in pairs for text in pair),
    )


def _headers(count: int) -> Canary:
    names = [f"X-{token(f'header name {n}')}" for n in range(count)]
    values = [token(f"header value {n}") for n in range(count)]
    return Canary(
        fields={"headers": dict(zip(names, values, strict=True))}, tokens=(*names, *values)
    )


def _spoofed_to() -> Canary:
    text = token("spoofed to")
    return Canary(fields={"headers": {"To": f"Friends <{text}@example.org>"}}, tokens=(text,))


def _alternatives(count: int) -> Canary:
    tokens = tuple(token(f"alternative {n}") for n in range(count))
    calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{}\r\nEND:VCALENDAR\r\n"
    return Canary(
        fields={
            "alternatives": [
                Alternative(calendar.format(text), "text/calendar; method=REQUEST")
                for text in tokens
            ]
        },
        tokens=tokens,
    )


def _amp_html() -> Canary:
    text = token("amp")
    return Canary(
        fields={"alternatives": [Alternative(f"<html amp4email>{text}</html>", AMP)]},
        tokens=(text,),
    )


def _attachments(count: int) -> Canary:
    names = [f"Übersicht {token(f'file name {n}')}.pdf" for n in range(count)]
    texts = [token(f"file {n}") for n in range(count)]
    files = [
        # Not UTF-8, so that nobody can treat it as text.
        Attachment(name, b"%PDF-1.7\n\xff\xfe" + text.encode(), "application/pdf")
        for name, text in zip(names, texts, strict=True)
    ]
    return Canary(fields={"attachments": files}, tokens=(*names, *texts))


def _inline_images(count: int) -> Canary:
    ids = [f"{token(f'content id {n}')}@inline" for n in range(count)]
    texts = [token(f"image {n}") for n in range(count)]
    images = [
        Attachment(
            f"image{n}.png",
            b"\x89PNG\r\n\x1a\n\xff" + text.encode(),
            "image/png",
            content_id=content_id,
        )
        for n, (content_id, text) in enumerate(zip(ids, texts, strict=True))
    ]
    html = "".join(f'<img src="cid:{content_id}">' for content_id in ids)
    # The HTML alone would have the ids as well: the variation has other images, the same HTML.
    others = [_renamed(image, f"{token(f'other {n}')}@inline") for n, image in enumerate(images)]
    return Canary(
        fields={"html": html, "attachments": images},
        tokens=(*ids, *texts),
        variations=({"html": html, "attachments": others},),
    )


def _renamed(image: Attachment, content_id: str) -> Attachment:
    """The same image under another Content-ID."""
    return Attachment(image.filename, image.content, image.content_type, content_id=content_id)


def _flag(field_name: str) -> Callable[[], Canary]:
    return lambda: Canary(fields={field_name: True}, variations=({field_name: False},))


def _send_at() -> Canary:
    moment = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=24)
    return Canary(
        fields={"send_at": moment}, variations=({"send_at": moment + timedelta(minutes=61)},)
    )


def _text_field(field_name: str) -> Callable[[], Canary]:
    text = token(field_name)
    return lambda: Canary(fields={field_name: text}, tokens=(text,))


def _envelope_sender() -> Canary:
    text = token("envelope_sender")
    return Canary(fields={"envelope_sender": f"{text}@example.com"}, tokens=(text,))


def _metadata(count: int) -> Canary:
    keys = [token(f"metadata key {n}") for n in range(count)]
    values = [token(f"metadata value {n}") for n in range(count)]
    return Canary(
        fields={"metadata": dict(zip(keys, values, strict=True))}, tokens=(*keys, *values)
    )


def _tags(count: int) -> Canary:
    tokens = tuple(token(f"tag {n}") for n in range(count))
    return Canary(fields={"tags": list(tokens)}, tokens=tokens)


def _templates() -> Canary:
    text = token("template_id")
    fields = {"template_id": text, "subject": None, "text": None, "html": None}
    return Canary(fields=fields, tokens=(text,))


def _template_sender() -> Canary:
    return Canary(fields={**_templates().fields, "from_email": None}, tokens=_templates().tokens)


def _merge_global_data() -> Canary:
    texts = (token("merge_global_data key"), token("merge_global_data value"))
    return Canary(fields={"merge_global_data": {texts[0]: texts[1]}}, tokens=texts)


def _by_recipient(field_name: str, prefix: str = "") -> Callable[[], Canary]:
    key, text = f"{prefix}{token(f'{field_name} key')}", token(f"{field_name} value")
    return lambda: Canary(fields={field_name: {RECIPIENT: {key: text}}}, tokens=(key, text))


def _unsubscribe() -> Canary:
    text = token("unsubscribe")
    return Canary(fields={"unsubscribe": f"https://example.com/u/{text}"}, tokens=(text,))


def _international_addresses() -> Canary:
    text = f"grüße-{token('international')}"
    return Canary(fields={"to": [f"{text}@example.net"]}, tokens=(text,))


COUNTED: Mapping[Feature, Callable[[int], Canary]] = {
    Feature.MULTIPLE_FROM: lambda count: _addresses("other_authors", count),
    Feature.CC: lambda count: _addresses("cc", count),
    Feature.BCC: lambda count: _addresses("bcc", count),
    Feature.REPLY_TO: _reply_to,
    Feature.HEADERS: _headers,
    Feature.ALTERNATIVES: _alternatives,
    Feature.ATTACHMENTS: _attachments,
    Feature.INLINE_IMAGES: _inline_images,
    Feature.METADATA: _metadata,
    Feature.TAGS: _tags,
    Feature.RECIPIENTS: lambda count: _addresses("to", count),
}
"""Features of which a message can have several."""

_SINGLE: Mapping[Feature, Callable[[], Canary]] = {
    Feature.SPOOFED_TO: _spoofed_to,
    Feature.AMP_HTML: _amp_html,
    Feature.ENVELOPE_SENDER: _envelope_sender,
    Feature.TRACK_OPENS: _flag("track_opens"),
    Feature.TRACK_CLICKS: _flag("track_clicks"),
    Feature.SEND_AT: _send_at,
    Feature.TEMPLATES: _templates,
    Feature.TEMPLATE_SENDER: _template_sender,
    Feature.MERGE_DATA: _by_recipient("merge_data"),
    Feature.MERGE_GLOBAL_DATA: _merge_global_data,
    Feature.MERGE_METADATA: _by_recipient("merge_metadata"),
    Feature.MERGE_HEADERS: _by_recipient("merge_headers", prefix="X-"),
    Feature.UNSUBSCRIBE: _unsubscribe,
    Feature.IDEMPOTENCY_KEY: _text_field("idempotency_key"),
    Feature.INTERNATIONAL_ADDRESSES: _international_addresses,
}

PLAIN: Mapping[str, Callable[[], Canary]] = {
    "from_email": lambda: Canary(
        fields={}, tokens=(token("from_email"), f"Sender {token('from name')}")
    ),
    "to": lambda: Canary(fields={}, tokens=(token("to"), f"Recipient {token('to name')}")),
    "display names": lambda: Canary(
        fields={"to": [(f"Ünïcode, {token('unicode name')}", RECIPIENT)]},
        tokens=(f"Ünïcode, {token('unicode name')}",),
    ),
    "subject": lambda: Canary(
        fields={"subject": f"Grüße, 日本 {token('unicode subject')} 🎉"},
        tokens=(f"Grüße, 日本 {token('unicode subject')} 🎉",),
    ),
    "text": lambda: Canary(
        fields={"text": f"Grüße, 日本 {token('unicode text')} 🎉\n"},
        tokens=(f"Grüße, 日本 {token('unicode text')} 🎉",),
    ),
    "html": lambda: Canary(
        fields={"html": f"<p>Grüße, 日本 {token('unicode html')} 🎉</p>"},
        tokens=(f"<p>Grüße, 日本 {token('unicode html')} 🎉</p>",),
    ),
}
"""What every provider must carry, whatever it declares."""
