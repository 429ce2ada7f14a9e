"""
Forgetting one person, as `manage.py mailcore erase` asks for it.

What a dead address or somebody of your own put on the list is deleted. A complaint and an
unsubscription are what the person wants: without them, mail would go there again. Of these, all is
deleted but the address, the scope and the reason.
"""

from __future__ import annotations

from django.db import router, transaction

from mailcore.account import COMPLAINT, UNSUBSCRIBE
from mailcore.address import address_key
from mailcore_django.columns import as_text
from mailcore_django.suppression.models import Suppression


__all__ = ["erase", "prune"]

_WISHES = (COMPLAINT, UNSUBSCRIBE)


def erase(address: str) -> dict[str, int]:
    """Forget an address but for its owner's wishes, and say how much of what there was."""
    using = router.db_for_write(Suppression)
    key = as_text(address_key(address.strip()))
    with transaction.atomic(using=using):
        found = Suppression._default_manager.using(using).filter(address=key)
        mine = [row.pk for row in found if row.address == key]
        rows = Suppression._default_manager.using(using).filter(pk__in=mine)
        emptied = rows.filter(reason__in=_WISHES).update(detail="", source="")
        deleted = int(rows.exclude(reason__in=_WISHES).delete()[0])
    return {"entries deleted": deleted, "wishes not to be written to kept": emptied}


def prune() -> dict[str, int]:
    """Delete nothing: an address is not written to until somebody takes it off the list."""
    return {}
