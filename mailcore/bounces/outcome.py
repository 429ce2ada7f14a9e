"""
What an event says about its recipient: type, reason and class together.

The tables of plugins (their ``event_map``) lead from a service's own words to one of these. Those
below are what most services tell apart.
"""

from __future__ import annotations

from typing import NamedTuple

from mailcore.bounces.judging import judge
from mailcore.events import BounceClass, EventType, RejectReason


__all__ = [
    "AUTORESPONDED",
    "BLOCKED_BOUNCE",
    "CLICKED",
    "COMPLAINED",
    "DEFERRED",
    "DELIVERED",
    "DROPPED",
    "FAILED",
    "GAVE_UP",
    "GENERAL_BOUNCES",
    "HARD_BOUNCE",
    "INVALID_ADDRESS",
    "OPENED",
    "QUEUED",
    "SENT",
    "SOFT_BOUNCE",
    "SPAM_BOUNCE",
    "SUBSCRIBED",
    "SUPPRESSED_BOUNCE",
    "SUPPRESSED_COMPLAINT",
    "SUPPRESSED_UNSUBSCRIBE",
    "UNCLEAR_BOUNCE",
    "UNKNOWN",
    "UNSUBSCRIBED",
    "Outcome",
]


class Outcome(NamedTuple):
    """
    What happened to a message, for one recipient; the fields are those of TrackingEvent.

    Attributes:
        event_type: What kind of event it is, such as bounced or deferred.
        reject_reason: Why it was not delivered.
        bounce_class: Whether the address is to blame.
    """

    event_type: EventType
    reject_reason: RejectReason | None = None
    bounce_class: BounceClass | None = None

    def judged(
        self,
        response: str | None,
        *,
        status: str | None = None,
        code: int | None = None,
        told: BounceClass | None = None,
    ) -> Outcome:
        """
        The outcome with reason and class by what the receiving server said.

        For bounces of which the service says no more than *permanent* or *temporary*.

        Args:
            response: What the receiving server answered, in its words.
            status: The enhanced status code, if the service tells it apart.
            code: The reply code, if the service tells it apart.
            told: The service's own class, for where the server says nothing; this outcome's if
                None.
        """
        verdict = judge(status, response, told=told or self.bounce_class, code=code)
        return Outcome(self.event_type, verdict.reject_reason, verdict.bounce_class)


QUEUED = Outcome(EventType.QUEUED)
"""The service has it, and has not begun to deliver it."""
SENT = Outcome(EventType.SENT)
"""The service has handed it over to be delivered."""
DELIVERED = Outcome(EventType.DELIVERED)
"""The receiving server has taken it."""
DEFERRED = Outcome(EventType.DEFERRED)
"""Not delivered yet; the service goes on trying."""
FAILED = Outcome(EventType.FAILED)
"""The service could not send it, for a reason in the message."""
OPENED = Outcome(EventType.OPENED)
"""Somebody, or a program, has loaded the picture that counts openings."""
CLICKED = Outcome(EventType.CLICKED)
"""Somebody, or a program, has followed a link."""
AUTORESPONDED = Outcome(EventType.AUTORESPONDED)
"""A program of the recipient has answered."""
SUBSCRIBED = Outcome(EventType.SUBSCRIBED)
"""The recipient wants mail again."""
UNKNOWN = Outcome(EventType.UNKNOWN)
"""The service says something that mailcore has no word for."""

COMPLAINED = Outcome(EventType.COMPLAINED, RejectReason.SPAM)
"""The recipient reported the mail as spam."""
UNSUBSCRIBED = Outcome(EventType.UNSUBSCRIBED, RejectReason.UNSUBSCRIBED)
"""The recipient wants no more of it."""

HARD_BOUNCE = Outcome(EventType.BOUNCED, RejectReason.BOUNCED, BounceClass.HARD)
"""The address is gone, or nothing is known but that it failed for good."""
SOFT_BOUNCE = Outcome(EventType.BOUNCED, RejectReason.OTHER, BounceClass.SOFT)
"""Nothing is known but that it failed this time."""
UNCLEAR_BOUNCE = Outcome(EventType.BOUNCED, RejectReason.OTHER, BounceClass.UNDETERMINED)
"""It failed, and the service does not say whether for good."""
BLOCKED_BOUNCE = Outcome(EventType.BOUNCED, RejectReason.BLOCKED, BounceClass.SOFT)
"""Refused for whom it comes from or what it is: the address is not to blame."""
SPAM_BOUNCE = Outcome(EventType.BOUNCED, RejectReason.SPAM, BounceClass.SOFT)
"""Refused by a filter: nobody has complained."""
GAVE_UP = Outcome(EventType.BOUNCED, RejectReason.TIMED_OUT, BounceClass.SOFT)
"""The service tried for as long as it does."""

DROPPED = Outcome(EventType.REJECTED, RejectReason.OTHER)
"""Not sent at all, and the service does not say why."""
INVALID_ADDRESS = Outcome(EventType.REJECTED, RejectReason.INVALID, BounceClass.HARD)
"""Not sent: it is no address."""
SUPPRESSED_BOUNCE = Outcome(EventType.REJECTED, RejectReason.BOUNCED, BounceClass.HARD)
"""Not sent, because mail to it bounced before."""
SUPPRESSED_UNSUBSCRIBE = Outcome(EventType.REJECTED, RejectReason.UNSUBSCRIBED)
"""Not sent, because the recipient had unsubscribed before."""
SUPPRESSED_COMPLAINT = Outcome(EventType.REJECTED, RejectReason.SPAM)
"""Not sent, because the recipient had complained before."""

# Members of enumerations have a slow hash: a tuple is faster to look into
# (benchmarks/webhooks.py).
GENERAL_BOUNCES = (HARD_BOUNCE, SOFT_BOUNCE, UNCLEAR_BOUNCE)
"""Nothing but permanent, temporary or neither: what the server said tells more."""
