"""
Mail that Brevo received: taken apart, its files left at Brevo.

https://developers.brevo.com/docs/inbound-parse-webhooks (as of 2026-11-30) and, for what comes in
fact, anymail/webhooks/brevo.py of https://github.com/anymail/django-anymail (read 2026-11-30).
"""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.address import Address, address_key
from mailcore.errors import MessageError
from mailcore.events import InboundEvent
from mailcore.inbound import ReceivedFile, compose_inbound, read_score
from mailcore.webhook import Fields, ReadOnlyJson, bracketed_id, digest_of


ATTACHMENTS = "Attachments"
MAIL = "mail"
"""Where an event has what is needed to put the mail together, as JSON."""

_OF_THE_MAIL = (
    *("Headers", "From", "To", "Cc", "ReplyTo", "Subject", "SentAtDate", "MessageId", "InReplyTo"),
    *("RawTextBody", "RawHtmlBody", ATTACHMENTS),
)


def parse_inbound(provider: str, item: dict[str, Any]) -> InboundEvent:
    """
    Read a received mail.

    A mail without files is put together here. One with files is fetched: the event has in
    `location` what else there is of it. Brevo does not say when it received a mail: `timestamp` is
    None, and the mail has its `Date`.

    Args:
        provider: The name that the provider has in the event.
        item: One of the ``items`` that Brevo posted.
    """
    fields = Fields(item)
    headers = header_pairs(fields)
    by_name = _single(headers)
    recipients = _recipients(fields, by_name)
    # Documented as a list of ids; in fact there is one, for all recipients together.
    uuid = next(iter(fields.texts("Uuid")), None)
    has_files = bool(item.get(ATTACHMENTS))
    reply = fields.text("ExtractedMarkdownMessage")
    content = None if has_files else compose(fields, headers, ())
    if recipients:
        key = ",".join(map(address_key, recipients))
    else:
        key = ""
        fields.tell("Recipients", "is missing")
    return InboundEvent(
        provider=provider,
        event_id=uuid,
        message_id=bracketed_id(fields.text("MessageId")),
        dedupe_key=f"{provider}:received:{uuid or digest_of(item)}:{key}",
        envelope_sender=_bare(by_name.get("return-path", "")),
        envelope_recipients=recipients,
        subject=fields.text("Subject"),
        stripped_text=None if reply is None else reply.replace("\r\n", "\n"),
        content=content,
        location={MAIL: _document(item)} if has_files else {},
        spam_score=_score(fields),
        defects=fields.distinct_defects,
        esp_event=ReadOnlyJson(item),
    )


def compose(
    fields: Fields, headers: list[tuple[str, str]], files: tuple[ReceivedFile, ...]
) -> bytes:
    """The mail, put together from its parts."""
    return compose_inbound(
        headers, text=fields.text("RawTextBody"), html=fields.text("RawHtmlBody"), files=files
    )


def header_pairs(fields: Fields) -> list[tuple[str, str]]:
    """Names and values of the header fields; those that are missing, from the fields beside."""
    found = fields.within("Headers").pairs()
    given = {name.lower() for name, _ in found}
    beside = [
        ("From", _mailbox(fields, fields.within("From"), "From")),
        ("To", ", ".join(_mailboxes(fields, "To"))),
        ("Cc", ", ".join(_mailboxes(fields, "Cc"))),
        ("Reply-To", _mailbox(fields, fields.within("ReplyTo"), "ReplyTo")),
        ("Subject", fields.text("Subject")),
        ("Date", fields.text("SentAtDate")),
        ("Message-ID", bracketed_id(fields.text("MessageId"))),
        ("In-Reply-To", bracketed_id(fields.text("InReplyTo"))),
    ]
    found += [(name, value) for name, value in beside if value and name.lower() not in given]
    return found


def _mailboxes(fields: Fields, name: str) -> Iterator[str]:
    for each in fields.each(name):
        mailbox = _mailbox(fields, each, name)
        if mailbox:
            yield mailbox


def _mailbox(fields: Fields, full: Fields, where: str) -> str:
    if not full:
        return ""
    address, name = full.text("Address"), full.text("Name")
    if address is None:
        fields.tell(where, "has one without an address")
        return ""
    try:
        return Address(address, name or "").format()
    except MessageError:
        # Strangers write these.
        return address


def _single(headers: list[tuple[str, str]]) -> Mapping[str, str]:
    """
    Header fields that are there once, by their names in lower case.

    Of two, one may be the sender's, and nothing says which.
    """
    found: dict[str, str] = {}
    repeated = set()
    for name, value in headers:
        key = name.lower()
        if key in found:
            repeated.add(key)
        found[key] = value
    return {key: value for key, value in found.items() if key not in repeated}


def _recipients(fields: Fields, headers: Mapping[str, str]) -> tuple[str, ...]:
    """
    Whom the mail was delivered for.

    `Recipients` is an array; whether of texts or of objects as in `To`, nobody says.
    """
    listed = fields.document.get("Recipients")
    found: list[str] = []
    for each in listed if isinstance(listed, list) else ():
        address = each.get("Address") if isinstance(each, dict) else each
        bare = _bare(address) if isinstance(address, str) else None
        if bare is None:
            fields.tell("Recipients", "has one that is no address")
        else:
            found.append(bare)
    if listed is not None and not isinstance(listed, list):
        fields.tell("Recipients", "is not an array")
    if not found:
        bare = _bare(headers.get("delivered-to", ""))
        found = [] if bare is None else [bare]
    return tuple(dict.fromkeys(found))


def _bare(text: str) -> str | None:
    return text.strip().removeprefix("<").removesuffix(">").strip() or None


def _score(fields: Fields) -> float | None:
    given = fields.document.get("SpamScore")
    is_number = type(given) is int or type(given) is float
    score = read_score(str(given) if is_number else given if isinstance(given, str) else None)
    if given is not None and score is None:
        fields.tell("SpamScore", "cannot be read")
    return score


def _document(item: Mapping[str, Any]) -> str:
    return json.dumps({name: item[name] for name in _OF_THE_MAIL if name in item})
