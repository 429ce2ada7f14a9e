"""
What Mailjet makes of a message.

`guides/_send-api.md` of https://github.com/mailjet/api-documentation and
https://dev.mailjet.com/reference/email/send-emails/ (read 2026-11-30). Of ``Globals`` nothing is
said but that it has defaults: a message's own property goes before it, and variables are joined.
"""

from __future__ import annotations

import base64
import secrets
import uuid

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

from pydantic import ValidationError

from mailcore.inbound import ReceivedFile
from mailcore_local.composing import Mailbox, compose, is_address
from mailcore_local.jinja_subset import TemplateError
from mailcore_local.mailjet.errors import Problem, Refused, problems_of
from mailcore_local.mailjet.merging import check_variables, merged, personalized
from mailcore_local.mailjet.models import (
    MAX_FILE_BYTES,
    MAX_RECIPIENTS,
    File,
    Message,
    Person,
    Shared,
)


FORBIDDEN_HEADERS = frozenset(
    name.lower()
    for name in [
        "From",
        "Sender",
        "Subject",
        "To",
        "Cc",
        "Bcc",
        "Return-Path",
        "Delivered-To",
        "DKIM-Signature",
        "DomainKey-Status",
        "Received-SPF",
        "Authentication-Results",
        "Received",
        "User-Agent",
        "X-Mailer",
        "Date",
        "Message-Id",
        "List-Id",
        "X-CSA-Complaints",
        "X-Feedback-Id",
        "X-Mailjet-Prio",
        "X-Mailjet-Debug",
        "X-Mailjet-TrackOpen",
        "X-Mailjet-TrackClick",
        "X-Mailjet-Segmentation",
        "X-Mailjet-Campaign",
        "X-MJ-MID",
        "X-MJ-CustomID",
        "X-MJ-EventPayload",
        "X-MJ-Vars",
        "X-MJ-TemplateErrorDeliver",
        "X-MJ-TemplateErrorReporting",
        "X-MJ-TemplateLanguage",
        "X-MJ-TemplateID",
        "X-MJ-WorkflowID",
        "X-MJ-ErrorMessage",
        "X-MJ-StatisticsContactsListID",
        "Reply-To",
    ]
)


