"""
From a message to the bytes of a mail (RFC 5322, RFC 2045 to 2049).

The bytes are ASCII, lines end in CRLF and have at most 998 octets, mostly 76. Whatever the
``email`` package reads back from them is what the message said. Its own writer is not used: it
encodes and breaks long tokens in ASCII headers, and takes fifty times as long.

Parts are nested as mail clients expect; a level that would hold a single part is left out::

    multipart/mixed
    ├─ multipart/alternative          from the plainest form to the richest
    │    ├─ text/plain                text, then further text/plain alternatives
    │    ├─ text/x-amp-html           before the HTML: some clients show the last part they find
    │    ├─ multipart/related
    │    │    ├─ text/html            html
    │    │    └─ image/png            inline, with the Content-ID that the HTML refers to
    │    ├─ …                         other alternatives, in their order
    │    └─ text/calendar             last, or Outlook does not offer the invitation
    └─ application/pdf                attachments, and inline parts that no HTML can refer to

=================  =============================================================================
Content            Encoding
=================  =============================================================================
text, html,        UTF-8 in whichever of quoted-printable and base64 is shorter, ASCII always in the
alternatives       first; an empty one is none, unless nothing else is there
message/* files    as they are (RFC 2046, section 5.2.1, allows no encoding), line ends as CRLF;
                   those with 8-bit octets or longer lines go as a file of type
                   application/octet-stream in base64, whole, instead of rewritten and with their
                   signatures broken
other files        base64, those of text as well: readers change the line ends of any other
=================  =============================================================================
"""

from __future__ import annotations

import os
import re

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from mailcore.address.address import Address, parse_address_list
from mailcore.errors import InvalidMessage, Problem
from mailcore.foundation.redaction import shown_name
from mailcore.message.alternative import Alternative
from mailcore.message.attachment import Attachment
from mailcore.message.calendar_method import CALENDAR
from mailcore.message.content_id import attachments_as_shown
from mailcore.message.headers import ADDRESS_HEADERS
from mailcore.message.message import Message
from mailcore.mime.encoding import as_seven_bit, base64_lines, encode_text
from mailcore.mime.headers import address_field, check_name, date_text, header_field, subject_field
from mailcore.mime.parameters import content_disposition_field, content_type_field


__all__ = ["write_message"]

_TEXT_TYPE = "Content-Type: text/plain; charset=utf-8\r\n"
_HTML_TYPE = "Content-Type: text/html; charset=utf-8\r\n"

# RFC 2046, section 5.1.1: 70 characters in all, of these.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,50}")
_MESSAGE_ID = re.compile(r"[!-;=?-~]+")

_BEFORE_HTML = ("text/x-amp-html", "text/watch-html")
_WRITTEN_HERE = frozenset(
    ["from", "to", "cc", "bcc", "resent-bcc", "reply-to", "subject", "mime-version"]
)
_UNDISCLOSED = "To: undisclosed-recipients:;\r\n"


class _Entity(NamedTuple):
    """A body with the fields that describe it (RFC 2045, section 2.4)."""

    fields: str
    body: Sequence[bytes]


def write_message(
    message: Message,
    *,
    extra_headers: Iterable[tuple[str, str]] = (),
    boundary: str | None = None,
    date: datetime | None = None,
    message_id: str | None = None,
    to_header: Sequence[Address] | None = None,
    smtputf8: bool = False,
) -> bytes:
    """
    Write a message as the bytes of a mail; given boundary, date and message id, always the same.

    ``bcc`` is never written. Neither is what has no place in a mail: metadata, tags, tracking,
    templates and the like, which a provider may add as `extra_headers`. ``headers["To"]`` stands
    in place of the recipients; without any ``to`` and ``cc`` there is an empty group.

    Args:
        message: It needs a ``from_email``. With ``other_authors``, it has a Sender header: its own,
            or else one with the ``from_email``.
        extra_headers: Fields after those of the message; a name may stand there several times.
        boundary: What the boundaries are made from: 1 to 50 characters of RFC 2046, section
            5.1.1, without the space. Random if not given.
        date: The time for the Date header, unless the message has one; now, if not given.
        message_id: The id for the Message-ID header, unless the message has one, with its angle
            brackets or without; a random one at the domain of ``from_email``, if not given.
        to_header: Shown instead of ``message.to``: in a batch, the one recipient.
        smtputf8: Whether local parts outside ASCII may stand in the header, in UTF-8 (RFC 6532):
            for a server that takes such mails. All else stays ASCII.

    Raises:
        InvalidMessage: The message has no sender, or a header that cannot be written.
        UnsupportedFeature: An address in a header needs `smtputf8`.
        InvalidAddress: A domain in a header cannot be encoded.
    """
    token = os.urandom(24).hex()
    if boundary is None:
        boundary = token[:24]
    elif not _BOUNDARY.fullmatch(boundary):
        reason = "`boundary` must be 1 to 50 of the characters of RFC 2046"
        raise InvalidMessage([Problem("boundary", reason)])
    head = _address_fields(message, to_header, smtputf8=smtputf8)
    head += _other_fields(
        message,
        list(extra_headers),
        date,
        token[24:] if message_id is None else message_id,
        smtputf8=smtputf8,
    )
    entity = _content(message, boundary)
    head.append(f"MIME-Version: 1.0\r\n{entity.fields}\r\n")
    octets = "".join(head).encode("utf-8" if smtputf8 else "ascii")
    return b"".join((octets, *entity.body))


