"""
Simple and templated content assembled into MIME, as SES does it for the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email import charset as charsets
from email import encoders, policy
from email.header import Header
from email.message import Message as MimeMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart

from mailcore_local.ses.errors import bad_request
from mailcore_local.ses.model import Params


# Headers are written as they are given: the stdlib's folding damages long tokens.
_POLICY = policy.compat32.clone(linesep="\r\n", max_line_length=0)


@dataclass(frozen=True, kw_only=True)
class Text:
    """
    A text with the charset that the caller named.
    """

    data: str
    charset: str = "UTF-8"


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """
    Addresses as the caller wrote them; Bcc is not here because it never shows.
    """

    sender: str
    to: Sequence[str]
    cc: Sequence[str]
    reply_to: Sequence[str]
    date: str
    message_id: str


def assemble(
    envelope: Envelope,
    *,
    subject: Text,
    text: Text | None,
    html: Text | None,
    headers: Sequence[Params],
    attachments: Sequence[Params],
) -> bytes:
    """
    The MIME message: text and HTML as alternatives, inline parts related, the rest mixed.

    Raises:
        ServiceError: `BadRequestException` for a charset that is unknown or cannot express the
            text, or for a content type that is none.
    """
    message = _body(text, html)
    inline = [a for a in attachments if a.get("ContentDisposition") == "INLINE"]
    attached = [a for a in attachments if a.get("ContentDisposition") != "INLINE"]
    for kind, parts in (("related", inline), ("mixed", attached)):
        if parts:
            container = MIMEMultipart(kind)
            container.attach(message)
            for part in parts:
                container.attach(_attachment(part))
            message = container
    del message["MIME-Version"]
    fields = [
        ("Date", envelope.date),
        ("From", _mailboxes([envelope.sender])),
        ("Reply-To", _mailboxes(envelope.reply_to)),
        ("To", _mailboxes(envelope.to)),
        ("Cc", _mailboxes(envelope.cc)),
        ("Message-ID", envelope.message_id),
        ("Subject", _encoded(subject, "Subject")),
        ("MIME-Version", "1.0"),
    ]
    structure = list(message.items())
    for name, _ in structure:
        del message[name]
    for name, value in fields:
        if value or name == "Subject":
            message[name] = value
    for header in headers:
        message[header["Name"]] = header["Value"]
    for name, value in structure:
        message[name] = value
    return message.as_bytes(policy=_POLICY)


def _body(text: Text | None, html: Text | None) -> MimeMessage:
    if text is not None and html is not None:
        container = MIMEMultipart("alternative")
        container.attach(_text_part(text, "plain"))
        container.attach(_text_part(html, "html"))
        return container
    if html is not None:
        return _text_part(html, "html")
    return _text_part(text or Text(data=""), "plain")


def _text_part(text: Text, subtype: str) -> MimeMessage:
    part = MIMENonMultipart("text", subtype, charset=text.charset)
    normalized = "\r\n".join(text.data.splitlines()) if text.data else ""
    if text.data.endswith(("\n", "\r")):
        normalized += "\r\n"
    payload = _bytes(Text(data=normalized, charset=text.charset))
    if payload.isascii() and all(len(line) <= 998 for line in payload.split(b"\r\n")):
        part["Content-Transfer-Encoding"] = "7bit"
        part.set_payload(payload.decode("ascii").replace("\r\n", "\n"))
        return part
    part.set_payload(payload)
    encoders.encode_base64(part)
    return part


def _attachment(attachment: Params) -> MimeMessage:
    content_type = attachment.get("ContentType", "application/octet-stream")
    main, slash, sub = content_type.partition(";")[0].strip().partition("/")
    if not slash or not main or not sub or not content_type.isascii() or "\n" in content_type:
        raise bad_request("Attachment ContentType is not a MIME type.")
    part = MIMEBase("application", "octet-stream")
    part.replace_header("Content-Type", content_type)
    del part["MIME-Version"]
    disposition = attachment.get("ContentDisposition", "ATTACHMENT").lower()
    name = attachment["FileName"]
    part.add_header(
        "Content-Disposition", disposition, filename=name if name.isascii() else ("utf-8", "", name)
    )
    if "ContentDescription" in attachment:
        description = Text(data=attachment["ContentDescription"])
        part["Content-Description"] = _encoded(description, "Content-Description")
    if "ContentId" in attachment:
        part["Content-ID"] = f"<{attachment['ContentId'].strip('<>')}>"
    content = attachment["RawContent"]
    part.set_payload(content)
    encoding = attachment.get("ContentTransferEncoding", "BASE64")
    if encoding == "QUOTED_PRINTABLE":
        encoders.encode_quopri(part)
    elif encoding == "SEVEN_BIT":
        if not content.isascii():
            raise bad_request("Attachment RawContent is not SEVEN_BIT.")
        part["Content-Transfer-Encoding"] = "7bit"
        part.set_payload(content.decode("ascii").replace("\r\n", "\n"))
    else:
        encoders.encode_base64(part)
    return part


def _mailboxes(mailboxes: Sequence[str]) -> str:
    encoded = []
    for mailbox in mailboxes:
        name, bracket, address = mailbox.strip().rpartition("<")
        if bracket and not name.isascii():
            display_name = Text(data=name.strip().strip('"'))
            encoded.append(f"{_encoded(display_name, 'From')} <{address}")
        else:
            encoded.append(mailbox.strip())
    return ",\n ".join(encoded)


def _encoded(text: Text, name: str) -> str:
    if any(c in text.data for c in "\r\n\0"):
        raise bad_request(f"{name} contains a line break or NUL.")
    if text.data.isascii():
        return text.data
    _bytes(text)
    charset = charsets.Charset(text.charset)
    return Header(text.data, charset, header_name=name, maxlinelen=76).encode()


def _bytes(text: Text) -> bytes:
    try:
        return text.data.encode(text.charset)
    except UnicodeError:
        raise bad_request(f"The text cannot be expressed in charset '{text.charset}'.") from None
    except (LookupError, ValueError):
        raise bad_request(f"Unknown charset '{text.charset[:64]}'.") from None
