"""
The timeline of a mail, and the states of its recipients that come of it.
"""

from __future__ import annotations

import sqlite3

from collections.abc import Sequence

from mailcore_local.mailbox import tables
from mailcore_local.mailbox.mail import MailEvent, NotKept
from mailcore_local.mailbox.states import state_after


# Webhooks and timelines of one mail, so that no loop of a caller fills the memory.
MAX_EVENTS_OF_A_MAIL = 1_000


def record_events(database: sqlite3.Connection, number: int, events: Sequence[MailEvent]) -> None:
    """
    Add events to the timeline of a mail, and change the states of their recipients.

    Args:
        database: The database, in a transaction.
        number: The number of the mail.
        events: What happened, in order.

    Raises:
        NotKept: The timeline is full.
    """
    (there,) = database.execute("SELECT count(*) FROM events WHERE mail = ?", (number,)).fetchone()
    (recipients,) = database.execute(
        "SELECT count(*) FROM recipients WHERE mail = ?", (number,)
    ).fetchone()
    most = max(MAX_EVENTS_OF_A_MAIL, 10 * recipients)
    if there + len(events) > most:
        raise NotKept(f"the timeline of a mail ends after {most} events")
    for event in events:
        tables.insert_event(database, number, event)
    _update_states(database, number, events)


def _update_states(database: sqlite3.Connection, number: int, events: Sequence[MailEvent]) -> None:
    rows = database.execute(
        "SELECT position, address, state FROM recipients WHERE mail = ? ORDER BY position",
        (number,),
    ).fetchall()
    states = [state for _, _, state in rows]
    by_address = {address.casefold(): index for index, (_, address, _) in enumerate(rows)}
    for event in events:
        index = by_address.get(event.recipient.casefold())
        if index is not None:
            states[index] = state_after(states[index], event.kind)
    changed = [
        (state, number, position)
        for (position, _, before), state in zip(rows, states, strict=True)
        if state != before
    ]
    if changed:
        database.executemany(
            "UPDATE recipients SET state = ? WHERE mail = ? AND position = ?", changed
        )
        database.execute(
            "UPDATE mails SET states = ? WHERE number = ?", (tables.as_json(states), number)
        )
