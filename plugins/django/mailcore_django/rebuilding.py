"""
A message of mailcore's as one of Django's: what signals have, when only mailcore's is there.

An outbox keeps messages as mailcore has them. When one is sent, receivers of ``post_send`` get a
message of Django's all the same; it says what the one said that was kept, and is another object.
"""

from __future__ import annotations

from typing import Any

from django.core.mail import EmailAlternative, EmailAttachment

from mailcore import Attachment, Message
from mailcore_django.attributes import ATTRIBUTES
from mailcore_django.message import MailcoreMessage, inline_part


__all__ = ["to_django"]


def to_django(mail: Message) -> MailcoreMessage:
    """
    Make a message of Django's that reads as this one.

    Args:
        mail: The message, without a mailer's defaults or with them.

    Returns:
        A message that :func:`mailcore_django.conversion.to_mailcore` makes the same of.
    """
    attributes = {name: given for name, given in mail.given().items() if name in ATTRIBUTES}
    made = MailcoreMessage(
        subject=mail.subject or "",
        to=[each.format() for each in mail.to],
        cc=[each.format() for each in mail.cc],
        bcc=[each.format() for each in mail.bcc],
        reply_to=[each.format() for each in mail.reply_to],
        headers=dict(mail.headers.items()),
        **{name: _plain(value) for name, value in attributes.items()},
    )
    # Given to the constructor, None would be DEFAULT_FROM_EMAIL.
    authors: Any = ", ".join(each.format() for each in mail.authors) or None
    made.from_email = authors
    _set_bodies(made, mail)
    made.attachments = [_attached(each) for each in mail.attachments]
    return made


def _plain(value: Any) -> Any:
    # Lists as users have them, who may append to them.
    return list(value) if isinstance(value, tuple) else value


def _set_bodies(made: MailcoreMessage, mail: Message) -> None:
    alternatives = [(each.content, each.content_type) for each in mail.alternatives]
    if mail.text is None and mail.html is not None:
        made.body, made.content_subtype = mail.html, "html"
    else:
        made.body = mail.text or ""
        if mail.html is not None:
            alternatives.insert(0, (mail.html, "text/html"))
    made.alternatives = [EmailAlternative(*each) for each in alternatives]


def _attached(attachment: Attachment) -> Any:
    if attachment.inline:
        return inline_part(
            attachment.content,
            attachment.content_type,
            filename=attachment.filename,
            content_id=attachment.content_id,
        )
    return EmailAttachment(attachment.filename, attachment.content, attachment.content_type)
