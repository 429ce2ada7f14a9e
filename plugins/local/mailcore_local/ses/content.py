"""
The kinds of content that a request may bring: simple, raw, template, bulk entry.
"""

from __future__ import annotations

import email
import json
import re

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as MimeMessage
from email.parser import BytesHeaderParser
from email.utils import formataddr, getaddresses

from mailcore_local.ses import limits
from mailcore_local.ses.errors import bad_request
from mailcore_local.ses.model import Params
from mailcore_local.ses.rendering import Envelope, Text, assemble
from mailcore_local.ses.template_store import TemplateStore, render, template_data
from mailcore_local.ses.templating import RenderingError


# The decoder of the standard library takes quadratic time; longer subjects are shown as written.
_MAX_DECODED_CHARACTERS = 4096
_CONTROL_HEADERS = ("x-ses-configuration-set", "x-ses-message-tags")


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """
    What SES writes into every message: Message-ID and Date.
    """

    message_id: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """
    A message as its content gives it; addresses are bare but for `from_email`.
    """

    from_email: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    raw: bytes
    headers: tuple[tuple[str, str], ...]
    subject: str
    configuration_set_name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    rendering_error: str | None = None


def simple(params: Params, stamp: Stamp) -> Content:
    """
    A mail made of subject and bodies (`Content.Simple`).

    Raises:
        ServiceError: `BadRequestException`.
    """
    message = params["Content"]["Simple"]
    body = message["Body"]
    return _assembled(
        params,
        stamp,
        subject=_text(message["Subject"]),
        text=_text(body["Text"]) if "Text" in body else None,
        html=_text(body["Html"]) if "Html" in body else None,
        content=message,
    )


def templated(params: Params, stamp: Stamp, templates: TemplateStore) -> Content:
    """
    A template, filled in and assembled.

    A missing attribute is no error here: SES accepts the message and reports a Rendering Failure
    event.

    Raises:
        ServiceError: `NotFoundException` for the template, `BadRequestException`.
    """
    template = params["Content"]["Template"]
    parts = templates.content(template)
    data = template_data(template.get("TemplateData", "{}"))
    try:
        rendered = render(parts, data, plain="TemplateContent" in template)
    except RenderingError as error:
        return _unrendered(params, str(error))
    return _assembled(
        params,
        stamp,
        subject=Text(data=rendered.subject),
        text=None if rendered.text is None else Text(data=rendered.text),
        html=None if rendered.html is None else Text(data=rendered.html),
        content=template,
    )


def raw(params: Params) -> Content:
    """
    Raw content, checked and otherwise left alone.

    Raises:
        ServiceError: `BadRequestException`.
    """
    data: bytes = params["Content"]["Raw"]["Data"]
    limits.check_size(data)
    if not re.search(rb"\r?\n\r?\n", data):
        raise bad_request("The message has no blank line between header and body.")
    limits.check_lines(data)
    parsed = BytesHeaderParser(policy=policy.compat32).parsebytes(data)
    headers = _headers(parsed)
    limits.check_raw_headers(headers)
    if b"name" in data.lower():
        limits.check_parts(email.message_from_bytes(data, policy=policy.compat32))
    by_name = {name.lower(): value for name, value in headers}
    sender = params.get("FromEmailAddress") or _first_sender(by_name["from"])
    limits.bare_address(sender)
    if "Destination" in params:
        to, cc, bcc = _destination(params["Destination"])
    else:
        to, cc, bcc = (_header_addresses(headers, name) for name in ("to", "cc", "bcc"))
    return Content(
        from_email=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        raw=data,
        headers=tuple(h for h in headers if h[0].lower() not in _CONTROL_HEADERS),
        subject=_decoded(by_name.get("subject", "")),
        configuration_set_name=by_name.get("x-ses-configuration-set", "").strip() or None,
        tags=_header_tags(by_name.get("x-ses-message-tags", "")),
    )


def bulk_parameters(params: Params, entry: Params) -> Params:
    """
    A bulk entry as the SendEmail request that it amounts to.

    Replacement headers replace a default header of the same name and add the others; replacement
    tags and data go over the defaults key by key.
    """
    default = params["DefaultContent"]["Template"]
    replacement = entry.get("ReplacementEmailContent", {}).get("ReplacementTemplate", {})
    template = {
        **default,
        "TemplateData": _merged_data(default, replacement),
        "Headers": _merged(
            default.get("Headers", []), entry.get("ReplacementHeaders", []), fold_case=True
        ),
    }
    tags = _merged(params.get("DefaultEmailTags", []), entry.get("ReplacementTags", []))
    shared = ("DefaultEmailTags", "DefaultContent", "BulkEmailEntries")
    return {
        **{name: value for name, value in params.items() if name not in shared},
        "Destination": entry["Destination"],
        "EmailTags": tags,
        "Content": {"Template": template},
    }


