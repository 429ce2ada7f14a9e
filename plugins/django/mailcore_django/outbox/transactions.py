"""The database that the outbox is in: its transactions, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from django.db import Error, OperationalError, ProgrammingError, connections, router, transaction

from mailcore.errors import ConfigurationError, StoreError
from mailcore_django.columns import usable
from mailcore_django.outbox.models import OutboxMessage


__all__ = ["Tables", "told"]

T = TypeVar("T")

_TRIES = 5
# Of two transactions that wait for each other the database ends one, which is then done again:
# PostgreSQL's appendix A, 40001 and 40P01; MySQL's errors 1205 and 1213 (both read 2026-11-30).
_STATES = frozenset({"40001", "40P01"})
_NUMBERS = frozenset({1205, 1213})


class Tables:
    """
    The tables of the outbox in one database.

    Args:
        using: Alias of the database; None for the one that the project's routers name.
    """

    def __init__(self, using: str | None = None) -> None:
        self._given = using

    @property
    def using(self) -> str:
        """The alias of the database."""
        return self._given or router.db_for_write(OutboxMessage)

    def read(self, work: Callable[[str], T]) -> T:
        """
        Ask something.

        Args:
            work: A function that takes the alias of the database.

        Raises:
            StoreError: If the database cannot be used.
            ConfigurationError: If it does not have the tables.
        """
        return self._tried(work, durable=False, writes=False)

    def write(self, work: Callable[[str], T], *, durable: bool = False) -> T:
        """
        Change something in one transaction.

        Args:
            work: A function that takes the alias of the database. It may be called again, after
                what it did was undone.
            durable: Whether it has to be committed when this returns: within another transaction
                this raises then.

        Raises:
            StoreError: If the database cannot be used. Nothing is changed then; but of an error
                while the transaction was being committed, nobody knows.
            ConfigurationError: If it does not have the tables.
        """
        return self._tried(work, durable=durable, writes=True)

    def _tried(self, work: Callable[[str], T], *, durable: bool, writes: bool) -> T:
        using = self.using
        connection = connections[using]
        for left in reversed(range(_TRIES)):
            try:
                usable(using)
                if writes or connection.in_atomic_block:
                    return self._once(using, work, durable=durable, writes=writes)
                return work(using)
            except Error as error:
                # Within a transaction that goes on, the caller has to begin anew.
                if not left or connection.in_atomic_block or not _may_repeat(error):
                    raise told(error) from error
        raise AssertionError  # the last try returned or raised

    def _once(self, using: str, work: Callable[[str], T], *, durable: bool, writes: bool) -> T:
        with ExitStack() as stack:
            try:
                stack.enter_context(transaction.atomic(using=using, durable=durable))
            except RuntimeError as error:
                raise StoreError(
                    "a worker of the outbox cannot work within a transaction: what it notes would "
                    "be undone with it, though the mail has gone"
                ) from error
            if writes and connections[using].vendor == "sqlite":
                # A statement that writes first: a transaction that has read before is refused to
                # write if another one wrote meanwhile
                # (https://www.sqlite.org/rescode.html#busy_snapshot, read 2026-11-30).
                OutboxMessage._base_manager.using(using).filter(pk="").update(state="")
            return work(using)


def told(error: Error) -> StoreError | ConfigurationError:
    """What to raise for an error of the database, whose own text may hold a message."""
    if _is_without_tables(error):
        return ConfigurationError(
            "the database has no tables of the outbox, or older ones: run `manage.py migrate` for "
            "it, with 'mailcore_django.outbox' among INSTALLED_APPS"
        )
    name = type(error).__name__
    return StoreError(
        f"the outbox cannot be used: {name}: what the database said is the cause of this error"
    )


def _is_without_tables(error: Error) -> bool:
    # PostgreSQL: 42P01 and 42703; SQLite says it in words.
    if isinstance(error, ProgrammingError):
        return True
    words = ("no such table", "no such column", "has no column")
    return isinstance(error, OperationalError) and any(each in str(error) for each in words)


def _may_repeat(error: Error) -> bool:
    cause: object = error.__cause__
    if getattr(cause, "sqlstate", None) in _STATES:
        return True
    arguments: tuple[object, ...] = getattr(cause, "args", ())
    return bool(arguments) and arguments[0] in _NUMBERS
