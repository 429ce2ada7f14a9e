"""
Messages as `/email` takes them, checked by the rules that Postmark documents.

Sources (read 2026-11-30): https://postmarkapp.com/developer/api/email-api,
https://postmarkapp.com/support/article/1056-what-are-the-attachment-and-email-size-limits,
https://postmarkapp.com/support/article/1180-what-does-errorcode-300-mean and
https://postmarkapp.com/updates/upcoming-changes-to-attachment-validation-action-may-be-required.
"""

from __future__ import annotations

import base64
import binascii
import re

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mailcore.address import parse_address_list
from mailcore.errors import InvalidAddress
from mailcore.inbound import ReceivedFile
from mailcore_local.composing import Mailbox
from mailcore_local.postmark.errors import (
    FORBIDDEN_ATTACHMENT,
    STREAM_NOT_FOUND,
    PostmarkError,
    invalid,
)
from mailcore_local.postmark.fields import Fields, flag, objects, text, texts


MAX_RECIPIENTS = 50
_MAX_BODY = 5 * 1024 * 1024
_MAX_MESSAGE = 10 * 1024 * 1024
_MAX_TAG = 1000
_MAX_SUBJECT = 2000
# Fields, characters of a name, characters of a value:
# https://postmarkapp.com/support/article/1125-custom-metadata-faq (read 2026-11-30, second-hand).
_METADATA = (10, 20, 80)
_TRACK_LINKS = ("", "None", "HtmlAndText", "HtmlOnly", "TextOnly")
_STREAM = re.compile(r"[a-z][a-z0-9_-]{0,29}", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!-9;-~]{1,76}")
_CONTENT_TYPE = re.compile(r"[\w.!#$&^+-]+/[\w.!#$&^+-]+\s*(;.*)?", re.ASCII | re.DOTALL)
# https://postmarkapp.com/developer/user-guide/send-email-with-api (read 2026-11-30).
_FORBIDDEN = (
    ".vbs.exe.bin.bat.chm.com.cpl.crt.hlp.hta.inf.ins.isp.jse.lnk.mdb.pcd.pif.reg.scr.sct.shs"
    ".vbe.vba.wsf.wsh.wsl.msc.msi.msp.mst."
)
# RFC 5322's other places of addresses; Postmark's mailboxes are ASCII (article 1180).
_MAILBOX = re.compile(r"[a-z0-9.!#$%&'`*+\-/=^_{}|~]+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, repr=False)
class Email:
    """
    One message that fits the rules.

    Attributes:
        sender: The mailbox in From.
        to: The mailboxes in To.
        cc: The mailboxes in Cc.
        bcc: The mailboxes in Bcc.
        reply_to: The mailboxes in ReplyTo.
        subject: The subject; of a template, as it is rendered.
        html: The HTML; None if there is none.
        text: The plain text; None if there is none.
        tag: The tag, or an empty text.
        headers: Names and values of further headers.
        metadata: The caller's own values by name.
        files: The attachments, inline ones too.
        stream: The id of the message stream.
        track_opens: Whether openings are told of; None is the setting of the server.
        track_links: Which links are told of, by Postmark's name for it, or an empty text.
    """

    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    html: str | None = None
    text: str | None = None
    tag: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    files: tuple[ReceivedFile, ...] = ()
    stream: str = "outbound"
    track_opens: bool | None = None
    track_links: str = ""

    @property
    def recipients(self) -> tuple[Mailbox, ...]:
        """
        Everybody who gets it, To first, then Cc, then Bcc.
        """
        return self.to + self.cc + self.bcc

    def header(self, name: str) -> str:
        """
        The value of a header of the caller's, or an empty text.
        """
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")


def read_email(fields: Fields) -> Email:
    """
    A message with its own subject and bodies.

    Raises:
        PostmarkError: It breaks a rule.
    """
    email = read_envelope(fields)
    return with_content(
        email,
        subject=text(fields, "Subject"),
        html=text(fields, "HtmlBody"),
        plain=text(fields, "TextBody"),
    )


def read_envelope(fields: Fields) -> Email:
    """
    All of a message but its subject and bodies, which a template may have.

    Raises:
        PostmarkError: It breaks a rule.
    """
    senders = _mailboxes(fields, "From")
    if len(senders) != 1:
        raise invalid(f"Invalid 'From' address: '{text(fields, 'From')[:200]}'.")
    email = Email(
        sender=senders[0],
        to=_mailboxes(fields, "To"),
        cc=_mailboxes(fields, "Cc"),
        bcc=_mailboxes(fields, "Bcc"),
        reply_to=_mailboxes(fields, "ReplyTo"),
        tag=text(fields, "Tag"),
        headers=_headers(fields),
        metadata=_metadata(fields),
        files=tuple(_file(item) for item in objects(fields, "Attachments")),
        stream=text(fields, "MessageStream") or "outbound",
        track_opens=flag(fields, "TrackOpens"),
        track_links=text(fields, "TrackLinks"),
    )
    if not email.recipients:
        raise invalid("Zero recipients specified")
    if len(email.recipients) > MAX_RECIPIENTS:
        raise invalid(f"Maximum of {MAX_RECIPIENTS} recipients allowed per email message")
    if len(email.tag) > _MAX_TAG:
        raise invalid(f"The 'Tag' is longer than {_MAX_TAG} characters.")
    if email.track_links not in _TRACK_LINKS:
        raise invalid(f"'TrackLinks' is none of {', '.join(_TRACK_LINKS[1:])}.")
    if not _STREAM.fullmatch(email.stream):
        raise PostmarkError(
            STREAM_NOT_FOUND,
            f"The stream provided: '{email.stream[:60]}' does not exist on this server.",
        )
    return email


def with_content(email: Email, *, subject: str, html: str, plain: str) -> Email:
    """
    A message with its subject and bodies, and the rules for those.

    Raises:
        PostmarkError: There is no body, or something is too large.
    """
    if not html and not plain:
        raise invalid("Provide either email TextBody or HtmlBody or both.")
    if len(subject) > _MAX_SUBJECT:
        raise invalid(f"The 'Subject' is longer than {_MAX_SUBJECT} characters.")
    sizes = [len(body.encode()) for body in (html, plain)]
    if max(sizes) > _MAX_BODY:
        raise invalid("TextBody and HtmlBody may be up to 5 MB each.")
    files = sum(len(each.content or b"") * 4 // 3 for each in email.files)
    if sum(sizes) + files > _MAX_MESSAGE:
        raise invalid("The message is larger than 10 MB, attachments included.")
    return replace(email, subject=subject, html=html or None, text=plain or None)


def _mailboxes(fields: Fields, name: str) -> tuple[Mailbox, ...]:
    value = text(fields, name)
    if not value.strip():
        return ()
    try:
        addresses = parse_address_list(value, field=name)
    except InvalidAddress:
        shown = value.strip()[:200]
        reason = " It must contain the '@' symbol." if "@" not in value else ""
        raise invalid(f"Error parsing '{name}': Illegal email address '{shown}'.{reason}") from None
    for address in addresses:
        if not _MAILBOX.fullmatch(address.username):
            raise invalid(f"Error parsing '{name}': Illegal email mailbox '{address.username}'.")
    return tuple(Mailbox(each.addr_spec, each.display_name) for each in addresses)


def _headers(fields: Fields) -> tuple[tuple[str, str], ...]:
    found = [(text(item, "Name"), text(item, "Value")) for item in objects(fields, "Headers")]
    for name, value in found:
        if not _HEADER_NAME.fullmatch(name):
            raise invalid(f"'{name[:60]}' is no name of a header.")
        if any(c in value for c in "\r\n\0"):
            raise invalid(f"The value of the header '{name}' has a line break in it.")
    return tuple(found)


def _metadata(fields: Fields) -> dict[str, str]:
    found = texts(fields, "Metadata")
    pairs, name_length, value_length = _METADATA
    if len(found) > pairs:
        raise invalid(f"Metadata may have up to {pairs} fields.")
    for name, value in found.items():
        if len(name) > name_length or len(value) > value_length:
            raise invalid(
                f"Metadata field '{name[:name_length]}' is too long: names may have up to"
                f" {name_length} characters, values up to {value_length}."
            )
    return found


def _file(item: Fields) -> ReceivedFile:
    name, content_type = text(item, "Name"), text(item, "ContentType")
    content_id = text(item, "ContentID")
    if not name:
        raise invalid("An attachment has no Name.")
    if f".{name.rpartition('.')[2].lower()}." in _FORBIDDEN:
        raise PostmarkError(
            FORBIDDEN_ATTACHMENT, f"The file '{name[:200]}' has a forbidden extension."
        )
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise invalid(f"The ContentType of the attachment '{name[:200]}' is not a MIME type.")
    if not content_id.isascii() or re.search(r"\s", content_id):
        raise invalid(f"The ContentID of the attachment '{name[:200]}' has other than ASCII in it.")
    try:
        content = base64.b64decode("".join(text(item, "Content").split()), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"The Content of the attachment '{name[:200]}' is no base64.") from None
    return ReceivedFile(
        content=content,
        filename=name,
        content_type=content_type,
        content_id=content_id.removeprefix("cid:") or None,
        inline=content_id.startswith("cid:"),
    )