def _address_fields(
    message: Message, to_header: Sequence[Address] | None, *, smtputf8: bool
) -> list[str]:
    if message.from_email is None:
        raise InvalidMessage([Problem("from_email", "the message has no `from_email`")])
    fields = [address_field("From", message.authors, smtputf8=smtputf8)]
    to = message.to if to_header is None else to_header
    if "to" in message.headers:
        fields.append(_custom_field("To", message.headers["to"], smtputf8=smtputf8))
    elif to:
        fields.append(address_field("To", to, smtputf8=smtputf8))
    elif not message.cc:
        fields.append(_UNDISCLOSED)
    if message.cc:
        fields.append(address_field("Cc", message.cc, smtputf8=smtputf8))
    if message.reply_to:
        fields.append(address_field("Reply-To", message.reply_to, smtputf8=smtputf8))
    return fields


def _other_fields(
    message: Message,
    extra_headers: list[tuple[str, str]],
    date: datetime | None,
    message_id: str,
    *,
    smtputf8: bool,
) -> list[str]:
    custom = message.headers
    given = {name.lower() for name in custom} if custom else set()
    if extra_headers:
        _check_extra_headers(extra_headers, given)
        given.update(name.lower() for name, _ in extra_headers)
    fields = _sender_field(message, given, smtputf8=smtputf8)
    if message.subject is not None:
        fields.append(subject_field(message.subject))
    if "date" not in given:
        fields.append(f"Date: {date_text(date)}\r\n")
    if "message-id" not in given:
        fields.append(_message_id_field(message_id, message.from_email))
    if message.unsubscribe is not None:
        for name, value in message.unsubscribe.headers.items():
            if name.lower() not in given:
                fields.append(header_field(name, value))
    for name, value in custom.items_as_given():
        if name.lower() != "to":
            fields.append(_custom_field(name, value, smtputf8=smtputf8))
    fields += [_custom_field(name, value, smtputf8=smtputf8) for name, value in extra_headers]
    return fields


def _sender_field(message: Message, given: set[str], *, smtputf8: bool) -> list[str]:
    """Who sends a mail of several authors has to be said (RFC 5322, section 3.6.2)."""
    if not message.other_authors or "sender" in given:
        return []
    return [address_field("Sender", message.authors[:1], smtputf8=smtputf8)]


def _custom_field(name: str, value: str, *, smtputf8: bool) -> str:
    check_name(name)
    if name.lower() not in ADDRESS_HEADERS:
        return header_field(name, value)
    addresses = parse_address_list(value, field=f"headers[{shown_name(name)}]")
    return address_field(name, addresses, smtputf8=smtputf8)


def _check_extra_headers(extra_headers: list[tuple[str, str]], given: set[str]) -> None:
    problems = []
    for name, _ in extra_headers:
        key, shown = name.lower(), shown_name(name)
        if key in _WRITTEN_HERE or key.startswith("content-"):
            problems.append(Problem("extra_headers", f"header {shown} is written for you"))
        elif key in given and key in ("date", "message-id"):
            problems.append(Problem("extra_headers", f"header {shown} is given twice"))
    if problems:
        raise InvalidMessage(problems)


def _message_id_field(message_id: str, from_email: Address | None) -> str:
    if from_email is not None and message_id.isalnum() and message_id.isascii():
        # Made here, or as harmless: at most too long to share a line with its name.
        value = f"<{message_id}@{from_email.ascii_domain}>"
        if len(value) < 64:
            return f"Message-ID: {value}\r\n"
    return header_field("Message-ID", _bracketed(message_id, from_email))


