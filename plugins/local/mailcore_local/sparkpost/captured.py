"""
The mails of a transmission as the mailbox keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mailcore.inbound import parse_inbound
from mailcore_local.hub import part_of_request
from mailcore_local.mailbox import CapturedMail, CapturedRecipient, CapturedRequest
from mailcore_local.sparkpost.letters import Letter, shown_to
from mailcore_local.sparkpost.models import Transmission


FACE = "sparkpost"


def part_of_call(
    captured: CapturedRequest, body: Mapping[str, Any], letter: Letter, number: int
) -> CapturedRequest:
    """
    The transmission as if it had the recipients of one mail; files stand in the first one only.
    """
    content = body["content"]
    if number:
        files = ("attachments", "inline_images")
        content = {name: value for name, value in content.items() if name not in files}
    recipients = [body["recipients"][each.place] for each in letter.people]
    return part_of_request(captured, {**body, "content": content, "recipients": recipients})


def captured_letter(
    letter: Letter,
    request: CapturedRequest,
    transmission: Transmission,
    identifier: str,
    facts: Mapping[str, object],
) -> CapturedMail:
    """
    A mail of a transmission as it is kept.

    Args:
        letter: The mail with its people.
        request: The part of the call that made it.
        transmission: The options of the transmission.
        identifier: The id of the transmission, which is that of each recipient too.
        facts: What webhooks tell of it.
    """
    to, sender, subject, cc = shown_to(letter), letter.sender, letter.subject, letter.cc
    if letter.raw and not sender:
        # A whole mail: its headers say who it is from.
        parsed = parse_inbound(letter.raw)
        author = parsed.from_email
        sender = str(author) if author else ""
        subject = parsed.subject or ""
        to = tuple(map(str, parsed.to)) or to
        cc = tuple(map(str, parsed.cc))
    seen = " ".join([*to, *cc]).lower()
    bcc = tuple(each.email for each in letter.people if each.email.lower() not in seen)
    shown = " ".join(cc).lower()
    people = {
        each.email: {
            "message_id": each.message_id,
            "metadata": dict(each.metadata),
            "tags": list(each.tags),
            "data": dict(each.data) if letter.failure else None,
            "rcpt_type": _kind(each.email, bcc, shown),
        }
        for each in letter.people
    }
    address = sender.rpartition("<")[2].rstrip(">")
    campaign = transmission.campaign_id
    return CapturedMail(
        face=FACE,
        envelope_sender=transmission.return_path or address,
        from_email=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=subject,
        raw=letter.raw,
        recipients=tuple(
            CapturedRecipient(address=email, message_id=identifier) for email in people
        ),
        request=request,
        tags=(campaign,) if campaign else (),
        metadata={name: str(value) for name, value in letter.people[0].metadata.items()},
        facts={**facts, "friendly_from": address, "people": people},
        failure=letter.failure,
    )


def _kind(email: str, bcc: Sequence[str], shown_in_cc: str) -> str | None:
    if email in bcc:
        return "bcc"
    return "cc" if email.lower() in shown_in_cc else None
