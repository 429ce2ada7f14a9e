"""
How the texts of a message refer to merge values: ``%recipient.name%``, nearly anywhere.

https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending (read
2026-11-21).
"""

from __future__ import annotations

import re

from collections.abc import Iterator

from mailcore.message import MergeSyntax, Message, OwnText, subject_and_bodies
from mailcore_mailgun.options import NAMESPACE, extra_of, texts_of


def own_texts(message: Message) -> Iterator[OwnText]:
    """Every text of a message that Mailgun, or :func:`.recipient_variables.fill_in`, fills in."""
    yield from subject_and_bodies(message)
    for part in message.alternatives:
        yield OwnText("alternatives", part.content)
    for name, value in message.headers.items():
        yield OwnText(f"headers[{name!r}]", value)
    for key, value in message.metadata.items():
        if isinstance(value, str):
            yield OwnText(f"metadata[{key!r}]", value)
    for tag in message.tags:
        yield OwnText("tags", tag)
    if message.unsubscribe is not None and message.unsubscribe.url is not None:
        yield OwnText("unsubscribe", message.unsubscribe.url)
    for field, address in (
        *(("from_email", each) for each in (message.from_email,) if each is not None),
        *(("other_authors", each) for each in message.other_authors),
        *(("reply_to", each) for each in message.reply_to),
    ):
        yield OwnText(field, address.display_name)
        yield OwnText(field, address.addr_spec)
    for name, text in texts_of(extra_of(message)):
        yield OwnText(f"esp_extra[{NAMESPACE!r}][{name!r}]", text)


SYNTAX = MergeSyntax(
    example="%recipient.name%",
    pattern=re.compile(r"%recipient\.(?P<name>[^%\r\n]+)%"),
    texts=own_texts,
)
