"""
The status of people who get a copy of several mails: cc and bcc of a batch.

Each of them has one status, and it is that of the mail that is the likeliest to be on its way.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailcore.result import RecipientStatus


def keep_likelier(
    found: dict[str, RecipientStatus], statuses: Mapping[str, RecipientStatus]
) -> None:
    """
    Add statuses to those found before; of two for one address the likelier to be on its way stays.

    Who gets a copy of each mail has one if any was accepted, and perhaps if nobody knows.

    Args:
        found: The statuses so far, by address; it is changed.
        statuses: The statuses of a further request, by address, spelled as in `found`.
    """
    for address, status in statuses.items():
        before = found.get(address)
        if before is None or likelihood(status) > likelihood(before):
            found[address] = status


def likelihood(status: RecipientStatus) -> int:
    """How likely a mail is on its way: 2 if it was accepted, 1 if nobody knows, 0 if not."""
    return 2 if status.accepted else int(status.maybe_accepted)
