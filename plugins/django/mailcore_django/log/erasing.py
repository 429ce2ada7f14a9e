"""
Forgetting one person: what the log has of an address, wherever it stands.

What is about this address alone is deleted: its events, its rows among the recipients, messages
that went to nobody else. What is about others too is kept without the text that names it.
"""

from __future__ import annotations

import json
import re

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models, router, transaction
from django.db.models.functions import Cast

from mailcore.address import address_key
from mailcore.errors import InvalidAddress, Problem
from mailcore_django.log.models import Event, Recipient, SentMessage


__all__ = ["Erased", "erase"]

# Where people and servers write addresses, and what stands there instead.
_TEXTS: tuple[tuple[type[models.Model], tuple[tuple[str, object], ...]], ...] = (
    (
        SentMessage,
        (("from_email", ""), ("subject", ""), ("body", ""), ("template_id", ""), ("tags", [])),
    ),
    (Recipient, (("detail", ""), ("code", ""))),
    (
        Event,
        (("mta_response", ""), ("description", ""), ("click_url", ""), ("user_agent", "")),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Erased:
    """
    What was forgotten of an address.

    Args:
        messages: How many messages were deleted, which went to nobody else.
        events: How many events were deleted.
        blanked: How many texts were emptied in what is kept, bodies of messages among them.
    """

    messages: int
    events: int
    blanked: int


def erase(address: str) -> Erased:
    """
    Forget an address: in one transaction, so that all of it is gone, or nothing.

    Args:
        address: A bare address, in any spelling: case and punycode do not matter. Others of the
            same person are other addresses.

    Raises:
        InvalidAddress: If it has no @: it would be looked for as a word, and an empty one stands in
            every text.
    """
    if "@" not in address:
        raise InvalidAddress([Problem("address", "it has no @", is_address=True)])
    using = router.db_for_write(SentMessage)
    key = address_key(address.strip())
    with transaction.atomic(using=using):
        mine = Recipient.objects.using(using).filter(key=key)
        events = Event.objects.using(using).filter(recipient_key=key)
        spellings = {
            address.strip(),
            key,
            *mine.values_list("address", flat=True),
            *events.values_list("recipient", flat=True),
        }
        # As SQLite has JSON.
        spellings |= {json.dumps(each)[1:-1] for each in spellings}
        concerned = set(mine.values_list("sent_message", flat=True))
        deleted_events = _deleted(events, Event)
        mine.delete()
        rows = SentMessage.objects.using(using).filter(pk__in=concerned)
        deleted = _deleted(rows.filter(recipients=None), SentMessage)
        # Their headers name everybody.
        blanked = rows.exclude(body="").update(body="")
        blanked += sum(
            _blank(model, name, empty, spellings, using)
            for model, fields in _TEXTS
            for name, empty in fields
        )
    return Erased(messages=deleted, events=deleted_events, blanked=blanked)


def _deleted(rows: models.QuerySet[Any], model: type[models.Model]) -> int:
    return int(rows.delete()[1].get(model._meta.label, 0))


def _blank(
    model: type[models.Model], name: str, empty: object, spellings: Iterable[str], using: str
) -> int:
    """Empty a field wherever the address stands in it, and not only within a longer one."""
    named = re.compile(
        "|".join(rf"(?<![\w.+-]){re.escape(each)}(?!\.?[\w-])" for each in spellings),
        re.IGNORECASE,
    )
    rows = model._base_manager.using(using)
    wanted = models.Q()
    for each in spellings:
        wanted |= models.Q(_as_text__icontains=each)
    candidates = rows.annotate(_as_text=Cast(name, models.TextField()))
    found = [
        pk
        for pk, text in candidates.filter(wanted).values_list("pk", "_as_text").iterator()
        if named.search(text)
    ]
    for begin in range(0, len(found), 500):
        rows.filter(pk__in=found[begin : begin + 500]).update(**{name: empty})
    return len(found)
