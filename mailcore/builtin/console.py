"""
``console``: prints every message, decoded, to look at while developing.

What could steer the terminal is printed as an escape: see :mod:`mailcore.foundation.terminal`.
"""

from __future__ import annotations

import sys

from collections.abc import Iterator
from typing import TextIO

from mailcore.builtin._local import LocalProvider, MessageRequest, new_message_id
from mailcore.errors import ProviderUnavailable
from mailcore.foundation.terminal import lines, one_line
from mailcore.message.message import Message


_RULE = "-" * 72


class ConsoleTransport:
    """
    Prints messages.

    Args:
        stream: Where to; standard output, as it is at the time, if None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def exchange(self, request: MessageRequest) -> str:
        """
        Print the message; answer with a new id.

        Raises:
            ProviderUnavailable: If the stream cannot be written.
        """
        message_id = new_message_id()
        stream = self._stream if self._stream is not None else sys.stdout
        text = "\n".join([_RULE, *describe(request.message), f"Sent as {message_id}", _RULE, ""])
        # A terminal that cannot show a character shows its escape rather than an error.
        encoding = getattr(stream, "encoding", None) or "utf-8"
        try:
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()
        except (OSError, ValueError) as error:
            raise ProviderUnavailable(f"cannot print: {error}", retryable=False) from error
        return message_id

    def close(self) -> None:
        """The stream is not ours to close."""


class ConsoleProvider(LocalProvider):
    """Prints every message to standard output."""

    name = "console"
    label = "Console"

    def create_transport(self) -> ConsoleTransport:
        """A transport that prints."""
        return ConsoleTransport()


def describe(message: Message) -> Iterator[str]:
    """Lines that show all of a message: fields first, then bodies, then the list of files."""
    for name, value in message.to_dict().items():
        if name in ("text", "html", "alternatives", "attachments", "headers"):
            continue
        yield one_line(f"{name}: {_shown(value)}")
    for header, text in message.headers.items_as_given():
        yield one_line(f"{header}: {text}")
    bodies = [("text/plain", message.text), ("text/html", message.html)]
    bodies += [(part.content_type, part.content) for part in message.alternatives]
    for content_type, content in bodies:
        if content is not None:
            yield one_line(f"--- {content_type}")
            yield lines(content)
    for part in message.attachments:
        name = part.filename or "(no name)"
        cid = f", cid:{part.content_id}" if part.content_id else ""
        size = f"{len(part.content)} bytes"
        yield one_line(f"--- {part.disposition}: {name}, {part.content_type}, {size}{cid}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, dict) and "addr_spec" in value:
        name = value.get("display_name")
        return f"{name} <{value['addr_spec']}>" if name else str(value["addr_spec"])
    return str(value)
