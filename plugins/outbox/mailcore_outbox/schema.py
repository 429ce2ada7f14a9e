"""Whether a database has the tables of an outbox, and of which version."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, select

from mailcore.errors import ConfigurationError
from mailcore_outbox.conflicts import insert_unless_there
from mailcore_outbox.tables import SCHEMA_VERSION, Tables


PART = "outbox"

_MAKE = "`mailcore outbox create`, Outbox.create(), or your migrations make them"
_UPGRADE = "`mailcore outbox migrate` or your migrations bring them up to date"


def create_tables(connection: Connection, tables: Tables) -> None:
    """
    Make the tables that are missing, and say of which version they are.

    Raises:
        ConfigurationError: If there are tables of another version.
    """
    inspector = inspect(connection)
    versions = tables.versions
    if inspector.has_table(versions.name, schema=versions.schema):
        found = version_of(connection, tables)
        if found is not None:
            _require_version(found)
    versions.metadata.create_all(connection, tables=list(tables))
    if version_of(connection, tables) is None:
        row = {"part": PART, "version": SCHEMA_VERSION}
        connection.execute(insert_unless_there(connection.dialect.name, versions), row)


def require_tables(connection: Connection, tables: Tables) -> None:
    """
    Check that all tables are there, in the version that this release reads and writes.

    Where no version was written, because migrations of somebody else's made the tables, their
    columns are compared.

    Raises:
        ConfigurationError: If not, and how to make it so.
    """
    inspector = inspect(connection)
    missing = [
        each.fullname for each in tables if not inspector.has_table(each.name, schema=each.schema)
    ]
    if len(missing) == len(list(tables)):
        raise ConfigurationError(f"the database has no outbox ({missing[1]}): {_MAKE}")
    version = None if tables.versions.fullname in missing else version_of(connection, tables)
    if version is not None:
        _require_version(version)
    if missing:
        raise ConfigurationError(
            f"tables of the outbox are missing in the database: {', '.join(missing)}; {_UPGRADE}"
        )
    if version is None:
        _require_columns(connection, tables)


def version_of(connection: Connection, tables: Tables) -> int | None:
    """The version that is written in the database; None if there is none."""
    columns = tables.versions.c
    query = select(columns.version).where(columns.part == PART)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else int(found)


def _require_version(found: int) -> None:
    if found > SCHEMA_VERSION:
        raise ConfigurationError(
            f"the tables of the outbox are of version {found}, and this release of mailcore-outbox "
            f"has version {SCHEMA_VERSION}: upgrade mailcore-outbox here"
        )
    if found < SCHEMA_VERSION:
        raise ConfigurationError(
            f"the tables of the outbox are of version {found}, and this release of mailcore-outbox "
            f"has version {SCHEMA_VERSION}: {_UPGRADE}"
        )


def _require_columns(connection: Connection, tables: Tables) -> None:
    inspector = inspect(connection)
    wrong = []
    for table in tables:
        there = {each["name"] for each in inspector.get_columns(table.name, schema=table.schema)}
        wrong += [
            f"{table.fullname}.{name}" for name in sorted(there ^ {each.name for each in table.c})
        ]
    if wrong:
        raise ConfigurationError(
            "the tables of the outbox are of another version than this release of mailcore-outbox "
            f"has; these columns differ: {', '.join(wrong)}"
        )
