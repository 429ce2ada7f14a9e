"""
The form for mail that comes in: a few fields, or a whole message, and the mail that they make.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile

from mailcore.address import Address, parse_addresses
from mailcore.errors import MailcoreError
from mailcore.inbound import parse_inbound
from mailcore.message import Attachment, Message
from mailcore.mime import write_message
from mailcore_local.faces import Envelope


MAX_FIELDS = 20
MAX_FILES = 10
MAX_MAIL_BYTES = 25 * 1024 * 1024


class FormRefused(ValueError):
    """
    The form makes no mail; the text says why, for the person who filled it in.
    """


@dataclass(frozen=True, kw_only=True)
class InboundMail:
    """
    A mail that comes in.

    Attributes:
        face: The provider that takes it in; empty for all that have a webhook for it.
        raw: The mail as it was received.
        envelope: The addresses in MAIL FROM and RCPT TO.
    """

    face: str
    raw: bytes
    envelope: Envelope


async def read_inbound(form: FormData) -> InboundMail:
    """
    The mail of a form.

    Args:
        form: The fields `face`, `from`, `to`, `subject`, `text`, `html` and files `files`; or a
            file `message` or a text `source` that is a whole message, whose addresses stand for
            `from` and `to` where those are empty.

    Raises:
        FormRefused: An address is missing or is none, or the mail is too large.
    """
    try:
        raw = await _whole_message(form)
        sender, recipients = _envelope(form, raw)
        if not recipients:
            raise FormRefused("To: an address is needed, such as support@example.com.")
        raw = raw or await _composed(form)
    except MailcoreError as error:
        raise FormRefused(str(error)) from error
    if len(raw) > MAX_MAIL_BYTES:
        raise FormRefused(f"The mail is larger than {MAX_MAIL_BYTES // 1024 // 1024} MB.")
    envelope = Envelope(sender=sender, recipients=tuple(each.addr_spec for each in recipients))
    return InboundMail(face=_text(form, "face"), raw=raw, envelope=envelope)


def _envelope(form: FormData, raw: bytes) -> tuple[str, tuple[Address, ...]]:
    sender, to = _text(form, "from"), _text(form, "to")
    recipients = parse_addresses([to] if to else [], field="to")
    bare = Address.parse(sender, field="from").addr_spec if sender else ""
    if not raw:
        return bare, recipients
    mail = parse_inbound(raw)
    if not sender and mail.from_email and mail.from_email.address:
        bare = mail.from_email.addr_spec
    shown = (each.address for each in (*mail.to, *mail.cc))
    return bare, recipients or tuple(address for address in shown if address)


async def _whole_message(form: FormData) -> bytes:
    upload = form.get("message")
    if isinstance(upload, UploadFile) and upload.filename:
        return await upload.read(MAX_MAIL_BYTES + 1)
    source = form.get("source")
    if isinstance(source, str) and source.strip():
        # A form sends CRLF, whatever was pasted.
        return source.lstrip("\r\n").encode("utf-8", "replace")
    return b""


async def _composed(form: FormData) -> bytes:
    attachments = [
        Attachment(upload.filename, await upload.read(MAX_MAIL_BYTES + 1))
        for upload in form.getlist("files")[:MAX_FILES]
        if isinstance(upload, UploadFile) and upload.filename
    ]
    message = Message(
        from_email=_text(form, "from"),
        to=[_text(form, "to")],
        subject=" ".join(_text(form, "subject").split()),
        text=_text(form, "text") or "\n",
        html=_text(form, "html") or None,
        attachments=attachments,
    )
    return write_message(message, smtputf8=True)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
