"""Types of arguments that several commands have."""

from __future__ import annotations

import argparse

from datetime import datetime, timezone


__all__ = ["point_in_time", "positive", "positive_number"]


def point_in_time(text: str) -> datetime:
    """Read an ISO 8601 date or time; as the type of an argument. UTC if it has no zone."""
    try:
        # Python 3.10 does not take the Z.
        time = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a date or time as 2026-11-20T09:15:00Z") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)


def positive(text: str) -> int:
    """Read a whole number above 0; as the type of an argument."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("write a whole number above 0")
    return int(text)


def positive_number(text: str) -> float:
    """Read a number above 0, such as 2.5; as the type of an argument."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("write a number above 0")
    return number
