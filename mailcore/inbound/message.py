"""
Bytes of a received mail → :class:`InboundMessage`; lenient, lazy, bounded.

Whatever the bytes are, reading them raises nothing: what is wrong is listed as ``defects``. What
the mail does not say itself, the envelope and the provider's verdicts, stands on
:class:`~mailcore.events.InboundEvent`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import NoReturn

from mailcore.foundation.computing import cached_property
from mailcore.foundation.frozen import FrozenDict
from mailcore.inbound.addresses import AddressField, InboundAddress, read_field
from mailcore.inbound.body import Bodies, find_bodies
from mailcore.inbound.date import parse_date
from mailcore.inbound.defects import body_defects, header_defects
from mailcore.inbound.entity import Entity, Limits
from mailcore.inbound.headers import InboundHeaders, message_ids
from mailcore.inbound.kind import accepts_auto_reply, is_auto_submitted, is_list
from mailcore.inbound.part import InboundPart
from mailcore.inbound.reply import without_quotes
from mailcore.inbound.report import (
    DeliveryReport,
    FeedbackReport,
    RecipientReport,
    read_delivery,
    read_feedback,
)
from mailcore.inbound.splitter import Irregular, split


__all__ = [
    "DeliveryReport",
    "FeedbackReport",
    "InboundAddress",
    "InboundHeaders",
    "InboundMessage",
    "InboundPart",
    "RecipientReport",
    "parse_inbound",
]

_ADDRESS_FIELDS = ("From", "To", "Cc", "Bcc", "Reply-To")


def parse_inbound(
    raw: bytes,
    *,
    max_parts: int = 1_000,
    max_depth: int = 50,
    max_header_bytes: int = 512 * 1024,
    defects: Iterable[str] = (),
) -> InboundMessage:
    r"""
    Take a received mail apart. Headers and contents are decoded when they are asked for.

    Args:
        raw: The mail as received (RFC 5322), 8-bit allowed; lines may end in CRLF, LF or CR.
        max_parts: How many parts are read.
        max_depth: How many multiparts within each other are read.
        max_header_bytes: How many bytes of header fields are read, those of all parts included; a
            line counts as at least 64. What exceeds a limit is kept as one attachment, and
            ``defects`` says so.
        defects: What was wrong before it was these bytes: the first of the message's ``defects``.

    Raises:
        TypeError: *raw* is not bytes. A str cannot hold 8-bit mail.
        ValueError: A limit is not positive.

    Example:
        >>> mail = parse_inbound(b"To: Ada <ada@example.com>\r\nSubject: Hi\r\n\r\nHello!\r\n")
        >>> mail.to[0].addr_spec, mail.subject, mail.text
        ('ada@example.com', 'Hi', 'Hello!\n')
    """
    if not isinstance(raw, bytes):
        raise TypeError(f"raw must be bytes, not {type(raw).__name__}")
    if min(max_parts, max_depth, max_header_bytes) < 1:
        raise ValueError("limits must be positive")
    limits = Limits(max_parts=max_parts, max_depth=max_depth, max_header_bytes=max_header_bytes)
    found: tuple[str, ...] = ()
    try:
        root = split(raw, limits)
    except Irregular:
        from mailcore.inbound.fallback import read_irregular

        root, found = read_irregular(raw, limits)
    return InboundMessage(raw, limits, root, (*defects, *found))


class InboundMessage:
    """
    A received mail, as :func:`parse_inbound` reads it. Immutable, equal by its bytes.

    Attached messages are attachments, see :meth:`InboundPart.message`: neither their bodies nor
    their files are ours.
    """

    raw: bytes
    """The mail as received."""

    def __init__(
        self, raw: bytes, limits: Limits, root: Entity, defects: tuple[str, ...] = ()
    ) -> None:
        vars(self).update(raw=raw, _limits=limits, _root=root, _structure_defects=defects)

    _limits: Limits
    _root: Entity
    _structure_defects: tuple[str, ...]

    @cached_property
    def headers(self) -> InboundHeaders:
        """All header fields, repeated ones too."""
        return InboundHeaders(self._root.fields)

    def __getitem__(self, name: str) -> str | None:
        """
        The first header field of that name, decoded, in any case; None if there is none.

        As of :class:`email.message.Message`. All of them: ``message.headers.get_all(name)``.
        """
        return self.headers.get(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is a header field of that name."""
        return name in self.headers

    # With an item for each name it would count as a sequence.
    __iter__ = None

    @property
    def content_type(self) -> str:
        """The media type of the mail as a whole: ``multipart/mixed``, or that of its one part."""
        return whole_of(self).content_type

    def walk(self) -> Iterator[InboundPart]:
        """
        Every part, multiparts too, in the order of the mail; the first is the mail as a whole.

        As of :meth:`email.message.Message.walk`, but for attached messages, whose parts are theirs:
        ``part.message().walk()``.
        """
        return whole_of(self).walk()

    @cached_property
    def _addresses(self) -> dict[str, AddressField]:
        headers = self.headers
        return {name: read_field(headers.get_raw(name), name) for name in _ADDRESS_FIELDS}

    @property
    def from_email(self) -> InboundAddress | None:
        """The author; the first one if there are several."""
        return next(iter(self._addresses["From"].addresses), None)

    @property
    def to(self) -> tuple[InboundAddress, ...]:
        """As the header says; who the mail was delivered for is on the event's envelope."""
        return self._addresses["To"].addresses

    @property
    def cc(self) -> tuple[InboundAddress, ...]:
        """Further addressees, as the header says."""
        return self._addresses["Cc"].addresses

    @property
    def bcc(self) -> tuple[InboundAddress, ...]:
        """Recipients of blind copies, if the sender's program left them in the header."""
        return self._addresses["Bcc"].addresses

    @property
    def reply_to(self) -> tuple[InboundAddress, ...]:
        """Where answers go instead of to the author, if anywhere."""
        return self._addresses["Reply-To"].addresses

    @cached_property
    def subject(self) -> str | None:
        """The subject on one line, decoded; None if there is none."""
        return self.headers.get("subject")

    @cached_property
    def date(self) -> datetime | None:
        """When the author says; without time zone if it is ``-0000``, None if it is no date."""
        value = self._root.raw_field("date")
        return None if value is None else parse_date(value)

    @cached_property
    def message_id(self) -> str | None:
        """The Message-ID in angle brackets, as In-Reply-To and References want it."""
        return next(iter(self._ids("message-id")), None)

    @cached_property
    def in_reply_to(self) -> tuple[str, ...]:
        """Ids of the messages that this one answers, in angle brackets."""
        return self._ids("in-reply-to")

    @cached_property
    def references(self) -> tuple[str, ...]:
        """Ids of the thread so far, oldest first, in angle brackets."""
        return self._ids("references")

    def _ids(self, name: str) -> tuple[str, ...]:
        value = self._root.raw_field(name)
        return () if value is None else message_ids(value)

    @cached_property
    def _bodies(self) -> Bodies:
        return find_bodies(whole_of(self))

    @property
    def text_part(self) -> InboundPart | None:
        """The part that has the plain text."""
        return self._bodies.text

    @property
    def html_part(self) -> InboundPart | None:
        """The part that has the HTML."""
        return self._bodies.html

    @cached_property
    def text(self) -> str | None:
        """The plain text; None if there is none. For other charsets see :attr:`text_part`."""
        return None if self._bodies.text is None else self._bodies.text.text()

    @cached_property
    def html(self) -> str | None:
        """The HTML as the sender wrote it, scripts and all; None if there is none."""
        return None if self._bodies.html is None else self._bodies.html.text()

    @cached_property
    def attachments(self) -> tuple[InboundPart, ...]:
        """Files: everything that is neither body nor inline, with or without a name."""
        return tuple(part for part in self._bodies.others if not part.inline)

    @cached_property
    def inlines(self) -> tuple[InboundPart, ...]:
        """What is meant to be shown within the message; Apple Mail sends any file like that."""
        return tuple(part for part in self._bodies.others if part.inline)

    @cached_property
    def content_id_map(self) -> Mapping[str, InboundPart]:
        """Inline parts by the id that the HTML has as ``cid:…``; of two with one id, the first."""
        found: dict[str, InboundPart] = {}
        for part in self.inlines:
            if part.content_id is not None:
                found.setdefault(part.content_id, part)
        return FrozenDict(found)

    @cached_property
    def stripped_text(self) -> str | None:
        """
        The plain text without what it quotes; None if there is no plain text.

        Raises:
            ConfigurationError: The extra ``mailcore-esp[reply]`` is not installed.
        """
        return None if self.text is None else without_quotes(self.text)

    @property
    def is_auto_submitted(self) -> bool:
        """Whether a program sent it, answering another mail or on its own (RFC 3834)."""
        return is_auto_submitted(self.headers)

    @property
    def is_list(self) -> bool:
        """Whether it came through a mailing list (RFC 2919)."""
        return is_list(self.headers)

    @cached_property
    def delivery_report(self) -> DeliveryReport | None:
        """What became of a message of yours (RFC 3464), if that is what the mail says."""
        return read_delivery(self._bodies.others, parse_inbound)

    @cached_property
    def feedback_report(self) -> FeedbackReport | None:
        """A complaint about a message of yours (RFC 5965), if that is what the mail is."""
        return read_feedback(self._bodies.others, parse_inbound)

    @property
    def is_bounce(self) -> bool:
        """Whether it reports that a message did not arrive, for good."""
        return self.delivery_report is not None and self.delivery_report.has_failed

    @property
    def is_complaint(self) -> bool:
        """Whether somebody complains about a message."""
        return self.feedback_report is not None and self.feedback_report.is_complaint

    @cached_property
    def accepts_auto_reply(self) -> bool:
        """
        Whether a program may answer without risking a loop (RFC 3834, section 2).

        False for everything that a program or a list sent. Look at the event, too: a mail with
        the null envelope sender must not be answered.
        """
        return accepts_auto_reply(self)

    @property
    def received_count(self) -> int:
        """How many servers it went through; around 100 mean a loop (RFC 5321, section 6.3)."""
        return len(self.headers.get_raw("received"))

    @property
    def delivered_to(self) -> tuple[str, ...]:
        """Mailboxes that the mail passed; one with your own among them goes in a circle."""
        return self.headers.get_all("delivered-to")

    @cached_property
    def defects(self) -> tuple[str, ...]:
        """
        What is wrong with the mail, in words without addresses.

        Reads all headers and decodes both bodies, but no attachment.
        """
        return tuple(dict.fromkeys(self._find_defects()))

    def _find_defects(self) -> Iterator[str]:
        yield from self._structure_defects
        yield from header_defects(self)
        for field in self._addresses.values():
            yield from field.defects
        yield from body_defects(self)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"an InboundMessage is immutable: cannot set {name!r}")

    __delattr__ = __setattr__  # type: ignore[assignment]  # it raises whatever it is given

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InboundMessage):
            return NotImplemented
        return self.raw == other.raw and self._limits == other._limits

    def __hash__(self) -> int:
        return hash(self.raw)

    def __reduce__(self) -> tuple[object, ...]:
        limits = asdict(self._limits)
        return partial(parse_inbound, **limits), (self.raw,)

    def __repr__(self) -> str:
        return f"InboundMessage(message_id={self.message_id!r}, size={len(self.raw)})"


def whole_of(mail: InboundMessage) -> InboundPart:
    """The mail as a part, for the core: the first that :meth:`InboundMessage.walk` meets."""
    return InboundPart(mail._root, mail._limits, parse_inbound)