def _merged_data(default: Params, replacement: Params) -> str:
    own = replacement.get("ReplacementTemplateData", "{}")
    merged = {**template_data(default.get("TemplateData", "{}")), **template_data(own)}
    return json.dumps(merged)


def _merged(
    defaults: Sequence[Params], replacements: Sequence[Params], *, fold_case: bool = False
) -> list[Params]:
    def key(item: Params) -> str:
        name = str(item["Name"])
        return name.lower() if fold_case else name

    replaced = {key(item) for item in replacements}
    return [item for item in defaults if key(item) not in replaced] + list(replacements)


def _assembled(
    params: Params,
    stamp: Stamp,
    *,
    subject: Text,
    text: Text | None,
    html: Text | None,
    content: Params,
) -> Content:
    sender, to, cc, bcc = _addresses(params)
    headers = content.get("Headers", [])
    attachments = content.get("Attachments", [])
    limits.check_headers(headers)
    for attachment in attachments:
        limits.check_file_name(attachment["FileName"])
    destination = params.get("Destination", {})
    envelope = Envelope(
        sender=sender,
        to=destination.get("ToAddresses", []),
        cc=destination.get("CcAddresses", []),
        reply_to=params.get("ReplyToAddresses", []),
        date=stamp.date,
        message_id=stamp.message_id,
    )
    mime = assemble(
        envelope, subject=subject, text=text, html=html, headers=headers, attachments=attachments
    )
    written = _headers(BytesHeaderParser(policy=policy.compat32).parsebytes(mime))
    return Content(
        from_email=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        raw=mime,
        headers=tuple(written),
        subject=subject.data,
    )


def _unrendered(params: Params, error: str) -> Content:
    sender, to, cc, bcc = _addresses(params)
    return Content(
        from_email=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        raw=b"",
        headers=(("From", sender), ("To", ", ".join(to))),
        subject="",
        rendering_error=error,
    )


def _addresses(
    params: Params,
) -> tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    if "FromEmailAddress" not in params:
        raise bad_request("Missing required parameter FromEmailAddress.")
    limits.bare_address(params["FromEmailAddress"])
    for address in params.get("ReplyToAddresses", []):
        limits.bare_address(address)
    return (params["FromEmailAddress"], *_destination(params.get("Destination", {})))


def _destination(
    destination: Params,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    to, cc, bcc = (
        tuple(limits.bare_address(address) for address in destination.get(field_name, []))
        for field_name in ("ToAddresses", "CcAddresses", "BccAddresses")
    )
    return to, cc, bcc


def _text(value: Params) -> Text:
    return Text(data=value["Data"], charset=value.get("Charset") or "UTF-8")


def _headers(message: MimeMessage) -> list[tuple[str, str]]:
    # `raw_items` has undecoded octets as surrogates; `items` would wrap them in Header objects.
    return [
        (_unicode(name), re.sub(r"\r?\n(?=[ \t])", "", _unicode(str(value))).strip())
        for name, value in message.raw_items()
    ]


def _unicode(text: str) -> str:
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _first_sender(value: str) -> str:
    mailboxes = _mailboxes([value])
    # RFC 5322 allows several From addresses; the first one is the sender that SES checks.
    return value if len(mailboxes) <= 1 else formataddr(mailboxes[0])


def _header_addresses(headers: Iterable[tuple[str, str]], wanted: str) -> tuple[str, ...]:
    values = [value for name, value in headers if name.lower() == wanted]
    found = [address for _, address in _mailboxes(values) if address]
    return tuple(limits.bare_address(address) for address in found)


def _mailboxes(values: list[str]) -> list[tuple[str, str]]:
    try:
        return getaddresses(values)
    except RecursionError:
        raise bad_request("Address contains too many nested comments.") from None


def _header_tags(value: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in re.split(r"[,;]", value) if pair.strip()]
    return limits.message_tags({"Name": n.strip(), "Value": v.strip()} for n, _, v in pairs)


def _decoded(value: str) -> str:
    if len(value) > _MAX_DECODED_CHARACTERS:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value
