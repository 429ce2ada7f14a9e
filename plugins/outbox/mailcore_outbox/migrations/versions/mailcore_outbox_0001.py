"""
The tables of the outbox, version 1.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from alembic import op

from mailcore_outbox.columns import Digest, KeptName, KeptText, UtcTime


revision = "mailcore_outbox_0001"
down_revision = None
branch_labels = ("mailcore_outbox",)
depends_on = None

_TABLES = (
    "schema",
    "outbox",
    "outbox_documents",
    "outbox_recipients",
    "outbox_message_ids",
    "outbox_attempts",
    "outbox_receipts",
    "suppressions",
    "idempotency_keys",
    "seen_events",
)


def upgrade() -> None:
    """Make all tables."""
    schema, prefix = _place()
    versions = op.create_table(
        f"{prefix}schema",
        sa.Column("part", KeptName(20), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        schema=schema,
    )
    _make_outbox(schema, prefix)
    _make_policies(schema, prefix)
    op.bulk_insert(versions, [{"part": "outbox", "version": 1}])


def downgrade() -> None:
    """Drop all tables, with all that is in them."""
    schema, prefix = _place()
    for name in reversed(_TABLES):
        op.drop_table(f"{prefix}{name}", schema=schema)


def _place() -> tuple[str | None, str]:
    given: dict[str, Any] = op.get_context().opts.get("mailcore_outbox") or {}
    return given.get("schema"), given.get("prefix", "mailcore_")


def _make_outbox(schema: str | None, prefix: str) -> None:
    op.create_table(
        f"{prefix}outbox",
        sa.Column("id", KeptName(32), primary_key=True),
        sa.Column("key", KeptName(200), unique=True),
        sa.Column("fingerprint", KeptName(64), nullable=False),
        sa.Column("state", KeptName(20), nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("not_before", UtcTime),
        sa.Column("due_at", UtcTime, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("earlier_attempts", sa.Integer, nullable=False),
        sa.Column("tries_until", UtcTime),
        sa.Column("claimed_by", KeptName(200), nullable=False),
        sa.Column("claimed_until", UtcTime),
        sa.Column("began_at", UtcTime),
        sa.Column("unsure_since", UtcTime),
        sa.Column("document_version", sa.Integer, nullable=False),
        sa.Column("recipients", KeptText, nullable=False),
        sa.Column("remaining", KeptText),
        sa.Column("statuses", KeptText, nullable=False),
        sa.Column("subject", KeptText, nullable=False),
        sa.Column("tags", KeptText, nullable=False),
        sa.Column("provider", KeptName(200), nullable=False),
        sa.Column("message_ids", KeptText, nullable=False),
        sa.Column("error_category", KeptText, nullable=False),
        sa.Column("error_code", KeptText, nullable=False),
        sa.Column("error_text", KeptText, nullable=False),
        schema=schema,
    )
    for name, state, columns in (
        ("due", "pending", ["state", "priority", "due_at", "id"]),
        ("claimed", "sending", ["state", "claimed_until"]),
    ):
        own = sa.text(f"state = '{state}'")
        op.create_index(
            f"{prefix}outbox_{name}",
            f"{prefix}outbox",
            columns,
            schema=schema,
            postgresql_where=own,
            sqlite_where=own,
        )
    _index(schema, prefix, "outbox_changed", "outbox", "state", "changed_at")
    op.create_table(
        f"{prefix}outbox_documents",
        sa.Column("row_id", KeptName(32), primary_key=True),
        sa.Column("document", KeptText, nullable=False),
        schema=schema,
    )
    op.create_table(
        f"{prefix}outbox_recipients",
        sa.Column("row_id", KeptName(32), primary_key=True),
        sa.Column("digest", Digest, primary_key=True),
        schema=schema,
    )
    _index(schema, prefix, "outbox_by_recipient", "outbox_recipients", "digest", "row_id")
    op.create_table(
        f"{prefix}outbox_message_ids",
        sa.Column("row_id", KeptName(32), primary_key=True),
        sa.Column("digest", Digest, primary_key=True),
        sa.Column("provider", KeptName(200), primary_key=True),
        schema=schema,
    )
    _index(schema, prefix, "outbox_by_message_id", "outbox_message_ids", "digest", "row_id")
    op.create_table(
        f"{prefix}outbox_attempts",
        sa.Column("row_id", KeptName(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("worker_id", KeptName(200), nullable=False),
        sa.Column("provider", KeptName(200), nullable=False),
        sa.Column("began_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime),
        sa.Column("status", KeptName(20), nullable=False),
        sa.Column("message_ids", KeptText, nullable=False),
        sa.Column("error_category", KeptText, nullable=False),
        sa.Column("error_code", KeptText, nullable=False),
        sa.Column("error_text", KeptText, nullable=False),
        schema=schema,
    )
    _index(schema, prefix, "outbox_by_attempt", "outbox_attempts", "ended_at")
    op.create_table(
        f"{prefix}outbox_receipts",
        sa.Column("row_id", KeptName(32), primary_key=True),
        sa.Column("dedupe_key", KeptName(64), primary_key=True),
        sa.Column("event_type", KeptName(40), nullable=False),
        sa.Column("recipient", KeptText, nullable=False),
        sa.Column("happened_at", UtcTime, nullable=False),
        sa.Column("provider", KeptName(200), nullable=False),
        sa.Column("message_id", KeptText, nullable=False),
        sa.Column("bounce_class", KeptText, nullable=False),
        sa.Column("reject_reason", KeptText, nullable=False),
        sa.Column("detail", KeptText, nullable=False),
        schema=schema,
    )
    _index(schema, prefix, "outbox_by_receipt", "outbox_receipts", "happened_at")


def _make_policies(schema: str | None, prefix: str) -> None:
    op.create_table(
        f"{prefix}suppressions",
        sa.Column("digest", Digest, primary_key=True),
        sa.Column("address", KeptName(320), nullable=False),
        sa.Column("scope", KeptName(100), nullable=False),
        sa.Column("reason", KeptName(20), nullable=False),
        sa.Column("source", KeptName(100), nullable=False),
        sa.Column("detail", KeptText, nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        schema=schema,
    )
    by_address = ("address", "scope", "reason")
    _index(schema, prefix, "suppressions_by_address", "suppressions", *by_address)
    op.create_table(
        f"{prefix}idempotency_keys",
        sa.Column("digest", Digest, primary_key=True),
        sa.Column("record", KeptText, nullable=False),
        sa.Column("expires_at", UtcTime, nullable=False),
        schema=schema,
    )
    _index(schema, prefix, "idempotency_by_end", "idempotency_keys", "expires_at")
    op.create_table(
        f"{prefix}seen_events",
        sa.Column("digest", Digest, primary_key=True),
        sa.Column("marked_at", UtcTime, nullable=False),
        schema=schema,
    )
    _index(schema, prefix, "seen_by_age", "seen_events", "marked_at")


def _index(schema: str | None, prefix: str, name: str, table: str, *columns: str) -> None:
    op.create_index(f"{prefix}{name}", f"{prefix}{table}", list(columns), schema=schema)
