"""
What SparkPost's events and classes of bounces mean.

https://developers.sparkpost.com/api/webhooks/ and https://github.com/SparkPost/support-docs,
content/docs/deliverability/bounce-classification-codes.md (read 2026-11-30); the types of events in
the samples of https://github.com/SparkPost/java-sparkpost and gosparkpost as well.
"""

from __future__ import annotations

import re

from collections.abc import Mapping

from mailcore.bounces.outcome import (
    AUTORESPONDED,
    BLOCKED_BOUNCE,
    CLICKED,
    COMPLAINED,
    DEFERRED,
    DELIVERED,
    FAILED,
    GAVE_UP,
    HARD_BOUNCE,
    OPENED,
    QUEUED,
    SOFT_BOUNCE,
    SPAM_BOUNCE,
    SUBSCRIBED,
    SUPPRESSED_BOUNCE,
    SUPPRESSED_COMPLAINT,
    SUPPRESSED_UNSUBSCRIBE,
    UNCLEAR_BOUNCE,
    UNKNOWN,
    UNSUBSCRIBED,
    Outcome,
)
from mailcore.events import BounceClass, EventType, RejectReason


REFUSED = Outcome(EventType.REJECTED, RejectReason.BLOCKED)
"""SparkPost did not send it, for a rule of its own or of the account's."""

OUTCOMES: Mapping[str, Outcome] = {
    "injection": QUEUED,
    "delivery": DELIVERED,
    "delay": DEFERRED,
    "spam_complaint": COMPLAINED,
    "policy_rejection": REFUSED,
    "generation_failure": FAILED,
    "generation_rejection": REFUSED,
    "open": OPENED,
    "amp_open": OPENED,
    "initial_open": UNKNOWN,
    "amp_initial_open": UNKNOWN,
    "click": CLICKED,
    "amp_click": CLICKED,
    "list_unsubscribe": UNSUBSCRIBED,
    "link_unsubscribe": UNSUBSCRIBED,
    "bounce": UNCLEAR_BOUNCE,
    "out_of_band": UNCLEAR_BOUNCE,
}
"""The outcome of each type; bounces and refusals have several, by their class and words."""

BOUNCES = frozenset(["bounce", "out_of_band"])
REFUSALS = frozenset(["policy_rejection", "generation_rejection"])
INITIAL_OPENS = frozenset(["initial_open", "amp_initial_open"])

CLASSES: Mapping[int, Outcome] = {
    1: UNCLEAR_BOUNCE,
    10: HARD_BOUNCE,
    20: SOFT_BOUNCE,
    21: Outcome(EventType.BOUNCED, RejectReason.TIMED_OUT, BounceClass.SOFT),
    22: SOFT_BOUNCE,
    23: BLOCKED_BOUNCE,
    24: GAVE_UP,
    25: REFUSED,
    30: HARD_BOUNCE,
    40: SOFT_BOUNCE,
    50: BLOCKED_BOUNCE,
    51: SPAM_BOUNCE,
    52: SPAM_BOUNCE,
    53: BLOCKED_BOUNCE,
    54: BLOCKED_BOUNCE,
    60: AUTORESPONDED,
    70: SOFT_BOUNCE,
    80: SUBSCRIBED,
    90: UNSUBSCRIBED,
    100: AUTORESPONDED,
}
"""The outcome of each class of bounces."""

GENERAL_CLASSES = (1, 20, 40, 70)
"""Undetermined, soft, unspecified, transient: what the server said tells more."""

# What stands behind "recipient address suppressed due to customer policy": content/docs/
# user-guide/using-suppression-lists.md in https://github.com/SparkPost/support-docs.
_SUPPRESSED = "suppressed due to"
_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
_SUPPRESSIONS = (
    ("bounce rule", SUPPRESSED_BOUNCE),
    ("spam complaint", SUPPRESSED_COMPLAINT),
    ("list unsubscribe", SUPPRESSED_UNSUBSCRIBE),
    ("link unsubscribe", SUPPRESSED_UNSUBSCRIBE),
    ("unsubscribe link", SUPPRESSED_UNSUBSCRIBE),
)


def judge(kind: str, bounce_class: str | None, words: str | None) -> Outcome:
    """
    What an event means.

    Args:
        kind: The ``type`` of the event.
        bounce_class: The class of a bounce, as the text of a number.
        words: ``raw_reason``: what the receiving server said, or SparkPost itself.
    """
    outcome = OUTCOMES.get(kind, UNKNOWN)
    if kind in BOUNCES:
        found = _NUMBER.fullmatch(bounce_class or "")
        number = int(found[0]) if found else 1
        outcome = CLASSES.get(number, UNCLEAR_BOUNCE)
        if number in GENERAL_CLASSES or number not in CLASSES:
            return outcome.judged(words)
    return _refusal(words) if outcome is REFUSED else outcome


def _refusal(words: str | None) -> Outcome:
    said = (words or "").lower()
    if _SUPPRESSED in said:
        for text, outcome in _SUPPRESSIONS:
            if text in said:
                return outcome
    return REFUSED
