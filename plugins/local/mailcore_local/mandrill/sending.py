"""
The mails that Mandrill makes of a request: one for each recipient, or one for all.

Read 2026-11-30: https://mandrill.zendesk.com/hc/en-us/articles/360039276813
(`preserve_recipients`) and https://mandrill.zendesk.com/hc/en-us/articles/360039278653 (merge
languages).
"""

from __future__ import annotations

import base64
import binascii
import json

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import getaddresses

from mailcore.inbound import ReceivedFile, parse_inbound
from mailcore_local.composing import Mailbox, compose
from mailcore_local.mandrill.copies import Copy
from mailcore_local.mandrill.merging import merged
from mailcore_local.mandrill.models import (
    Content,
    File,
    Message,
    SendRaw,
    Variable,
)
from mailcore_local.mandrill.templates import StoredTemplate, fill_regions


# What belongs to recipients, by their addresses in lower case.
_Own = Mapping[str, Mapping[str, object]]

_FALLBACK_TYPE = "application/octet-stream"


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


def _values(message: Message, own: _Own, address: str) -> dict[str, object]:
    values = variables(message.global_merge_vars or ())
    names = {name.upper(): name for name in values}
    for name, value in own.get(address.lower(), {}).items():
        values[names.get(name.upper(), name)] = value
    return values


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
