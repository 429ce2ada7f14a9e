"""What speaks against sending a message of the outbox again: people decide, and are told first."""

from __future__ import annotations

from mailcore.outbox import OutboxRow, OutboxState


__all__ = ["doubts"]


def doubts(row: OutboxRow) -> list[str]:
    """
    What speaks against sending a message again: sentences for people.

    Returns:
        None if nothing is known to have arrived.
    """
    found = []
    accepted = sum(status.accepted for status in row.statuses.values())
    if accepted:
        found.append(
            f"It was accepted for {accepted} of {len(row.recipients)} recipients: these do not get "
            "it again."
        )
    if row.unsure_since is not None or row.state is OutboxState.UNKNOWN:
        found.append("It may have arrived: nobody knows whether the provider took it.")
    if row.state is OutboxState.CANCELLED:
        found.append("Somebody has called it off.")
    return found
