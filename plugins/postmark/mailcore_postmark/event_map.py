"""
What Postmark's bounces and suppressions mean.

https://postmarkapp.com/developer/api/bounce-api#bounce-types and
https://postmarkapp.com/developer/webhooks/subscription-change-webhook (read 2026-11-21). The codes
are those of Postmark's own client library: ``BounceTypeCode`` of postmark.js 4.0.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.bounces.outcome import (
    AUTORESPONDED,
    BLOCKED_BOUNCE,
    COMPLAINED,
    DEFERRED,
    DROPPED,
    FAILED,
    GENERAL_BOUNCES,
    HARD_BOUNCE,
    INVALID_ADDRESS,
    SOFT_BOUNCE,
    SPAM_BOUNCE,
    SUBSCRIBED,
    SUPPRESSED_UNSUBSCRIBE,
    UNCLEAR_BOUNCE,
    UNKNOWN,
    UNSUBSCRIBED,
    Outcome,
)
from mailcore.events import EventType, RejectReason


# Whoever unsubscribed, or was taken off by hand, and for what.
_SUPPRESSED = Outcome(EventType.UNSUBSCRIBED, RejectReason.OTHER)
_SUPPRESSED_BY_SENDER = Outcome(EventType.UNSUBSCRIBED, RejectReason.BLOCKED)

BOUNCE_TYPES: Mapping[str, tuple[int, Outcome]] = {
    "HardBounce": (1, HARD_BOUNCE),
    "Transient": (2, DEFERRED),
    "Unsubscribe": (16, UNSUBSCRIBED),
    "Subscribe": (32, SUBSCRIBED),
    "AutoResponder": (64, AUTORESPONDED),
    "AddressChange": (128, AUTORESPONDED),
    "DnsError": (256, DEFERRED),
    # The receiving side's filter; nobody has complained. That is SpamComplaint.
    "SpamNotification": (512, SPAM_BOUNCE),
    # Somebody tries out Postmark's server: nothing about the message.
    "OpenRelayTest": (1024, UNKNOWN),
    # A report of non-delivery that Postmark cannot read.
    "Unknown": (2048, UNCLEAR_BOUNCE),
    "SoftBounce": (4096, SOFT_BOUNCE),
    "VirusNotification": (8192, BLOCKED_BOUNCE),
    "ChallengeVerification": (16384, AUTORESPONDED),
    "BadEmailAddress": (100000, INVALID_ADDRESS),
    "SpamComplaint": (100001, COMPLAINED),
    # Suppressed by hand, as `ManualSuppression` says today.
    "ManuallyDeactivated": (100002, SUPPRESSED_UNSUBSCRIBE),
    "Unconfirmed": (100003, DROPPED),
    "Blocked": (100006, BLOCKED_BOUNCE),
    "SMTPApiError": (100007, FAILED),
    # Mail that Postmark received, and could not hand over to the inbound webhook.
    "InboundError": (100008, UNKNOWN),
    "DMARCPolicy": (100009, BLOCKED_BOUNCE),
    "TemplateRenderingFailed": (100010, FAILED),
}
"""Each type of bounce, with its code."""

_BY_CODE = dict(BOUNCE_TYPES.values())

_SUPPRESSIONS = {
    "HardBounce": HARD_BOUNCE,
    "SpamComplaint": COMPLAINED,
    "ManualSuppression": UNSUBSCRIBED,
}


def judge_bounce(name: str | None, code: object, response: str | None = None) -> Outcome:
    """
    What a bounce means.

    Types that say no more than *permanent* or *temporary* are judged by what the server said.

    Args:
        name: `Type`, which decides: the documentation's own example of a complaint has the code of
            a spam notification.
        code: `TypeCode`, for types that are not documented.
        response: `Details`, what the receiving server said.
    """
    found = BOUNCE_TYPES.get(name) if name is not None else None
    if found is not None:
        outcome = found[1]
    else:
        outcome = _BY_CODE.get(code, UNCLEAR_BOUNCE) if type(code) is int else UNCLEAR_BOUNCE
    return outcome.judged(response) if outcome in GENERAL_BOUNCES else outcome


def judge_subscription(suppressed: object, reason: str | None, origin: str | None) -> Outcome:
    """
    What it means that an address came onto the list of suppressions, or left it.

    Args:
        suppressed: The field `SuppressSending` of the record.
        reason: The field `SuppressionReason` of the record.
        origin: ``Recipient``, ``Customer`` (the account's people, or its API) or ``Admin``
            (Postmark's people). Recipients who unsubscribe are suppressed manually, by themselves.
    """
    if suppressed is False:
        return SUBSCRIBED
    if suppressed is not True and reason is None:
        return UNKNOWN
    if reason == "ManualSuppression" and origin in ("Customer", "Admin"):
        return _SUPPRESSED_BY_SENDER
    return _SUPPRESSIONS.get(reason or "", _SUPPRESSED)
