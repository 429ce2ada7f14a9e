"""
Keys of messages that were sent, in the database that Django's routers name for them.

Each step is a transaction of its own, which has to be committed before a message is sent: within
another transaction no other process would see it, and it would be undone together with that one,
though the mail has gone. Within one it raises, therefore. Send mail in
``transaction.on_commit()``, or give ``using`` a second alias of the same database, which has a
connection of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, router, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailcore.errors import StoreError
from mailcore.stores import digest_of_key
from mailcore_django.columns import as_time, telling, usable
from mailcore_django.idempotency.models import IdempotencyKey


__all__ = ["DatabaseIdempotencyStore"]

_WHAT = "idempotency keys"
_TRIES = 10


class DatabaseIdempotencyStore:
    """
    Keys in the database: a :class:`mailcore.stores.IdempotencyStore`.

    Args:
        using: Alias of the database; by default the one that the project's routers name.
        now: A function that returns the time, with time zone.
    """

    def __init__(
        self, *, using: str | None = None, now: Callable[[], datetime] = timezone.now
    ) -> None:
        self._given = using
        self._time = now

    def claim(self, key: str, record: str, life_seconds: float) -> str | None:
        """
        Keep a text, unless there is one: then that is returned.

        Raises:
            StoreError: If the table cannot be used, or a transaction is open.
        """
        row = IdempotencyKey(
            digest=digest_of_key(key).hex(),
            record=record,
            expires_at=as_time(self._time() + timedelta(seconds=life_seconds)),
        )
        for _ in range(_TRIES):
            with self._step() as using:
                if self._is_new(using, row):
                    return None
                found = self._rows(using, row.digest).values_list("record", flat=True).first()
            if found is not None:
                return str(found)
            # It was released between the two questions.
        raise StoreError(f"the table of {_WHAT} cannot be used: a key comes and goes")

    def _is_new(self, using: str, row: IdempotencyKey) -> bool:
        try:
            with transaction.atomic(using=using):
                # Not looked for before: on SQLite a transaction that has read is refused to write
                # if another one wrote meanwhile.
                row.save(using=using, force_insert=True)
        except IntegrityError:
            # One that has ended is as if it was not there. Of two that see so, one changes it.
            ended = self._rows(using, row.digest).filter(expires_at__lte=as_time(self._time()))
            changed: int = ended.update(record=row.record, expires_at=row.expires_at)
            return changed == 1
        return True

    def replace(self, key: str, old: str, new: str) -> bool:
        """
        Put a text in place of another, whose life goes on; False if it is not there.

        Raises:
            StoreError: If the table cannot be used, or a transaction is open.
        """
        with self._step() as using:
            changed: int = self._alive(using, key).filter(record=old).update(record=new)
            return changed == 1

    def release(self, key: str, old: str) -> bool:
        """
        Forget a text; False if it is not there.

        Raises:
            StoreError: If the table cannot be used, or a transaction is open.
        """
        with self._step() as using:
            return int(self._alive(using, key).filter(record=old).delete()[0]) == 1

    def forget(self, key: str) -> bool:
        """
        Forget whatever is there; False if nothing is.

        Raises:
            StoreError: If the table cannot be used, or a transaction is open.
        """
        with self._step() as using:
            return int(self._alive(using, key).delete()[0]) == 1

    def prune(self) -> int:
        """
        Delete keys that have ended.

        Returns:
            How many were deleted.

        Raises:
            StoreError: If the table cannot be used.
        """
        using = self._using()
        with telling(_WHAT):
            rows = IdempotencyKey._default_manager.using(using)
            return int(rows.filter(expires_at__lte=as_time(self._time())).delete()[0])

    @contextmanager
    def _step(self) -> Iterator[str]:
        using = self._using()
        with telling(_WHAT):
            usable(using)
            with self._transaction(using):
                yield using

    def _using(self) -> str:
        return self._given or router.db_for_write(IdempotencyKey)

    @contextmanager
    def _transaction(self, using: str) -> Iterator[None]:
        atomic = transaction.atomic(using=using, durable=True)
        try:
            atomic.__enter__()
        except RuntimeError as error:
            raise StoreError(
                "an idempotency key cannot be kept within a transaction: it would be undone with "
                "it. Send in transaction.on_commit(), or give using= a second alias of the database"
            ) from error
        try:
            yield
        except BaseException as error:
            atomic.__exit__(type(error), error, error.__traceback__)
            raise
        atomic.__exit__(None, None, None)

    def _rows(self, using: str, digest: str) -> QuerySet[IdempotencyKey]:
        rows: QuerySet[IdempotencyKey] = IdempotencyKey._default_manager.using(using)
        found: QuerySet[IdempotencyKey] = rows.filter(digest=digest)
        return found

    def _alive(self, using: str, key: str) -> QuerySet[IdempotencyKey]:
        rows = self._rows(using, digest_of_key(key).hex())
        found: QuerySet[IdempotencyKey] = rows.filter(expires_at__gt=as_time(self._time()))
        return found
