"""
What becomes of a message: the mailbox simulator's addresses and the suppression list.

Source: SES Developer Guide, "Sending test emails in Amazon SES with the simulator" (read
2026-11-21).
"""

from __future__ import annotations

import base64

from collections.abc import Callable, Iterable
from enum import Enum


SIMULATOR_DOMAIN = "simulator.amazonses.com"


class Outcome(Enum):
    """
    What happens to one recipient.
    """

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    OUT_OF_OFFICE = "out of office"
    COMPLAINED = "complained"
    SUPPRESSED = "on the global suppression list"
    ON_LIST_FOR_BOUNCE = "on the account's suppression list after a bounce"
    ON_LIST_FOR_COMPLAINT = "on the account's suppression list after a complaint"


# In two halves, or virus scanners would take this file away.
_EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

_SIMULATED = {
    "success": Outcome.DELIVERED,
    "bounce": Outcome.BOUNCED,
    "ooto": Outcome.OUT_OF_OFFICE,
    "complaint": Outcome.COMPLAINED,
    "suppressionlist": Outcome.SUPPRESSED,
}


def is_simulator(address: str) -> bool:
    """
    Whether a bare address belongs to the mailbox simulator.
    """
    return address.rpartition("@")[2].lower() == SIMULATOR_DOMAIN


def outcome_of(address: str, suppression_reason: str | None) -> Outcome:
    """
    What happens to a bare address.

    Args:
        address: The recipient; a simulator address may carry a `+label`.
        suppression_reason: `BOUNCE` or `COMPLAINT` when the account's suppression list applies to
            it.
    """
    if suppression_reason == "BOUNCE":
        return Outcome.ON_LIST_FOR_BOUNCE
    if suppression_reason == "COMPLAINT":
        return Outcome.ON_LIST_FOR_COMPLAINT
    if not is_simulator(address):
        return Outcome.DELIVERED
    mailbox = address.rpartition("@")[0].partition("+")[0].lower()
    return _SIMULATED.get(mailbox, Outcome.DELIVERED)


def is_test_virus(raw: bytes) -> bool:
    """
    Whether an attachment starts with the EICAR test file, which makes SES reject the message.

    As base64 in lines of 76 characters, the first line holds the first 57 of its 68 bytes.
    """
    return _EICAR in raw or base64.b64encode(_EICAR[:57]) in raw


def group_recipients(
    recipients: Iterable[str], reason_of: Callable[[str], str | None]
) -> list[tuple[Outcome, list[str]]]:
    """
    Recipients by outcome and domain, in order; those of one group share one event.
    """
    groups: dict[tuple[Outcome, str], list[str]] = {}
    for address in dict.fromkeys(recipients):
        outcome = outcome_of(address, reason_of(address))
        key = (outcome, address.rpartition("@")[2].lower())
        groups.setdefault(key, []).append(address)
    return [(outcome, addresses) for (outcome, _), addresses in groups.items()]
