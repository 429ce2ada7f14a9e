"""
The state of a recipient: the weightiest thing that is known, whatever came first.

Events come in any order, and more than once. A state that only grows is the same in the end: a mail
that was delivered and then bounced is bounced, one that was deferred and then delivered is
delivered, and a late "sent" changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable


__all__ = ["below", "weightier"]

_BY_WEIGHT = (
    ("unknown",),
    ("queued",),
    ("sent",),
    ("deferred",),
    # What a send says of a recipient; that something was delivered all the same is news.
    ("invalid", "rejected", "failed"),
    ("delivered",),
    ("opened",),
    ("clicked",),
    ("bounced",),
    ("unsubscribed",),
    ("complained",),
)
# "autoresponded" and "subscribed" say nothing of this mail; "inbound" is of another one.
_WEIGHT = {state: weight for weight, states in enumerate(_BY_WEIGHT) for state in states}


def below(event_type: str) -> list[str]:
    """
    The states that an event changes to its own.

    Returns:
        None of them if the event is no state, or if it is the least.
    """
    weight = _WEIGHT.get(event_type, 0)
    return [state for state, other in _WEIGHT.items() if other < weight]


def weightier(state: str, event_types: Iterable[str]) -> str:
    """The weightiest of a state and the types of events."""
    return max((state, *event_types), key=lambda each: _WEIGHT.get(each, -1))
