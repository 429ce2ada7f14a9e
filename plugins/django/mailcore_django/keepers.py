"""Who keeps data about people, and can forget it: apps say so when they are ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


__all__ = ["Keeper", "keepers"]


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """
    An app that keeps what was sent or reported.

    Args:
        erase: Forgets what it has of an address, and says how much of what it was.
        prune: Forgets what is older than the settings allow, and says how much of what it was.
        unfinished: Which of the words of `erase` say what has the address still, so that the
            command ends with 1.
    """

    erase: Callable[[str], Mapping[str, int]]
    prune: Callable[[], Mapping[str, int]]
    unfinished: tuple[str, ...] = ()


keepers: dict[str, Keeper] = {}
"""By the name of the app."""
