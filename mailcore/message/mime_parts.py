"""
Parts of mail that another library made, as attachments: ``MIMEImage``, ``MIMEBase``, ``MIMEPart``.

==========================  ========================================================================
Of the part                 In the attachment
==========================  ========================================================================
Content-Type                ``content_type`` with its parameters, but for ``name``; text/plain if
                            there is none (RFC 2045, section 5.2)
Content-Disposition         ``disposition``, and ``filename``; without it, the ``name`` of the type
Content-ID                  ``content_id``, which makes it inline even where the disposition is
                            ``attachment``: some programs declare the images of the HTML so. One
                            that the HTML does not name is sent as a plain attachment, as always.
X-Attachment-Id             nothing, if it repeats the Content-ID
Content-Transfer-Encoding,  nothing: the content is decoded, and encoded anew when it is sent
MIME-Version
message/rfc822              the octets of the message within, which is not written anew
anything else               refused, because an attachment has no place for it
==========================  ========================================================================
"""

from __future__ import annotations

import quopri

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mailcore.errors import InvalidMessage, Problem
from mailcore.foundation.redaction import redact, shown_name
from mailcore.inbound.decoding import IDENTITY, decode_transfer
from mailcore.inbound.message import parse_inbound, whole_of
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.part import InboundPart, entity_of
from mailcore.message.forwarding import octets_of, with_crlf
from mailcore.mime.parameters import TOKEN


if TYPE_CHECKING:
    from email.message import Message as StdlibMessage

__all__ = [
    "content_defect",
    "header_problems",
    "type_with",
]

_DESCRIBED = frozenset(
    [
        *("content-type", "content-disposition", "content-transfer-encoding", "content-id"),
        *("mime-version", "x-attachment-id"),
    ]
)
_OF_A_MAIL = frozenset(["from", "to", "cc", "bcc", "subject", "date", "message-id", "received"])
_FORWARD = "attach it as a mail with Attachment.from_message(...)"
_MOST_NAMES = 5
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"


class Described(NamedTuple):
    """What the attachment is made of that a part becomes, and what of the part it cannot hold."""

    filename: str | None
    content: bytes
    content_type: str
    content_id: str | None
    disposition: Literal["attachment", "inline"]
    problems: tuple[Problem, ...]


def described_object(part: StdlibMessage[Any, Any]) -> Described:
    """
    Describe a part of the standard library.

    Raises:
        InvalidMessage: It cannot be written, is a mail, or has parts of its own.
    """
    mail = parse_inbound(octets_of(part))
    names = [name for name in mail.headers if name.lower() in _OF_A_MAIL]
    if names:
        shown = ", ".join(shown_name(name) for name in names[:_MOST_NAMES])
        reason = f"the object is a mail with a header of its own ({shown}), not a part of one"
        raise InvalidMessage([Problem("content", reason, _FORWARD)])
    read = whole_of(mail)
    if read.is_multipart:
        kind = read_parameters(entity_of(read).raw_field("content-type") or b"").value
        is_sealed = kind in ("multipart/signed", "multipart/encrypted")
        reason = f"the part is a {kind[:40]}, which has parts of its own"
        hint = _FORWARD if is_sealed else f"give each of its parts, or {_FORWARD}"
        raise InvalidMessage([Problem("content", redact(reason), hint)])
    payload = vars(part).get("_payload")
    if not isinstance(payload, str):
        return described(read)
    # Not as it was written: the generators of the standard library change line ends.
    octets = payload.encode("utf-8", "surrogateescape")
    if read.transfer_encoding == "quoted-printable":
        return described(read, quopri.decodestring(octets))
    return described(read, octets if read.transfer_encoding in IDENTITY else None)


def described(part: InboundPart, content: bytes | None = None) -> Described:
    """
    Describe a part that was read.

    Args:
        part: A part that is no multipart.
        content: The content of the attachment, in place of what stands in the part.
    """
    problems = list(header_problems(part))
    if content is None:
        content = part.content
        if defect := content_defect(part):
            hint = "encode it, for example with email.encoders.encode_base64(part)"
            problems.append(Problem("content", f"content cannot be decoded: {defect}", hint))
    content_id = _bare(part.headers["content-id"]) if "content-id" in part.headers else None
    is_inline = content_id is not None or part.disposition == "inline"
    mime_type = part.content_type
    return Described(
        filename=part.filename,
        content=with_crlf(content) if mime_type == "message/rfc822" else content,
        content_type=type_with(mime_type, {**part.parameters, "name": None}),
        content_id=content_id,
        disposition="inline" if is_inline else "attachment",
        problems=tuple(problems),
    )


def content_defect(part: InboundPart) -> str:
    """What of a content its transfer encoding loses; empty if all is well."""
    if part.transfer_encoding == "base64" and bytes(entity_of(part).body).translate(None, _BASE64):
        # Readers pass over what is no base64.
        return "it is not base64, as it says"
    return decode_transfer(entity_of(part).body, part.transfer_encoding)[1]


def type_with(mime_type: str, parameters: Mapping[str, str | None]) -> str:
    """A content type with parameters, as :class:`~mailcore.Attachment` would write them."""
    units = [mime_type]
    for name, value in parameters.items():
        if value is not None:
            is_bare = name != "charset" and TOKEN.fullmatch(value)
            units.append(f"{name}={value}" if is_bare else f'{name}="{value}"')
    return "; ".join(units)


def header_problems(part: InboundPart, kind: str = "an attachment") -> list[Problem]:
    """
    What stands in the header of a part and cannot be carried, or makes no sense.

    Args:
        part: A part that is no multipart.
        kind: What the part becomes in the message.
    """
    problems = []
    for name in part.headers:
        shown, key = shown_name(name), name.lower()
        is_id = key == "x-attachment-id" and _bare(part.headers[name]) == part.content_id
        if key not in _DESCRIBED or (key == "x-attachment-id" and not is_id):
            reason = f"header {shown} of the part has no place in {kind}"
            problems.append(Problem("content", reason, f"take it out: del part[{shown}]"))
        elif len(part.headers.get_raw(name)) > 1:
            problems.append(Problem("content", f"header {shown} of the part is given twice"))
    raw_type = entity_of(part).raw_field("content-type")
    declared = None if raw_type is None else read_parameters(raw_type).value
    if declared is not None and declared != part.content_type:
        problems.append(Problem("content_type", "Content-Type of the part is no type/subtype"))
    raw = entity_of(part).raw_field("content-disposition")
    if raw is not None:
        problems += _disposition_problems(raw, kind)
    problems += [
        Problem("content", f"header of the part: {text}") for text in part.header_defects()
    ]
    return problems


def _disposition_problems(raw: bytes, kind: str) -> list[Problem]:
    read = read_parameters(raw)
    problems = []
    if read.value not in ("attachment", "inline"):
        reason = "Content-Disposition of the part must be 'attachment' or 'inline'"
        problems.append(Problem("disposition", reason))
    for name in read.parameters:
        if name != "filename":
            shown = shown_name(name)
            reason = f"parameter {shown} of Content-Disposition has no place in {kind}"
            hint = f"take it out: part.del_param({shown}, 'Content-Disposition')"
            problems.append(Problem("disposition", reason, hint))
    return problems


def _bare(content_id: str) -> str:
    return content_id.strip().removeprefix("<").removesuffix(">")