@dataclass(frozen=True, kw_only=True)
class StoredTemplate:
    """
    A template of the account.

    Attributes:
        id: The number that messages name it by.
        name: The name for people.
        html: The HTML that its mails have.
        text: The plain text.
        headers: ``From``, ``Subject`` and ``Reply-To`` of a message that has none.
    """

    id: int
    name: str
    html: str = ""
    text: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """
        One of the headers, or an empty text.
        """
        value = next((v for k, v in self.headers.items() if k.lower() == name.lower()), "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """
    The ids of one recipient's copy.

    Attributes:
        message_id: The number, as text.
        uuid: The GUID of the copy.
    """

    message_id: str
    uuid: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """
    One MIME message with those who get it.

    Attributes:
        message: The checked message.
        sender: Who stands in From.
        subject: The subject, filled in.
        raw: The MIME message; empty if a template error blocks it.
        failure: Why it is blocked, or empty.
        receipts: The ids by address, in lower case.
    """

    message: Message
    sender: Mailbox
    subject: str
    raw: bytes
    failure: str
    receipts: Mapping[str, Receipt]

    def item(self, *, sandbox: bool) -> dict[str, Any]:
        """
        The object of the answer.

        Args:
            sandbox: Whether nothing was sent: then there are no ids.
        """

        def listed(people: Sequence[Person]) -> list[dict[str, Any]]:
            return [self._receipt(each.email, sandbox=sandbox) for each in people]

        message = self.message
        return {
            "Status": "success",
            "CustomID": message.custom_id,
            "To": listed(message.to),
            "Cc": listed(message.cc),
            "Bcc": listed(message.bcc),
        }

    def _receipt(self, email: str, *, sandbox: bool) -> dict[str, Any]:
        if sandbox:
            return {"Email": email, "MessageUUID": "", "MessageID": 0, "MessageHref": ""}
        receipt = self.receipts[email.lower()]
        return {
            "Email": email,
            "MessageUUID": receipt.uuid,
            "MessageID": int(receipt.message_id),
            "MessageHref": f"https://api.mailjet.com/v3/REST/message/{receipt.message_id}",
        }


def read_shared(given: object) -> dict[str, Any]:
    """
    The object ``Globals``, as it was given.

    Raises:
        Refused: It is none.
    """
    if given is None:
        return {}
    try:
        Shared.model_validate(given)
    except ValidationError as error:
        raise Refused(problems_of(error)) from None
    assert isinstance(given, dict)
    return given


def read_message(
    given: object, shared: Mapping[str, Any], templates: Mapping[int, StoredTemplate]
) -> Message:
    """
    A message with what all of them share, checked.

    Args:
        given: One entry of ``Messages``.
        shared: The object ``Globals``.
        templates: The templates of the account.

    Raises:
        Refused: It cannot be sent.
    """
    if not isinstance(given, dict):
        said = 'Type mismatch. Expected type "message".'
        raise Refused([Problem(code="mj-0004", message=said)])
    whole = {**shared, **given}
    everybodys, own = shared.get("Variables"), given.get("Variables")
    if isinstance(everybodys, dict) and isinstance(own, dict):
        whole["Variables"] = {**everybodys, **own}
    try:
        message = Message.model_validate(whole)
    except ValidationError as error:
        raise Refused(problems_of(error)) from None
    problems = list(_problems(message, templates))
    if problems:
        raise Refused(problems)
    return message


def _problems(message: Message, templates: Mapping[int, StoredTemplate]) -> Iterable[Problem]:
    template = templates.get(message.template_id) if message.template_id is not None else None
    if message.template_id is not None and template is None:
        said = f'Template ID "{message.template_id}" doesn\'t exist.'
        yield Problem(code="send-0010", message=said, related_to=("TemplateID",))
    if message.sender is None and not (template and template.header("From")):
        yield Problem(code="mj-0003", message='"From" is mandatory.', related_to=("From",))
    yield from _of_bodies(message)
    everybody = {each.email.lower() for each in (*message.to, *message.cc, *message.bcc)}
    if len(everybody) > MAX_RECIPIENTS:
        said = f"The number of recipients is limited to {MAX_RECIPIENTS}."
        yield Problem(code="send-0015", message=said, related_to=("To", "Cc", "Bcc"))
    yield from _of_needs(message)
    yield from _of_values(message)


def _of_bodies(message: Message) -> Iterable[Problem]:
    has_body, has_template = bool(message.text or message.html), message.template_id is not None
    if has_template and has_body:
        said = '"HTMLPart" and "TextPart" cannot be used with "TemplateID".'
        yield Problem(code="send-0004", message=said, related_to=("HTMLPart", "TemplateID"))
    if not has_template and not has_body:
        said = 'At least "HTMLPart", "TextPart" or "TemplateID" must be provided.'
        yield Problem(code="send-0003", message=said, related_to=("HTMLPart", "TextPart"))
    size = sum(len(each.content) * 3 // 4 for each in (*message.attachments, *message.inlined))
    if size > MAX_FILE_BYTES:
        said = f"Files may have up to {MAX_FILE_BYTES} bytes in all."
        yield Problem(code="mj-0011", message=said, related_to=("Attachments",))


def _of_needs(message: Message) -> Iterable[Problem]:
    if message.deduplicate and not message.custom_campaign:
        said = '"DeduplicateCampaign" requires "CustomCampaign".'
        yield Problem(code="send-0012", message=said, related_to=("DeduplicateCampaign",))
    if (message.error_reporting or message.error_deliver) and not message.template_language:
        said = '"TemplateLanguage" must be set to true.'
        yield Problem(code="send-0016", message=said, related_to=("TemplateLanguage",))


def _of_values(message: Message) -> Iterable[Problem]:
    for name in message.headers:
        if name.lower() in FORBIDDEN_HEADERS:
            said = f'Header "{name[:100]}" cannot be customized.'
            yield Problem(code="send-0011", message=said, related_to=(f"Headers.{name[:100]}",))
    for name, value in message.variables.items():
        if value is None:
            said = f'"Variables.{name}" must not be null.'
            yield Problem(code="mj-0003", message=said, related_to=(f"Variables.{name}",))


def letter_of(message: Message, template: StoredTemplate | None) -> Letter:
    """
    The mail of a message that was checked.

    Args:
        message: The message that is to be written.
        template: The template that it names, or None.
    """
    subject = message.subject or (template.header("Subject") if template else "")
    text = template.text if template else message.text
    html = template.html if template else message.html
    sender = _mailbox(message.sender) if message.sender else _parsed(template, "From")
    reply_to = [_mailbox(message.reply_to)] if message.reply_to else []
    if not reply_to and template and template.header("Reply-To"):
        reply_to = [_parsed(template, "Reply-To")]
    receipts = {
        each.email.lower(): Receipt(message_id=new_message_id(), uuid=str(uuid.uuid4()))
        for each in (*message.to, *message.cc, *message.bcc)
    }
    failure = ""
    if message.template_language:
        try:
            check_variables(message.variables)
            subject, text, html = (
                merged(source, message.variables) for source in (subject, text, html)
            )
        except TemplateError as error:
            failure = "" if message.error_deliver else str(error)
    raw = b""
    if not failure:
        headers = list(message.headers.items())
        if message.real_sender is not None:
            headers.append(("Sender", str(_mailbox(message.real_sender))))
        raw = compose(
            message_id=f"{receipts[message.to[0].email.lower()].uuid}@mailjet.com",
            sender=sender,
            to=map(_mailbox, message.to),
            cc=map(_mailbox, message.cc),
            reply_to=reply_to,
            subject=subject,
            text=personalized(text, message.variables) or None,
            html=personalized(html, message.variables) or None,
            headers=headers,
            files=list(_files(message)),
        )
    return Letter(
        message=message,
        sender=sender,
        subject=subject,
        raw=raw,
        failure=failure,
        receipts=receipts,
    )


def new_message_id() -> str:
    """
    An id as Mailjet gives it: a number of more than 53 bits.
    """
    return str(2**60 + secrets.randbelow(2**58))


def _mailbox(person: Person) -> Mailbox:
    return Mailbox(person.email, person.name)


def _parsed(template: StoredTemplate | None, name: str) -> Mailbox:
    display_name, email = parseaddr(template.header(name) if template else "")
    return Mailbox(email if is_address(email) else "unknown@mailjet.invalid", display_name)


def _files(message: Message) -> Iterable[ReceivedFile]:
    for each in message.attachments:
        yield ReceivedFile(
            content=base64.b64decode(each.content),
            filename=each.filename,
            content_type=_type(each),
        )
    for inline in message.inlined:
        yield ReceivedFile(
            content=base64.b64decode(inline.content),
            filename=inline.filename,
            content_type=_type(inline),
            content_id=inline.content_id or inline.filename,
            inline=True,
        )


def _type(file: File) -> str:
    # Whatever charset it has already: https://github.com/anymail/django-anymail (2026-11-30).
    kind = file.content_type
    return f"{kind}; charset=utf-8" if kind.lower().startswith("text/") else kind
