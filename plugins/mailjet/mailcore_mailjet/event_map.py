"""
What Mailjet's events mean.

The events, and the table of errors that ``bounce`` and ``blocked`` have: _event-api.md in
https://github.com/mailjet/api-documentation/tree/master/guides (read 2026-11-30). ``blocked`` says
that Mailjet did not try, ``bounce`` that the receiving side refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.bounces.outcome import (
    BLOCKED_BOUNCE,
    CLICKED,
    DEFERRED,
    DROPPED,
    FAILED,
    GAVE_UP,
    HARD_BOUNCE,
    INVALID_ADDRESS,
    OPENED,
    SOFT_BOUNCE,
    SPAM_BOUNCE,
    SUPPRESSED_BOUNCE,
    SUPPRESSED_COMPLAINT,
    UNCLEAR_BOUNCE,
    UNSUBSCRIBED,
    Outcome,
)
from mailcore.events import EventType, RejectReason


_REJECTED_BLOCKED = Outcome(EventType.REJECTED, RejectReason.BLOCKED)

VISITS: Mapping[str, Outcome] = {"open": OPENED, "click": CLICKED, "unsub": UNSUBSCRIBED}
"""Events of a person, or a program, with a browser."""

BY_BOUNCE = None
"""The table says no more than that it bounced: `hard_bounce` and the server's words decide."""

ERRORS: Mapping[str, tuple[Outcome | None, Outcome]] = {
    # About the recipient.
    "user unknown": (HARD_BOUNCE, SUPPRESSED_BOUNCE),
    "mailbox inactive": (BY_BOUNCE, SUPPRESSED_BOUNCE),
    # "A non-permanent error", says Mailjet.
    "quota exceeded": (SOFT_BOUNCE, DROPPED),
    "blacklisted": (BLOCKED_BOUNCE, _REJECTED_BLOCKED),
    "spam reporter": (SPAM_BOUNCE, SUPPRESSED_COMPLAINT),
    # About the domain.
    "invalid domain": (BY_BOUNCE, INVALID_ADDRESS),
    "no mail host": (GAVE_UP, DROPPED),
    "relay/access denied": (BLOCKED_BOUNCE, _REJECTED_BLOCKED),
    # "Delivery will be re-attempted", unless the bounce is a hard one.
    "greylisted": (DEFERRED, DROPPED),
    "typofix": (BY_BOUNCE, INVALID_ADDRESS),
    # About the content.
    "bad or empty template": (FAILED, FAILED),
    "error in template language": (FAILED, FAILED),
    # About spam: Mailjet's filters, or those of the receiving side.
    "sender blocked": (BLOCKED_BOUNCE, _REJECTED_BLOCKED),
    "content blocked": (SPAM_BOUNCE, _REJECTED_BLOCKED),
    "policy issue": (BLOCKED_BOUNCE, _REJECTED_BLOCKED),
    # About a system.
    "system issue": (BY_BOUNCE, FAILED),
    "protocol issue": (BY_BOUNCE, FAILED),
    "connection issue": (BY_BOUNCE, FAILED),
    # Mailjet's own.
    "preblocked": (BY_BOUNCE, SUPPRESSED_BOUNCE),
    "duplicate in campaign": (DROPPED, DROPPED),
}
"""What each error means: in a ``bounce``, and in a ``blocked``."""

_BOUNCES = {True: HARD_BOUNCE, False: SOFT_BOUNCE, None: UNCLEAR_BOUNCE}


def judge_bounce(
    error: str | None, related_to: str | None, response: str | None, *, hard: bool | None
) -> Outcome:
    """
    What a ``bounce`` means.

    Args:
        error: The field `error`.
        related_to: The field `error_related_to`, which has the error where that one is empty
            (``Tests/Webhook/Fixtures`` of https://github.com/symfony/mailjet-mailer, read
            2026-11-30).
        response: The field `comment`: what the receiving server said.
        hard: The field `hard_bounce`.
    """
    found = ERRORS.get(error or "") or ERRORS.get(related_to or "")
    named = None if found is None else found[0]
    is_denied = (named is DEFERRED and hard) or (named is HARD_BOUNCE and hard is False)
    if named is not None and not is_denied:
        return named
    outcome = _BOUNCES[hard]
    return outcome.judged(response) if response else outcome


def judge_block(error: str | None, related_to: str | None) -> Outcome:
    """What a ``blocked`` means: see :func:`judge_bounce`."""
    found = ERRORS.get(error or "") or ERRORS.get(related_to or "")
    return DROPPED if found is None else found[1]
