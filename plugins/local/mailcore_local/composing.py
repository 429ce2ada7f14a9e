"""
The mail as its receivers get it, from the parts that a request has.

Written by `mailcore.inbound.compose_inbound`, which takes whatever strangers put into the parts: no
value becomes a header field or a part of its own.
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import NamedTuple

from mailcore.inbound import ReceivedFile, compose_inbound


# RFC 5322, section 3.2.3: what an unquoted name is made of, and the space.
_UNQUOTED = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]*")
_TO_ESCAPE = re.compile(r"[\"\\]")
# What RFC 5322 has in a bare address, and RFC 6532 too, but for quoted local parts.
_ADDRESS = re.compile(
    r"[^@\s\x00-\x1f\x7f<>,;:\"()\[\]]{1,64}@[^@\s\x00-\x1f\x7f<>,;:\"()\[\]]{1,255}"
)
_BREAKS = re.compile(r"[\x00-\x1f\x7f]+")


class Mailbox(NamedTuple):
    """
    An address with the name that is shown.

    Attributes:
        email: The bare address.
        name: The name beside it, empty if there is none.
    """

    email: str
    name: str = ""

    def __str__(self) -> str:
        name = _BREAKS.sub(" ", self.name).strip()
        if not name:
            return self.email
        if not _UNQUOTED.fullmatch(name):
            name = '"{}"'.format(_TO_ESCAPE.sub(r"\\\g<0>", name))
        return f"{name} <{self.email}>"


def is_address(text: str) -> bool:
    """
    Whether a text can be one bare address.
    """
    return _ADDRESS.fullmatch(text) is not None


def compose(
    *,
    message_id: str,
    sender: Mailbox | str,
    to: Iterable[Mailbox | str],
    cc: Iterable[Mailbox | str] = (),
    reply_to: Iterable[Mailbox | str] = (),
    subject: str,
    text: str | None,
    html: str | None,
    headers: Iterable[tuple[str, str]] = (),
    files: Sequence[ReceivedFile] = (),
    at: datetime | None = None,
) -> bytes:
    """
    Write a mail.

    Args:
        message_id: The id in the Message-ID header, with its angle brackets or without.
        sender: Who stands in From.
        to: Who stands in To; nobody leaves the header out.
        cc: Who stands in Cc.
        reply_to: Where answers go.
        subject: The subject as text, not encoded.
        text: The plain text; None if there is none.
        html: The HTML; None if there is none.
        headers: Further ones, decoded. One that this function writes as well wins over it.
        files: Attachments and inline files.
        at: When it is sent; now if None.

    Returns:
        The MIME message (RFC 5322), lines ending in CRLF.
    """
    own = list(headers)
    written = {name.lower() for name, _ in own}
    moment = at or datetime.now(timezone.utc)
    fields = [
        ("Date", format_datetime(moment)),
        ("From", str(sender)),
        ("Reply-To", _joined(reply_to)),
        ("To", _joined(to)),
        ("Cc", _joined(cc)),
        ("Subject", subject),
        ("Message-ID", message_id if message_id.startswith("<") else f"<{message_id}>"),
    ]
    kept = [
        (name, value)
        for name, value in fields
        if name.lower() not in written and (value or name == "Subject")
    ]
    return compose_inbound([*kept, *own], text=text, html=html, files=files)


def _joined(mailboxes: Iterable[Mailbox | str]) -> str:
    return ", ".join(map(str, mailboxes))
