"""The states that a message in an outbox has, one after the other."""

from __future__ import annotations

from enum import Enum


class OutboxState(str, Enum):
    """
    Where a message of an outbox stands.

    ::

        PENDING ──claim──► SENDING ──accepted──────► SENT
           ▲                  │ ────refused────────► FAILED
           │ for now refused, │ ────nobody knows───► UNKNOWN ──an event──► SENT, FAILED
           └──── given back ──┘
        PENDING ──cancel──► CANCELLED
        FAILED, UNKNOWN, CANCELLED ──retry, by a person──► PENDING
    """

    PENDING = "pending"
    """It waits for a worker, or for its time."""
    SENDING = "sending"
    """A worker has claimed it; ``began_at`` says whether a send may have begun."""
    SENT = "sent"
    """A provider took it for somebody; the statuses say for whom."""
    FAILED = "failed"
    """No provider took it, and it is not tried again unless somebody says so."""
    UNKNOWN = "unknown"
    """It may be on its way: nobody knows. It is not sent again unless somebody says so."""
    CANCELLED = "cancelled"
    """It was called off before anybody was sent to."""

    # Equal to its text, so hashed like it; and Enum's own, in Python, takes as long as a look-up
    # (benchmarks/outbox.py).
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return str(self.value)

    @property
    def is_over(self) -> bool:
        """Whether the row has an outcome, so that no worker looks at it again."""
        return self not in (OutboxState.PENDING, OutboxState.SENDING)
