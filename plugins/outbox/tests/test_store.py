"""The store that workers, events and people work with: the core's suite, on each database."""

from __future__ import annotations

import pytest

from sqlalchemy import create_engine

from mailcore.outbox import Revision
from mailcore.testing import OutboxStoreSuite
from mailcore_outbox import Outbox
from mailcore_outbox.writing import Writer


SERVERS = pytest.mark.parametrize(
    "database_kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
        pytest.param("mariadb", marks=pytest.mark.slow),
    ],
    indirect=True,
)


class SuiteOnDatabase(OutboxStoreSuite):
    """A database with nothing in it for each check."""

    @pytest.fixture(autouse=True)
    def _outbox(self, database_url):
        with Outbox(database_url) as self.outbox:
            self.outbox.create()
            yield

    def make_store(self):
        return self.outbox.store

    def put(self, store, rows):
        writer = Writer(self.outbox.tables)

        def work(connection):
            for row in rows:
                writer.add(row, connection)
            writer.write_beside([Revision(row=row) for row in rows], connection)

        self.outbox._database.write("the outbox", work)


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"], indirect=True)
def test_transactions_read_what_is_committed(database_url, outbox):
    """Whatever an engine of one's own has; the engine is left as it is."""
    strict = create_engine(database_url, isolation_level="SERIALIZABLE")
    with Outbox(database_url) as by_url:
        for each in (by_url, outbox, Outbox(strict)):
            levels = [
                work("the outbox", lambda connection: connection.get_isolation_level())
                for work in (each._database.read, each._database.write)
            ]
            assert ["READ COMMITTED"] * 2 == levels
    with strict.connect() as connection:
        assert "SERIALIZABLE" == connection.get_isolation_level()
    strict.dispose()


@SERVERS
class TestStore(SuiteOnDatabase):
    """In SQLite, PostgreSQL and MariaDB."""

    @pytest.mark.slow
    def test_many_at_once(self):
        """As in the suite; it takes more than a second."""
        super().test_many_at_once()
