"""
Between what the local SES keeps of a message and what the mailbox keeps of a mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.utils import getaddresses
from typing import TYPE_CHECKING

from mailcore_local.engine import EventKind, Fate, Happening
from mailcore_local.hub import described
from mailcore_local.mailbox import (
    CapturedMail,
    CapturedRecipient,
    CapturedRequest,
    MailEvent,
)


if TYPE_CHECKING:
    from mailcore_local.ses import MessageRecord

_SUPPRESSED = (Fate.SUPPRESSED, Fate.SUPPRESSED_AFTER_BOUNCE, Fate.SUPPRESSED_AFTER_COMPLAINT)
# SES's own tags begin like this.
_AUTOMATIC = "ses:"


def captured(message: MessageRecord, request: CapturedRequest) -> CapturedMail:
    """
    A message as the mailbox keeps it.
    """
    headers = {name.lower(): value for name, value in message.headers}
    tags = {name: values for name, values in message.tags.items() if values}
    return CapturedMail(
        face="ses",
        accepted_at=message.accepted_at,
        envelope_sender=_addresses([message.from_email])[0],
        from_email=message.from_email,
        to=_mailboxes(headers.get("to", ""), message.to),
        cc=_mailboxes(headers.get("cc", ""), message.cc),
        bcc=message.bcc,
        subject=message.subject,
        raw=message.raw,
        recipients=tuple(
            CapturedRecipient(address=address, message_id=message.message_id)
            for address in dict.fromkeys(message.destination)
        ),
        request=request,
        metadata={n: values[0] for n, values in tags.items() if not n.startswith(_AUTOMATIC)},
        facts={
            "operation": message.operation,
            "configuration_set_name": message.configuration_set_name,
            "automatic_tags": {n: list(v) for n, v in tags.items() if n.startswith(_AUTOMATIC)},
            "header_message_id": message.header_message_id,
            "header_date": message.header_date,
            "headers": [list(header) for header in message.headers],
            "to": list(message.to),
            "cc": list(message.cc),
        },
        failure=message.rendering_error or "",
    )


def record_of(mail: CapturedMail) -> MessageRecord:
    """
    The message that a mail of the mailbox was made of: enough of it to write events.
    """
    from mailcore_local.ses import MessageRecord

    facts = mail.facts
    tags = {name: (value,) for name, value in mail.metadata.items()}
    automatic = {
        name: _texts(values) for name, values in _pairs(facts.get("automatic_tags", {})).items()
    }
    name = facts.get("configuration_set_name")
    headers = facts.get("headers")
    assert isinstance(headers, list)
    return MessageRecord(
        message_id=mail.recipients[0].message_id,
        operation=str(facts.get("operation")),
        accepted_at=mail.accepted_at,
        from_email=mail.from_email,
        to=_texts(facts.get("to")),
        cc=_texts(facts.get("cc")),
        bcc=mail.bcc,
        raw=mail.raw,
        headers=tuple((str(name), str(value)) for name, value in headers),
        subject=mail.subject,
        tags={**tags, **automatic},
        rendering_error=mail.failure or None,
        parameters={},
        configuration_set_name=None if name is None else str(name),
        header_message_id=str(facts.get("header_message_id")),
        header_date=str(facts.get("header_date")),
    )


def events_of(happening: Happening) -> list[MailEvent]:
    """
    What the timeline shows of something that happened to several recipients.
    """
    kind, suppressed = happening.kind, happening.fate in _SUPPRESSED
    if suppressed:
        kind = EventKind.REJECTED
    return [described(kind, each, suppressed=suppressed) for each in happening.recipients]


def happening_of(event: MailEvent) -> tuple[Happening, Mapping[str, object]]:
    """
    An event of the mailbox as the local SES has it, and what is to stand in its object.
    """
    kind, fate = event.kind, None
    if event.suppressed:
        kind, fate = EventKind.BOUNCED, Fate.SUPPRESSED
    details = {"link": event.url} if event.url else {}
    return Happening(kind, (event.recipient,), fate), details


def _mailboxes(header: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """
    The mailboxes of a header, if they are the addresses; else the addresses.
    """
    read = getaddresses([header])
    if sorted(address for _, address in read) != sorted(addresses):
        return addresses
    return tuple(f"{name} <{address}>" if name else address for name, address in read)


def _addresses(values: Iterable[str]) -> list[str]:
    return [address for _, address in getaddresses(list(values))] or [""]


def _texts(values: object) -> tuple[str, ...]:
    assert isinstance(values, list)
    return tuple(str(value) for value in values)


def _pairs(values: object) -> Mapping[str, object]:
    assert isinstance(values, dict)
    return values
