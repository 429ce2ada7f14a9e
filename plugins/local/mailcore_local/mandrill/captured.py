"""
The mails of a call as the mailbox keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest
from mailcore_local.mandrill.copies import Copy
from mailcore_local.mandrill.sending import Letter


FACE = "mandrill"


def captured_letter(
    letter: Letter,
    request: CapturedRequest,
    *,
    tags: Sequence[str],
    facts: Mapping[str, object],
) -> CapturedMail:
    """
    A mail as it is kept.

    Args:
        letter: The mail with its copies, one for each recipient.
        request: The part of the call that made it.
        tags: The tags of the message.
        facts: What webhooks tell of it beside the metadata of recipients.
    """
    by_address = {copy.mailbox.email: dict(copy.metadata) for copy in letter.copies}
    metadata = letter.copies[0].metadata
    return CapturedMail(
        face=FACE,
        envelope_sender=letter.sender.email,
        from_email=str(letter.sender),
        to=_shown(letter.copies, "to"),
        cc=_shown(letter.copies, "cc"),
        bcc=_shown(letter.copies, "bcc"),
        subject=letter.subject,
        raw=letter.raw,
        recipients=tuple(
            {
                copy.mailbox.email: CapturedRecipient(
                    address=copy.mailbox.email, message_id=copy.message_id
                )
                for copy in letter.copies
            }.values()
        ),
        request=request,
        tags=tuple(tags),
        metadata={name: str(value) for name, value in metadata.items()},
        facts={**facts, "metadata": by_address},
    )


def _shown(copies: Sequence[Copy], kind: str) -> tuple[str, ...]:
    return tuple(str(copy.mailbox) for copy in copies if copy.kind == kind)
