"""How long to wait between attempts, so that those who were refused together spread out."""

from __future__ import annotations


# No bound of waits is out of reach after these, and 2.0 ** 1024 is no number.
_MOST_DOUBLINGS = 100


def wait_bound_seconds(failed: int, first_seconds: float, longest_seconds: float) -> float:
    """
    The bound of a wait, of which a random part is waited ("full jitter").

    Args:
        failed: How many attempts failed so far; 1 and more.
        first_seconds: The bound after the first of them. It doubles with each.
        longest_seconds: The bound of all waits.
    """
    return float(min(longest_seconds, first_seconds * 2.0 ** min(failed - 1, _MOST_DOUBLINGS)))
