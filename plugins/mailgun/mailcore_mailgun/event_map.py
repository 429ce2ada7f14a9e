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
from typing import Any, NamedTuple

from mailcore.bounces import enhanced_status as find_status
from mailcore.bounces import judge
from mailcore.events import BounceClass, EventType, RejectReason


class Outcome(NamedTuple):
    """What an event says about its recipient; the fields are those of TrackingEvent."""

    event_type: EventType
    reject_reason: RejectReason | None = None
    bounce_class: BounceClass | None = None

    def judged(self, status: Mapping[str, Any], told: BounceClass | None) -> Outcome:
        """
        The outcome with its reason by what the server said, and by *told* where that says nothing.

        Args:
            status: A ``delivery-status``.
            told: What Mailgun says of it: permanent or temporary.
        """
        given, message, code = (status.get(name) for name in ("enhanced-code", "message", "code"))
        verdict = judge(
            given if isinstance(given, str) else None,
            message if isinstance(message, str) else None,
            told=told,
            code=code if type(code) is int else None,
        )
        return self._replace(reject_reason=verdict.reject_reason, bounce_class=verdict.bounce_class)


UNKNOWN = Outcome(EventType.UNKNOWN)

OUTCOMES = {
    "accepted": Outcome(EventType.QUEUED),
    "rejected": Outcome(EventType.REJECTED, RejectReason.OTHER),
    "delivered": Outcome(EventType.DELIVERED),
    "opened": Outcome(EventType.OPENED),
    "clicked": Outcome(EventType.CLICKED),
    "unsubscribed": Outcome(EventType.UNSUBSCRIBED, RejectReason.UNSUBSCRIBED),
    "complained": Outcome(EventType.COMPLAINED, RejectReason.SPAM),
}
"""The outcome of each event that has one; ``failed`` has several, ``stored`` is no tracking."""

WITHOUT_MESSAGE = frozenset(
    {"list_member_uploaded", "list_member_upload_error", "list_uploaded", "email_validation"}
)
"""Events about lists and addresses: they have no word here, and nothing is missing in them."""

_DEFERRED = Outcome(EventType.DEFERRED)
_FAILED = Outcome(EventType.FAILED)
_DROPPED = Outcome(EventType.REJECTED, RejectReason.OTHER)
_HARD = Outcome(EventType.BOUNCED, RejectReason.BOUNCED, BounceClass.HARD)
_BLOCKED = Outcome(EventType.BOUNCED, RejectReason.BLOCKED, BounceClass.SOFT)
_GAVE_UP = Outcome(EventType.BOUNCED, RejectReason.TIMED_OUT, BounceClass.SOFT)
_GENERIC = Outcome(EventType.BOUNCED, RejectReason.OTHER, BounceClass.UNDETERMINED)

SUPPRESSED_BOUNCE = Outcome(EventType.REJECTED, RejectReason.BOUNCED, BounceClass.HARD)
SUPPRESSED_UNSUBSCRIBE = Outcome(EventType.REJECTED, RejectReason.UNSUBSCRIBED)
SUPPRESSED_COMPLAINT = Outcome(EventType.REJECTED, RejectReason.SPAM)

REASONS = {
    "bounce": _HARD,
    "delayed-bounce": _HARD,
    "hardfail": _HARD,
    "suppress-bounce": SUPPRESSED_BOUNCE,
    "suppress-unsubscribe": SUPPRESSED_UNSUBSCRIBE,
    "suppress-complaint": SUPPRESSED_COMPLAINT,
    "old": _GAVE_UP,
    "espblock": _BLOCKED,
    "blacklisted": _BLOCKED,
    "greylisted": _GAVE_UP,
    "generic": _GENERIC,
}
"""The outcome of a permanent failure for each reason."""

CODES = {
    602: _GAVE_UP,
    605: SUPPRESSED_BOUNCE,
    606: SUPPRESSED_UNSUBSCRIBE,
    607: SUPPRESSED_COMPLAINT,
}
"""Codes that Mailgun makes up: the message was given up, or not sent at all."""

_UNREACHED = (498, 499)
_FIRST_OWN = 600

_BOUNCE_TYPES = {"hard": BounceClass.HARD, "soft": BounceClass.SOFT}
# Nothing but permanent, or not even that.
_GENERAL = frozenset({_HARD, _GENERIC})


def judge_failure(severity: object, reason: object, status: Mapping[str, Any]) -> Outcome:
    """
    What a ``failed`` event means.

    Args:
        severity: ``temporary``: Mailgun goes on trying; ``permanent``: it does not; ``internal``:
            it failed itself, which says nothing of the recipient.
        reason: One of `REASONS`, or what Mailgun may add.
        status: Its ``delivery-status``.
    """
    if severity == "temporary":
        return _DEFERRED
    if severity == "internal":
        return _FAILED
    outcome = _known(reason, status)
    if outcome not in _GENERAL:
        return outcome
    given = status.get("bounce-type")
    told = _BOUNCE_TYPES.get(given) if isinstance(given, str) else None
    return outcome.judged(status, told or outcome.bounce_class)


def judge_drop(reason: object, status: Mapping[str, Any]) -> Outcome:
    """
    What a ``dropped`` event means: Mailgun gave up, or did not try.

    Args:
        reason: As of a ``failed`` event.
        status: Its ``delivery-status``.
    """
    if _known(reason, status) is _GENERIC:
        return _DROPPED
    return judge_failure("permanent", reason, status)


def _known(reason: object, status: Mapping[str, Any]) -> Outcome:
    """What Mailgun's own reason or code says."""
    outcome = REASONS.get(reason, _GENERIC) if isinstance(reason, str) else _GENERIC
    if outcome is not _GENERIC:
        return outcome
    code = status.get("code")
    return CODES.get(code, _GENERIC) if type(code) is int else _GENERIC


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
