"""A row without one of its recipients, for people who want to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailcore.address.domain import address_key
from mailcore.errors import MessageError
from mailcore.features import Features
from mailcore.middleware.remaining import only_for
from mailcore.outbox.documents import DOCUMENT_VERSION, written_message
from mailcore.outbox.evidence import is_unsure
from mailcore.outbox.machine import cancelled, resolved
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.rows import OutboxRow, Receipt, erased_name, is_erased
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import Revision
from mailcore.result import RecipientStatus, RecipientStatuses


def erased(
    row: OutboxRow, _receipts: Sequence[Receipt], *, address: str, now: datetime
) -> Revision | None:
    """
    Take an address out of a row.

    A row that is over loses its document and its subject, and its receipts lose the address. One
    that waits is sent to the others only; if there are none, it is called off. Those to whom it
    was to be repeated as it was sent are left out: it would be another message.

    Args:
        row: The row as it is now.
        _receipts: What providers reported of it, which decides nothing here.
        address: The address, in any spelling.
        now: The time of this moment.

    Returns:
        What is to be written; None if the address is not among the recipients, or the row is just
        being sent: ask again when it is over.
    """
    key = address_key(address)
    if row.state is OutboxState.SENDING:
        return None
    if not any(address_key(each) == key for each in row.recipients):
        return None
    if row.state is OutboxState.PENDING:
        row = _pending_without(row, key, now)
    else:
        row = replace(row, document=None)
    place = next(i for i, each in enumerate(row.recipients) if address_key(each) == key)
    name = erased_name(place)
    others = {each: status for each, status in row.statuses.items() if address_key(each) != key}
    if key in row.statuses:
        others[name] = replace(row.statuses[key], detail="")
    is_named = row.key is not None and key in address_key(row.key)
    found = replace(
        row,
        key=None if is_named else row.key,
        recipients=tuple(name if address_key(each) == key else each for each in row.recipients),
        remaining=None if row.remaining is None else _others(row.remaining, key),
        statuses=RecipientStatuses(others),
        subject="",
    )
    return Revision(row=found, forgotten=key)


def told(
    row: OutboxRow,
    receipts: Sequence[Receipt],
    *,
    recipient: str,
    now: datetime,
    policy: OutboxPolicy,
) -> Revision | None:
    """
    Decide what follows from a receipt: see :func:`~mailcore.outbox.machine.resolved`.

    Of somebody whose address was taken out of the row the receipt does not bring it back.

    Args:
        row: The row as it is now.
        receipts: What providers reported of it, with the new one.
        recipient: The key of the address that the new one is about; empty if it names nobody.
        now: The time of this moment.
        policy: What to keep.

    Returns:
        What is to be written; None if nothing follows.
    """
    known = map(address_key, (*row.recipients, *row.statuses))
    if not recipient or recipient in known or not any(map(is_erased, row.recipients)):
        return resolved(row, receipts, now=now, policy=policy)
    nameless = [
        replace(each, recipient="") if each.recipient == recipient else each for each in receipts
    ]
    revision = resolved(row, nameless, now=now, policy=policy) or Revision(row=row)
    return replace(revision, forgotten=recipient)


def _others(addresses: Sequence[str], key: str) -> tuple[str, ...]:
    return tuple(each for each in addresses if address_key(each) != key)


def _pending_without(row: OutboxRow, key: str, now: datetime) -> OutboxRow:
    """A row that waits, to others only; called off if there are none."""
    others = _others(row.recipients if row.remaining is None else row.remaining, key)
    if row.unsure_since is not None:
        # To them it would be repeated as it was sent, and it is another message now.
        others = tuple(each for each in others if not _may_have_it(row.statuses.get(each)))
    document = _document_for(row, others) if others else None
    if document is not None:
        return replace(row, document=document, document_version=DOCUMENT_VERSION, remaining=others)
    called_off = cancelled(row, (), now=now, policy=OutboxPolicy())
    assert called_off is not None
    return replace(called_off.row, document=None)


def _may_have_it(status: RecipientStatus | None) -> bool:
    return is_unsure(status) or (status is not None and status.accepted)


def _document_for(row: OutboxRow, addresses: Sequence[str]) -> str | None:
    """The document of a message to these only; None if there is none."""
    try:
        message = only_for(row.message(), addresses, Features())
    except MessageError:
        return None
    return None if message is None else written_message(message)
