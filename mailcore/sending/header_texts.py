"""The headers of a mail as APIs take them one by one: the message's, and those of one recipient."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mailcore.message.message import Message
from mailcore.mime.headers import header_value


def header_texts(
    message: Message,
    own: Mapping[str, str] | None = None,
    *,
    extra: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> dict[str, str]:
    """
    Names and values in printable ASCII, each name once; none of metadata and the like.

    Args:
        message: Whose headers these are, with those to unsubscribe that it asks for.
        own: The headers of one recipient, which win. One of them to unsubscribe takes along what
            belongs to the URL of all.
        extra: Headers that stand beside the message, as those of `esp_extra` do: they win over the
            message's, and not over those of the recipient.
        without: The names in lower case of a recipient's headers that the service has fields for.

    Raises:
        MessageError: A value cannot be written in ASCII.
    """
    fields = {name.lower(): (name, value) for name, value in message.headers.items_as_given()}
    if message.unsubscribe is not None:
        for name, value in message.unsubscribe.headers.items():
            fields.setdefault(name.lower(), (name, value))
    if extra:
        fields.update((name.lower(), (name, value)) for name, value in extra.items())
    if own:
        given = {name.lower(): (name, value) for name, value in own.items()}
        if "list-unsubscribe" in given:
            fields.pop("list-unsubscribe-post", None)
        fields.update((key, pair) for key, pair in given.items() if key not in without)
    return {name: header_value(name, value) for name, value in fields.values()}
