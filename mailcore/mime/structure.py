r"""
Which part of a finished mail is which form of its body, and which are its files.

========================  ==========================================================================
Part                      In the message
========================  ==========================================================================
multipart/alternative     each form is an alternative, those within others too; a file among them
                          is an attachment
multipart/related         its root (``start``, or the first part) is the body, the others are
                          attachments, inline if they have a Content-ID
multipart/mixed           the first part that can be a body is it: text that is declared no
                          attachment and has no name, or a multipart; the others are attachments,
                          further texts without a name inline ones. An empty text is none, if
                          another is there.
multipart/signed and      refused: the mail is written anew, which breaks a signature
multipart/encrypted,
application/pkcs7-mime
alone
any other multipart       refused
========================  ==========================================================================

Text is decoded from its charset, and its lines end in ``\n``. A part that cannot be decoded, and
header fields of a part that have no place in the message, are refused.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mailcore.errors import MessageError, Problem
from mailcore.foundation.redaction import shown_name
from mailcore.inbound.body import related_root
from mailcore.inbound.entity import Entity
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.part import InboundPart, entity_of, of_same_mail
from mailcore.message.alternative import Alternative
from mailcore.message.attachment import Attachment, attachment_of
from mailcore.message.mime_parts import content_defect, described, header_problems, type_with


__all__ = ["Contents", "contents_of"]

_FORWARD = "attach it as a mail with Attachment.from_message(...)"
_SEALED = ("multipart/signed", "multipart/encrypted")
_SMIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_OF_MULTIPARTS = frozenset(
    [
        *("content-type", "content-transfer-encoding", "content-disposition", "content-id"),
        "mime-version",
    ]
)


class Contents(NamedTuple):
    """The forms of the body from the plainest on, the files, and what cannot be carried."""

    alternatives: list[Alternative]
    attachments: list[Attachment]
    problems: list[Problem]


def contents_of(whole: InboundPart) -> Contents:
    """
    Sort the parts of a mail.

    Args:
        whole: The mail, of whose header only the fields count that describe its content.
    """
    root = entity_of(whole)
    fields = tuple(field for field in root.fields if field[0].lower().startswith("content-"))
    reader = _Reader(whole)
    top = dataclasses.replace(root, fields=fields)
    if _kind(top) in _SMIME:
        reader.refuse("", f"it is {_kind(top)}, which stands alone in a mail", _FORWARD)
    else:
        reader.body(top, "")
    return reader.contents


class _Reader:
    def __init__(self, whole: InboundPart) -> None:
        self.whole = whole
        self.contents = Contents([], [], [])

    def body(self, entity: Entity, number: str) -> None:
        """Read what is the body, or has it within."""
        kind = _kind(entity)
        if not entity.is_multipart:
            if _is_text(self._part(entity)):
                self.form(entity, number)
            else:
                self.file(entity, number)
        elif not self._may_be_taken_apart(entity, number):
            return
        elif kind == "multipart/alternative":
            for child, place in _children(entity, number):
                self.form(child, place)
        elif kind == "multipart/related":
            root = related_root(entity)
            for child, place in _children(entity, number):
                (self.body if child is root else self.file)(child, place)
        else:
            bodies = [each for each in entity.children if self._has_body(each)]
            written = [each for each in bodies if not self._is_empty(each)]
            found = next(iter([*written, *bodies]), None)
            for child, place in _children(entity, number):
                (self.body if child is found else self.file)(child, place)

    def form(self, entity: Entity, number: str) -> None:
        """Read one form of the body."""
        if entity.is_multipart:
            self.body(entity, number)
            return
        part = self._part(entity)
        if part.disposition == "attachment":
            self.file(entity, number)
            return
        problems = header_problems(part, "a body")
        content_type, filename = part.content_type, part.filename
        if filename is not None and content_type in ("text/plain", "text/html"):
            hint = "take it out, or declare the part an attachment: Content-Disposition"
            problems.append(Problem("mime", "a body has no file name", hint))
        written = type_with(content_type, {**part.parameters, "name": filename, "charset": None})
        if defect := content_defect(part):
            problems.append(Problem("mime", f"{content_type}: {defect}"))
        elif _is_text_type(part) or part.charset:
            problems += [Problem("mime", f"{content_type}: {text}") for text in part.text_defects()]
        elif not _is_utf8(part.content):
            # Other types, such as JSON, are UTF-8 without saying so, if they are text.
            reason = f"{content_type} is a form of the body that is no text"
            problems = [Problem("mime", reason, "declare it an attachment: Content-Disposition")]
        try:
            self.contents.alternatives.append(Alternative(part.text(), written))
        except MessageError as error:
            problems += error.problems
        self.tell(number, problems)

    def file(self, entity: Entity, number: str) -> None:
        """Read what is an attachment, or a folder of them."""
        if entity.is_multipart:
            if _kind(entity) in ("multipart/alternative", "multipart/related"):
                reason = f"there is a {_kind(entity)} beside the body"
                self.refuse(number, reason, "a message has one body: send two")
            elif self._may_be_taken_apart(entity, number):
                for child, place in _children(entity, number):
                    self.file(child, place)
            return
        part = self._part(entity)
        if self._is_empty(entity) and part.disposition is None and _is_text(part):
            return
        try:
            attachment = attachment_of(described(part))
        except MessageError as error:
            self.tell(number, error.problems)
            return
        if part.disposition is None and attachment.filename is None and _is_text_type(part):
            # Mail clients show it below the body.
            attachment = dataclasses.replace(attachment, disposition="inline")
        self.contents.attachments.append(attachment)

    def refuse(self, number: str, reason: str, hint: str) -> None:
        """One part cannot be carried."""
        self.tell(number, [Problem("mime", reason, hint)])

    def tell(self, number: str, problems: Sequence[Problem]) -> None:
        """What is wrong with a part, with its place: ``1.2`` is the second part of the first."""
        where = f"part {number}" if number else "the mail"
        self.contents.problems.extend(
            dataclasses.replace(found, field="mime", reason=f"{where}: {found.reason}")
            for found in problems
        )

    def _part(self, entity: Entity) -> InboundPart:
        return of_same_mail(self.whole, entity)

    def _may_be_taken_apart(self, entity: Entity, number: str) -> bool:
        kind = _kind(entity)
        if kind in _SEALED:
            reason = f"{kind} cannot be carried: the mail is written anew"
            hint = f"{_FORWARD}; a signature over what is sent is the provider's, or DKIM"
            self.refuse(number, reason, hint)
            return False
        if kind not in ("multipart/mixed", "multipart/alternative", "multipart/related"):
            self.refuse(number, f"multipart {shown_name(kind[10:])} cannot be carried", _FORWARD)
            return False
        for name, _ in entity.fields:
            if name.lower() not in _OF_MULTIPARTS:
                reason = f"header {shown_name(name)} of a multipart cannot be carried"
                self.refuse(number, reason, "take it out")
        return True

    def _has_body(self, entity: Entity) -> bool:
        if not entity.is_multipart:
            return _is_text(self._part(entity))
        if _kind(entity) == "multipart/mixed":
            return any(map(self._has_body, entity.children))
        return True

    def _is_empty(self, entity: Entity) -> bool:
        """Whether nothing is in the texts that can be the body."""
        if not entity.is_multipart:
            return not bytes(entity.body).strip()
        texts = filter(self._has_body, entity.children)
        return _kind(entity) == "multipart/mixed" and all(map(self._is_empty, texts))


def _children(entity: Entity, number: str) -> Iterator[tuple[Entity, str]]:
    prefix = f"{number}." if number else ""
    return ((child, f"{prefix}{n}") for n, child in enumerate(entity.children, start=1))


def _kind(entity: Entity) -> str:
    raw = entity.raw_field("content-type")
    return entity.default_type if raw is None else read_parameters(raw).value


def _is_text_type(part: InboundPart) -> bool:
    return part.content_type.startswith("text/")


def _is_text(part: InboundPart) -> bool:
    """Whether it is shown as text: one with a disposition of another type is a file."""
    if not _is_text_type(part) or part.disposition == "attachment" or part.filename is not None:
        return False
    return part.disposition is None or part.content_type in ("text/plain", "text/html")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
