"""
A message of Django's as one of mailcore: what every backend of Django's has to understand.

Nothing of the message that is given is changed. A subclass with a ``message()`` of its own (one
that encrypts, say) is taken at its word: what that returns is read as a finished mail, see
:meth:`mailcore.Message.from_mime`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.mail import EmailMessage

from mailcore import Message, MessageError, Provider
from mailcore_django.attributes import read_attributes
from mailcore_django.errors import as_bad_header
from mailcore_django.headers import read_headers, without_rewritten
from mailcore_django.parts import read_attachments, read_bodies


__all__ = ["to_mailcore"]


def to_mailcore(message: EmailMessage, provider: Provider[Any, Any]) -> Message:
    """
    Convert a message.

    Args:
        message: Django's, of any class.
        provider: The provider that it is for: some headers depend on it.

    Raises:
        MessageError: With what is wrong; a line end in a header is Django's ``BadHeaderError``
            as well.
    """
    try:
        if _makes_its_own_mail(message):
            return _finished(message, provider)
        return without_rewritten(Message(**_fields(message, provider.name)), provider)
    except MessageError as error:
        told = as_bad_header(error) if _has_line_end(message) else error
        if told is error:
            raise
        raise told from error


def _makes_its_own_mail(message: EmailMessage) -> bool:
    # An attribute of the object is an override as well.
    return type(message).message is not EmailMessage.message or "message" in vars(message)


def _fields(message: EmailMessage, provider: str) -> dict[str, Any]:
    fields = read_attributes(message, provider)
    has_template = fields.get("template_id") is not None
    # None leaves the author to the template, or else to the mailer's default.
    if message.from_email is not None or has_template:
        fields["from_email"] = message.from_email
    fields["to"] = _recipients(message.to)
    for field in ("cc", "bcc", "reply_to"):
        given = _recipients(getattr(message, field))
        if given:
            fields[field] = given
    # A template has a subject and bodies of its own; an empty one says nothing.
    if message.subject or not has_template:
        fields["subject"] = message.subject
    read_bodies(message, fields)
    if message.attachments:
        fields["attachments"] = read_attachments(message)
    if message.extra_headers:
        read_headers(message.extra_headers, fields, provider)
    return fields


def _recipients(given: object) -> object:
    """Those that are not empty: Django leaves out the others."""
    if isinstance(given, (list, tuple)):
        return [each for each in given if each]
    # A text in their place is refused with the reason.
    return given or []


def _finished(message: EmailMessage, provider: Provider[Any, Any]) -> Message:
    fields = read_attributes(message, provider.name)
    made = Message.from_mime(message.message(), envelope_recipients=message.recipients())
    extra: dict[str, Any] = fields
    if "envelope_sender" not in extra and made.from_email is not None:
        sender = Message(from_email=str(message.from_email)).from_email
        if sender is not None and sender.key != made.from_email.key:
            extra["envelope_sender"] = sender
    return made.replace(**extra) if extra else made


def _has_line_end(message: EmailMessage) -> bool:
    """Whether one of the header fields has a line end: Django calls that a bad header."""
    values: list[object] = [message.subject, message.from_email]
    for field in ("to", "cc", "bcc", "reply_to"):
        given: object = getattr(message, field)
        values += given if isinstance(given, Iterable) else ()
    for pair in dict(message.extra_headers).items():
        values += pair
    texts = map(str, values)
    return any("\n" in text or "\r" in text for text in texts)
