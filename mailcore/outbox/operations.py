"""What people do with rows, from a command or a page: send again, call off, erase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial

from mailcore.outbox.documents import NewerDocument
from mailcore.outbox.erasing import erased
from mailcore.outbox.machine import cancelled, retried
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.rows import OutboxRow, Receipt
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import OutboxFilter, OutboxStore, Revision


_PAGE = 500


def retry(store: OutboxStore, row_id: str, *, now: datetime | None = None) -> OutboxRow | None:
    """
    Have a row sent again that is over, to everybody who is not known to have the mail.

    Of a row that is ``UNKNOWN`` some may get it twice: whoever calls this has looked.

    Args:
        store: What keeps the rows.
        row_id: The id of the row.
        now: The time; None to look at the clock.

    Returns:
        The row as it is now; None if it is not ``FAILED``, ``UNKNOWN`` or ``CANCELLED``, its body
        is not there any more, nobody is left to send to, or there is no such row.
    """
    return store.revise(row_id, partial(retried, now=_time(now)))


def cancel(store: OutboxStore, row_id: str, *, now: datetime | None = None) -> OutboxRow | None:
    """
    Call a row off whose send has not begun.

    Args:
        store: What keeps the rows.
        row_id: The id of the row.
        now: The time; None to look at the clock.

    Returns:
        The row as it is now; None if it is too late, or there is no such row.
    """
    return store.revise(row_id, partial(cancelled, now=_time(now), policy=OutboxPolicy()))


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """
    What was done to forget an address.

    Args:
        erased: How many rows do not have it any more.
        being_sent: How many rows are just being sent, and have it still: erase it again later.
        newer: How many rows have it still because a newer release has kept them, which alone can
            erase it.
    """

    erased: int
    being_sent: int
    newer: int = 0


def erase(store: OutboxStore, address: str, *, now: datetime | None = None) -> Erasure:
    """
    Forget an address: bodies, subjects, recipients, receipts of all rows that went to it.

    A row that waits is sent to the others only. What is looked for is recipients: addresses in the
    text of messages to others stay. Rows that a newer release has kept stay as they are and are
    counted: this release cannot know where else they have the address.

    Args:
        store: What keeps the rows.
        address: The address alone, without a name, in any spelling.
        now: The time; None to look at the clock.

    Returns:
        What was done, and how many rows have the address still. It is forgotten once `being_sent`
        and `newer` are both 0.

    Raises:
        StoreError: If the database cannot be used, or a row in it is damaged. Rows that came before
            may be erased already; the address is to be erased again.
    """
    done = being_sent = 0
    time = _time(now)
    is_held = False

    def decide(row: OutboxRow, receipts: Sequence[Receipt]) -> Revision | None:
        # As it is now: since it was found, a worker may have claimed it.
        nonlocal is_held
        is_held = row.state is OutboxState.SENDING
        return erased(row, receipts, address=address, now=time)

    wanted = OutboxFilter(address=address)
    after = ""
    while True:
        rows = store.find(wanted, limit=_PAGE, after=after)
        for row in rows:
            is_held = False
            try:
                found = store.revise(row.id, decide)
            except NewerDocument:
                # A newer release has written it since; it is counted with the others.
                continue
            done += found is not None
            being_sent += found is None and is_held
        if len(rows) < _PAGE:
            return Erasure(erased=done, being_sent=being_sent, newer=store.newer(wanted))
        after = rows[-1].id


def _time(now: datetime | None) -> datetime:
    return datetime.now(timezone.utc) if now is None else now
