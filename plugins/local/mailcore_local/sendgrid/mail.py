"""
The body of `/v3/mail/send`, checked by the rules that SendGrid documents.

Sources (read 2026-11-30): https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send,
its page of errors, and SendGrid's own OpenAPI description (twilio/sendgrid-oai, 2026-01).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailcore.inbound import ReceivedFile
from mailcore_local.composing import Mailbox
from mailcore_local.sendgrid.contents import read_content, read_files
from mailcore_local.sendgrid.errors import Complaint, SendGridError
from mailcore_local.sendgrid.reading import Reader


MAX_RECIPIENTS = 1000
_MAX_CATEGORIES = 10
_MAX_CATEGORY = 255
_MAX_ARGUMENTS_BYTES = 10_000
_MAX_DELAY_SECONDS = 72 * 3600
_MAX_SUBSTITUTIONS_BYTES = 10_000


@dataclass(frozen=True, kw_only=True, repr=False)
class Personalization:
    """
    One of the mails of a call.

    Attributes:
        to: The mailboxes in To.
        cc: The mailboxes in Cc.
        bcc: The mailboxes in Bcc.
        subject: The subject of this mail, or an empty text.
        headers: Headers of this mail, by name.
        substitutions: Texts by the text that they replace; for legacy templates and none.
        data: What a dynamic template is rendered with.
        custom_args: The caller's own values of this mail, by name.
        sender: The mailbox in From, where this mail has its own.
    """

    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    subject: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    substitutions: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    custom_args: Mapping[str, str] = field(default_factory=dict)
    sender: Mailbox | None = None

    @property
    def recipients(self) -> tuple[Mailbox, ...]:
        """
        Everybody who gets it, To first, then Cc, then Bcc.
        """
        return self.to + self.cc + self.bcc


@dataclass(frozen=True, kw_only=True, repr=False)
class Mail:
    """
    A call that fits the rules.

    Attributes:
        sender: The mailbox in From.
        personalizations: The mails of the call.
        subject: The subject of all that have none of their own.
        content: Types and values of the bodies, in order.
        files: The attachments, inline ones too.
        reply_to: The mailboxes that answers go to.
        headers: Headers of all mails, by name.
        template_id: The template, or an empty text.
        categories: The categories of all mails.
        custom_args: The caller's own values of all mails, by name.
        group_id: The unsubscribe group, or `None`.
        sandbox: Whether it is checked and not sent.
    """

    sender: Mailbox
    personalizations: tuple[Personalization, ...]
    subject: str = ""
    content: tuple[tuple[str, str], ...] = ()
    files: tuple[ReceivedFile, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    template_id: str = ""
    categories: tuple[str, ...] = ()
    custom_args: Mapping[str, str] = field(default_factory=dict)
    group_id: int | None = None
    sandbox: bool = False


def read_mail(document: object, *, now_seconds: float, is_dynamic: bool) -> Mail:
    """
    The call in a document.

    Args:
        document: What the JSON of the body says.
        now_seconds: The present, in seconds since 1970.
        is_dynamic: Whether its template is a dynamic one.

    Raises:
        SendGridError: It breaks rules; the error has all of them.
    """
    reader = Reader()
    if not isinstance(document, dict):
        raise SendGridError(Complaint("Bad Request"))
    mail = _mail(reader, document, now_seconds, is_dynamic=is_dynamic)
    if reader.complaints or mail is None:
        raise SendGridError(*reader.complaints)
    return mail


def _mail(
    reader: Reader, fields: Mapping[str, Any], now_seconds: float, *, is_dynamic: bool
) -> Mail | None:
    sender = None
    if fields.get("from") is None:
        reader.complain(
            "The from object must be provided for every email send. It is an object that requires"
            " the email parameter, but may also contain a name parameter.",
            "from",
        )
    else:
        sender = reader.mailbox(fields["from"], "from")
    personalizations = _personalizations(reader, fields, is_dynamic=is_dynamic)
    settings = reader.mapping(fields.get("mail_settings"), "mail_settings")
    sandbox = reader.mapping(settings.get("sandbox_mode"), "mail_settings.sandbox_mode")
    group = reader.mapping(fields.get("asm"), "asm").get("group_id")
    if group is not None and (not isinstance(group, int) or isinstance(group, bool)):
        reader.complain("The group_id must be an integer.", "asm.group_id")
    template_id = reader.text(fields.get("template_id"), "template_id")
    subject = reader.text(fields.get("subject"), "subject")
    if not template_id and not subject and not all(each.subject for each in personalizations):
        reader.complain(
            "The subject is required. You can get around this requirement if you use a template"
            " with a subject defined or if every personalization has a subject defined.",
            "subject",
        )
    content = read_content(reader, fields.get("content"), template_id)
    files = tuple(read_files(reader, fields.get("attachments")))
    categories = _categories(reader, fields.get("categories"))
    custom_args = _custom_args(reader, fields.get("custom_args"), "custom_args")
    headers = reader.headers(fields.get("headers"), "headers")
    reply_to = _reply_to(reader, fields)
    _check_send_at(reader, fields.get("send_at"), "send_at", now_seconds)
    if sender is None or reader.complaints:
        return None
    return Mail(
        sender=sender,
        personalizations=personalizations,
        subject=subject,
        content=content,
        files=files,
        reply_to=reply_to,
        headers=headers,
        template_id=template_id,
        categories=categories,
        custom_args=custom_args,
        group_id=group,
        sandbox=sandbox.get("enable") is True,
    )


def _personalizations(
    reader: Reader, fields: Mapping[str, Any], *, is_dynamic: bool
) -> tuple[Personalization, ...]:
    items = reader.items(fields.get("personalizations"), "personalizations")
    if not items and isinstance(fields.get("personalizations"), (list, type(None))):
        reader.complain(
            "The personalizations field is required and must have at least one personalization.",
            "personalizations",
        )
    if len(items) > MAX_RECIPIENTS:
        reader.complain(
            f"The personalization block is limited to {MAX_RECIPIENTS} personalizations per API"
            f" request. You have provided {len(items)} personalizations.",
            "personalizations",
        )
        return ()
    found = tuple(
        _personalization(reader, item, f"personalizations.{n}", is_dynamic=is_dynamic)
        for n, item in enumerate(items)
    )
    if sum(len(each.recipients) for each in found) > MAX_RECIPIENTS:
        reader.complain(
            f"There is a limit of {MAX_RECIPIENTS} total recipients (to + cc + bcc) per request.",
            "personalizations",
        )
    return found


def _personalization(
    reader: Reader, item: object, place: str, *, is_dynamic: bool
) -> Personalization:
    fields = reader.mapping(item, place)
    if not reader.items(fields.get("to"), f"{place}.to"):
        reader.complain(
            "The to array is required for all personalization objects, and must have at least one"
            " email object with a valid email address.",
            f"{place}.to",
        )
    substitutions = reader.texts(fields.get("substitutions"), f"{place}.substitutions")
    if substitutions and is_dynamic:
        reader.complain(
            "Substitutions may not be used with dynamic templating", f"{place}.substitutions"
        )
    if sum(len(f"{k}{v}".encode()) for k, v in substitutions.items()) > _MAX_SUBSTITUTIONS_BYTES:
        reader.complain("The substitutions are too large.", f"{place}.substitutions")
    _check_send_at(reader, fields.get("send_at"), f"{place}.send_at", None)
    own_sender = fields.get("from")
    found = Personalization(
        to=reader.mailboxes(fields.get("to"), f"{place}.to"),
        cc=reader.mailboxes(fields.get("cc"), f"{place}.cc"),
        bcc=reader.mailboxes(fields.get("bcc"), f"{place}.bcc"),
        subject=reader.text(fields.get("subject"), f"{place}.subject"),
        headers=reader.headers(fields.get("headers"), f"{place}.headers"),
        substitutions=substitutions,
        data=reader.mapping(fields.get("dynamic_template_data"), f"{place}.dynamic_template_data"),
        custom_args=_custom_args(reader, fields.get("custom_args"), f"{place}.custom_args"),
        sender=None if own_sender is None else reader.mailbox(own_sender, f"{place}.from"),
    )
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        for mailbox in getattr(found, kind):
            if mailbox.email.lower() in seen:
                reader.complain(
                    "Each email address in the personalization block should be unique between to,"
                    " cc, and bcc. We found the first duplicate instance of"
                    f" [{mailbox.email}] in the {place}.{kind} field.",
                    place,
                )
                return found
            seen.add(mailbox.email.lower())
    return found


def _categories(reader: Reader, value: object) -> tuple[str, ...]:
    found = [value] if isinstance(value, str) else list(reader.items(value, "categories"))
    if not all(isinstance(each, str) for each in found):
        reader.complain("Each category must be a string.", "categories")
        return ()
    if len(found) > _MAX_CATEGORIES:
        reader.complain(f"You may have up to {_MAX_CATEGORIES} categories.", "categories")
    if len(set(found)) < len(found):
        reader.complain("The categories must be unique.", "categories")
    if any(len(each) > _MAX_CATEGORY or not each.isascii() for each in found):
        reader.complain(
            f"Each category is ASCII, of up to {_MAX_CATEGORY} characters.", "categories"
        )
    return tuple(found)


def _custom_args(reader: Reader, value: object, place: str) -> dict[str, str]:
    if value == {}:
        reader.complain("The custom_args may not be empty.", place)
    found = reader.texts(value, place)
    if sum(len(f"{name}{text}".encode()) for name, text in found.items()) > _MAX_ARGUMENTS_BYTES:
        reader.complain("The custom_args are larger than 10,000 bytes.", place)
    return found


def _reply_to(reader: Reader, fields: Mapping[str, Any]) -> tuple[Mailbox, ...]:
    one, several = fields.get("reply_to"), fields.get("reply_to_list")
    if one is not None and several is not None:
        reader.complain("Use reply_to or reply_to_list, not both.", "reply_to_list")
    if one is not None:
        mailbox = reader.mailbox(one, "reply_to")
        return (mailbox,) if mailbox else ()
    return reader.mailboxes(several, "reply_to_list")


def _check_send_at(reader: Reader, value: object, place: str, now: float | None) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        reader.complain("The send_at is a Unix timestamp, a whole number.", place)
    elif now is not None and value > now + _MAX_DELAY_SECONDS:
        reader.complain("Scheduling more than 72 hours in advance is forbidden.", place)
