"""Migrations: they make what `create()` makes, alone or as a branch of an application's own."""

from __future__ import annotations

import pytest

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect, text

from mailcore import ConfigurationError, Message, StoreError
from mailcore_outbox import Outbox, tables_in
from mailcore_outbox.migrations import leave_out, upgrade


SERVERS = pytest.mark.parametrize(
    "database_kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
        pytest.param("mariadb", marks=pytest.mark.slow),
    ],
    indirect=True,
)


def works(outbox, engine):
    """A message goes in and is found."""
    with engine.begin() as connection:
        row = outbox.add(
            connection,
            Message(from_email="shop@example.com", to=["ada@example.net"], text="Hi"),
            key="a",
        )
    return outbox.store.get(row.id) == row


@SERVERS
def test_they_make_what_create_makes(engine):
    """The same tables, columns, types, keys and indexes."""
    metadata = MetaData()
    outbox = Outbox(engine, metadata=metadata)
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, *_: name != "mailcore_alembic_version"},
        )
        assert [] == compare_metadata(context, metadata)
    by_scripts = shape(engine, metadata)
    with engine.begin() as connection:
        metadata.drop_all(connection)
    outbox.create()

    assert by_scripts == shape(engine, metadata)


def shape(engine, metadata):
    """All that the database says of the tables."""
    inspector = inspect(engine)
    return {
        table.name: (
            [
                (each["name"], str(each["type"]), each["nullable"])
                for each in inspector.get_columns(table.name)
            ],
            inspector.get_pk_constraint(table.name)["constrained_columns"],
            sorted(
                (each["name"], each["column_names"], bool(each["unique"]), condition(each))
                for each in inspector.get_indexes(table.name)
            ),
        )
        for table in metadata.sorted_tables
    }


def condition(index):
    """Which rows are in an index, where it has not all of them."""
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", "")))


@SERVERS
def test_they_run_again_and_take_over_what_is_there(engine):
    """Twice is fine, and so are tables that `create()` made."""
    outbox = Outbox(engine)
    outbox.create()
    for _ in range(2):
        upgrade(engine)

    assert works(outbox, engine)
    with engine.connect() as connection:
        query = text("SELECT version_num FROM mailcore_alembic_version")
        assert "mailcore_outbox_0001" == connection.execute(query).scalar_one()


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_another_schema_and_prefix(engine):
    """All of it is there, the version of the scripts too."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA mail"))
    upgrade(engine, schema="mail", prefix="post_")

    assert works(Outbox(engine, schema="mail", prefix="post_"), engine)
    assert [] == inspect(engine).get_table_names()
    assert "post_alembic_version" in inspect(engine).get_table_names(schema="mail")


ENV = """
from alembic import context
from sqlalchemy import create_engine

from mailcore_outbox.migrations import leave_out
from shop_tables import metadata

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, include_object=leave_out()
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
SCRIPT = """
from alembic import op
import sqlalchemy as sa

revision = "shop_0001"
down_revision = None
branch_labels = ("shop",)

def upgrade():
    op.create_table("orders", sa.Column("number", sa.Integer, primary_key=True))

def downgrade():
    op.drop_table("orders")
"""


BOTH = """
path_separator = newline
version_locations =
    %(here)s/own/versions
    mailcore_outbox:migrations/versions
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Migrations of an application, with ours as a branch; and the URL of its database."""
    (tmp_path / "own" / "versions").mkdir(parents=True)
    (tmp_path / "own" / "env.py").write_text(ENV)
    (tmp_path / "own" / "versions" / "shop_0001.py").write_text(SCRIPT)
    (tmp_path / "shop_tables.py").write_text(
        "from sqlalchemy import *\n"
        "metadata = MetaData()\n"
        "Table('orders', metadata, Column('number', Integer, primary_key=True))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "shop_tables", raising=False)
    url = f"sqlite:///{tmp_path / 'shop.db'}"

    def configured(more=""):
        path = tmp_path / "alembic.ini"
        path.write_text(
            f"[alembic]\nscript_location = %(here)s/own\nsqlalchemy.url = {url}\n{more}"
        )
        return Config(path)

    return configured, url


def test_a_branch_of_the_application(shop):
    """`alembic upgrade heads` makes both; `downgrade` of our branch drops ours alone."""
    configured, url = shop
    config = configured(BOTH)
    command.upgrade(config, "heads")
    engine = create_engine(url)

    assert works(Outbox(engine), engine)
    assert "orders" in inspect(engine).get_table_names()
    command.downgrade(config, "mailcore_outbox@base")
    assert ["alembic_version", "orders"] == inspect(engine).get_table_names()
    engine.dispose()


def test_they_stay_out_of_what_is_generated(shop):
    """An application that runs ours apart does not drop the tables by accident."""
    configured, url = shop
    config = configured()
    engine = create_engine(url)
    upgrade(engine)
    command.upgrade(config, "heads")

    command.check(config)
    assert works(Outbox(engine), engine)
    engine.dispose()


def test_what_is_left_out():
    """The tables of one outbox, their columns and indexes; nothing else."""
    include, other = leave_out(), leave_out(prefix="post_", schema="mail")
    tables = tables_in(MetaData())
    orders = Table("orders", MetaData(), Column("number", Integer, primary_key=True))
    (index,) = tables.seen_events.indexes

    for item, kind in (
        (tables.rows, "table"),
        (tables.rows.c.state, "column"),
        (index, "index"),
    ):
        assert not include(item, item.name, kind, True, None)
        assert other(item, item.name, kind, True, None)
    assert include(orders, "orders", "table", False, None)
    assert include(orders.c.number, "number", "column", False, None)


def test_what_cannot_be_done(tmp_path):
    """A database that is not there, a revision that does not exist, a newer database."""
    url = f"sqlite:///{tmp_path / 'mail.db'}"
    with pytest.raises(StoreError, match="OperationalError"):
        upgrade(f"sqlite:///{tmp_path / 'none' / 'mail.db'}")
    with pytest.raises(ConfigurationError, match=r"cannot be run: .*mailcore_outbox_9999"):
        upgrade(url, revision="mailcore_outbox_9999")
    upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        query = "UPDATE mailcore_alembic_version SET version_num = 'mailcore_outbox_0002'"
        connection.execute(text(query))
    with pytest.raises(ConfigurationError, match=r"cannot be run: .*mailcore_outbox_0002"):
        upgrade(engine)
    engine.dispose()
