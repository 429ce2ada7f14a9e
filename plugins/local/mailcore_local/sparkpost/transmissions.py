"""
What SparkPost makes of a transmission: who gets it, and the mail of each.

https://developers.sparkpost.com/api/transmissions/,
https://developers.sparkpost.com/api/recipient-lists/ and
https://docs.sparkpost.com/docs/faq/cc-bcc-with-rest-api/ (read 2026-11-30, in the repositories
developers.sparkpost.com and support-docs of https://github.com/SparkPost).
"""

from __future__ import annotations

import base64
import json
import re
import secrets

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import getaddresses, parseaddr
from typing import Any

from pydantic import ValidationError

from mailcore.inbound import ReceivedFile
from mailcore_local.composing import Mailbox, compose, is_address
from mailcore_local.jinja_subset import TemplateError
from mailcore_local.sparkpost.errors import Problem, SparkPostError, refused
from mailcore_local.sparkpost.merging import merged
from mailcore_local.sparkpost.models import (
    MAX_CONTENT_BYTES,
    MAX_SUBSTITUTION_BYTES,
    Address,
    Content,
    File,
    Recipient,
    Sender,
    Transmission,
    merged_data,
    problems_of,
    read,
)


MAX_RECIPIENTS = 10_000
SANDBOX_TEMPLATE = "my-first-email"

# Those that it writes itself, and the one that it takes apart: "Header Notes" of the transmissions.
_REFUSED_HEADERS = frozenset(
    ["subject", "from", "to", "reply-to", "content-type", "content-transfer-encoding"]
)
_NAME = re.compile(r"[!-9;-~]+")
_BREAKS = re.compile(r"[\r\n]+")


