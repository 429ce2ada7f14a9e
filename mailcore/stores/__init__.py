"""
What policies remember between sends: suppressed addresses, and keys of messages that were sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.stores.idempotency import (
        IdempotencyStore,
        MemoryIdempotencyStore,
        digest_of_key,
    )
    from mailcore.stores.redis_idempotency import RedisIdempotencyStore
    from mailcore.stores.redis_suppressions import RedisSuppressionStore
    from mailcore.stores.scopes import ALL_LISTS, ALL_MAIL, Labelled, Scopes, checked_list
    from mailcore.stores.sqlite_idempotency import SqliteIdempotencyStore
    from mailcore.stores.sqlite_suppressions import SqliteSuppressionStore
    from mailcore.stores.suppressions import (
        REASONS,
        MemorySuppressionStore,
        SuppressionEntry,
        SuppressionStore,
        asked_reasons,
        restored,
    )
    from mailcore.stores.transfer import Transferred, export_suppressions, import_suppressions
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "ALL_LISTS": "stores.scopes",
            "ALL_MAIL": "stores.scopes",
            "IdempotencyStore": "stores.idempotency",
            "Labelled": "stores.scopes",
            "MemoryIdempotencyStore": "stores.idempotency",
            "MemorySuppressionStore": "stores.suppressions",
            "REASONS": "stores.suppressions",
            "RedisIdempotencyStore": "stores.redis_idempotency",
            "RedisSuppressionStore": "stores.redis_suppressions",
            "Scopes": "stores.scopes",
            "SqliteIdempotencyStore": "stores.sqlite_idempotency",
            "SqliteSuppressionStore": "stores.sqlite_suppressions",
            "SuppressionEntry": "stores.suppressions",
            "SuppressionStore": "stores.suppressions",
            "Transferred": "stores.transfer",
            "asked_reasons": "stores.suppressions",
            "checked_list": "stores.scopes",
            "digest_of_key": "stores.idempotency",
            "export_suppressions": "stores.transfer",
            "import_suppressions": "stores.transfer",
            "restored": "stores.suppressions",
        },
    )

__all__ = [
    "ALL_LISTS",
    "ALL_MAIL",
    "REASONS",
    "IdempotencyStore",
    "Labelled",
    "MemoryIdempotencyStore",
    "MemorySuppressionStore",
    "RedisIdempotencyStore",
    "RedisSuppressionStore",
    "Scopes",
    "SqliteIdempotencyStore",
    "SqliteSuppressionStore",
    "SuppressionEntry",
    "SuppressionStore",
    "Transferred",
    "asked_reasons",
    "checked_list",
    "digest_of_key",
    "export_suppressions",
    "import_suppressions",
    "restored",
]
