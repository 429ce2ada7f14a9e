"""
The test addresses that all faces have in common, and the events of each.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore_local.engine import EventKind, Fate, kinds_of
from mailcore_local.mailbox import CapturedMail, MailEvent, first_web_link


COMMON_ADDRESSES: Mapping[str, Fate] = {
    "bounce": Fate.BOUNCED,
    "softbounce": Fate.SOFT_BOUNCED,
    "complaint": Fate.COMPLAINED,
    "deferred": Fate.DEFERRED,
    "slow": Fate.SLOW,
    "reject": Fate.SUPPRESSED,
    "suppressed": Fate.SUPPRESSED,
    "ooto": Fate.AUTO_REPLIED,
    "open": Fate.OPENED,
    "click": Fate.CLICKED,
    "unsubscribe": Fate.UNSUBSCRIBED,
}
"""What becomes of the local parts, at any domain, in any case, with any ``+label``."""

_SAID: Mapping[EventKind, tuple[str, str]] = {
    EventKind.DELIVERED: ("2.0.0", "smtp; 250 2.0.0 OK: queued"),
    EventKind.DEFERRED: ("4.2.1", "smtp; 450 4.2.1 The mailbox receives too much, try again later"),
    EventKind.BOUNCED: ("5.1.1", "smtp; 550 5.1.1 User unknown"),
    EventKind.SOFT_BOUNCED: ("4.2.2", "smtp; 452 4.2.2 The mailbox is full"),
    EventKind.REJECTED: ("", "The address is on the suppression list."),
    EventKind.COMPLAINED: ("", "abuse"),
}


def common_fate(address: str) -> Fate | None:
    """
    What becomes of an address of the common set; `None` for all others.

    Args:
        address: A bare address, such as ``bounce+order17@example.com``.
    """
    mailbox = address.rpartition("@")[0].partition("+")[0]
    return COMMON_ADDRESSES.get(mailbox.lower())


def slow_seconds(address: str, default: float) -> float:
    """
    How many seconds a slow address waits: its label, as in ``slow+30@example.com``.
    """
    label = address.rpartition("@")[0].partition("+")[2]
    return float(min(int(label), 3600)) if label.isdecimal() and len(label) < 6 else default


def events_of(fate: Fate, address: str, mail: CapturedMail) -> list[MailEvent]:
    """
    What there is to tell of one recipient, in order, after it was sent.
    """
    if fate in (Fate.SUPPRESSED, Fate.SUPPRESSED_AFTER_BOUNCE, Fate.SUPPRESSED_AFTER_COMPLAINT):
        return [described(EventKind.REJECTED, address, suppressed=True)]
    return [
        described(kind, address, url=first_web_link(mail) if kind is EventKind.CLICKED else "")
        for kind in kinds_of(fate)
    ]


def described(
    kind: EventKind,
    address: str,
    *,
    detail: str = "",
    status: str = "",
    url: str = "",
    suppressed: bool = False,
    by_hand: bool = False,
) -> MailEvent:
    """
    An event with what a receiving server would have said, unless it is told.
    """
    usual_status, usual_detail = _SAID.get(kind, ("", ""))
    return MailEvent(
        kind=kind,
        recipient=address,
        detail=detail or usual_detail,
        status=status or usual_status,
        url=url,
        suppressed=suppressed,
        by_hand=by_hand,
    )
