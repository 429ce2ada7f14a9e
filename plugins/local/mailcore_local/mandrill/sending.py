"""
What Mandrill makes of a request: a mail for each recipient, or one for all, and what it answers.

Read 2026-11-30: the OpenAPI description 1.4.0 (statuses, reasons, `async`, more than ten
recipients), https://mandrill.zendesk.com/hc/en-us/articles/360039276813 (`preserve_recipients`),
https://mailchimp.com/developer/transactional/docs/tags-metadata/ (250 bytes of metadata), and
https://mandrill.zendesk.com/hc/en-us/articles/360039278653 (merge languages).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import getaddresses

from mailcore.inbound import ReceivedFile, parse_inbound
from mailcore_local.composing import Mailbox, compose, is_address
from mailcore_local.mandrill.merging import merged
from mailcore_local.mandrill.models import (
    MAX_METADATA_BYTES,
    Content,
    File,
    Message,
    Recipient,
    SendRaw,
    Variable,
    parsed_moment,
)


# https://github.com/mailchimp/mailchimp-client-lib-codegen, `async` (read 2026-11-30)
MAX_SYNCHRONOUS_RECIPIENTS = 10

_REGION = re.compile(
    r"(?P<open><(?P<tag>[A-Za-z][A-Za-z0-9]*)\b[^>]*\bmc:edit=[\"'](?P<name>[^\"']*)[\"'][^>]*>)"
    r"(?P<inner>.*?)(?P<close></(?P=tag)\s*>)",
    re.DOTALL,
)
# What belongs to recipients, by their addresses in lower case.
_Own = Mapping[str, Mapping[str, object]]

_FALLBACK_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class StoredTemplate:
    """
    A template of the account.

    Attributes:
        name: The name that people gave it.
        from_email: The sender of a mail that has none.
        from_name: The name beside it.
        subject: The subject of a mail that has none.
        code: The HTML, with regions marked ``mc:edit``.
        text: The plain text.
        published: Whether mails may be sent with it.
        created_at: When it was made, in UTC.
    """

    name: str
    from_email: str | None = None
    from_name: str | None = None
    subject: str | None = None
    code: str | None = None
    text: str | None = None
    published: bool = True
    created_at: datetime

    @property
    def slug(self) -> str:
        """
        The name in lower case, with hyphens.
        """
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class Copy:
    """
    The copy of one recipient, before it is sent.

    Attributes:
        mailbox: Whom it goes to.
        kind: Whether the address stands in ``to``, ``cc`` or ``bcc``.
        message_id: The ``_id`` of the answer and the events.
        metadata: The values of the message and of the recipient.
        status: What the answer says: ``sent``, ``queued``, ``scheduled``, ``rejected``,
            ``invalid``.
        reject_reason: Why it was rejected, or None.
        queued_reason: Why it was queued, or None.
    """

    mailbox: Mailbox
    kind: str
    message_id: str
    metadata: Mapping[str, object]
    status: str
    reject_reason: str | None = None
    queued_reason: str | None = None

    @property
    def is_mail(self) -> bool:
        """
        Whether Mandrill keeps a mail for it, if only one that is rejected.
        """
        return self.status != "invalid" and self.reject_reason != "invalid-sender"

    def result(self) -> dict[str, object]:
        """
        The object of the answer.
        """
        return {
            "email": self.mailbox.email,
            "status": self.status,
            "_id": self.message_id,
            "reject_reason": self.reject_reason,
            "queued_reason": self.queued_reason,
        }


@dataclass(frozen=True, kw_only=True)
class Letter:
    """
    One MIME message with those who get it.

    Attributes:
        sender: Who stands in From.
        copies: Who gets it.
        subject: The subject, filled in.
        raw: The MIME message.
    """

    sender: Mailbox
    copies: tuple[Copy, ...]
    subject: str
    raw: bytes


def new_message_id() -> str:
    """
    An id as Mandrill gives it: 32 hexadecimal digits.
    """
    return secrets.token_hex(16)


def copies_of(
    message: Message,
    *,
    send_async: bool | None,
    send_at: str | None,
    rejected: Mapping[str, str],
    invalid_sender: bool,
) -> list[Copy]:
    """
    What becomes of each recipient, as the answer tells it.

    Args:
        message: The checked message.
        send_async: The `async` of the request.
        send_at: The `send_at` of the request.
        rejected: The reason by address, of those that are rejected at once.
        invalid_sender: Whether the message has no address that it could be from.
    """
    recipients = [*message.to, *_extra_copy(message)]
    many = len(recipients) > MAX_SYNCHRONOUS_RECIPIENTS
    waits = send_at is not None and parsed_moment(send_at) > datetime.now(timezone.utc)
    reason = None
    if many:
        reason = "multiple-recipients"
    elif message.attachments and not send_async:
        reason = "attachments"
    own = _metadata_of_recipients(message)
    found = []
    for recipient in recipients:
        status, reject_reason, queued_reason = "sent", None, None
        if not is_address(recipient.email):
            status = "invalid"
        elif many or send_async:
            status, queued_reason = "queued", reason
        elif invalid_sender:
            status, reject_reason = "rejected", "invalid-sender"
        elif recipient.email in rejected:
            status, reject_reason = "rejected", rejected[recipient.email]
        elif waits:
            status = "scheduled"
        elif reason is not None:
            status, queued_reason = "queued", reason
        found.append(
            Copy(
                mailbox=Mailbox(recipient.email, recipient.name or ""),
                kind=recipient.type or "to",
                message_id=new_message_id(),
                metadata=_metadata(message, own, recipient.email),
                status=status,
                reject_reason=reject_reason,
                queued_reason=queued_reason,
            )
        )
    return found


def letters_of(
    message: Message,
    copies: Sequence[Copy],
    *,
    template: StoredTemplate | None,
    contents: Iterable[Content],
    preserves_recipients: bool,
) -> list[Letter]:
    """
    The mails of a request: copies with the same octets are one mail.

    Args:
        message: The checked message.
        copies: The addresses that get a copy.
        template: The template that it is made from, or None.
        contents: What stands in the template's regions.
        preserves_recipients: Whether headers show all recipients, if the message does not say.

    Raises:
        TemplateError: A text of it is no template of its language.
    """
    filled = _with_template(message, template, list(contents))
    own = _variables_of_recipients(message)
    together = message.preserve_recipients
    if together is None:
        together = preserves_recipients
    if not together:
        return [
            _letter(filled, own, [copy], to=[copy.mailbox], cc=[])
            for copy in copies
            if copy.is_mail
        ]
    to = [copy.mailbox for copy in copies if copy.kind == "to"]
    cc = [copy.mailbox for copy in copies if copy.kind == "cc"]
    groups: dict[str, list[Copy]] = {}
    for copy in copies:
        if copy.is_mail:
            values = json.dumps(_values(filled, own, copy.mailbox.email), sort_keys=True)
            groups.setdefault(values, []).append(copy)
    return [_letter(filled, own, group, to=to, cc=cc) for group in groups.values()]


def raw_letter(request: SendRaw) -> tuple[list[Mailbox], Mailbox, str]:
    """
    Whom a whole MIME message goes to, from whom it is, and its subject.

    Args:
        request: The body of ``messages/send-raw``, checked.
    """
    mail = parse_inbound(request.raw_message.encode("utf-8", "surrogateescape"))
    if request.to is not None:
        to = [Mailbox(address) for _, address in getaddresses(request.to) if address]
    else:
        to = [
            Mailbox(each.addr_spec, each.display_name) for each in (*mail.to, *mail.cc, *mail.bcc)
        ]
    author = mail.from_email
    sender = Mailbox(
        request.from_email or (author.addr_spec if author else ""),
        request.from_name or (author.display_name if author else ""),
    )
    return to, sender, mail.subject or ""


def _letter(
    message: Message,
    own: _Own,
    group: Sequence[Copy],
    *,
    to: Sequence[Mailbox],
    cc: Sequence[Mailbox],
) -> Letter:
    values = _values(message, own, group[0].mailbox.email)
    language = message.merge_language or "mailchimp"
    merges = message.merge or bool(message.merge_vars or message.global_merge_vars)

    def fill(text: str | None, *, is_html: bool = False) -> str | None:
        if text is None or not merges:
            return text
        return merged(text, values, language, is_html=is_html)

    subject = fill(message.subject) or ""
    sender = Mailbox(message.from_email or "", fill(message.from_name) or "")
    raw = compose(
        message_id=f"{group[0].message_id}@mandrillapp.com",
        sender=sender,
        to=to,
        cc=cc,
        subject=subject,
        text=fill(message.text),
        html=fill(message.html, is_html=True),
        headers=[(name, fill(value) or "") for name, value in _headers(message)],
        files=list(_files(message)),
    )
    return Letter(sender=sender, copies=tuple(group), subject=subject, raw=raw)


def _with_template(
    message: Message, template: StoredTemplate | None, contents: Sequence[Content]
) -> Message:
    if template is None:
        return message
    regions = {each.name: each.content or "" for each in contents}
    code = template.code or ""
    return message.model_copy(
        update={
            "html": fill_regions(code, regions) if code else message.html,
            "text": template.text if template.text is not None else message.text,
            "subject": message.subject or template.subject,
            "from_email": message.from_email or template.from_email,
            "from_name": message.from_name or template.from_name,
        }
    )


def fill_regions(code: str, regions: Mapping[str, str]) -> str:
    """
    The HTML of a template with its ``mc:edit`` regions filled.

    Args:
        code: The HTML of the template.
        regions: What stands in each region by name; the others keep what they have.
    """

    def filled(found: re.Match[str]) -> str:
        inner = regions.get(found["name"], found["inner"])
        return f"{found['open']}{inner}{found['close']}"

    return _REGION.sub(filled, code)


def variables(given: Iterable[Variable]) -> dict[str, object]:
    """
    Merge variables by name.
    """
    return {each.name: each.content for each in given}


def _variables_of_recipients(message: Message) -> _Own:
    found: dict[str, dict[str, object]] = {}
    for own in message.merge_vars or ():
        found.setdefault(own.rcpt.lower(), {}).update(variables(own.vars))
    return found


def _metadata_of_recipients(message: Message) -> _Own:
    found: dict[str, dict[str, object]] = {}
    for own in message.recipient_metadata or ():
        if isinstance(own.values, dict):
            found.setdefault(own.rcpt.lower(), {}).update(own.values)
    return found


def _values(message: Message, own: _Own, address: str) -> dict[str, object]:
    values = variables(message.global_merge_vars or ())
    names = {name.upper(): name for name in values}
    for name, value in own.get(address.lower(), {}).items():
        values[names.get(name.upper(), name)] = value
    return values


def _metadata(message: Message, own: _Own, address: str) -> dict[str, object]:
    found: dict[str, object] = {}
    if isinstance(message.metadata, dict):
        found.update(message.metadata)
    found.update(own.get(address.lower(), {}))
    # What is larger is not kept: https://github.com/Wylio/meteor-mandrill/issues/19 (2026-11-30).
    size = len(json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode())
    return found if size <= MAX_METADATA_BYTES else {}


def _extra_copy(message: Message) -> list[Recipient]:
    if not message.bcc_address:
        return []
    return [Recipient(email=message.bcc_address, type="bcc")]


def _headers(message: Message) -> list[tuple[str, str]]:
    if not isinstance(message.headers, dict):
        return []
    return [
        (name, ", ".join(value) if isinstance(value, list) else str(value))
        for name, value in message.headers.items()
        # What it obeys is not sent on.
        if not name.lower().startswith("x-mc-") and name.lower() not in _WRITTEN
    ]


_WRITTEN = frozenset(["from", "to", "cc", "bcc", "subject", "message-id"])


def _files(message: Message) -> Iterable[ReceivedFile]:
    for each in message.attachments or ():
        yield ReceivedFile(
            content=_content(each),
            filename=each.name or None,
            content_type=each.type or _FALLBACK_TYPE,
        )
    for image in message.images or ():
        yield ReceivedFile(
            content=_content(image),
            content_type=image.type,
            content_id=image.name,
            inline=True,
        )


def _content(file: File) -> bytes:
    try:
        return base64.b64decode(file.content, validate=False)
    except (binascii.Error, ValueError):
        return b""
