"""
What SendGrid's events mean.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-30). Types
of bounces beyond ``bounce`` and ``blocked`` are those that django-anymail's tests have.
"""

from __future__ import annotations

from mailcore.bounces.outcome import (
    BLOCKED_BOUNCE,
    COMPLAINED,
    DROPPED,
    FAILED,
    GAVE_UP,
    HARD_BOUNCE,
    INVALID_ADDRESS,
    QUEUED,
    SOFT_BOUNCE,
    SPAM_BOUNCE,
    SUBSCRIBED,
    SUPPRESSED_BOUNCE,
    SUPPRESSED_COMPLAINT,
    SUPPRESSED_UNSUBSCRIBE,
    UNSUBSCRIBED,
    Outcome,
)
from mailcore.events import EventType, RejectReason


OUTCOMES = {
    "processed": QUEUED,
    "spamreport": COMPLAINED,
    "unsubscribe": UNSUBSCRIBED,
    "group_unsubscribe": UNSUBSCRIBED,
    "group_resubscribe": SUBSCRIBED,
}
"""The outcome of events that say no more than what happened."""

WITHOUT_RECIPIENT = frozenset({"account_status_change"})
"""Events about the account: nothing is missing in them."""

_BOUNCES = {"blocked": SOFT_BOUNCE, "expired": GAVE_UP}

# Spelled in several ways: with and without "Failure", "/" or "or".
_CLASSIFICATIONS = (
    ("content", SPAM_BOUNCE),
    ("reputation", BLOCKED_BOUNCE),
    ("frequency", BLOCKED_BOUNCE),
)

_NO_SUCH_ADDRESS = "invalid address"

_BY_RULE = Outcome(EventType.REJECTED, RejectReason.BLOCKED)

_DROPS = (
    ("invalid smtpapi header", FAILED),
    ("spam content", _BY_RULE),
    ("unsubscribed address", SUPPRESSED_UNSUBSCRIBE),
    ("bounced address", SUPPRESSED_BOUNCE),
    ("spam reporting address", SUPPRESSED_COMPLAINT),
    ("invalid", INVALID_ADDRESS),
    ("recipient list over package quota", DROPPED),
)

RESERVED = frozenset(
    {
        *("email", "timestamp", "smtp-id", "event", "category", "sg_event_id", "sg_message_id"),
        *("reason", "status", "response", "attempt", "type", "bounce_classification", "tls"),
        *("url", "url_offset", "useragent", "ip", "sg_machine_open", "sg_content_type", "pool"),
        *("asm_group_id", "send_at", "cert_err", "sg_user_id", "sg_template_id"),
        *("sg_template_name", "template_id", "template_hash", "template_version_id"),
        *("singlesend_id", "singlesend_name", "mc_stats", "phase_id", "newsletter"),
        *("marketing_campaign_id", "marketing_campaign_name", "marketing_campaign_version"),
        *("marketing_campaign_split_id", "post_type"),
    }
)
"""
Fields of SendGrid's own in events, beside which custom arguments stand: of one name, SendGrid's
wins. Those of marketing campaigns are the ones that users' examples have.
"""


def judge_bounce(
    kind: str | None, classification: str | None, reason: str | None, status: str | None
) -> Outcome:
    """
    What a ``bounce`` means.

    The classification of SendGrid's decides where it names a cause of the receiving side's, else
    what the server said, else the type.

    Args:
        kind: The field ``type``: ``bounce``, ``blocked`` or ``expired``.
        classification: The field ``bounce_classification``.
        reason: What the receiving server said.
        status: The enhanced status code, ``status``.
    """
    outcome = _BOUNCES.get(kind or "", HARD_BOUNCE)
    if outcome is GAVE_UP:
        return outcome
    words = (classification or "").lower()
    if outcome is HARD_BOUNCE and words.startswith(_NO_SUCH_ADDRESS):
        return outcome
    for begin, classified in _CLASSIFICATIONS:
        if words.startswith(begin):
            return classified
    return outcome.judged(reason, status=status)


def judge_drop(reason: str | None) -> Outcome:
    """What a ``dropped`` means: SendGrid did not try."""
    words = (reason or "").strip().lower()
    return next((outcome for begin, outcome in _DROPS if words.startswith(begin)), DROPPED)