@dataclass(frozen=True, kw_only=True)
class Person:
    """
    One recipient that was accepted.

    Attributes:
        email: The address in RCPT TO.
        shown: Who stands in To of this copy, as the header has it.
        name: The name of the recipient.
        data: The values for the template, those of the transmission among them.
        metadata: The metadata of the transmission and the recipient.
        tags: The tags of the recipient.
        place: Where the recipient stands in the request.
        message_id: The id in the events.
    """

    email: str
    shown: str
    name: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    tags: tuple[str, ...]
    place: int
    message_id: str = field(default_factory=lambda: secrets.token_hex(10))


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


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    The content of a transmission, from the request or from a template.

    Attributes:
        sender: The object or text ``from``, as it was given.
        content: The object ``content`` without what stands in the other fields.
    """

    sender: object
    content: Content


def new_transmission_id() -> str:
    """
    An id as SparkPost gives it: a number of 17 digits, as text.
    """
    return str(secrets.randbelow(9 * 10**16) + 10**16)


def read_people(
    given: object, transmission: Transmission, *, max_errors: int | None
) -> tuple[list[Person], list[Problem], int]:
    """
    The recipients of a transmission: those that are accepted, and what is wrong with the others.

    Args:
        given: The field ``recipients`` of the request.
        transmission: The fields beside it.
        max_errors: How many errors are told; None for all.

    Returns:
        The accepted ones, the errors that are told, and how many were rejected.

    Raises:
        SparkPostError: There are none, or none is valid.
    """
    if isinstance(given, dict):
        identifier = given.get("list_id")
        description = f"Resource not found:recipient list id {str(identifier)[:100]}"
        raise refused(1600, description)
    if given is None:
        raise refused(1400, "recipients or list_id required")
    if not isinstance(given, list):
        raise refused(1300, "recipients: must be an array of recipient objects")
    if len(given) > MAX_RECIPIENTS:
        raise refused(1300, f"recipients: there may be up to {MAX_RECIPIENTS}")
    people: list[Person] = []
    problems: list[Problem] = []
    rejected = 0
    for place, entry in enumerate(given):
        try:
            people.append(_person(entry, place, transmission))
        except SparkPostError as error:
            rejected += 1
            problems += error.problems
    if not people:
        told = problems or [Problem(code=1400, description="recipients: is empty")]
        raise SparkPostError([Problem(code=5002, description="No valid recipients"), *told])
    return people, problems if max_errors is None else problems[:max_errors], rejected


def _person(entry: object, place: int, transmission: Transmission) -> Person:
    if not isinstance(entry, dict):
        raise refused(1300, "each recipient must be an object")
    address = _address(entry.get("address"))
    own: Recipient = read(Recipient, entry, "recipient")
    data = merged_data(
        transmission.metadata,
        transmission.substitution_data,
        own.metadata,
        own.substitution_data,
        {
            "address": {"email": address.email, "name": address.name or ""},
            "email": address.email,
            "email_id": address.email,
            "env_from": transmission.return_path or "",
            "return_path": transmission.return_path or "",
        },
    )
    for values in (transmission.substitution_data, own.substitution_data):
        if len(json.dumps(values or {}).encode()) > MAX_SUBSTITUTION_BYTES:
            description = f"substitution_data: may have up to {MAX_SUBSTITUTION_BYTES} bytes"
            raise refused(2002, description)
    if address.header_to:
        # With a name as well it becomes `"name" <header_to>`, whatever header_to has.
        shown = f'"{address.name}" <{address.header_to}>' if address.name else address.header_to
    else:
        shown = str(Mailbox(address.email, address.name or ""))
    return Person(
        email=address.email,
        shown=_BREAKS.sub(" ", shown),
        name=address.name or "",
        data=data,
        metadata=merged_data(transmission.metadata, own.metadata),
        tags=tuple(own.tags or ()),
        place=place,
    )


def _address(given: object) -> Address:
    if given is None:
        raise refused(1400, "address.email is required for each recipient")
    if isinstance(given, str):
        name, email = parseaddr(given)
        address = Address(email=email, name=name or None)
    else:
        try:
            address = Address.model_validate(given)
        except ValidationError as error:
            raise SparkPostError(problems_of(error, "address")) from None
    if not is_address(address.email):
        raise refused(1300, "address.email must be a valid email address")
    return address


def read_content(given: object) -> Source:
    """
    The content that the request itself has.

    Args:
        given: The field ``content`` of the request.

    Raises:
        SparkPostError: It is no content, or has fields that do not go together.
    """
    if not isinstance(given, dict):
        raise refused(1400, "content object or template_id required")
    content: Content = read(Content, given, "content")
    size = len(content.text or "") + len(content.html or "") + len(content.amp_html or "")
    size += sum(len(each.data) * 3 // 4 for each in _listed(content))
    if size > MAX_CONTENT_BYTES:
        raise refused(1300, f"content: may have up to {MAX_CONTENT_BYTES} bytes")
    _check_headers(content.headers or {})
    names = [each.name for each in content.inline_images or ()]
    if len(set(names)) != len(names):
        raise refused(1300, "content.inline_images: each name must be unique")
    return Source(sender=given.get("from"), content=content)


def _listed(content: Content) -> list[File]:
    return [*(content.attachments or ()), *(content.inline_images or ())]


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if name.lower() in _REFUSED_HEADERS or not _NAME.fullmatch(name):
            raise refused(3002, f"content.headers: '{name[:100]}' must not be given here")
        # https://github.com/mautic/mautic/issues/2833 (read 2026-11-30)
        if not value.strip() and name.lower() == "cc":
            raise refused(3002, "content.headers: CC is empty")


def check_inline(source: Source) -> None:
    """
    Look whether a content without a template has all that it needs.

    Raises:
        SparkPostError: It has no sender, no subject or no text.
    """
    content = source.content
    problems = []
    if content.email_rfc822 is not None:
        return
    if source.sender is None:
        problems.append(Problem(code=1400, description="content.from is a required field"))
    if content.subject is None:
        problems.append(Problem(code=1400, description="content.subject is a required field"))
    if not content.text and not content.html:
        description = "At least one of 'text' or 'html' needed in content"
        problems.append(Problem(code=1400, description=description))
    if problems:
        raise SparkPostError(problems)
    sender_of(source, {})


def sender_of(source: Source, data: Mapping[str, Any]) -> Mailbox:
    """
    Who a mail is from, filled in with the values of a recipient.

    Raises:
        SparkPostError: The sender is no address.
        TemplateError: A name or address is no template.
    """
    if isinstance(source.sender, str):
        name, email = parseaddr(merged(source.sender, data, is_html=False))
    else:
        sender: Sender = read(Sender, source.sender, "content.from")
        name = merged(sender.name or "", data, is_html=False)
        email = merged(sender.email, data, is_html=False)
    if "{{" not in str(source.sender) and not is_address(email):
        raise refused(7001, "Unconfigured or unverified sending domain.")
    return Mailbox(email, name)


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
