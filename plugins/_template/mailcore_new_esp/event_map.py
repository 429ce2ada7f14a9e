"""What the events of New ESP mean."""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.bounces import Outcome
from mailcore.bounces.outcome import (
    CLICKED,
    COMPLAINED,
    DEFERRED,
    DELIVERED,
    HARD_BOUNCE,
    OPENED,
    SENT,
    SOFT_BOUNCE,
    UNCLEAR_BOUNCE,
    UNKNOWN,
    UNSUBSCRIBED,
)
from mailcore.events import EventType, RejectReason
from mailcore.webhook import Fields


OUTCOMES: Mapping[str, Outcome] = {
    "sent": SENT,
    "delivered": DELIVERED,
    "bounced": UNCLEAR_BOUNCE,
    "deferred": DEFERRED,
    # The service does not say what for.
    "suppressed": Outcome(EventType.REJECTED, RejectReason.BLOCKED),
    "complained": COMPLAINED,
    "unsubscribed": UNSUBSCRIBED,
    "opened": OPENED,
    "clicked": CLICKED,
}
"""Outcomes by the service's name of the event; whatever else there is becomes an unknown one."""

_BOUNCES = {True: HARD_BOUNCE, False: SOFT_BOUNCE, None: UNCLEAR_BOUNCE}


def outcome_of(kind: str | None, fields: Fields) -> Outcome:
    """
    Tell what an event says about its recipient.

    A bounce is judged by what the server said; `permanent` decides where that tells nothing.

    Args:
        kind: The service's name of it.
        fields: The fields of the event.
    """
    if kind != "bounced":
        return OUTCOMES.get(kind or "", UNKNOWN)
    bounce = _BOUNCES[fields.flag("permanent")]
    return bounce.judged(fields.text("response"), status=fields.text("smtp_status"))
