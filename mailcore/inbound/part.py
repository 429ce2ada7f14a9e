"""Parts of a received mail: the files that came along, and the two forms of the body."""

from __future__ import annotations

import re

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from mailcore.foundation.computing import cached_property
from mailcore.inbound.charset import decode_charset
from mailcore.inbound.decoding import decode_transfer
from mailcore.inbound.entity import Entity, Limits
from mailcore.inbound.filename import safe_filename
from mailcore.inbound.headers import InboundHeaders, message_ids
from mailcore.inbound.parameters import Parameterized, read_parameters
from mailcore.message.file_types import extension_of


if TYPE_CHECKING:
    from mailcore.inbound.message import InboundMessage

__all__ = ["InboundPart"]

_TYPE = re.compile(r"[^\s/;,=<>()\"]+/[^\s/;,=<>()\"]+")
_NONE = Parameterized("", {}, ())
_MESSAGES = ("message/rfc822", "message/global", "message/news")


class InboundPart:
    """
    One part of a received mail.

    Among its bodies and files are no multiparts: only :meth:`walk` meets these.

    Nothing is decoded before it is asked for, and the content is not kept: ask once.
    """

    def __init__(
        self, entity: Entity, limits: Limits, read_mail: Callable[..., InboundMessage]
    ) -> None:
        # parse_inbound, which stands above: it reads the mail that is attached.
        self._entity = entity
        self._limits = limits
        self._read_mail = read_mail

    @cached_property
    def headers(self) -> InboundHeaders:
        """The header fields of the part."""
        return InboundHeaders(self._entity.fields)

    @cached_property
    def _content_type(self) -> Parameterized:
        raw = self._entity.raw_field("content-type")
        return _NONE if raw is None else read_parameters(raw)

    @cached_property
    def _content_disposition(self) -> Parameterized:
        raw = self._entity.raw_field("content-disposition")
        return _NONE if raw is None else read_parameters(raw)

    @cached_property
    def content_type(self) -> str:
        """``type/subtype`` in lower case, as declared; ``text/plain`` if that makes no sense."""
        declared = self._content_type.value
        if _TYPE.fullmatch(declared):
            return declared
        return "text/plain" if declared else self._entity.default_type

    @property
    def maintype(self) -> str:
        """The content type before the slash: ``image`` of ``image/png``."""
        return self.content_type.partition("/")[0]

    @property
    def subtype(self) -> str:
        """The content type behind the slash: ``png`` of ``image/png``."""
        return self.content_type.partition("/")[2]

    @property
    def is_multipart(self) -> bool:
        """Whether it consists of :attr:`parts`; it has no content of its own then."""
        return self._entity.is_multipart

    @property
    def parts(self) -> tuple[InboundPart, ...]:
        """The parts of a multipart, in order; none of any other part, an attached message too."""
        return tuple(of_same_mail(self, child) for child in self._entity.children)

    def walk(self) -> Iterator[InboundPart]:
        """The part, then the parts of its parts, in the order of the mail."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def __getitem__(self, name: str) -> str | None:
        """The first header field of that name, decoded, in any case; None if there is none."""
        return self.headers.get(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is a header field of that name."""
        return name in self.headers

    # With an item for each name it would count as a sequence.
    __iter__ = None

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the content type, names in lower case: ``charset``, ``method``."""
        return dict(self._content_type.parameters)

    @property
    def charset(self) -> str | None:
        """As declared, in lower case."""
        words = self._content_type.parameters.get("charset", "").lower().split()
        return words[0].strip("'\"") if words else None

    @property
    def disposition(self) -> str | None:
        """``inline`` or ``attachment``; None if there is none. Others count as ``attachment``."""
        value = self._content_disposition.value
        if not value:
            return None
        return "inline" if value == "inline" else "attachment"

    @cached_property
    def content_id(self) -> str | None:
        """What the HTML refers to as ``cid:…``, without angle brackets."""
        value = self.headers.get("content-id", "")
        if not value:
            return None
        ids = message_ids(value.encode())
        return ids[0][1:-1] if ids else value.strip(" <>") or None

    @property
    def inline(self) -> bool:
        """
        Whether it is meant to be shown within the message.

        The rule that :class:`mailcore.Attachment` has: as the disposition says; without one, a
        part with a Content-ID is.
        """
        if self.disposition is None:
            return self.content_id is not None
        return self.disposition == "inline"

    @property
    def filename(self) -> str | None:
        """As the sender wrote it: decoded, on one line, and not to be trusted with a path."""
        name = self._content_disposition.parameters.get("filename")
        return name or self._content_type.parameters.get("name") or None

    def safe_filename(self) -> str:
        """
        The file name as one can be given to a file system.

        See :func:`mailcore.inbound.filename.safe_filename`; without a name it is ``attachment``
        with the usual extension of the content type.
        """
        extension = extension_of(self.content_type)
        return safe_filename(self.filename, default=f"attachment{extension}")

    @property
    def transfer_encoding(self) -> str:
        """The encoding of the content within the message, in lower case; empty if there is none."""
        raw = self._entity.raw_field("content-transfer-encoding")
        return "" if raw is None else read_parameters(raw).value.strip("\"'")

    @property
    def content(self) -> bytes:
        """The decoded content. Decoded anew each time, because copies of large files add up."""
        return decode_transfer(self._entity.body, self.transfer_encoding)[0]

    @property
    def approximate_size(self) -> int:
        """Size of the content in bytes, without decoding it: for base64 within four per cent."""
        size = self._entity.body_size
        if self.transfer_encoding != "base64":
            return size
        # 76 characters and CRLF on each line carry 57 bytes.
        return size * 57 // 78 if size > 78 else size * 3 // 4

    def text(self, charset: str | None = None, errors: str = "replace") -> str:
        r"""
        The content as text, lines ending in ``\n``.

        Args:
            charset: The charset to decode with instead of the declared one. Without either, 8-bit
                text is read as UTF-8 or, if hardly any of it is that, as windows-1252.
            errors: What happens to octets that cannot be decoded, as for :meth:`bytes.decode`.

        Raises:
            UnicodeDecodeError: With ``errors="strict"``, also if nothing is declared and it is
                not UTF-8.
            LookupError: *errors* is unknown.
        """
        return self._decoded(charset, errors)[0]

    def _decoded(self, charset: str | None, errors: str) -> tuple[str, list[str]]:
        content, in_encoding = decode_transfer(self._entity.body, self.transfer_encoding)
        text, in_charset = decode_charset(
            content, charset or self._content_type.parameters.get("charset", ""), errors
        )
        del content
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text, [defect for defect in (in_encoding, in_charset) if defect]

    @property
    def is_message(self) -> bool:
        """Whether it is a mail, forwarded or returned: see :meth:`message`."""
        return self.content_type in _MESSAGES

    def message(self) -> InboundMessage:
        """
        Read the content as a mail, of which nothing is part of the mail that it is attached to.

        Raises:
            ValueError: The part is of another type.
        """
        if not self.is_message:
            raise ValueError(f"a part of type {self.content_type[:80]} is no message")
        return self._read_mail(self.content, **asdict(self._limits))

    def header_defects(self) -> list[str]:
        """What is wrong with its content type and file name."""
        return [*self._content_type.defects, *self._content_disposition.defects]

    def text_defects(self) -> list[str]:
        """What is wrong with it as text."""
        return self._decoded(None, "replace")[1]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InboundPart):
            return NotImplemented
        return _same(self._entity, other._entity)

    def __hash__(self) -> int:
        return hash(self._entity.fields)

    def __reduce__(self) -> tuple[object, ...]:
        return InboundPart, (_copied(self._entity), self._limits, self._read_mail)

    def __repr__(self) -> str:
        return f"InboundPart({self.content_type!r}, approximate_size={self.approximate_size})"


def entity_of(part: InboundPart) -> Entity:
    """What a part is read from, for the core: its header fields and its content, not decoded."""
    return part._entity


def of_same_mail(part: InboundPart, entity: Entity) -> InboundPart:
    """Make a part of another entity of the mail that *part* belongs to."""
    return InboundPart(entity, part._limits, part._read_mail)


def _same(mine: Entity, its: Entity) -> bool:
    return (
        mine.fields == its.fields
        and mine.is_multipart == its.is_multipart
        and mine.body == its.body
        and len(mine.children) == len(its.children)
        and all(map(_same, mine.children, its.children))
    )


def _copied(entity: Entity) -> Entity:
    """A copy that can travel: without views of the mail."""
    return Entity(
        entity.fields,
        () if entity.is_multipart else (bytes(entity.body),),
        tuple(map(_copied, entity.children)),
        entity.default_type,
        entity.is_multipart,
    )
