"""
How a message goes, decided once, and what SparkPost would fill in of it.

SparkPost's template language runs in every transmission, whether there are values or not: a
``{{name}}`` without a value becomes nothing. It runs in From, subject, text, HTML, AMP, Reply-To
and headers of a message that brings its content, and in the top-level headers and the first text
and HTML of a whole mail (https://developers.sparkpost.com/api/transmissions/ and
https://developers.sparkpost.com/api/template-language/, read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from typing import Literal, NamedTuple

from mailcore.features import AMP
from mailcore.message import (
    MergeSyntax,
    Message,
    Named,
    OwnText,
    Remedy,
    WithoutItems,
    extra_of,
    fills_in,
    subject_and_bodies,
)
from mailcore_sparkpost.options import NAMESPACE, within


OPENING = "{{"
TO = "to"
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What the name of a value may be."""

# template-language, "Keys": names that no value may have, and which of them have values anyhow.
RESERVED = frozenset(
    [
        *("address", "email", "email_id", "env_from", "return_path", "and", "break", "do", "else"),
        *("elseif", "end", "false", "for", "function", "if", "local", "nil", "not", "or", "each"),
        *("return", "then", "true", "until", "while"),
    ]
)
_OF_THE_SERVICE = frozenset(
    ["address.name", "address.email", "email", "email_id", "env_from", "return_path"]
)


def own_texts(message: Message) -> Iterator[OwnText]:
    """Every text of a message that SparkPost fills in."""
    yield from subject_and_bodies(message)
    for part in message.alternatives:
        if part.mime_type == AMP:
            yield OwnText("alternatives", part.content)
    yield from header_texts(message)


def header_texts(message: Message) -> Iterator[OwnText]:
    """The texts of the message that stand in the header of its mail, beside the subject."""
    for name, value in message.headers.items():
        if name.lower() != TO:
            yield OwnText(f"headers[{name!r}]", value)
    for field, addresses in (("from_email", message.authors), ("reply_to", message.reply_to)):
        for address in addresses:
            yield OwnText(field, address.display_name)
            yield OwnText(field, address.addr_spec)


SYNTAX = MergeSyntax(
    example="{{name}}",
    # What is no name, or does not end, is found too: SparkPost would not leave it as it is.
    pattern=re.compile(
        r"\{\{\{?(?P<name>[ \t\r\n]*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*[ \t\r\n]*)\}\}|\{\{", re.ASCII
    ),
    texts=own_texts,
    padding=" \t\r\n",
    note="statements, operators and macros of SparkPost's are for stored templates",
    of_the_service=_OF_THE_SERVICE,
    has_paths=True,
)


class Beyond(NamedTuple):
    """
    A part of a message that only a whole mail can hold.

    Attributes:
        field: ``alternatives`` or ``attachments``.
        position: Which of them it is.
        what: Why, following "it is".
        remedy: How a message goes without.
    """

    field: Literal["alternatives", "attachments"]
    position: int
    what: str
    remedy: Remedy


class Plan(NamedTuple):
    """
    What is decided of a message before its calls are written.

    Attributes:
        template: Whether a stored template, or an A/B test, writes the message.
        filled_in: Whether SparkPost is to fill in the texts of the message.
        beyond: The parts for which it goes as a whole mail.
    """

    template: bool
    filled_in: bool
    beyond: tuple[Beyond, ...] = ()

    @property
    def is_mime(self) -> bool:
        """Whether the mail is written here."""
        return bool(self.beyond)


def plan_of(message: Message) -> Plan:
    """Decide about a message, whatever the checks will say of it."""
    if uses_template(message):
        return Plan(template=True, filled_in=True)
    return Plan(template=False, filled_in=fills_in(message, SYNTAX), beyond=tuple(_beyond(message)))


def uses_template(message: Message) -> bool:
    """Whether SparkPost has the content of the message."""
    if message.template_id is not None:
        return True
    content = within(extra_of(message, NAMESPACE), "content")
    return any(content.get(name) is not None for name in ("template_id", "ab_test_id"))


def has_braces(message: Message) -> bool:
    """Whether a text has what SparkPost would fill in."""
    return any(OPENING in text for _, text in own_texts(message)) or any(
        OPENING in text
        for address in (*message.to, *message.cc)
        for text in (address.display_name, address.addr_spec)
    )


def _beyond(message: Message) -> Iterator[Beyond]:
    """
    What the fields of a transmission have no place for.

    Names of files outside ASCII arrive garbled: docs/esps/sparkpost.rst in
    https://github.com/anymail/django-anymail (read 2026-11-30), whose author tried it.
    """
    amp = 0
    for position, part in enumerate(message.alternatives):
        amp += part.mime_type == AMP
        if part.mime_type != AMP or amp > 1:
            remedy = WithoutItems("alternatives", (position,))
            yield Beyond("alternatives", position, f"a body of type {part.mime_type}", remedy)
    for position, file in enumerate(message.attachments):
        if file.mime_type.startswith("message/"):
            remedy = WithoutItems("attachments", (position,))
            yield Beyond("attachments", position, "a mail, which base64 would break", remedy)
        elif file.filename is None and not file.inline:
            yield Beyond("attachments", position, "a file without a name", Named(position))
        elif file.filename is not None and not file.inline and not file.filename.isascii():
            remedy = WithoutItems("attachments", (position,))
            yield Beyond("attachments", position, "a file whose name is not ASCII", remedy)
