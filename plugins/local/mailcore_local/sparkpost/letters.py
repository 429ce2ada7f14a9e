"""
The mails of a transmission: one for each recipient, or for those whose copies are the same.

https://developers.sparkpost.com/api/transmissions/ and
https://docs.sparkpost.com/docs/faq/cc-bcc-with-rest-api/ (read 2026-11-30, in the repositories
developers.sparkpost.com and support-docs of https://github.com/SparkPost).
"""

from __future__ import annotations

import base64
import re
import secrets

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from email.utils import getaddresses

from mailcore.inbound import ReceivedFile
from mailcore_local.composing import Mailbox, compose
from mailcore_local.jinja_subset import TemplateError
from mailcore_local.sparkpost.contents import Source, sender_of
from mailcore_local.sparkpost.errors import SparkPostError
from mailcore_local.sparkpost.merging import merged
from mailcore_local.sparkpost.models import Content, Transmission
from mailcore_local.sparkpost.recipients import Person


@dataclass(frozen=True, kw_only=True)
class Letter:
    """
    One MIME message with those who get it.

    Attributes:
        sender: Who stands in From.
        people: Who gets it.
        cc: The mailboxes in the CC header.
        subject: The subject, filled in.
        raw: The MIME message; empty if it could not be made.
        failure: Why it could not be made, or empty.
    """

    sender: str
    people: tuple[Person, ...]
    cc: tuple[str, ...]
    subject: str
    raw: bytes
    failure: str = ""


def new_transmission_id() -> str:
    """
    An id as SparkPost gives it: a number of 17 digits, as text.
    """
    return str(secrets.randbelow(9 * 10**16) + 10**16)


def letters_of(
    source: Source, people: Sequence[Person], transmission: Transmission
) -> list[Letter]:
    """
    The mails of a transmission: copies that are the same for all are one mail.

    What cannot be filled in is a mail without octets: SparkPost accepts it, and tells of a
    generation failure afterwards.

    Args:
        source: The content of the transmission.
        people: The recipients that were accepted.
        transmission: The fields beside them.
    """
    groups: dict[tuple[str, ...], tuple[Letter, list[Person]]] = {}
    for person in people:
        letter, key = _letter(source, person, transmission)
        groups.setdefault(key, (letter, []))[1].append(person)
    return [replace(letter, people=tuple(group)) for letter, group in groups.values()]


def _letter(
    source: Source, person: Person, transmission: Transmission
) -> tuple[Letter, tuple[str, ...]]:
    content, data = source.content, person.data
    fills_in = transmission.options.perform_substitutions is not False

    def fill(text: str | None, *, is_html: bool = False) -> str | None:
        return merged(text, data, is_html=is_html) if text and fills_in else text

    try:
        if content.email_rfc822 is not None:
            filled = fill(content.email_rfc822) or ""
            raw = _crlf(filled).encode("utf-8", "surrogateescape")
            letter = Letter(sender="", people=(), cc=(), subject="", raw=raw)
            return letter, (filled,)
        sender = str(sender_of(source, data))
        subject = merged(content.subject or "", data, is_html=False)
        reply_to = merged(content.reply_to or "", data, is_html=False)
        headers = [
            (name, merged(value, data, is_html=False))
            for name, value in (content.headers or {}).items()
        ]
        text, html = fill(content.text), fill(content.html, is_html=True)
        shown = merged(person.shown, data, is_html=False)
    except (TemplateError, SparkPostError) as error:
        letter = Letter(
            sender=_sender_text(source.sender),
            people=(),
            cc=(),
            subject=content.subject or "",
            raw=b"",
            failure=str(error),
        )
        return letter, ("", str(error))
    raw = compose(
        message_id=f"{person.message_id}@sparkpostmail.com",
        sender=sender,
        to=[shown],
        subject=subject,
        reply_to=[reply_to] if reply_to else [],
        text=text,
        html=html,
        headers=headers,
        files=list(_files(content)),
    )
    cc = next((value for name, value in headers if name.lower() == "cc"), "")
    letter = Letter(sender=sender, people=(), cc=tuple(_mailboxes(cc)), subject=subject, raw=raw)
    key = (sender, shown, subject, reply_to, text or "", html or "", repr(headers))
    return letter, key


def _sender_text(sender: object) -> str:
    if isinstance(sender, dict):
        return str(Mailbox(str(sender.get("email", "")), str(sender.get("name") or "")))
    return str(sender or "")


def _crlf(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


def _mailboxes(header: str) -> Iterable[str]:
    return [str(Mailbox(email, name)) for name, email in getaddresses([header]) if email]


def shown_to(letter: Letter) -> tuple[str, ...]:
    """
    The mailboxes in To of a mail.
    """
    return tuple(_mailboxes(letter.people[0].shown))


def _files(content: Content) -> Iterable[ReceivedFile]:
    for each in content.attachments or ():
        yield ReceivedFile(
            content=base64.b64decode(each.data), filename=each.name, content_type=each.type
        )
    for image in content.inline_images or ():
        yield ReceivedFile(
            content=base64.b64decode(image.data),
            content_type=image.type,
            content_id=image.name,
            inline=True,
        )
    if content.amp_html is not None:
        # The writer of mails has no third alternative.
        yield ReceivedFile(
            content=content.amp_html.encode(), content_type="text/x-amp-html; charset=utf-8"
        )
