"""
What becomes of recipients, and what there is to tell of it.
"""

from __future__ import annotations

import base64

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from mailcore_local.engine.records import AcceptedMessage


class Fate(Enum):
    """
    What becomes of one recipient's copy.
    """

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    SOFT_BOUNCED = "bounced, and may take mail later"
    DEFERRED = "delivered at the second attempt"
    SLOW = "delivered after a while"
    AUTO_REPLIED = "delivered, and answered by a machine"
    COMPLAINED = "delivered, and reported as spam"
    OPENED = "delivered and opened"
    CLICKED = "delivered, opened, and a link followed"
    UNSUBSCRIBED = "delivered, and unsubscribed from"
    SUPPRESSED = "on a list of the provider's own"
    SUPPRESSED_AFTER_BOUNCE = "on the account's suppression list after a bounce"
    SUPPRESSED_AFTER_COMPLAINT = "on the account's suppression list after a complaint"


class EventKind(Enum):
    """
    What there is to tell, in no provider's words.
    """

    SENT = "sent"
    REJECTED = "rejected"
    RENDERING_FAILED = "rendering failed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    SOFT_BOUNCED = "soft-bounced"
    COMPLAINED = "complained"
    AUTO_REPLIED = "auto-replied"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"


_EVENTS_OF_FATES: Mapping[Fate, tuple[EventKind, ...]] = {
    Fate.DELIVERED: (EventKind.DELIVERED,),
    Fate.BOUNCED: (EventKind.BOUNCED,),
    Fate.SOFT_BOUNCED: (EventKind.SOFT_BOUNCED,),
    Fate.DEFERRED: (EventKind.DEFERRED, EventKind.DELIVERED),
    Fate.SLOW: (EventKind.DELIVERED,),
    Fate.AUTO_REPLIED: (EventKind.DELIVERED, EventKind.AUTO_REPLIED),
    Fate.COMPLAINED: (EventKind.DELIVERED, EventKind.COMPLAINED),
    Fate.OPENED: (EventKind.DELIVERED, EventKind.OPENED),
    Fate.CLICKED: (EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED),
    Fate.UNSUBSCRIBED: (EventKind.DELIVERED, EventKind.UNSUBSCRIBED),
    Fate.SUPPRESSED: (EventKind.BOUNCED,),
    Fate.SUPPRESSED_AFTER_BOUNCE: (EventKind.BOUNCED,),
    Fate.SUPPRESSED_AFTER_COMPLAINT: (EventKind.COMPLAINED,),
}

# In two halves, or virus scanners would take this file away.
_EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Happening(NamedTuple):
    """
    One thing to tell of a message.

    Attributes:
        kind: The name of what happened.
        recipients: The addresses to which it happened; all of them where it concerns the message as
            a whole.
        fate: Their fate, or `None` where it concerns the message as a whole.
    """

    kind: EventKind
    recipients: tuple[str, ...]
    fate: Fate | None = None


def kinds_of(fate: Fate) -> tuple[EventKind, ...]:
    """
    What there is to tell of a recipient with this fate, in order, once the message is sent.
    """
    return _EVENTS_OF_FATES[fate]


def grouped(
    recipients: Iterable[str], fate_of: Callable[[str], Fate]
) -> list[tuple[Fate, list[str]]]:
    """
    Recipients by fate and domain, in order, each once; a group can share one event.
    """
    groups: dict[tuple[Fate, str], list[str]] = {}
    for address in dict.fromkeys(recipients):
        key = (fate_of(address), address.rpartition("@")[2].lower())
        groups.setdefault(key, []).append(address)
    return [(fate, addresses) for (fate, _), addresses in groups.items()]


def happenings(
    message: AcceptedMessage, groups: Sequence[tuple[Fate, Sequence[str]]]
) -> list[Happening]:
    """
    What there is to tell of a message, in its natural order.

    Args:
        message: The message that was accepted.
        groups: The recipients of the message by fate, as `grouped` gives them.
    """
    everybody = message.destination
    if message.rendering_error is not None:
        return [Happening(EventKind.RENDERING_FAILED, everybody)]
    told = [Happening(EventKind.SENT, everybody)]
    if is_test_virus(message.raw):
        return [*told, Happening(EventKind.REJECTED, everybody)]
    for fate, recipients in groups:
        told += [Happening(kind, tuple(recipients), fate) for kind in _EVENTS_OF_FATES[fate]]
    return told


def is_test_virus(raw: bytes) -> bool:
    """
    Whether a message has the EICAR test file as an attachment, or in its text.

    As base64 in lines of 76 characters, the first line holds the first 57 of its 68 bytes.
    """
    return _EICAR in raw or base64.b64encode(_EICAR[:57]) in raw
