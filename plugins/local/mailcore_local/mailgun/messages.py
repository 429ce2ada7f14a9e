"""
Messages as `/messages` and `/messages.mime` take them, checked by the rules that Mailgun documents.

Sources (read 2026-11-30): Mailgun's own OpenAPI description (mailgun/mailgun-mcp-server),
https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending and
https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-templates.
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from mailcore.address import parse_address_list
from mailcore.errors import InvalidAddress
from mailcore.inbound import ReceivedFile
from mailcore_local.composing import Mailbox
from mailcore_local.documents import NotReadable, read_json
from mailcore_local.mailgun.errors import MailgunError
from mailcore_local.mailgun.forms import Form


MAX_RECIPIENTS = 1000
_MAX_OPTIONS_BYTES = 16 * 1024
_MAX_TAGS = 10
_MAX_TAG = 128
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "o:dkim": ("yes", "no", "true", "false"),
    "o:testmode": ("yes", "no", "true", "false"),
    "o:tracking": ("yes", "no", "true", "false", "htmlonly"),
    "o:tracking-clicks": ("yes", "no", "true", "false", "htmlonly"),
    "o:tracking-opens": ("yes", "no", "true", "false"),
    "o:require-tls": ("yes", "no", "true", "false"),
    "o:skip-verification": ("yes", "no", "true", "false"),
}
_WITHIN = re.compile(r"(\d+h)?(\d+m)?")


@dataclass(frozen=True, kw_only=True, repr=False)
class Message:
    """
    A message that fits the rules.

    Attributes:
        sender: The mailbox in From; `None` if a template has it.
        to: The mailboxes in To.
        cc: The mailboxes in Cc.
        bcc: The mailboxes in Bcc.
        subject: The subject, or an empty text.
        text: The plain text; None if there is none.
        html: The HTML; None if there is none.
        mime: The whole mail instead of its parts, of `/messages.mime`; None otherwise.
        files: The attachments, inline ones too.
        headers: Names and values of further headers.
        template: The name of the template, or an empty text.
        template_version: The tag of the version, or an empty text for the active one.
        template_text: Whether a plain text is made of the template.
        variables: What the template is rendered with.
        user_variables: The caller's own values by name, as events have them.
        recipient_variables: Variables by address; `None` if every recipient gets the same.
        tags: The tags of the message.
        test_mode: Whether it is only said to be delivered.
    """

    sender: Mailbox | None
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    mime: bytes | None = None
    files: tuple[ReceivedFile, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    template: str = ""
    template_version: str = ""
    template_text: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    user_variables: Mapping[str, Any] = field(default_factory=dict)
    recipient_variables: Mapping[str, Mapping[str, Any]] | None = None
    tags: tuple[str, ...] = ()
    test_mode: bool = False


def read_message(form: Form, *, mime: bool) -> Message:
    """
    The message in a form.

    Args:
        form: The form of the request.
        mime: Whether it has the whole mail, as `/messages.mime` takes it.

    Raises:
        MailgunError: It breaks a rule.
    """
    _check_options(form)
    to = _mailboxes(form, "to")
    if not to:
        raise MailgunError("to parameter is missing")
    template = form.get("template")
    senders = () if mime else _mailboxes(form, "from")
    if not mime and len(senders) != 1 and not (template and not senders):
        raise MailgunError("from parameter is missing" if not senders else _not_valid("from"))
    cc, bcc = ((), ()) if mime else (_mailboxes(form, "cc"), _mailboxes(form, "bcc"))
    if len(to) + len(cc) + len(bcc) > MAX_RECIPIENTS:
        raise MailgunError(f"The message has more than {MAX_RECIPIENTS} recipients.")
    raw = _mime(form) if mime else None
    text, html = form.get("text"), form.get("html")
    if raw is None and not (text or html or form.get("amp-html") or template):
        raise MailgunError(
            "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
        )
    if html and template:
        raise MailgunError("Only one parameters 'html' or 'template' is allowed")
    user_variables = {name: _value(value) for name, value in form.starting("v:")}
    tags = tuple(form.all("o:tag"))
    if len(tags) > _MAX_TAGS or any(len(tag) > _MAX_TAG for tag in tags):
        raise MailgunError(f"Up to {_MAX_TAGS} tags of {_MAX_TAG} characters are allowed")
    return Message(
        sender=senders[0] if senders else None,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=form.get("subject"),
        text=text or None,
        html=html or None,
        mime=raw,
        files=_files(form),
        headers=_headers(form),
        template=template,
        template_version=form.get("t:version"),
        template_text=form.get("t:text") == "yes",
        variables={**user_variables, **_object(form, "t:variables")},
        user_variables=user_variables,
        recipient_variables=_recipient_variables(form),
        tags=tags,
        test_mode=form.get("o:testmode").lower() in ("yes", "true"),
    )


def _check_options(form: Form) -> None:
    size = sum(
        len(f"{name}{value}".encode())
        for name, value in form.fields
        if name[:2].lower() in ("o:", "h:", "v:", "t:")
    )
    if size > _MAX_OPTIONS_BYTES:
        raise MailgunError(
            "Send options (parameters starting with o:, h:, v:, or t:) are limited to 16KB total"
        )
    for name, known in _FLAGS.items():
        value = form.get(name)
        if value and value.lower() not in known:
            raise MailgunError(f"{name} must be one of {', '.join(known)}")
    if when := form.get("o:deliverytime"):
        try:
            parsedate_to_datetime(when)
        except ValueError:
            raise MailgunError("o:deliverytime is not a valid RFC-2822 date") from None
    within = form.get("o:deliver-within")
    if within and not _WITHIN.fullmatch(within):
        raise MailgunError("o:deliver-within is not a duration such as 1h30m")


def _mailboxes(form: Form, name: str) -> tuple[Mailbox, ...]:
    found: dict[str, Mailbox] = {}
    for value in form.all(name):
        if not value.strip():
            continue
        try:
            addresses = parse_address_list(value, field=name)
        except InvalidAddress:
            raise MailgunError(_not_valid(name)) from None
        for each in addresses:
            # Mailgun passes over duplicates.
            found.setdefault(each.key, Mailbox(each.addr_spec, each.display_name))
    return tuple(found.values())


def _not_valid(name: str) -> str:
    return f"{name} parameter is not a valid address. please check documentation"


def _mime(form: Form) -> bytes:
    file = form.file("message")
    raw = file.content if file is not None else form.get("message").encode()
    if not raw:
        raise MailgunError("message parameter is missing")
    return raw


def _headers(form: Form) -> tuple[tuple[str, str], ...]:
    found = form.starting("h:")
    for name, value in found:
        if not _HEADER_NAME.fullmatch(name):
            raise MailgunError("a parameter starting with h: names no header")
        if any(c in value for c in "\r\n\0"):
            raise MailgunError(f"h:{name} has a line break in it")
    return tuple(found)


def _files(form: Form) -> tuple[ReceivedFile, ...]:
    return tuple(
        ReceivedFile(
            content=file.content,
            filename=file.filename,
            content_type=file.content_type or "application/octet-stream",
            # HTML refers to inline files by their names.
            content_id=file.filename if file.name == "inline" else None,
            inline=file.name == "inline",
        )
        for file in form.files
        if file.name in ("attachment", "inline")
    )


def _object(form: Form, name: str) -> Mapping[str, Any]:
    value = form.get(name)
    if not value:
        return {}
    try:
        document = read_json(value.encode())
    except NotReadable:
        document = None
    if not isinstance(document, dict):
        raise MailgunError(f"{name} parameter is not a valid JSON dictionary")
    return document


def _recipient_variables(form: Form) -> Mapping[str, Mapping[str, Any]] | None:
    if not form.get("recipient-variables"):
        return None
    found = _object(form, "recipient-variables")
    if not all(isinstance(each, dict) for each in found.values()):
        raise MailgunError("recipient-variables parameter is not a valid JSON dictionary")
    return {address.lower(): variables for address, variables in found.items()}


def _value(text: str) -> Any:
    # What is JSON is given back as that, anything else as text.
    if text[:1] not in ("{", "["):
        return text
    try:
        return read_json(text.encode())
    except NotReadable:
        return text
