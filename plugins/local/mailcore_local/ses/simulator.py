"""
Which address meets which fate: the mailbox simulator and the suppression list.

Source: SES Developer Guide, "Sending test emails in Amazon SES with the simulator" (read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore_local.engine import Fate


SIMULATOR_DOMAIN = "simulator.amazonses.com"

_SIMULATED = {
    "success": Fate.DELIVERED,
    "bounce": Fate.BOUNCED,
    "ooto": Fate.AUTO_REPLIED,
    "complaint": Fate.COMPLAINED,
    "suppressionlist": Fate.SUPPRESSED,
}

_ON_THE_LIST: Mapping[str, Fate] = {
    "BOUNCE": Fate.SUPPRESSED_AFTER_BOUNCE,
    "COMPLAINT": Fate.SUPPRESSED_AFTER_COMPLAINT,
}


def is_simulator(address: str) -> bool:
    """
    Whether a bare address belongs to the mailbox simulator.
    """
    return address.rpartition("@")[2].lower() == SIMULATOR_DOMAIN


def fate_of(address: str, suppression_reason: str | None) -> Fate:
    """
    What happens to a bare address.

    Args:
        address: The recipient; a simulator address may carry a `+label`.
        suppression_reason: `BOUNCE` or `COMPLAINT` when the account's suppression list applies to
            it.
    """
    if suppression_reason is not None:
        return _ON_THE_LIST[suppression_reason]
    if not is_simulator(address):
        return Fate.DELIVERED
    mailbox = address.rpartition("@")[0].partition("+")[0].lower()
    return _SIMULATED.get(mailbox, Fate.DELIVERED)
