"""
The tables of an outbox, in a ``MetaData`` of your own or in one of theirs.

There are no foreign keys: on MySQL an event that is written down would lock the row of its message,
which the claims of workers pass over. The document of a message stands in a table of its own, since
SQLite writes all of a row again whenever its state changes.
"""

from __future__ import annotations

import re

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, MetaData, SmallInteger, Table

from mailcore.errors import ConfigurationError
from mailcore_outbox.columns import Digest, KeptName, KeptText, UtcTime


SCHEMA_VERSION: Final = 1
"""The version of the tables that this release reads and writes."""
PREFIX: Final = "mailcore_"
"""What the names of the tables begin with, unless told."""

# PostgreSQL cuts names after 63 octets, and indexes have the longest.
_LONGEST_PREFIX = 20
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_MARK = "mailcore_outbox"
_LONGEST_ADDRESS = 320
_NAMES = {
    "versions": "schema",
    "rows": "outbox",
    "documents": "outbox_documents",
    "recipients": "outbox_recipients",
    "message_ids": "outbox_message_ids",
    "attempts": "outbox_attempts",
    "receipts": "outbox_receipts",
    "suppressions": "suppressions",
    "idempotency_keys": "idempotency_keys",
    "seen_events": "seen_events",
}


@dataclass(frozen=True, kw_only=True)
class Tables:
    """
    The tables, each by what is in it.

    Args:
        versions: One row, with the version of all of them.
        rows: A row for each message: its state, and all that tells of it.
        documents: The messages themselves, until they are pruned.
        recipients: Whom each message is for, as digests to look for.
        message_ids: The providers' ids of each message, as digests to look for.
        attempts: Each time that a message was given to a mailer.
        receipts: What providers reported.
        suppressions: The suppression list.
        idempotency_keys: Keys of messages that were sent.
        seen_events: Events that were handled.
    """

    versions: Table
    rows: Table
    documents: Table
    recipients: Table
    message_ids: Table
    attempts: Table
    receipts: Table
    suppressions: Table
    idempotency_keys: Table
    seen_events: Table

    def __iter__(self) -> Iterator[Table]:
        return (getattr(self, each.name) for each in fields(self))


def tables_in(metadata: MetaData, *, schema: str | None = None, prefix: str = PREFIX) -> Tables:
    """
    The tables in a ``MetaData``, to which they are added unless they are there already.

    Args:
        metadata: Where they are added.
        schema: The schema of the database that they are in; by default that of the ``MetaData``.
        prefix: What their names begin with: small letters, digits and underscores, up to 20.

    Raises:
        ConfigurationError: If the prefix cannot begin names of tables, or other tables have one of
            these names.
    """
    if not isinstance(metadata, MetaData):
        kind = type(metadata).__name__
        raise ConfigurationError(f"metadata must be a MetaData of SQLAlchemy, not {kind}")
    if len(prefix) > _LONGEST_PREFIX or not _NAME.fullmatch(prefix):
        raise ConfigurationError(
            f"prefix must be small letters, digits and _, up to {_LONGEST_PREFIX}, not {prefix!r}"
        )
    place = schema if schema is not None else metadata.schema
    full = {
        part: f"{prefix}{name}" if place is None else f"{place}.{prefix}{name}"
        for part, name in _NAMES.items()
    }
    there = {part: metadata.tables[name] for part, name in full.items() if name in metadata.tables}
    foreign = [full[part] for part, table in there.items() if _MARK not in table.info]
    if foreign:
        raise ConfigurationError(
            f"the MetaData has a table {foreign[0]!r} that is not the outbox's: give the outbox "
            "another prefix, another schema, or a MetaData of its own"
        )
    if there:
        return Tables(**there)
    return Tables(**{part: _made(part, metadata, schema, prefix) for part in _NAMES})


def _made(part: str, metadata: MetaData, schema: str | None, prefix: str) -> Table:
    parts: Callable[[str], tuple[Column[Any] | Index, ...]] = globals()[f"_{part}"]
    name = f"{prefix}{_NAMES[part]}"
    return Table(name, metadata, *parts(prefix), schema=schema, info={_MARK: part})


def _versions(_prefix: str) -> tuple[Column[Any] | Index, ...]:
    return (
        Column("part", KeptName(20), primary_key=True),
        Column("version", Integer, nullable=False),
    )


