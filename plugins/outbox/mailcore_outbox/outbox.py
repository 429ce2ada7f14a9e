"""An outbox in a database: mail that is kept with your own rows, and sent by workers afterwards."""

from __future__ import annotations

import inspect

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session

from mailcore import Message
from mailcore.errors import ConfigurationError
from mailcore.outbox import (
    ATTEMPT_COLUMNS,
    RECEIPT_COLUMNS,
    ROW_COLUMNS,
    OutboxRow,
    new_row,
    same_message,
)
from mailcore_outbox.database import Database, told
from mailcore_outbox.idempotency import SqlIdempotencyStore
from mailcore_outbox.seen import SqlSeenStore
from mailcore_outbox.store import SqlOutboxStore
from mailcore_outbox.suppressions import SqlSuppressionStore
from mailcore_outbox.tables import PREFIX, Tables, tables_in
from mailcore_outbox.writing import Writer


if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
    from typing_extensions import Self

__all__ = ["Outbox"]


class Outbox:
    """
    An outbox in a database that SQLAlchemy reaches: SQLite, PostgreSQL, MySQL, MariaDB.

    A message is kept by :meth:`add`, on a connection or in a session of yours: it is there when
    your transaction is committed, and was never there if it is undone. Workers send what is there.

    It takes no connection when it is made, so it can be one for the whole program.

    Args:
        engine: An engine of yours, or a URL, for which an engine is made: ``sqlite:///mail.db``,
            ``postgresql+psycopg://…``, ``mysql+pymysql://…``. What workers and events write goes
            through it; :meth:`add` takes your connection.
        schema: The schema of the database that the tables are in; by default the one of the
            `metadata`, or else that of the connection.
        metadata: A ``MetaData`` of yours that the tables are added to; None for one of their own.
        prefix: What the names of the tables begin with: small letters, digits and underscores, up
            to 20 characters.

    Attributes:
        tables: The tables, for queries of your own.
        store: What keeps the rows, for workers, events and whoever looks at them.
        suppressions: A suppression list, for the policy ``Suppression``.
        idempotency: Idempotency keys, for the policy ``Idempotency``.
        seen: Events that were handled, for webhooks.

    Raises:
        ConfigurationError: If an argument is wrong, or a driver is not installed.

    Example:
        >>> from mailcore import Message
        >>> from sqlalchemy import create_engine
        >>> engine = create_engine("sqlite:///shop.db")
        >>> outbox = Outbox(engine)
        >>> outbox.create()
        >>> message = Message(from_email="shop@example.com", to=["ada@example.net"], text="Hi")
        >>> with engine.begin() as connection:
        ...     row = outbox.add(connection, message)
        >>> kept = outbox.store.get(row.id)
        >>> kept and str(kept.state)
        'pending'
        >>> engine.dispose()
    """

    def __init__(
        self,
        engine: Engine | URL | str,
        *,
        schema: str | None = None,
        metadata: MetaData | None = None,
        prefix: str = PREFIX,
    ) -> None:
        own = metadata if metadata is not None else MetaData()
        self.tables: Tables = tables_in(own, schema=schema, prefix=prefix)
        _require_known_fields(self.tables)
        self._database = Database(engine, self.tables)
        self._writer = Writer(self.tables)
        self.store = SqlOutboxStore(self._database, self.tables)
        self.suppressions = SqlSuppressionStore(self._database, self.tables)
        self.idempotency = SqlIdempotencyStore(self._database, self.tables)
        self.seen = SqlSeenStore(self._database, self.tables)

    def add(
        self,
        transaction: Connection | Session | scoped_session[Any],
        message: Message,
        *,
        key: str | None = None,
        not_before: datetime | timedelta | None = None,
        priority: int = 0,
    ) -> OutboxRow:
        """
        Keep a message in a transaction of yours, which commits it or undoes it.

        Nothing is sent, committed or flushed here. Of a connection in autocommit mode, it is
        committed at once.

        Args:
            transaction: A connection or a session of SQLAlchemy, whose database has the tables.
            message: The message as it will be given to the worker's mailer, whose defaults apply
                then.
            key: Your own name for it, up to 200 characters, such as ``order-17-shipped``; the
                ``idempotency_key`` of the message if None. The same message with a key that is
                there already is not kept twice, however many do so at once.
            not_before: When it may be sent at the earliest: a datetime with time zone, or how long
                from now.
            priority: A number from -100 to 100. What is due with a larger number is sent first.

        Returns:
            The row as it is kept; with a key that was there already, the row that has it.

        Raises:
            MessageError: If the message cannot be kept: it has no recipients, or JSON cannot hold
                it.
            IdempotencyKeyReused: If another message has the key.
            ConfigurationError: If another argument is wrong.
            StoreError: If the database cannot be used; its cause is what SQLAlchemy raised. What
                has to be done with your transaction then is as with any statement that fails.
        """
        row = new_row(message, key=key, not_before=not_before, priority=priority)
        connection = _connection_of(transaction)
        try:
            kept = self._writer.add(row, connection)
        except SQLAlchemyError as error:
            raise told("the outbox", error) from error
        return row if kept is None else same_message(kept, row)

    async def aadd(
        self,
        transaction: AsyncConnection | AsyncSession | async_scoped_session[Any],
        message: Message,
        *,
        key: str | None = None,
        not_before: datetime | timedelta | None = None,
        priority: int = 0,
    ) -> OutboxRow:
        """
        Keep a message in a transaction of an event loop; otherwise as :meth:`add`.

        Args:
            transaction: An ``AsyncConnection`` or an ``AsyncSession``.
            message: The message as it will be given to the worker's mailer.
            key: Your own name for it.
            not_before: When it may be sent at the earliest.
            priority: A number from -100 to 100. What is due with a larger number is sent first.

        Raises:
            MailcoreError: As :meth:`add` does.
        """
        target: Any = transaction
        if not inspect.iscoroutinefunction(getattr(target, "run_sync", None)):
            # async_scoped_session has no such method of its own.
            target = target() if callable(target) else None
        if target is None:
            kind = type(transaction).__name__
            raise ConfigurationError(
                f"aadd() takes an AsyncConnection or an AsyncSession, not {kind}"
            )

        def keep(own: Connection | Session) -> OutboxRow:
            return self.add(own, message, key=key, not_before=not_before, priority=priority)

        row: OutboxRow = await target.run_sync(keep)
        return row

    def create(self) -> None:
        """
        Make the tables that are missing; those that are there stay as they are.

        Migrations make them as well: `docs/how-to/outbox.md`.

        Raises:
            ConfigurationError: If there are tables of another version.
            StoreError: If the database cannot be used.
        """
        self._database.create()

    def close(self) -> None:
        """Close the connections of an engine that was made here; one of yours is left alone."""
        self._database.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Outbox({self._database.engine.dialect.name}, {self.tables.rows.fullname!r})"


def _require_known_fields(tables: Tables) -> None:
    # What SQLAlchemy is given beyond the columns of a table, it leaves out without a word.
    known = {
        each.name for table in (tables.rows, tables.attempts, tables.receipts) for each in table.c
    }
    unknown = {*ROW_COLUMNS, *ATTEMPT_COLUMNS, *RECEIPT_COLUMNS} - known - {"document"}
    if unknown:
        raise ConfigurationError(
            "this release of mailcore-outbox has no columns for what mailcore-esp keeps "
            f"({', '.join(sorted(unknown))}): upgrade mailcore-outbox"
        )


def _connection_of(transaction: Connection | Session | scoped_session[Any]) -> Connection:
    if isinstance(transaction, Connection):
        return transaction
    if isinstance(transaction, (Session, scoped_session)):
        return transaction.connection()
    kind = type(transaction).__name__
    hint = " with `await outbox.aadd(…)`" if hasattr(transaction, "run_sync") else ""
    raise ConfigurationError(
        f"add() takes a Connection or a Session of SQLAlchemy, not {kind}{hint}"
    )
