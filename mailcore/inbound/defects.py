"""Everything that is wrong with a mail, in words without addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailcore.inbound.words import decode_words, header_text, unfolded


if TYPE_CHECKING:
    from mailcore.inbound.message import InboundMessage

__all__ = ["body_defects", "header_defects"]

_ONCE = ("Subject", "Date", "Message-ID", "In-Reply-To", "References", "Content-Type")


def header_defects(mail: InboundMessage) -> Iterator[str]:
    """What is wrong with the fields of a message, but for its addresses."""
    headers = mail.headers
    if not headers:
        yield "the message has no header"
    authors = len(headers.get_raw("from"))
    if authors != 1:
        yield f"From occurs {authors} times"
    elif mail.from_email is None:
        yield "From has no address"
    for name in _ONCE:
        values = headers.get_raw(name)
        if len(values) > 1:
            yield f"{name} occurs {len(values)} times: the first counts"
    subjects = headers.get_raw("subject")
    if subjects and (defect := header_text(subjects[0])[1]):
        yield f"Subject: {defect}"
    if subjects and _breaks_lines(subjects[0]):
        yield "Subject: it has line ends or other controls encoded in it"
    if mail.date is None:
        yield "Date is no date" if "date" in headers else "Date is missing"
    if mail.message_id is None and "message-id" in headers:
        yield "Message-ID is no id"


def _breaks_lines(value: bytes) -> bool:
    text = unfolded(value)[0]
    return "=?" in text and any(character in decode_words(text)[0] for character in "\r\n\0")


def body_defects(mail: InboundMessage) -> Iterator[str]:
    """What is wrong with the two bodies, and with names and types of the other parts."""
    for what, part in (("text", mail.text_part), ("html", mail.html_part)):
        if part is not None:
            yield from (f"{what}: {defect}" for defect in part.text_defects())
    for number, part in enumerate((*mail.attachments, *mail.inlines), start=1):
        yield from (f"attachment {number}: {defect}" for defect in part.header_defects())
