"""
Migrations of the tables by Alembic, which the extra brings: ``mailcore-outbox[migrations]``.

Either they are run for themselves, with :func:`upgrade` or ``mailcore outbox migrate``; or the
scripts are a branch of your own migrations: ``version_locations`` of your ``alembic.ini`` names
``mailcore_outbox:migrations/versions`` beside your own, and ``alembic upgrade heads`` runs both.
Where the tables have another schema or prefix, your ``env.py`` says so to the scripts:
``context.configure(…, mailcore_outbox={"schema": "mail", "prefix": "post_"})``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from mailcore.errors import ConfigurationError
from mailcore_outbox.database import engine_of, told
from mailcore_outbox.schema import version_of
from mailcore_outbox.tables import PREFIX, Tables, tables_in


__all__ = ["BRANCH", "leave_out", "upgrade"]

BRANCH: Final = "mailcore_outbox"
"""The label of the branch."""

_LOCATION = "mailcore_outbox:migrations"


def upgrade(
    engine: Engine | URL | str,
    *,
    schema: str | None = None,
    prefix: str = PREFIX,
    revision: str = "head",
) -> None:
    """
    Make the tables, or bring them to the version of this release.

    Which scripts were run stands in a table of their own. Tables that
    :meth:`~mailcore_outbox.Outbox.create` made are taken over as they are.

    Args:
        engine: An engine of yours, or a URL.
        schema: The schema of the database that the tables are in.
        prefix: What their names begin with.
        revision: The revision to go to, such as ``mailcore_outbox_0001``.

    Raises:
        ConfigurationError: If Alembic is not installed, or an argument is wrong.
        StoreError: If the database cannot be used.
    """
    try:
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError
    except ImportError as error:
        raise ConfigurationError(
            "migrations need Alembic: pip install 'mailcore-outbox[migrations]'"
        ) from error
    own = engine if isinstance(engine, Engine) else engine_of(engine)
    tables = tables_in(MetaData(), schema=schema, prefix=prefix)
    config = Config()
    config.set_main_option("script_location", _LOCATION)
    try:
        with own.begin() as connection:
            config.attributes.update(connection=connection, schema=schema, prefix=prefix)
            made_at_once = _version_without_scripts(connection, tables, schema, prefix)
            if made_at_once is not None:
                command.stamp(config, f"{BRANCH}_{made_at_once:04}")
            command.upgrade(config, revision)
    except SQLAlchemyError as error:
        raise told("the outbox", error) from error
    except CommandError as error:
        raise ConfigurationError(f"the migrations of the outbox cannot be run: {error}") from error
    finally:
        if own is not engine:
            own.dispose()


def leave_out(
    *, schema: str | None = None, prefix: str = PREFIX
) -> Callable[[Any, str | None, str, bool, Any], bool]:
    """
    A function that keeps the tables of the outbox out of what Alembic generates for you.

    It is the ``include_object`` of ``context.configure()`` in your ``env.py``: otherwise
    ``alembic revision --autogenerate`` would drop tables that your ``MetaData`` does not have.

    Args:
        schema: The schema of the database that the tables are in.
        prefix: What their names begin with.

    Raises:
        ConfigurationError: If the prefix cannot begin names of tables.
    """
    names = {each.name for each in tables_in(MetaData(), schema=schema, prefix=prefix)}
    names.add(version_table(prefix))

    def include_object(item: Any, _name: object, kind: str, *_others: object) -> bool:
        table = item if kind == "table" else getattr(item, "table", None)
        return table is None or table.name not in names or table.schema != schema

    return include_object


def version_table(prefix: str) -> str:
    """The name of the table that says which scripts were run."""
    return f"{prefix}alembic_version"


def _version_without_scripts(
    connection: Connection, tables: Tables, schema: str | None, prefix: str
) -> int | None:
    """The version of tables that no script made; None if scripts did, or there are none."""
    inspector = inspect(connection)
    if inspector.has_table(version_table(prefix), schema=schema):
        return None
    if not inspector.has_table(tables.versions.name, schema=schema):
        return None
    return version_of(connection, tables)
