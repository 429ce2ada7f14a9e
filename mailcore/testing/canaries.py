"""
Canaries: messages that use one feature each, with tokens that must arrive in the request.

Most are made of the samples in the table of a message's fields, :mod:`mailcore.message.fields`.
A value without room for a token (a flag, a moment) is proven by its variations instead: requests
that differ in nothing else must differ.
"""

from __future__ import annotations

import hashlib
import re

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from mailcore.features import Feature
from mailcore.message.attachment import Attachment
from mailcore.message.fields import FEATURES, MESSAGE_FIELDS, USES
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
        name: The name of the feature, or one of :data:`PLAIN`.
        count: How many items, where a feature counts: addresses, tags, files.
    """
    if name in PLAIN:
        return PLAIN[name]()
    feature = Feature(name)
    return _OWN[feature](count) if feature in _OWN else _of_sample(feature, count)


def samples() -> dict[str, Any]:
    """
    A value for each field of a message, as its constructor takes it.

    For tests that go through all fields, so that a new one is among them. They do not make one
    message: some of them contradict each other.
    """
    found = plain_fields()
    for feature in USES:
        for name, value in default_canary(feature.value, 1).fields.items():
            if value is not None:
                found.setdefault(name, value)
    found["esp_extra"] = {"acme": {token("esp_extra key"): token("esp_extra value")}}
    return {name: found[name] for name in MESSAGE_FIELDS}


def _of_sample(feature: Feature, count: int) -> Canary:
    each, use = FEATURES[feature]
    tokens: list[str] = []
    items = []
    for number in range(count if use.several else 1):
        suffix = f" {number}" if use.several else ""
        items.append(_filled(use.sample, partial(_numbered, suffix), tokens))
    return Canary(
        fields={each.name: _joined(items)},
        tokens=tuple(tokens),
        variations=tuple({each.name: other} for other in use.others),
    )


def injected(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    The samples of all features with a text that is in none of them: for checks of what is refused.

    Args:
        text: Stands in the place of one token at a time.

    Yields:
        The name of the feature, and fields of a message.
    """
    for each, use in FEATURES.values():
        names: list[str] = []
        _filled(use.sample, partial(_noted, names), [])
        for chosen in names:
            value = _filled(use.sample, partial(_replaced, chosen, text), [])
            yield use.feature, {each.name: value}


def _numbered(suffix: str, name: str) -> str:
    return token(name + suffix)


def _noted(names: list[str], name: str) -> str:
    names.append(name)
    return name


def _replaced(chosen: str, text: str, name: str) -> str:
    return text if name == chosen else name


# A place for a token, with whatever is one word with it.
_WORD = re.compile(r"[\w-]*\{([^{}]+)\}[\w-]*")
_PLACE = re.compile(r"\{([^{}]+)\}")


def _filled(sample: Any, word: Callable[[str], str], tokens: list[str]) -> Any:
    """A sample of the table with words in its places; *tokens* are told what has to arrive."""
    if isinstance(sample, str):
        text = sample.replace("{recipient}", RECIPIENT)

        def fill(found: re.Match[str]) -> str:
            whole = _PLACE.sub(lambda place: word(place[1]), found[0])
            tokens.append(whole)
            return whole

        return _WORD.sub(fill, text)
    if isinstance(sample, Mapping):
        return {
            _filled(key, word, tokens): _filled(value, word, tokens)
            for key, value in sample.items()
        }
    if isinstance(sample, (list, tuple)):
        return type(sample)([_filled(item, word, tokens) for item in sample])
    return sample


def _joined(items: list[Any]) -> Any:
    first = items[0]
    if isinstance(first, list):
        return [each for item in items for each in item]
    if isinstance(first, Mapping):
        return {key: value for item in items for key, value in item.items()}
    return first


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


def _send_at() -> Canary:
    moment = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=24)
    return Canary(
        fields={"send_at": moment}, variations=({"send_at": moment + timedelta(minutes=61)},)
    )


def _templates() -> Canary:
    text = token("template_id")
    fields = {"template_id": text, "subject": None, "text": None, "html": None}
    return Canary(fields=fields, tokens=(text,))


def _template_sender() -> Canary:
    return Canary(fields={**_templates().fields, "from_email": None}, tokens=_templates().tokens)


_OWN: Mapping[Feature, Callable[[int], Canary]] = {
    Feature.ATTACHMENTS: _attachments,
    Feature.INLINE_IMAGES: _inline_images,
    Feature.SEND_AT: lambda _count: _send_at(),
    Feature.TEMPLATES: lambda _count: _templates(),
    Feature.TEMPLATE_SENDER: lambda _count: _template_sender(),
}
"""Canaries that are more than a sample: files, moments, and what goes without a body."""

COUNTED = frozenset(feature for feature in USES if FEATURES[feature][1].several)
"""Features of which a message can have several."""

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
