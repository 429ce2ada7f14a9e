"""Inserts of rows that may be there already, as each database has them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite

from mailcore_outbox.columns import MYSQL


def insert_unless_there(dialect: str, table: Table) -> Insert:
    """
    An insert that leaves a row alone whose key is there already.

    Args:
        dialect: The name of the dialect that it is executed in.
        table: The table that gets the row.
    """
    if dialect in MYSQL:
        return mysql.insert(table).prefix_with("IGNORE")
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def insert_or_change(dialect: str, table: Table, columns: Sequence[str]) -> Insert:
    """
    An insert that changes a row whose primary key is there already.

    Args:
        dialect: The name of the dialect that it is executed in.
        table: The table that gets the row.
        columns: Which columns of such a row get the new values.
    """
    if dialect in MYSQL:
        own = mysql.insert(table)
        return own.on_duplicate_key_update({each: own.inserted[each] for each in columns})
    keys = list(table.primary_key.columns)
    if dialect == "postgresql":
        new = postgresql.insert(table)
        return new.on_conflict_do_update(
            index_elements=keys, set_={each: new.excluded[each] for each in columns}
        )
    other = sqlite.insert(table)
    return other.on_conflict_do_update(
        index_elements=keys, set_={each: other.excluded[each] for each in columns}
    )
