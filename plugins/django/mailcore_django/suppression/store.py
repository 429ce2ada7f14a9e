"""The suppression list in the database that Django's routers name for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timezone as zones

from django.db import connections, router, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Collate

from mailcore.address import address_key
from mailcore.stores import SuppressionEntry, asked_reasons, restored
from mailcore_django.columns import as_text, as_time, read_time, telling, usable
from mailcore_django.suppression.models import Suppression, digest_of


__all__ = ["DatabaseSuppressionStore"]

_WHAT = "suppressed addresses"
_AT_ONCE = 500
# In which texts have the order of their characters' numbers; SQLite has it anyway.
_COLLATIONS = {"postgresql": "C", "mysql": "utf8mb4_bin"}
_UPDATED = ("source", "detail", "updated_at")


class DatabaseSuppressionStore:
    """
    Entries in the database: a :class:`mailcore.stores.SuppressionStore`.

    Args:
        using: Alias of the database; by default the one that the project's routers name.
    """

    def __init__(self, *, using: str | None = None) -> None:
        self._given = using

    def find(self, keys: Sequence[str]) -> Sequence[SuppressionEntry]:
        """
        All entries of some addresses.

        Raises:
            StoreError: If the table cannot be read.
        """
        wanted = {as_text(key) for key in keys}
        found: list[SuppressionEntry] = []
        using = self._using()
        with telling(_WHAT):
            usable(using)
            some = sorted(wanted)
            with self._kept_apart(using):
                for begin in range(0, len(some), _AT_ONCE):
                    rows = self._rows(using).filter(address__in=some[begin : begin + _AT_ONCE])
                    found += [_read(row) for row in rows if row.address in wanted]
        return found

    def add(self, entries: Iterable[SuppressionEntry]) -> None:
        """
        Keep entries, all or none; of the same address, scope and reason, the last one given.

        Raises:
            StoreError: If the table cannot be written.
        """
        # PostgreSQL does not change a row twice in one statement.
        rows = list({row.digest: row for row in map(_written, entries)}.values())
        using = self._using()
        with telling(_WHAT):
            usable(using)
            with transaction.atomic(using=using):
                takes_target = connections[using].features.supports_update_conflicts_with_target
                self._rows(using).bulk_create(
                    rows,
                    batch_size=_AT_ONCE,
                    update_conflicts=True,
                    update_fields=_UPDATED,
                    unique_fields=["digest"] if takes_target else None,
                )

    def remove(
        self, email_address: str, *, reasons: Iterable[str] = (), scope: str | None = None
    ) -> int:
        """
        Forget the entries of an address, of any reason and scope unless told; how many.

        Raises:
            StoreError: If the table cannot be written.
        """
        chosen = asked_reasons(reasons)
        key = as_text(address_key(email_address))
        using = self._using()
        with telling(_WHAT):
            usable(using)
            with transaction.atomic(using=using):
                rows = self._rows(using).filter(address=key)
                gone = [
                    row.pk
                    for row in rows
                    if row.address == key
                    and (not chosen or row.reason in chosen)
                    and scope in (None, row.scope)
                ]
                return int(self._rows(using).filter(pk__in=gone).delete()[0])

    def entries(
        self, *, containing: str = "", reasons: Iterable[str] = (), scope: str | None = None
    ) -> Iterator[SuppressionEntry]:
        """
        Entries in the order of their addresses, fetched as they are wanted.

        Raises:
            StoreError: If the table cannot be read.
        """
        chosen, part, using = asked_reasons(reasons), address_key(containing), self._using()
        rows = self._rows(using)
        if chosen:
            rows = rows.filter(reason__in=chosen)
        if scope is not None:
            rows = rows.filter(scope=as_text(scope))
        collation = _COLLATIONS.get(connections[using].vendor)
        names = ("address", "scope", "reason")
        order = [Collate(each, collation) if collation else F(each) for each in names]
        return self._read_in_order(using, rows.order_by(*order), part, scope)

    def _read_in_order(
        self, using: str, rows: QuerySet[Suppression], part: str, scope: str | None
    ) -> Iterator[SuppressionEntry]:
        with telling(_WHAT):
            usable(using)
            for row in rows.iterator(chunk_size=_AT_ONCE):
                if part in row.address and scope in (None, row.scope):
                    yield _read(row)

    def _using(self) -> str:
        return self._given or router.db_for_write(Suppression)

    def _rows(self, using: str) -> QuerySet[Suppression]:
        rows: QuerySet[Suppression] = Suppression._default_manager.using(using)
        return rows

    def _kept_apart(self, using: str) -> AbstractContextManager[object]:
        # A question that fails in a transaction must not end it: the message may go all the same.
        if connections[using].in_atomic_block:
            return transaction.atomic(using=using)
        return nullcontext()


def _written(entry: SuppressionEntry) -> Suppression:
    address, scope, source = map(as_text, (entry.email_address, entry.scope, entry.source))
    return Suppression(
        digest=digest_of(address, scope, entry.reason),
        address=address,
        scope=scope,
        reason=entry.reason,
        source=source,
        detail=as_text(entry.detail),
        updated_at=as_time(entry.since),
    )


def _read(row: Suppression) -> SuppressionEntry:
    return restored(
        (row.address, row.scope, row.reason),
        since=read_time(row.updated_at).astimezone(zones.utc),
        source=row.source,
        detail=row.detail,
    )
