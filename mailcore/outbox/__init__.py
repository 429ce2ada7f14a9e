"""
Mail that is kept first and sent by workers: what becomes of each message, and what keeps it.

What is decided stands in :mod:`mailcore.outbox.machine`; databases are in packages of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.outbox.adding import new_row, same_message
    from mailcore.outbox.counting import COUNTED, DIMENSIONS, Dimension, Figure, figures
    from mailcore.outbox.documents import DOCUMENT_VERSION, NewerDocument
    from mailcore.outbox.handling import OutboxEvents
    from mailcore.outbox.machine import (
        Rules,
        begun,
        can_cancel,
        can_retry,
        concluded,
        narrowed,
    )
    from mailcore.outbox.memory import MemoryOutbox
    from mailcore.outbox.operations import Erasure, cancel, erase, retry
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
    from mailcore.outbox.sending import METADATA_KEY, RowSender
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
    from mailcore.outbox.worker import OutboxWorker
    from mailcore.outbox.working import Worked
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "ATTEMPT_COLUMNS": "outbox.rows",
            "Advanced": "outbox.store",
            "COUNTED": "outbox.counting",
            "Column": "outbox.rows",
            "DIMENSIONS": "outbox.counting",
            "DOCUMENT_VERSION": "outbox.documents",
            "Decide": "outbox.store",
            "Dimension": "outbox.counting",
            "Erasure": "outbox.operations",
            "Figure": "outbox.counting",
            "Happening": "outbox.store",
            "METADATA_KEY": "outbox.sending",
            "MemoryOutbox": "outbox.memory",
            "NewerDocument": "outbox.documents",
            "OutboxAttempt": "outbox.rows",
            "OutboxCounts": "outbox.store",
            "OutboxEvents": "outbox.handling",
            "OutboxFilter": "outbox.store",
            "OutboxPolicy": "outbox.policy",
            "OutboxRow": "outbox.rows",
            "OutboxState": "outbox.states",
            "OutboxStore": "outbox.store",
            "OutboxWorker": "outbox.worker",
            "RECEIPT_COLUMNS": "outbox.rows",
            "ROW_COLUMNS": "outbox.rows",
            "Receipt": "outbox.rows",
            "Revision": "outbox.store",
            "RowSender": "outbox.sending",
            "Rules": "outbox.machine",
            "Worked": "outbox.working",
            "begun": "outbox.machine",
            "can_cancel": "outbox.machine",
            "can_retry": "outbox.machine",
            "cancel": "outbox.operations",
            "concluded": "outbox.machine",
            "erase": "outbox.operations",
            "figures": "outbox.counting",
            "narrowed": "outbox.machine",
            "new_row": "outbox.adding",
            "retry": "outbox.operations",
            "same_message": "outbox.adding",
        },
    )

__all__ = [
    "ATTEMPT_COLUMNS",
    "COUNTED",
    "DIMENSIONS",
    "DOCUMENT_VERSION",
    "METADATA_KEY",
    "RECEIPT_COLUMNS",
    "ROW_COLUMNS",
    "Advanced",
    "Column",
    "Decide",
    "Dimension",
    "Erasure",
    "Figure",
    "Happening",
    "MemoryOutbox",
    "NewerDocument",
    "OutboxAttempt",
    "OutboxCounts",
    "OutboxEvents",
    "OutboxFilter",
    "OutboxPolicy",
    "OutboxRow",
    "OutboxState",
    "OutboxStore",
    "OutboxWorker",
    "Receipt",
    "Revision",
    "RowSender",
    "Rules",
    "Worked",
    "begun",
    "can_cancel",
    "can_retry",
    "cancel",
    "concluded",
    "erase",
    "figures",
    "narrowed",
    "new_row",
    "retry",
    "same_message",
]
