"""
What Postmark's bounces and suppressions mean.

https://postmarkapp.com/developer/api/bounce-api#bounce-types and
https://postmarkapp.com/developer/webhooks/subscription-change-webhook (read 2026-11-21). The codes
are those of Postmark's own client library: ``BounceTypeCode`` of postmark.js 4.0.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mailcore.bounces import judge
from mailcore.events import BounceClass, EventType, RejectReason


class Outcome(NamedTuple):
    """What happened to the message; the fields are those of TrackingEvent."""

    event_type: EventType
    reject_reason: RejectReason | None = None
    bounce_class: BounceClass | None = None


_DELAYED = Outcome(EventType.DEFERRED)
_REPLY = Outcome(EventType.AUTORESPONDED)
_FAILED = Outcome(EventType.FAILED)
_BLOCKED = Outcome(EventType.BOUNCED, RejectReason.BLOCKED, BounceClass.SOFT)
_UNCLEAR = Outcome(EventType.BOUNCED, RejectReason.OTHER, BounceClass.UNDETERMINED)
COMPLAINT = Outcome(EventType.COMPLAINED, RejectReason.SPAM)
_UNSUBSCRIBED = Outcome(EventType.UNSUBSCRIBED, RejectReason.UNSUBSCRIBED)
_HARD = Outcome(EventType.BOUNCED, RejectReason.BOUNCED, BounceClass.HARD)
_SOFT = Outcome(EventType.BOUNCED, RejectReason.OTHER, BounceClass.SOFT)
_UNKNOWN = Outcome(EventType.UNKNOWN)
# Nothing but permanent, temporary or neither.
_GENERAL = frozenset({_HARD, _SOFT, _UNCLEAR})

BOUNCE_TYPES: Mapping[str, tuple[int, Outcome]] = {
    "HardBounce": (1, _HARD),
    "Transient": (2, _DELAYED),
    "Unsubscribe": (16, _UNSUBSCRIBED),
    "Subscribe": (32, Outcome(EventType.SUBSCRIBED)),
    "AutoResponder": (64, _REPLY),
    "AddressChange": (128, _REPLY),
    "DnsError": (256, _DELAYED),
    # The receiving side's filter; nobody has complained. That is SpamComplaint.
    "SpamNotification": (512, Outcome(EventType.BOUNCED, RejectReason.SPAM, BounceClass.SOFT)),
    # Somebody tries out Postmark's server: nothing about the message.
    "OpenRelayTest": (1024, _UNKNOWN),
    # A report of non-delivery that Postmark cannot read.
    "Unknown": (2048, _UNCLEAR),
    "SoftBounce": (4096, _SOFT),
    "VirusNotification": (8192, _BLOCKED),
    "ChallengeVerification": (16384, _REPLY),
    "BadEmailAddress": (
        100000,
        Outcome(EventType.REJECTED, RejectReason.INVALID, BounceClass.HARD),
    ),
    "SpamComplaint": (100001, COMPLAINT),
    # Suppressed by hand, as `ManualSuppression` says today.
    "ManuallyDeactivated": (100002, Outcome(EventType.REJECTED, RejectReason.UNSUBSCRIBED)),
    "Unconfirmed": (100003, Outcome(EventType.REJECTED, RejectReason.OTHER)),
    "Blocked": (100006, _BLOCKED),
    "SMTPApiError": (100007, _FAILED),
    # Mail that Postmark received, and could not hand over to the inbound webhook.
    "InboundError": (100008, _UNKNOWN),
    "DMARCPolicy": (100009, _BLOCKED),
    "TemplateRenderingFailed": (100010, _FAILED),
}
"""Each type of bounce, with its code."""

_BY_CODE = dict(BOUNCE_TYPES.values())

_SUPPRESSIONS = {
    "HardBounce": _HARD,
    "SpamComplaint": COMPLAINT,
    "ManualSuppression": _UNSUBSCRIBED,
}
_SUPPRESSED = Outcome(EventType.UNSUBSCRIBED, RejectReason.OTHER)
_SUPPRESSED_BY_SENDER = Outcome(EventType.UNSUBSCRIBED, RejectReason.BLOCKED)
_REACTIVATED = Outcome(EventType.SUBSCRIBED)


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
        outcome = _BY_CODE.get(code, _UNCLEAR) if type(code) is int else _UNCLEAR
    if outcome not in _GENERAL:
        return outcome
    verdict = judge(None, response, told=outcome.bounce_class)
    return Outcome(EventType.BOUNCED, verdict.reject_reason, verdict.bounce_class)


def judge_subscription(suppressed: object, reason: str | None, origin: str | None) -> Outcome:
    """
    What it means that an address came onto the list of suppressions, or left it.

    Args:
        suppressed: `SuppressSending`.
        reason: `SuppressionReason`.
        origin: ``Recipient``, ``Customer`` (the account's people, or its API) or ``Admin``
            (Postmark's people). Recipients who unsubscribe are suppressed manually, by themselves.
    """
    if suppressed is False:
        return _REACTIVATED
    if suppressed is not True and reason is None:
        return _UNKNOWN
    if reason == "ManualSuppression" and origin in ("Customer", "Admin"):
        return _SUPPRESSED_BY_SENDER
    return _SUPPRESSIONS.get(reason or "", _SUPPRESSED)
