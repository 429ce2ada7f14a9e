"""
SES's documented limits on addresses, headers, tags, attachments and raw messages.

Sources, all read 2026-11-21: SES API v2 reference (SendEmail, MessageTag, MessageHeader,
Attachment, RawMessage); SES Developer Guide, "Service quotas", "Amazon SES header fields", "Amazon
SES unsupported attachment types".
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Sequence
from email.message import Message as MimeMessage

from mailcore_local.ses.errors import bad_request
from mailcore_local.ses.model import Params


MAX_RECIPIENTS = 50
MAX_BULK_ENTRIES = 50
MAX_MESSAGE_BYTES = 40 * 1024 * 1024
MAX_LINE_BYTES = 1000
MAX_TEMPLATE_BYTES = 500 * 1024

BLOCKED_EXTENSIONS = frozenset(
    """
    ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp
    its js jse ksh lib lnk mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz
    msc msh msh1 msh2 mshxml msh1xml msh2xml msi msp mst ops pcd pif plg prf prg reg scf scr sct
    shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps vsmacros vss vst vsw vxd
    ws wsc wsf wsh xnk
    """.split()  # noqa: SIM905 - a table of words reads better
)

SINGLE_INSTANCE_HEADERS = frozenset(
    """
    accept-language acceptlanguage archived-at auto-submitted bounces-to comments
    content-alternative content-base content-class content-description content-disposition
    content-duration content-id content-language content-length content-location content-md5
    content-transfer-encoding content-type date delivered-to disposition-notification-options
    disposition-notification-to dkim-signature domainkey-signature errors-to from importance
    in-reply-to keywords list-archive list-help list-id list-owner list-post list-subscribe
    list-unsubscribe list-unsubscribe-post message-context message-id mime-version organization
    original-from original-message-id original-recipient original-subject precedence priority
    references reply-to return-path return-receipt-to sender solicitation sensitivity subject
    thread-index thread-topic user-agent vbr-info
    """.split()  # noqa: SIM905 - a table of words reads better
)

# What SES writes itself when it assembles the message; a caller's own would be the second one.
ASSEMBLED_HEADERS = frozenset(
    """
    bcc cc content-disposition content-transfer-encoding content-type date from message-id
    mime-version reply-to return-path subject to
    """.split()  # noqa: SIM905 - a table of words reads better
)

_FEEDBACK_TAGS = ("ses:feedback-id-a", "ses:feedback-id-b")
_TAG_CHARACTERS = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?|\[[0-9A-Za-z.:]+\]")


def bare_address(mailbox: str) -> str:
    """
    The addr-spec of `Name <local@domain>` or `local@domain`, checked.

    Raises:
        ServiceError: `BadRequestException`, for what SES refuses: no domain, a local part that is
            not ASCII (no SMTPUTF8), a domain that is not Punycode, control characters.
    """
    text = mailbox.strip()
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise bad_request("Address contains a control character.")
    match = re.fullmatch(r"(?P<name>[^<>]*|\"(?:[^\"\\]|\\.)*\"\s*)<(?P<address>[^<>]*)>", text)
    address = match["address"].strip() if match else text
    local, at, domain = address.rpartition("@")
    if not at or not domain:
        raise bad_request("Missing final '@domain'")
    if not local:
        raise bad_request("Missing local name")
    if not local.isascii():
        raise bad_request(
            "Local address contains non-ASCII characters; SES does not support SMTPUTF8."
        )
    quoted = re.fullmatch(r'"(?:[^"\\]|\\.)*"', local)
    if not quoted and not re.fullmatch(r"[^\s\"(),:;<>@\[\\\]]+", local):
        raise bad_request("Local address contains control or whitespace or an illegal character")
    if not domain.isascii():
        raise bad_request(
            "Domain contains non-ASCII characters; it must be encoded using Punycode."
        )
    if not _DOMAIN.fullmatch(domain) or len(domain) > 255:
        raise bad_request("Domain contains illegal character")
    return address


def check_recipient_count(count: int) -> None:
    """
    Check the number of recipients.

    Raises:
        ServiceError: No recipient at all, or more than 50.
    """
    if not count:
        raise bad_request("The message has no recipients.")
    if count > MAX_RECIPIENTS:
        raise bad_request(f"Recipient count exceeds {MAX_RECIPIENTS}.")


def message_tags(pairs: Iterable[Params]) -> dict[str, str]:
    """
    Message tags as a mapping, checked.

    Raises:
        ServiceError: A character outside `A-Za-z0-9_-`, more than 256 of them, or a name twice.
    """
    tags: dict[str, str] = {}
    for pair in pairs:
        name, value = pair["Name"], pair["Value"]
        if name not in _FEEDBACK_TAGS and not _TAG_CHARACTERS.fullmatch(name):
            raise bad_request(
                f"Invalid tag name <{name[:64]}>: only A-Z, a-z, 0-9, _, - are allowed."
            )
        if not _TAG_CHARACTERS.fullmatch(value):
            raise bad_request(
                f"Invalid tag value for <{name}>: only A-Z, a-z, 0-9, _, - are allowed."
            )
        if name in tags:
            raise bad_request(f"Duplicate tag name <{name}>.")
        tags[name] = value
    return tags


def check_headers(headers: Sequence[Params]) -> None:
    """
    The custom headers of simple, templated and bulk content.

    Raises:
        ServiceError: A header that SES sets itself, a single-instance header twice, or name and
            value longer than 996 characters together.
    """
    seen: set[str] = set()
    for header in headers:
        name = header["Name"].lower()
        if len(header["Name"]) + len(header["Value"]) > 996:
            raise bad_request(f"Header <{header['Name']}> is longer than 996 characters.")
        if name in ASSEMBLED_HEADERS:
            raise bad_request(f"Header <{header['Name']}> is set by SES and can't be specified.")
        if name in seen and name in SINGLE_INSTANCE_HEADERS:
            raise bad_request(f"Duplicate header '{header['Name']}'.")
        seen.add(name)


def check_file_name(name: str) -> None:
    """
    Check an attachment's file name.

    Raises:
        ServiceError: An extension that SES does not deliver.
    """
    extension = name.rstrip(". ").rpartition(".")[2].lower() if "." in name else ""
    if extension in BLOCKED_EXTENSIONS:
        raise bad_request(f"Illegal filename '{name[:255]}'.")


def check_size(message: bytes) -> None:
    """
    Check the size of a whole message.

    Raises:
        ServiceError: The message is longer than 40 MB.
    """
    if len(message) > MAX_MESSAGE_BYTES:
        raise bad_request(
            f"Message length is more than {MAX_MESSAGE_BYTES} bytes long: '{len(message)}'."
        )


def check_lines(raw: bytes) -> None:
    """
    Check the length of every line.

    Raises:
        ServiceError: A line is longer than 1000 octets with its CRLF (RFC 5321, 4.5.3.1.6).
    """
    for number, line in enumerate(raw.split(b"\n"), 1):
        if len(line.removesuffix(b"\r")) + 2 > MAX_LINE_BYTES:
            raise bad_request(f"Line {number} is longer than {MAX_LINE_BYTES} characters.")


def check_raw_headers(headers: Iterable[tuple[str, str]]) -> None:
    """
    Check the headers of a raw message.

    Raises:
        ServiceError: No From header, or a single-instance header twice.
    """
    seen: set[str] = set()
    for name, _ in headers:
        if name.lower() in seen and name.lower() in SINGLE_INSTANCE_HEADERS:
            raise bad_request(f"Duplicate header '{name}'.")
        seen.add(name.lower())
    if "from" not in seen:
        raise bad_request("Missing required header 'From'.")


def check_parts(message: MimeMessage) -> None:
    """
    Check the file names of all parts of a raw message.

    Raises:
        ServiceError: A part with a file name that SES does not deliver.
    """
    for part in message.walk():
        name = part.get_filename()
        if name:
            check_file_name(name)
