"""
What Mandrill's events mean.

https://mandrill.zendesk.com/hc/en-us/articles/205583307 (messages), 360039233253 (lists of
addresses) and https://mailchimp.com/developer/transactional/docs/webhooks/ (`delivered`; read
2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.bounces.outcome import (
    CLICKED,
    COMPLAINED,
    DEFERRED,
    DELIVERED,
    DROPPED,
    GENERAL_BOUNCES,
    HARD_BOUNCE,
    INVALID_ADDRESS,
    OPENED,
    SENT,
    SOFT_BOUNCE,
    SUBSCRIBED,
    SUPPRESSED_BOUNCE,
    SUPPRESSED_COMPLAINT,
    SUPPRESSED_UNSUBSCRIBE,
    UNKNOWN,
    UNSUBSCRIBED,
    Outcome,
)
from mailcore.events import EventType, RejectReason


OUTCOMES: Mapping[str, Outcome] = {
    "send": SENT,
    "delivered": DELIVERED,
    "deferral": DEFERRED,
    "hard_bounce": HARD_BOUNCE,
    "soft_bounce": SOFT_BOUNCE,
    "reject": DROPPED,
    "open": OPENED,
    "click": CLICKED,
    "spam": COMPLAINED,
    "unsub": UNSUBSCRIBED,
}
"""Outcomes by the name of the event."""

REJECTS: Mapping[str, Outcome] = {
    "hard-bounce": SUPPRESSED_BOUNCE,
    "soft-bounce": Outcome(EventType.REJECTED, RejectReason.BOUNCED),
    "spam": SUPPRESSED_COMPLAINT,
    "unsub": SUPPRESSED_UNSUBSCRIBE,
    "custom": Outcome(EventType.REJECTED, RejectReason.BLOCKED),
    "rule": Outcome(EventType.REJECTED, RejectReason.BLOCKED),
    "invalid": INVALID_ADDRESS,
}
"""Outcomes of messages that were rejected, by the reason, which answers have as well."""

# An address came onto the list of those that nothing is delivered to.
_DENIED: Mapping[str, Outcome] = {
    "hard-bounce": HARD_BOUNCE,
    "soft-bounce": SOFT_BOUNCE,
    "spam": COMPLAINED,
    "unsub": UNSUBSCRIBED,
    "custom": Outcome(EventType.UNSUBSCRIBED, RejectReason.BLOCKED),
}
_DENYLIST = frozenset(["blacklist", "denylist"])


def judge_message(name: str, reason: str | None, response: str | None) -> Outcome:
    """
    What an event about a message means.

    Args:
        name: The name of the event.
        reason: Why the message was rejected, if the event is about that.
        response: What the receiving server said, which judges bounces.
    """
    outcome = OUTCOMES.get(name, UNKNOWN)
    if name == "reject":
        return REJECTS.get(reason or "", outcome)
    return outcome.judged(response) if response and outcome in GENERAL_BOUNCES else outcome


def judge_list(kind: str, action: str | None, reason: str | None) -> Outcome:
    """
    What a change of a list of addresses means.

    Args:
        kind: ``blacklist`` or ``denylist``, ``whitelist`` or ``safelist``.
        action: ``add``, ``change`` or ``remove``.
        reason: Why an address is on the list of those that nothing is delivered to.
    """
    if kind not in _DENYLIST:
        return UNKNOWN
    if action == "remove":
        return SUBSCRIBED
    return _DENIED.get(reason or "", UNKNOWN) if action in ("add", "change") else UNKNOWN
