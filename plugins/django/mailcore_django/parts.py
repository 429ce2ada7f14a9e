"""
Bodies and attachments of Django's messages, as those of mailcore.

====================================  ==============================================================
Of the message                        What becomes of it
====================================  ==============================================================
``body``, ``content_subtype``         ``text``, or ``html`` if the subtype is ``html``; an
                                      alternative of its type otherwise. An empty one is left out.
``alternatives``                      the first of ``text/html`` is ``html``, the first of
                                      ``text/plain`` is ``text`` if there is no body; others stay
an attachment (a tuple)               a file; without a type, what its name says
…of ``text/*``, as octets             text if it is UTF-8, ``application/octet-stream`` otherwise,
                                      as Django does it
…of ``message/rfc822``                the mail: Django's message, one of the standard library, or
                                      octets
a ``MIMEPart`` or ``MIMEBase``        a file or an inline image, as its headers say
``encoding``                          the charset of texts among the attachments; bodies are UTF-8
====================================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from email.charset import Charset
from email.message import Message as StdlibMessage
from typing import Any

from django.core.mail import EmailMessage
from django.utils.functional import Promise

from mailcore import Alternative, Attachment
from mailcore.errors import InvalidMessage, InvalidMessageType, MessageError, Problem


__all__ = ["read_attachments", "read_bodies"]

_UNKNOWN = "application/octet-stream"
_OCTETS = (bytes, bytearray, memoryview)


def read_bodies(message: EmailMessage, fields: dict[str, Any]) -> None:
    """
    Read the body and its alternatives.

    Args:
        message: The message of Django's.
        fields: The fields of the message that is made; they are changed.
    """
    alternatives = []
    body = _body(message)
    if body:
        subtype = message.content_subtype
        if subtype == "plain":
            fields["text"] = body
        elif subtype == "html":
            fields["html"] = body
        else:
            alternatives.append(Alternative(body, f"text/{subtype}"))
    for content, mimetype in getattr(message, "alternatives", None) or ():
        if mimetype == "text/html" and "html" not in fields:
            fields["html"] = _alternative(content, message)
        elif mimetype == "text/plain" and "text" not in fields:
            fields["text"] = _alternative(content, message)
        else:
            alternatives.append(Alternative(_alternative(content, message), str(mimetype)))
    if alternatives:
        fields["alternatives"] = alternatives


def _body(message: EmailMessage) -> str:
    body: object = message.body
    if type(body) is str:
        return body
    if not body:
        return ""
    return _decoded(body, message, "body")


def _alternative(content: object, message: EmailMessage) -> str:
    return content if type(content) is str else _decoded(content, message, "alternatives")


def _decoded(content: object, message: EmailMessage, field: str) -> str:
    if content is None:
        reason = f"`{field}` must have text, not NoneType"
        raise InvalidMessageType([Problem(field, reason, kind="type")])
    if not isinstance(content, _OCTETS):
        return str(content)
    charset = _charset(message)
    try:
        return bytes(content).decode(charset)
    except (UnicodeDecodeError, LookupError):
        reason = f"`{field}` is bytes that are not {charset}"
        raise InvalidMessage([Problem(field, reason, "give text")]) from None


def _charset(message: EmailMessage) -> str:
    encoding: object = message.encoding
    if isinstance(encoding, Charset):
        return str(encoding.get_output_charset())
    return str(encoding) if encoding else "utf-8"


def read_attachments(message: EmailMessage) -> list[Attachment]:
    """
    Read the attachments.

    Raises:
        InvalidMessage: With everything about them that no mail can hold.
    """
    found, problems = [], []
    attachments: Iterable[object] = message.attachments
    for position, item in enumerate(attachments):
        try:
            found.append(_attachment(item, message))
        except MessageError as error:
            place = f"attachments[{position}]"
            problems += [
                Problem(place, f"`{place}`: {each.reason}", each.hint, kind=each.kind)
                for each in error.problems
            ]
    if problems:
        kinds = {each.kind for each in problems}
        raise (InvalidMessageType if "type" in kinds else InvalidMessage)(problems)
    return found


def _attachment(item: object, message: EmailMessage) -> Attachment:
    if isinstance(item, Attachment):
        return item
    if isinstance(item, StdlibMessage):
        return Attachment.from_mime(item)
    if not isinstance(item, (tuple, list)) or not 2 <= len(item) <= 3:
        reason = f"must be (filename, content, mimetype) or a MIMEPart, not {type(item).__name__}"
        raise InvalidMessageType([Problem("attachments", reason, kind="type")])
    filename, content, mimetype = (*item, None)[:3]
    name = str(filename) if filename else None
    kind = str(mimetype) if mimetype else None
    if isinstance(content, EmailMessage):
        content = content.message()
    if isinstance(content, StdlibMessage):
        return Attachment.from_message(content, name)
    if not isinstance(content, (*_OCTETS, str, Promise)):
        reason = f"its content must be bytes or text, not {type(content).__name__}"
        hint = "read it first" if hasattr(content, "read") else ""
        raise InvalidMessageType([Problem("attachments", reason, hint, kind="type")])
    if kind is not None and kind.partition(";")[0].strip().lower() == "message/rfc822":
        return Attachment.from_message(_octets(content), name)
    if kind is not None and kind.startswith("text/"):
        return _text_file(name, content, kind, message)
    return Attachment(name, bytes(content) if isinstance(content, _OCTETS) else str(content), kind)


def _octets(content: object) -> bytes:
    if isinstance(content, _OCTETS):
        return bytes(content)
    try:
        return str(content).encode()
    except UnicodeEncodeError:
        reason = "its content holds a lone surrogate"
        raise InvalidMessage([Problem("attachments", reason)]) from None


def _text_file(name: str | None, content: object, kind: str, message: EmailMessage) -> Attachment:
    if isinstance(content, _OCTETS):
        octets = bytes(content)
        try:
            content = octets.decode()
        except UnicodeDecodeError:
            return Attachment(name, octets, _UNKNOWN)
    charset = _charset(message)
    if message.encoding and "charset" not in kind.lower():
        kind = f"{kind}; charset={charset}"
    return Attachment(name, str(content), kind)
