"""
The mails of a call as the mailbox keeps them.
"""

from __future__ import annotations

from mailcore_local.brevo.models import Send
from mailcore_local.brevo.sending import TAG_HEADER, Letter, header
from mailcore_local.documents import NotReadable, read_json
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest


FACE = "brevo"


def captured_letter(letter: Letter, given: Send, request: CapturedRequest) -> CapturedMail:
    """
    A mail as it is kept.

    Args:
        letter: The mail that goes to all of its recipients.
        given: The checked body of the call.
        request: The part of the call that made it.
    """
    everybody = dict.fromkeys(each.email for each in (*letter.to, *letter.cc, *letter.bcc))
    tags = list(given.tags or ())
    tag = header(given, TAG_HEADER)
    return CapturedMail(
        face=FACE,
        envelope_sender=letter.sender.email,
        from_email=str(letter.sender),
        to=tuple(map(str, letter.to)),
        cc=tuple(map(str, letter.cc)),
        bcc=tuple(map(str, letter.bcc)),
        subject=letter.subject,
        raw=letter.raw,
        recipients=tuple(
            CapturedRecipient(address=address, message_id=letter.message_id)
            for address in everybody
        ),
        request=request,
        tags=tuple(tags or ([tag] if tag else [])),
        metadata=_metadata(letter.custom),
        facts={"custom": letter.custom, "template_id": letter.template_id},
        failure=letter.failure,
    )


def _metadata(custom: str | None) -> dict[str, str]:
    if custom is None:
        return {}
    try:
        values = read_json(custom.encode())
    except (NotReadable, UnicodeEncodeError):
        values = None
    if not isinstance(values, dict):
        return {"X-Mailin-custom": custom}
    return {name: str(value) for name, value in values.items()}
