"""
Mail that is committed with your own rows and sent afterwards: an outbox on SQLAlchemy.

``Outbox(engine).add(session, message)`` keeps a message in your transaction; ``mailcore outbox
work`` sends what is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-outbox needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_outbox.idempotency import SqlIdempotencyStore
    from mailcore_outbox.outbox import Outbox
    from mailcore_outbox.seen import SqlSeenStore
    from mailcore_outbox.store import SqlOutboxStore
    from mailcore_outbox.suppressions import SqlSuppressionStore
    from mailcore_outbox.tables import Tables, tables_in
else:
    from mailcore.foundation import lazily

    # Lazily: the command line imports this package, for any command.
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Outbox": "outbox",
            "SqlIdempotencyStore": "idempotency",
            "SqlOutboxStore": "store",
            "SqlSeenStore": "seen",
            "SqlSuppressionStore": "suppressions",
            "Tables": "tables",
            "tables_in": "tables",
        },
    )


__all__ = [
    "Outbox",
    "SqlIdempotencyStore",
    "SqlOutboxStore",
    "SqlSeenStore",
    "SqlSuppressionStore",
    "Tables",
    "tables_in",
]
