"""The status of people whose request, or whose whole send, failed."""

from __future__ import annotations

from collections.abc import Sequence

from mailcore.errors import SendError
from mailcore.result import RecipientStatus


def failed_for(recipients: Sequence[str], error: SendError) -> dict[str, RecipientStatus]:
    """
    The status of each recipient of a request that failed as a whole.

    Args:
        recipients: The addresses that it was for.
        error: What it failed with.
    """
    return dict.fromkeys(recipients, RecipientStatus.of_error(error))
