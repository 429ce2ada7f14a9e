"""How Alembic runs the scripts of the outbox by themselves."""

from __future__ import annotations

from alembic import context

from mailcore_outbox.migrations import version_table
from mailcore_outbox.tables import PREFIX


given = context.config.attributes
schema = given.get("schema")
prefix = given.get("prefix", PREFIX)
context.configure(
    connection=given["connection"],
    version_table=version_table(prefix),
    version_table_schema=schema,
    mailcore_outbox={"schema": schema, "prefix": prefix},
)
with context.begin_transaction():
    context.run_migrations()
