"""Forgetting, as `manage.py mailcore erase` and `prune` ask for it."""

from __future__ import annotations

from mailcore_django.conf import get_settings
from mailcore_django.log.erasing import erase
from mailcore_django.log.pruning import prune


__all__ = ["erase_address", "prune_old"]


def erase_address(address: str) -> dict[str, int]:
    """Forget an address, and say how much of what there was."""
    erased = erase(address)
    return {
        "messages deleted": erased.messages,
        "events deleted": erased.events,
        "texts emptied": erased.blanked,
    }


def prune_old() -> dict[str, int]:
    """Forget what is older than ``MAILCORE["LOG"]["keep_days"]``, and say how much it was."""
    pruned = prune(get_settings().log.keep_days)
    return {"messages deleted": pruned.messages, "events deleted": pruned.events}
