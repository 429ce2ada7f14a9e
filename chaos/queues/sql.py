"""The outbox of mailcore-outbox, in SQLite and in PostgreSQL."""

from __future__ import annotations

import sys

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from sqlalchemy import create_engine, select, text

from chaos.queues.queue import Queue
from chaos.servers import postgresql_server
from mailcore import Message
from mailcore.outbox import OutboxState
from mailcore_outbox import Outbox


_WORKER = "chaos worker"


class SqlQueue(Queue):
    """
    An outbox in a database.

    Args:
        url: The URL of the database.
        worker_url: The same for workers.
        mailer_url: What workers make their mailer of.
    """

    def __init__(self, url: str, worker_url: str, mailer_url: str) -> None:
        self._engine = create_engine(url)
        self._outbox = Outbox(self._engine)
        self._outbox.create()
        self._environment = {"CHAOS_DATABASE_URL": worker_url, "CHAOS_MAILER_URL": mailer_url}

    @property
    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "chaos.queues.sql_worker"]

    @property
    def environment(self) -> Mapping[str, str]:
        return self._environment

    def put(self, messages: Sequence[Message]) -> None:
        with self._engine.begin() as connection:
            for message in messages:
                self._outbox.add(connection, message, key=message.subject)

    def unfinished(self) -> int:
        counts = self._outbox.store.counts(now=datetime.now(timezone.utc)).by_state
        return counts[OutboxState.PENDING] + counts[OutboxState.SENDING]

    def outcomes(self) -> Mapping[str, str]:
        rows = self._outbox.tables.rows
        with self._engine.connect() as connection:
            found = connection.execute(select(rows.c.key, rows.c.state)).all()
        return {str(key): str(state) for key, state in found}

    def cut(self) -> bool:
        if self._engine.dialect.name != "postgresql":
            return False
        cutting = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
        )
        with self._engine.connect() as connection:
            connection.execute(cutting, {"name": _WORKER})
        return True

    def close(self) -> None:
        """Close the connections of this process."""
        self._engine.dispose()


@contextmanager
def open_sqlite(folder: Path, mailer_url: str) -> Iterator[Queue]:
    """An outbox in an SQLite file."""
    url = f"sqlite:///{folder}/outbox.db"
    queue = SqlQueue(url, url, mailer_url)
    try:
        yield queue
    finally:
        queue.close()


@contextmanager
def open_postgresql(folder: Path, mailer_url: str) -> Iterator[Queue]:
    """An outbox in a PostgreSQL of its own."""
    with postgresql_server(folder) as socket:
        url = f"postgresql+psycopg://postgres@/postgres?host={socket}"
        queue = SqlQueue(url, f"{url}&application_name={_WORKER}", mailer_url)
        try:
            yield queue
        finally:
            queue.close()
