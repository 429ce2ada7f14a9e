"""What the receipts of a message say of its recipients, and of whom nothing is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mailcore.address.domain import address_key
from mailcore.events import EventType
from mailcore.outbox.rows import Receipt
from mailcore.result import RecipientStatus, SendStatus


ACCEPTED = frozenset(
    {
        EventType.QUEUED,
        EventType.SENT,
        EventType.DEFERRED,
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.OPENED,
        EventType.CLICKED,
        EventType.COMPLAINED,
        EventType.AUTORESPONDED,
        EventType.UNSUBSCRIBED,
    }
)
"""What can only happen to a mail that the provider took."""

NOT_SENT = {
    EventType.REJECTED: SendStatus.REJECTED,
    EventType.FAILED: SendStatus.FAILED,
}
"""What says that the provider did not send the mail, and the status that it stands for."""


def is_unsure(status: RecipientStatus | None) -> bool:
    """Whether a mail to somebody may be on its way, and nobody knows; False without a status."""
    if status is None or status.accepted:
        return False
    return status.maybe_accepted or status.status is SendStatus.UNKNOWN


def told_by(
    receipts: Iterable[Receipt], recipients: Sequence[str]
) -> Mapping[str, RecipientStatus]:
    """
    What receipts say of recipients, by the keys of their addresses.

    Args:
        receipts: The receipts of one message.
        recipients: All addresses of the message. If there is one, receipts that do not name
            anybody are about it.
    """
    only = address_key(recipients[0]) if len(recipients) == 1 else ""
    found: dict[str, RecipientStatus] = {}
    for receipt in receipts:
        key = receipt.recipient or only
        if not key:
            continue
        message_id = receipt.message_id or None
        if receipt.event_type in ACCEPTED:
            if key not in found or not found[key].accepted:
                found[key] = RecipientStatus(SendStatus.SENT, message_id=message_id)
        elif receipt.event_type in NOT_SENT:
            status = NOT_SENT[receipt.event_type]
            code, detail = receipt.reject_reason, receipt.detail
            found.setdefault(
                key, RecipientStatus(status, message_id=message_id, code=code, detail=detail)
            )
    return found
