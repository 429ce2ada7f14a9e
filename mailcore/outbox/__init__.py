"""
Mail that is kept first and sent by workers: what becomes of each message, and what keeps it.

What is decided stands in :mod:`mailcore.outbox.machine`; databases are in packages of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.outbox.adding import new_row, same_message
    from mailcore.outbox.documents import NewerDocument
    from mailcore.outbox.erasing import erased
    from mailcore.outbox.machine import can_cancel, can_retry, cancelled, retried
    from mailcore.outbox.memory import MemoryOutbox
    from mailcore.outbox.policy import OutboxPolicy
    from mailcore.outbox.rows import (
        ATTEMPT_COLUMNS,
        RECEIPT_COLUMNS,
        ROW_COLUMNS,
        Column,
        OutboxAttempt,
        OutboxRow,
        Receipt,
    )
    from mailcore.outbox.states import OutboxState
    from mailcore.outbox.store import (
        Advanced,
        Decide,
        Happening,
        OutboxCounts,
        OutboxFilter,
        OutboxStore,
        Revision,
    )
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "ATTEMPT_COLUMNS": "outbox.rows",
            "Advanced": "outbox.store",
            "Column": "outbox.rows",
            "Decide": "outbox.store",
            "Happening": "outbox.store",
            "MemoryOutbox": "outbox.memory",
            "NewerDocument": "outbox.documents",
            "OutboxAttempt": "outbox.rows",
            "OutboxCounts": "outbox.store",
            "OutboxFilter": "outbox.store",
            "OutboxPolicy": "outbox.policy",
            "OutboxRow": "outbox.rows",
            "OutboxState": "outbox.states",
            "OutboxStore": "outbox.store",
            "RECEIPT_COLUMNS": "outbox.rows",
            "ROW_COLUMNS": "outbox.rows",
            "Receipt": "outbox.rows",
            "Revision": "outbox.store",
            "can_cancel": "outbox.machine",
            "can_retry": "outbox.machine",
            "cancelled": "outbox.machine",
            "erased": "outbox.erasing",
            "new_row": "outbox.adding",
            "retried": "outbox.machine",
            "same_message": "outbox.adding",
        },
    )

__all__ = [
    "ATTEMPT_COLUMNS",
    "RECEIPT_COLUMNS",
    "ROW_COLUMNS",
    "Advanced",
    "Column",
    "Decide",
    "Happening",
    "MemoryOutbox",
    "NewerDocument",
    "OutboxAttempt",
    "OutboxCounts",
    "OutboxFilter",
    "OutboxPolicy",
    "OutboxRow",
    "OutboxState",
    "OutboxStore",
    "Receipt",
    "Revision",
    "can_cancel",
    "can_retry",
    "cancelled",
    "erased",
    "new_row",
    "retried",
    "same_message",
]
