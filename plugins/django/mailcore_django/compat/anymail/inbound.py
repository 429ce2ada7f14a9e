"""``anymail.inbound``: received mail by django-anymail's names, over what mailcore reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from mailcore import InboundEvent
from mailcore.inbound import (
    InboundAddress,
    InboundMessage,
    InboundPart,
    parse_inbound,
    read_addresses,
)


__all__ = ["AnymailInboundMessage"]


class AnymailInboundMessage:
    """
    A received mail, or a part of it.

    What is not here is the attribute of :class:`mailcore.inbound.InboundMessage` or
    :class:`mailcore.inbound.InboundPart`: ``from_email``, ``to``, ``cc``, ``bcc``, ``subject``,
    ``date``, ``text``, ``html``, ``headers``.

    Args:
        content: mailcore's message or part.
        event: The event that brought the message.
    """

    def __init__(
        self, content: InboundMessage | InboundPart, event: InboundEvent | None = None
    ) -> None:
        self.mailcore: InboundMessage | InboundPart = content
        """mailcore's own."""
        recipients = event.envelope_recipients if event is not None else ()
        self.envelope_sender = event.envelope_sender if event is not None else None
        self.envelope_recipient = recipients[0] if recipients else None
        self.stripped_text = event.stripped_text if event is not None else None
        self.stripped_html = event.stripped_html if event is not None else None
        self.spam_detected = event.spam if event is not None else None
        self.spam_score = event.spam_score if event is not None else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "mailcore":
            raise AttributeError(name)
        return getattr(self.mailcore, name)

    def __getitem__(self, name: str) -> str | None:
        return self.mailcore[name]

    def __contains__(self, name: str) -> bool:
        return name in self.mailcore

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header field."""
        found = self.mailcore[name]
        return default if found is None else found

    def get_address_header(self, header: str) -> list[InboundAddress]:
        """The addresses of a header field."""
        values = (
            value.decode("utf-8", "replace") for value in self.mailcore.headers.get_raw(header)
        )
        unfolded = (" ".join(value.split()) for value in values)
        return [each for value in unfolded for each in read_addresses(value, header).addresses]

    def get_date_header(self, header: str) -> datetime | None:
        """The time that a header field has; None if there is none that can be read."""
        try:
            return parsedate_to_datetime(self.mailcore[header] or "")
        except ValueError:
            return None

    def walk(self) -> Iterator[AnymailInboundMessage]:
        """Every part, the containers among them."""
        return (AnymailInboundMessage(part) for part in self.mailcore.walk())

    @property
    def attachments(self) -> list[AnymailInboundMessage]:
        """The files, without what is shown in the body."""
        return [AnymailInboundMessage(part) for part in self._message.attachments]

    @property
    def inlines(self) -> list[AnymailInboundMessage]:
        """What is shown in the body."""
        return [AnymailInboundMessage(part) for part in self._message.inlines]

    @property
    def content_id_map(self) -> dict[str, AnymailInboundMessage]:
        """What the HTML refers to as ``cid:…``, by that."""
        found = self._message.content_id_map
        return {name: AnymailInboundMessage(part) for name, part in found.items()}

    @property
    def inline_attachments(self) -> dict[str, AnymailInboundMessage]:
        """An older name of :attr:`content_id_map`."""
        return self.content_id_map

    @property
    def _message(self) -> InboundMessage:
        if isinstance(self.mailcore, InboundPart):
            raise TypeError("a part of a mail has no attachments of its own")
        return self.mailcore

    @property
    def _part(self) -> InboundPart:
        if isinstance(self.mailcore, InboundMessage):
            return next(self.mailcore.walk())
        return self.mailcore

    def get_content_type(self) -> str:
        """``type/subtype`` in lower case."""
        return self.mailcore.content_type

    def get_content_maintype(self) -> str:
        """What stands before the slash."""
        return self._part.maintype

    def get_content_subtype(self) -> str:
        """What stands behind the slash."""
        return self._part.subtype

    def get_filename(self) -> str | None:
        """The name as the sender wrote it: see ``safe_filename`` before a file is made of it."""
        return self._part.filename

    def get_content_disposition(self) -> str | None:
        """``attachment``, ``inline``, or None."""
        return self._part.disposition

    def is_inline(self) -> bool:
        """Whether it is shown in the body."""
        return self._part.disposition == "inline"

    def is_inline_attachment(self) -> bool:
        """An older name of :meth:`is_inline`."""
        return self.is_inline()

    def is_attachment(self) -> bool:
        """Whether it is a file."""
        return self._part.disposition == "attachment"

    def get_content_bytes(self) -> bytes:
        """The octets, decoded."""
        return self._part.content

    def get_content_text(self, charset: str | None = None, errors: str | None = None) -> str:
        """The text, in its charset or another."""
        return self._part.text(charset, errors or "replace")

    def as_uploaded_file(self) -> SimpleUploadedFile | None:
        """A file for fields of Django's models and forms; None for what is no file."""
        part = self._part
        if part.disposition is None:
            return None
        return SimpleUploadedFile(part.safe_filename(), part.content, part.content_type)

    @classmethod
    def parse_raw_mime(cls, text: str) -> AnymailInboundMessage:
        """Read a mail."""
        return cls(parse_inbound(text.encode("utf-8")))

    @classmethod
    def parse_raw_mime_bytes(cls, octets: bytes) -> AnymailInboundMessage:
        """Read a mail."""
        return cls(parse_inbound(octets))

    def __repr__(self) -> str:
        return f"AnymailInboundMessage({self.mailcore!r})"
