"""
The mail as its receivers get it from Postmark.

Postmark gives every message an id, which stands in a header of its own, and writes a Message-ID
unless `X-PM-KeepID` asks for the caller's.
"""

from __future__ import annotations

from mailcore_local.composing import compose
from mailcore_local.postmark.emails import Email


# Told by Postmark's own headers, or written by it.
_NOT_COPIED = ("x-pm-keepid", "x-pm-bounce-type", "message-id", "from", "to", "cc", "bcc")


def composed(email: Email, message_id: str) -> bytes:
    """
    The MIME message.

    Args:
        email: The message that was accepted.
        message_id: Postmark's id of it, a GUID.
    """
    own_id = email.header("Message-ID")
    keep = own_id and email.header("X-PM-KeepID").strip().lower() == "true"
    headers = [(n, v) for n, v in email.headers if n.lower() not in _NOT_COPIED]
    if email.tag:
        headers.append(("X-PM-Tag", email.tag))
    headers.append(("X-PM-Message-Id", message_id))
    return compose(
        message_id=own_id if keep else f"{message_id}@mtasv.net",
        sender=email.sender,
        to=email.to,
        cc=email.cc,
        reply_to=email.reply_to,
        subject=email.subject,
        text=email.text,
        html=email.html,
        headers=headers,
        files=email.files,
    )
