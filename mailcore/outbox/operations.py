"""What people do with rows, from a command or a page: send again, call off, erase."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial

from mailcore.errors import SerializationError
from mailcore.outbox.erasing import erased
from mailcore.outbox.machine import cancelled, retried
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.rows import OutboxRow
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import OutboxFilter, OutboxStore


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
        newer: How many rows were kept by a newer release, which alone can erase it.
    """

    erased: int
    being_sent: int
    newer: int = 0


def erase(store: OutboxStore, address: str, *, now: datetime | None = None) -> Erasure:
    """
    Forget an address: bodies, subjects, recipients, receipts of all rows that went to it.

    A row that waits is sent to the others only. What is looked for is recipients: addresses in the
    text of messages to others stay.

    Args:
        store: What keeps the rows.
        address: The address, in any spelling.
        now: The time; None to look at the clock.
    """
    done = being_sent = newer = 0
    decide = partial(erased, address=address, now=_time(now))
    after = ""
    while True:
        rows = store.find(OutboxFilter(address=address), limit=_PAGE, after=after)
        for row in rows:
            try:
                found = store.revise(row.id, decide)
            except SerializationError:
                newer += 1
                continue
            done += found is not None
            being_sent += found is None and row.state is OutboxState.SENDING
        if len(rows) < _PAGE:
            return Erasure(erased=done, being_sent=being_sent, newer=newer)
        after = rows[-1].id


def _time(now: datetime | None) -> datetime:
    return datetime.now(timezone.utc) if now is None else now