def _bracketed(message_id: str, from_email: Address | None) -> str:
    bare = message_id.removeprefix("<").removesuffix(">")
    if "@" not in bare and from_email is not None:
        bare = f"{bare}@{from_email.ascii_domain}"
    if not _MESSAGE_ID.fullmatch(bare):
        reason = "`message_id` must be printable ASCII without spaces and angle brackets"
        raise InvalidMessage([Problem("message_id", reason)])
    return f"<{bare}>"


def _content(message: Message, boundary: str) -> _Entity:
    attachments = message.attachments
    if not attachments:
        return _alternatives(message, (), boundary) or _body(_TEXT_TYPE, "")
    boundary = _absent_from(attachments, boundary)
    parts_shown = attachments_as_shown(message)
    shown = [part for part in parts_shown if part.content_id and message.html]
    files = [part for part in parts_shown if not part.content_id or not message.html]
    body = _alternatives(message, [_attachment(part) for part in shown], boundary)
    parts = [] if body is None else [body]
    parts += [_attachment(part) for part in files]
    return _multipart("mixed", boundary, parts) if files else parts[0]


def _alternatives(message: Message, shown: Sequence[_Entity], boundary: str) -> _Entity | None:
    """The body in all its forms, None if it has none; `shown` are the images of its HTML."""
    entities = []
    if message.text:
        entities.append(_body(_TEXT_TYPE, message.text))
    others = message.alternatives
    if others:
        others = tuple(other for other in others if other.content)
        entities += [_alternative(other) for other in others if other.mime_type == "text/plain"]
        entities += [_alternative(other) for other in others if other.mime_type in _BEFORE_HTML]
    if message.html:
        html = _body(_HTML_TYPE, message.html)
        if shown:
            html = _multipart("related", boundary, [html, *shown], '; type="text/html"')
        entities.append(html)
    if others:
        placed = ("text/plain", *_BEFORE_HTML)
        rest = [other for other in others if other.mime_type not in placed]
        rest.sort(key=lambda other: other.mime_type == CALENDAR)
        entities += [_alternative(other) for other in rest]
    if len(entities) > 1:
        return _multipart("alternative", boundary, entities)
    return entities[0] if entities else None


def _alternative(part: Alternative) -> _Entity:
    fields = content_type_field(part.content_type, parameters={"charset": "utf-8"})
    return _body(fields, part.content)


def _body(content_type: str, text: str) -> _Entity:
    encoding, body = encode_text(text)
    return _Entity(f"{content_type}Content-Transfer-Encoding: {encoding}\r\n", body)


def _attachment(part: Attachment) -> _Entity:
    content_type, filename = part.content_type, part.filename
    body: Sequence[bytes]
    if part.mime_type.startswith("message/"):
        clean = as_seven_bit(part.content)
        if clean is not None:
            encoding, body = "7bit", (clean,)
        else:
            encoding, body = "base64", base64_lines(part.content)
            content_type = "application/octet-stream"
            filename = filename or "message.eml"
    else:
        encoding, body = "base64", base64_lines(part.content)
    fields = content_type_field(content_type, filename=filename)
    fields += f"Content-Transfer-Encoding: {encoding}\r\n"
    if part.content_id:
        fields += header_field("Content-ID", f"<{part.content_id}>")
    fields += content_disposition_field(part.disposition, filename)
    return _Entity(fields, body)


def _absent_from(attachments: Iterable[Attachment], boundary: str) -> str:
    """The boundary, changed if a part that is not encoded has it in its content."""
    plain = [part.content for part in attachments if part.mime_type.startswith("message/")]
    candidate = boundary
    number = 0
    while any(f"_{candidate}".encode("ascii") in content for content in plain):
        number += 1
        candidate = f"{boundary}.{number}"
    return candidate


def _multipart(
    subtype: str, boundary: str, entities: Iterable[_Entity], parameters: str = ""
) -> _Entity:
    # "=_" cannot stand in an encoded body (see mime_encoding), and no level's boundary begins with
    # another's, which careless readers would mistake for it.
    boundary = f"=_{subtype}_{boundary}"
    fields = f'Content-Type: multipart/{subtype}{parameters};\r\n boundary="{boundary}"\r\n'
    body: list[bytes] = []
    start = f"--{boundary}\r\n"
    for entity in entities:
        body.append(f"{start}{entity.fields}\r\n".encode("ascii"))
        body += entity.body
        start = f"\r\n--{boundary}\r\n"
    body.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return _Entity(fields, body)
