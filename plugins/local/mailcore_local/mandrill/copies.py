"""
What Mandrill answers of each recipient of a request.

Read 2026-11-30: the OpenAPI description 1.4.0 (statuses, reasons, `async`, more than ten
recipients) and https://mailchimp.com/developer/transactional/docs/tags-metadata/ (250 bytes of
metadata).
"""

from __future__ import annotations

import json
import secrets

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from mailcore_local.composing import Mailbox, is_address
from mailcore_local.mandrill.models import MAX_METADATA_BYTES, Message, Recipient, parsed_moment


# https://github.com/mailchimp/mailchimp-client-lib-codegen, `async` (read 2026-11-30)
MAX_SYNCHRONOUS_RECIPIENTS = 10

# The metadata of recipients, by their addresses in lower case.
_Own = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class Copy:
    """
    The copy of one recipient, before it is sent.

    Attributes:
        mailbox: Whom it goes to.
        kind: Whether the address stands in ``to``, ``cc`` or ``bcc``.
        message_id: The ``_id`` of the answer and the events.
        metadata: The values of the message and of the recipient.
        status: What the answer says: ``sent``, ``queued``, ``scheduled``, ``rejected``,
            ``invalid``.
        reject_reason: Why it was rejected, or None.
        queued_reason: Why it was queued, or None.
    """

    mailbox: Mailbox
    kind: str
    message_id: str
    metadata: Mapping[str, object]
    status: str
    reject_reason: str | None = None
    queued_reason: str | None = None

    @property
    def is_mail(self) -> bool:
        """
        Whether Mandrill keeps a mail for it, if only one that is rejected.
        """
        return self.status != "invalid" and self.reject_reason != "invalid-sender"

    def result(self) -> dict[str, object]:
        """
        The object of the answer.
        """
        return {
            "email": self.mailbox.email,
            "status": self.status,
            "_id": self.message_id,
            "reject_reason": self.reject_reason,
            "queued_reason": self.queued_reason,
        }


def new_message_id() -> str:
    """
    An id as Mandrill gives it: 32 hexadecimal digits.
    """
    return secrets.token_hex(16)


def copies_of(
    message: Message,
    *,
    send_async: bool | None,
    send_at: str | None,
    rejected: Mapping[str, str],
    invalid_sender: bool,
) -> list[Copy]:
    """
    What becomes of each recipient, as the answer tells it.

    Args:
        message: The checked message.
        send_async: The `async` of the request.
        send_at: The `send_at` of the request.
        rejected: The reason by address, of those that are rejected at once.
        invalid_sender: Whether the message has no address that it could be from.
    """
    recipients = [*message.to, *_extra_copy(message)]
    many = len(recipients) > MAX_SYNCHRONOUS_RECIPIENTS
    waits = send_at is not None and parsed_moment(send_at) > datetime.now(timezone.utc)
    reason = None
    if many:
        reason = "multiple-recipients"
    elif message.attachments and not send_async:
        reason = "attachments"
    own = _metadata_of_recipients(message)
    found = []
    for recipient in recipients:
        status, reject_reason, queued_reason = "sent", None, None
        if not is_address(recipient.email):
            status = "invalid"
        elif many or send_async:
            status, queued_reason = "queued", reason
        elif invalid_sender:
            status, reject_reason = "rejected", "invalid-sender"
        elif recipient.email in rejected:
            status, reject_reason = "rejected", rejected[recipient.email]
        elif waits:
            status = "scheduled"
        elif reason is not None:
            status, queued_reason = "queued", reason
        found.append(
            Copy(
                mailbox=Mailbox(recipient.email, recipient.name or ""),
                kind=recipient.type or "to",
                message_id=new_message_id(),
                metadata=_metadata(message, own, recipient.email),
                status=status,
                reject_reason=reject_reason,
                queued_reason=queued_reason,
            )
        )
    return found


def _metadata_of_recipients(message: Message) -> _Own:
    found: dict[str, dict[str, object]] = {}
    for own in message.recipient_metadata or ():
        if isinstance(own.values, dict):
            found.setdefault(own.rcpt.lower(), {}).update(own.values)
    return found


def _metadata(message: Message, own: _Own, address: str) -> dict[str, object]:
    found: dict[str, object] = {}
    if isinstance(message.metadata, dict):
        found.update(message.metadata)
    found.update(own.get(address.lower(), {}))
    # What is larger is not kept: https://github.com/Wylio/meteor-mandrill/issues/19 (2026-11-30).
    size = len(json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode())
    return found if size <= MAX_METADATA_BYTES else {}


def _extra_copy(message: Message) -> list[Recipient]:
    if not message.bcc_address:
        return []
    return [Recipient(email=message.bcc_address, type="bcc")]
