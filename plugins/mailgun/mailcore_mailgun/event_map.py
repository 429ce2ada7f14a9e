"""
What each Mailgun event means.

https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-types and
webhooks/webhook-payloads (read 2026-11-21). The reasons of failures are documented only as
counters of the statistics (https://documentation.mailgun.com/en/latest/api-stats.html) and as
constants of Mailgun's own client (https://github.com/mailgun/mailgun-go, events/enums.go; read
2026-11-21 and 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.bounces import enhanced_status as find_status
from mailcore.bounces.outcome import (
    BLOCKED_BOUNCE,
    CLICKED,
    COMPLAINED,
    DEFERRED,
    DELIVERED,
    DROPPED,
    FAILED,
    GAVE_UP,
    GENERAL_BOUNCES,
    HARD_BOUNCE,
    OPENED,
    QUEUED,
    SUPPRESSED_BOUNCE,
    SUPPRESSED_COMPLAINT,
    SUPPRESSED_UNSUBSCRIBE,
    UNCLEAR_BOUNCE,
    UNSUBSCRIBED,
    Outcome,
)
from mailcore.events import BounceClass


OUTCOMES = {
    "accepted": QUEUED,
    "rejected": DROPPED,
    "delivered": DELIVERED,
    "opened": OPENED,
    "clicked": CLICKED,
    "unsubscribed": UNSUBSCRIBED,
    "complained": COMPLAINED,
}
"""The outcome of each event that has one; ``failed`` has several, ``stored`` is no tracking."""

WITHOUT_MESSAGE = frozenset(
    {"list_member_uploaded", "list_member_upload_error", "list_uploaded", "email_validation"}
)
"""Events about lists and addresses: they have no word here, and nothing is missing in them."""

REASONS = {
    "bounce": HARD_BOUNCE,
    "delayed-bounce": HARD_BOUNCE,
    "hardfail": HARD_BOUNCE,
    "suppress-bounce": SUPPRESSED_BOUNCE,
    "suppress-unsubscribe": SUPPRESSED_UNSUBSCRIBE,
    "suppress-complaint": SUPPRESSED_COMPLAINT,
    "old": GAVE_UP,
    "espblock": BLOCKED_BOUNCE,
    "blacklisted": BLOCKED_BOUNCE,
    "greylisted": GAVE_UP,
    "generic": UNCLEAR_BOUNCE,
}
"""The outcome of a permanent failure for each reason."""

CODES = {
    602: GAVE_UP,
    605: SUPPRESSED_BOUNCE,
    606: SUPPRESSED_UNSUBSCRIBE,
    607: SUPPRESSED_COMPLAINT,
}
"""Codes that Mailgun makes up: the message was given up, or not sent at all."""

_UNREACHED = (498, 499)
_FIRST_OWN = 600

_BOUNCE_TYPES = {"hard": BounceClass.HARD, "soft": BounceClass.SOFT}


def judge_failure(severity: object, reason: object, status: Mapping[str, Any]) -> Outcome:
    """
    What a ``failed`` event means.

    Args:
        severity: ``temporary``: Mailgun goes on trying; ``permanent``: it does not; ``internal``:
            it failed itself, which says nothing of the recipient.
        reason: One of `REASONS`, or what Mailgun may add.
        status: The ``delivery-status`` of the event.
    """
    if severity == "temporary":
        return DEFERRED
    if severity == "internal":
        return FAILED
    outcome = _known(reason, status)
    if outcome not in GENERAL_BOUNCES:
        return outcome
    given = status.get("bounce-type")
    told = _BOUNCE_TYPES.get(given) if isinstance(given, str) else None
    return judged(outcome, status, told)


def judged(outcome: Outcome, status: Mapping[str, Any], told: BounceClass | None) -> Outcome:
    """
    The outcome with its reason by what the server said, and by *told* where that says nothing.

    Args:
        outcome: The outcome of a bounce.
        status: The ``delivery-status`` of the event.
        told: What Mailgun says of it: permanent or temporary.
    """
    given, message, code = status.get("enhanced-code"), status.get("message"), status.get("code")
    return outcome.judged(
        message if isinstance(message, str) else None,
        status=given if isinstance(given, str) else None,
        code=code if type(code) is int else None,
        told=told,
    )


def judge_drop(reason: object, status: Mapping[str, Any]) -> Outcome:
    """
    What a ``dropped`` event means: Mailgun gave up, or did not try.

    Args:
        reason: The field ``reason`` of a ``failed`` event.
        status: The ``delivery-status`` of the event.
    """
    if _known(reason, status) is UNCLEAR_BOUNCE:
        return DROPPED
    return judge_failure("permanent", reason, status)


def _known(reason: object, status: Mapping[str, Any]) -> Outcome:
    """What Mailgun's own reason or code says."""
    outcome = REASONS.get(reason, UNCLEAR_BOUNCE) if isinstance(reason, str) else UNCLEAR_BOUNCE
    if outcome is not UNCLEAR_BOUNCE:
        return outcome
    code = status.get("code")
    return CODES.get(code, UNCLEAR_BOUNCE) if type(code) is int else UNCLEAR_BOUNCE


def is_made_up(code: object) -> bool:
    """
    Whether a code is Mailgun's own, because no server gave one.

    498 and 499 are: there was none, or no connection to it.
    """
    return type(code) is int and (code in _UNREACHED or code >= _FIRST_OWN)


def enhanced_status(status: Mapping[str, Any]) -> str | None:
    """The enhanced status code (RFC 3463) of a ``delivery-status``, also if only its text says."""
    for name in ("enhanced-code", "message"):
        value = status.get(name)
        if isinstance(value, str) and (found := find_status(value)):
            return found
    return None
