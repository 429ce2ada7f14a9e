"""
How far a recipient's copy has come, by what happened to it.
"""

from __future__ import annotations

from typing import Literal, get_args

from mailcore_local.engine import EventKind


RecipientState = Literal[
    "accepted",
    "deferred",
    "delivered",
    "opened",
    "clicked",
    "unsubscribed",
    "complained",
    "soft_bounced",
    "bounced",
    "rejected",
    "failed",
]
"""The states, from the first one to those that end it."""

RECIPIENT_STATES: tuple[RecipientState, ...] = get_args(RecipientState)

_AFTER: dict[EventKind, RecipientState] = {
    EventKind.DEFERRED: "deferred",
    EventKind.DELIVERED: "delivered",
    EventKind.OPENED: "opened",
    EventKind.CLICKED: "clicked",
    EventKind.UNSUBSCRIBED: "unsubscribed",
    EventKind.COMPLAINED: "complained",
    EventKind.SOFT_BOUNCED: "soft_bounced",
    EventKind.BOUNCED: "bounced",
    EventKind.REJECTED: "rejected",
    EventKind.RENDERING_FAILED: "failed",
}

# What somebody did with a mail stays, whatever of its way is told later.
_DONE_WITH_IT = ("opened", "clicked", "unsubscribed", "complained")


def state_after(state: RecipientState, kind: EventKind) -> RecipientState:
    """
    The state of a recipient after one more event.

    What a person did outranks what is told of the delivery afterwards, and a click outranks an
    opening; a bounce outranks all that was before, since it may come late.
    """
    after = _AFTER.get(kind, state)
    if after in ("accepted", "deferred", "delivered", *_DONE_WITH_IT) and state in _DONE_WITH_IT:
        return max(state, after, key=RECIPIENT_STATES.index)
    return after