def _rows(prefix: str) -> tuple[Column[Any] | Index, ...]:
    """The fields of :class:`mailcore.outbox.OutboxRow`, but for the document."""
    state: Column[str] = Column("state", KeptName(20), nullable=False)
    due_at: Column[Any] = Column("due_at", UtcTime, nullable=False)
    return (
        Column("id", KeptName(32), primary_key=True),
        Column("key", KeptName(200), unique=True),
        Column("fingerprint", KeptName(64), nullable=False),
        state,
        Column("priority", SmallInteger, nullable=False),
        Column("created_at", UtcTime, nullable=False),
        Column("not_before", UtcTime),
        due_at,
        Column("changed_at", UtcTime, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("earlier_attempts", Integer, nullable=False),
        Column("tries_until", UtcTime),
        Column("claimed_by", KeptName(200), nullable=False),
        Column("claimed_until", UtcTime),
        Column("began_at", UtcTime),
        Column("unsure_since", UtcTime),
        Column("document_version", Integer, nullable=False),
        Column("recipients", KeptText, nullable=False),
        Column("remaining", KeptText),
        Column("statuses", KeptText, nullable=False),
        Column("subject", KeptText, nullable=False),
        Column("tags", KeptText, nullable=False),
        Column("provider", KeptName(200), nullable=False),
        Column("message_ids", KeptText, nullable=False),
        Column("error_category", KeptText, nullable=False),
        Column("error_code", KeptText, nullable=False),
        Column("error_text", KeptText, nullable=False),
        # What is over is not in these two on PostgreSQL and SQLite.
        Index(
            f"{prefix}outbox_due",
            state,
            "priority",
            due_at,
            "id",
            postgresql_where=state == "pending",
            sqlite_where=state == "pending",
        ),
        Index(
            f"{prefix}outbox_claimed",
            state,
            "claimed_until",
            postgresql_where=state == "sending",
            sqlite_where=state == "sending",
        ),
        Index(f"{prefix}outbox_changed", state, "changed_at"),
    )


def _documents(_prefix: str) -> tuple[Column[Any] | Index, ...]:
    return (
        Column("row_id", KeptName(32), primary_key=True),
        Column("document", KeptText, nullable=False),
    )


def _recipients(prefix: str) -> tuple[Column[Any] | Index, ...]:
    return (
        Column("row_id", KeptName(32), primary_key=True),
        Column("digest", Digest, primary_key=True),
        Index(f"{prefix}outbox_by_recipient", "digest", "row_id"),
    )


def _message_ids(prefix: str) -> tuple[Column[Any] | Index, ...]:
    return (
        Column("row_id", KeptName(32), primary_key=True),
        Column("digest", Digest, primary_key=True),
        Column("provider", KeptName(200), primary_key=True),
        Index(f"{prefix}outbox_by_message_id", "digest", "row_id"),
    )


def _attempts(prefix: str) -> tuple[Column[Any] | Index, ...]:
    """The fields of :class:`mailcore.outbox.OutboxAttempt`."""
    return (
        Column("row_id", KeptName(32), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("worker_id", KeptName(200), nullable=False),
        Column("provider", KeptName(200), nullable=False),
        Column("began_at", UtcTime, nullable=False),
        Column("ended_at", UtcTime),
        Column("status", KeptName(20), nullable=False),
        Column("message_ids", KeptText, nullable=False),
        Column("error_category", KeptText, nullable=False),
        Column("error_code", KeptText, nullable=False),
        Column("error_text", KeptText, nullable=False),
        Index(f"{prefix}outbox_by_attempt", "ended_at"),
    )


def _receipts(prefix: str) -> tuple[Column[Any] | Index, ...]:
    """The fields of :class:`mailcore.outbox.Receipt`."""
    return (
        Column("row_id", KeptName(32), primary_key=True),
        Column("dedupe_key", KeptName(64), primary_key=True),
        Column("event_type", KeptName(40), nullable=False),
        Column("recipient", KeptText, nullable=False),
        Column("happened_at", UtcTime, nullable=False),
        Column("provider", KeptName(200), nullable=False),
        Column("message_id", KeptText, nullable=False),
        Column("bounce_class", KeptText, nullable=False),
        Column("reject_reason", KeptText, nullable=False),
        Column("detail", KeptText, nullable=False),
        Index(f"{prefix}outbox_by_receipt", "happened_at"),
    )


def _suppressions(prefix: str) -> tuple[Column[Any] | Index, ...]:
    # What is unique is a digest of address, scope and reason: MySQL compares texts without the
    # blanks behind them.
    return (
        Column("digest", Digest, primary_key=True),
        Column("address", KeptName(_LONGEST_ADDRESS), nullable=False),
        Column("scope", KeptName(100), nullable=False),
        Column("reason", KeptName(20), nullable=False),
        Column("source", KeptName(100), nullable=False),
        Column("detail", KeptText, nullable=False),
        Column("updated_at", UtcTime, nullable=False),
        Index(f"{prefix}suppressions_by_address", "address", "scope", "reason"),
    )


def _idempotency_keys(prefix: str) -> tuple[Column[Any] | Index, ...]:
    return (
        Column("digest", Digest, primary_key=True),
        Column("record", KeptText, nullable=False),
        Column("expires_at", UtcTime, nullable=False),
        Index(f"{prefix}idempotency_by_end", "expires_at"),
    )


def _seen_events(prefix: str) -> tuple[Column[Any] | Index, ...]:
    return (
        Column("digest", Digest, primary_key=True),
        Column("marked_at", UtcTime, nullable=False),
        Index(f"{prefix}seen_by_age", "marked_at"),
    )
