"""
The messages of a call as the mailbox keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailcore_local.documents import NotReadable, read_json
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest
from mailcore_local.mailjet.models import Person
from mailcore_local.mailjet.sending import Letter


FACE = "mailjet"


def captured_letter(letter: Letter, request: CapturedRequest) -> CapturedMail:
    """
    A message as it is kept.

    Args:
        letter: The message with what was answered of each recipient.
        request: The part of the call that made it.
    """
    message = letter.message
    campaign = message.custom_campaign
    everybody = {
        each.email.lower(): each.email for each in (*message.to, *message.cc, *message.bcc)
    }
    return CapturedMail(
        face=FACE,
        envelope_sender=letter.sender.email,
        from_email=str(letter.sender),
        to=_texts(message.to),
        cc=_texts(message.cc),
        bcc=_texts(message.bcc),
        subject=letter.subject,
        raw=letter.raw,
        recipients=tuple(
            CapturedRecipient(address=email, message_id=letter.receipts[key].message_id)
            for key, email in everybody.items()
        ),
        request=request,
        tags=(campaign,) if campaign else (),
        metadata=_metadata(message.event_payload),
        facts={
            "campaign": campaign,
            "custom_id": message.custom_id,
            "payload": message.event_payload,
            "uuids": {key: receipt.uuid for key, receipt in letter.receipts.items()},
        },
        failure=letter.failure,
    )


def _texts(people: Sequence[Person]) -> tuple[str, ...]:
    return tuple(f"{each.name} <{each.email}>" if each.name else each.email for each in people)


def _metadata(payload: str) -> dict[str, str]:
    if not payload:
        return {}
    try:
        values = read_json(payload.encode())
    except (NotReadable, UnicodeEncodeError):
        values = None
    if not isinstance(values, dict):
        return {"EventPayload": payload}
    return {name: str(value) for name, value in values.items()}
