"""
What Brevo's events mean.

https://developers.brevo.com/docs/transactional-webhooks (as of 2026-11-30). Brevo tells classes of
bounces by the event's name, and gives what the receiving server said in one text.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.bounces.outcome import (
    CLICKED,
    COMPLAINED,
    DEFERRED,
    DELIVERED,
    FAILED,
    GENERAL_BOUNCES,
    HARD_BOUNCE,
    INVALID_ADDRESS,
    OPENED,
    QUEUED,
    SOFT_BOUNCE,
    SUBSCRIBED,
    UNKNOWN,
    UNSUBSCRIBED,
    Outcome,
)
from mailcore.events import EventType, RejectReason


# On Brevo's list of blocked contacts; the event does not say for which of its reasons.
_BLOCKED = Outcome(EventType.REJECTED, RejectReason.BLOCKED)

EVENTS: Mapping[str, Outcome] = {
    # Brevo has it: it comes before `blocked`, too, so nothing is sent yet
    # (https://github.com/anymail/django-anymail/issues/385, read 2026-11-30).
    "request": QUEUED,
    "sent": QUEUED,
    "delivered": DELIVERED,
    "deferred": DEFERRED,
    "soft_bounce": SOFT_BOUNCE,
    "hard_bounce": HARD_BOUNCE,
    "blocked": _BLOCKED,
    "invalid_email": INVALID_ADDRESS,
    "error": FAILED,
    "spam": COMPLAINED,
    # Its name in older documentation.
    "complaint": COMPLAINED,
    "unique_opened": OPENED,
    "opened": OPENED,
    # Loaded by a program of the recipient's service, such as Apple's, for whoever it was.
    "unique_proxy_open": OPENED,
    "proxy_open": OPENED,
    "click": CLICKED,
    "unsubscribed": UNSUBSCRIBED,
    # So in django-anymail, and in no documentation.
    "unsubscribe": UNSUBSCRIBED,
    # Of webhooks for marketing.
    "list_addition": SUBSCRIBED,
}
"""Each event of a mail, by its name."""


def judge(name: str | None, reason: str | None) -> Outcome:
    """
    What an event means.

    Bounces are judged by what the receiving server said, and by their name where that tells
    nothing.

    Args:
        name: The event's name.
        reason: The text that the receiving server, or Brevo, gave.
    """
    outcome = EVENTS.get(name or "", UNKNOWN)
    return outcome.judged(reason) if outcome in GENERAL_BOUNCES else outcome
