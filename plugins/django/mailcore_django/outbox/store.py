"""
The outbox in the database that Django's routers name for it, for the workers of the core.

What is decided stands in :mod:`mailcore.outbox`; here it is written. Rows are locked by ``SELECT …
FOR UPDATE``, which claims do with ``SKIP LOCKED`` where the database can; SQLite has one writer at
a time, and each transaction here begins with a statement that makes it that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from mailcore.outbox import (
    Advanced,
    Decide,
    OutboxAttempt,
    OutboxRow,
    OutboxState,
    Receipt,
    Revision,
)
from mailcore_django.columns import as_text
from mailcore_django.outbox import models as tables
from mailcore_django.outbox.asking import KNOWN, PENDING, SENDING, OutboxQuestions
from mailcore_django.outbox.columns import (
    as_utc,
    digest_of,
    ids_of,
    read_receipt,
    read_row,
    recipients_of,
    values_of,
)


__all__ = ["DatabaseOutboxStore"]

_AT_ONCE = 500


class DatabaseOutboxStore(OutboxQuestions):
    """
    Rows in the database: a :class:`mailcore.outbox.OutboxStore`.

    Args:
        using: Alias of the database; by default the one that the project's routers name.
        mailer: The alias of the mailer whose rows are claimed; everything else is about all rows.
    """

    def claim(
        self, worker_id: str, *, limit: int, now: datetime, until: datetime
    ) -> Sequence[OutboxRow]:
        """
        Take rows that are due, which no other worker gets from then on.

        Raises:
            StoreError: If the database cannot be used, or a transaction is open.
        """

        def work(using: str) -> list[OutboxRow]:
            keys = self._due(using, limit, as_utc(now))
            if not keys:
                return []
            found: dict[str, tables.OutboxMessage] = {}
            for some in in_pieces(keys):
                self._rows(using).filter(pk__in=some).update(
                    state=SENDING,
                    claimed_by=as_text(worker_id),
                    claimed_until=as_utc(until),
                    began_at=None,
                    changed_at=as_utc(now),
                )
                found |= self._rows(using).in_bulk(some)
            return [read_row(found[key]) for key in keys]

        return self._tables.write(work, durable=True)

    def _due(self, using: str, limit: int, now: datetime) -> list[str]:
        """The ids of rows that are due, locked: one priority after the other, by the index."""
        keys: list[str] = []
        for waiting in self._waiting(using):
            due = self._locked(waiting, skips=True).filter(due_at__lte=now).order_by("due_at", "pk")
            keys += due.values_list("pk", flat=True)[: limit - len(keys)]
            if len(keys) >= limit:
                break
        return keys

    def advance(
        self,
        worker_id: str,
        *,
        conclusions: Sequence[Revision],
        begin: Sequence[str],
        provider: str,
        now: datetime,
        until: datetime,
    ) -> Advanced:
        """
        Write what became of sends, and that others begin, in one transaction.

        Raises:
            StoreError: If the database cannot be used, or a transaction is open.
        """
        wanted = sorted({*begin, *(each.row.id for each in conclusions)})

        def work(using: str) -> Advanced:
            known = {
                key: (attempts, began_at)
                for some in in_pieces(wanted)
                for key, attempts, began_at in self._locked(self._claims(using, worker_id))
                .filter(pk__in=some)
                .order_by("pk")
                .values_list("pk", "attempts", "began_at")
            }
            expected = [
                each
                for each in conclusions
                if each.row.id in known
                and known[each.row.id][0] == each.row.attempts
                and known[each.row.id][1] is not None
            ]
            begun = [key for key in begin if key in known and known[key][1] is None]
            for each in expected:
                self._write(using, each, None)
            for some in in_pieces(begun):
                self._rows(using).filter(pk__in=some).update(
                    began_at=as_utc(now),
                    attempts=F("attempts") + 1,
                    provider=as_text(provider),
                    claimed_until=as_utc(until),
                )
            return Advanced(
                concluded=frozenset(each.row.id for each in expected), begun=frozenset(begun)
            )

        return self._tables.write(work, durable=True)

    def extend(self, worker_id: str, *, until: datetime) -> int:
        """
        Have all claims of a worker end at another time; how many there are.

        Raises:
            StoreError: If the database cannot be used, or a transaction is open.
        """

        def work(using: str) -> int:
            return int(self._claims(using, worker_id).update(claimed_until=as_utc(until)))

        return self._tables.write(work, durable=True)

    def release(self, worker_id: str, *, row_ids: Sequence[str] | None, now: datetime) -> int:
        """
        Give claims back that nothing was sent of; how many.

        Raises:
            StoreError: If the database cannot be used, or a transaction is open.
        """
        changes: dict[str, Any] = {
            "state": PENDING,
            "claimed_by": "",
            "claimed_until": None,
            "changed_at": as_utc(now),
        }

        def work(using: str) -> int:
            claims = self._claims(using, worker_id)
            if row_ids is None:
                return int(claims.filter(began_at=None).update(**changes))
            count = 0
            for some in in_pieces(sorted(row_ids)):
                mine = self._locked(claims).filter(pk__in=some).order_by("pk")
                found = list(mine.values_list("pk", "began_at"))
                begun = [key for key, began_at in found if began_at is not None]
                self._rows(using).filter(pk__in=begun).update(
                    began_at=None, attempts=F("attempts") - 1
                )
                rows = self._rows(using).filter(pk__in=[key for key, _ in found])
                count += int(rows.update(**changes))
            return count

        return self._tables.write(work, durable=True)

    def expired(self, *, now: datetime, limit: int) -> Sequence[str]:
        """
        Ids of rows whose claim has run out, the oldest first.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> list[str]:
            # Those of its own mailer: whether it may be sent again depends on the provider.
            claims = self._rows(using).filter(state=SENDING, mailer=self._mailer, **KNOWN)
            rows = claims.filter(claimed_until__lt=as_utc(now))
            keys = rows.order_by("claimed_until", "pk").values_list("pk", flat=True)
            return list(keys[:limit])

        return self._tables.read(work)

    def revise(self, row_id: str, decide: Decide) -> OutboxRow | None:
        """
        Lock a row, let a function decide, and write what it says.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> OutboxRow | None:
            row = self._one(using, row_id)
            return None if row is None else self._decided(using, row, decide)

        return self._tables.write(work)

    def receive(self, row_id: str, receipt: Receipt, decide: Decide) -> bool:
        """
        Lock a row, write a receipt, and let a function decide.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> bool:
            row = self._one(using, row_id)
            if row is None:
                return False
            told = tables.OutboxReceipt.objects.using(using).filter(row_id=row.id)
            is_new = not told.filter(dedupe_key=receipt.dedupe_key).exists()
            if is_new:
                values = {**values_of(receipt.to_columns()), "row_id": row.id}
                tables.OutboxReceipt.objects.using(using).create(**values)
            self._decided(using, row, decide)
            return is_new

        return self._tables.write(work)

    def _decided(self, using: str, row: OutboxRow, decide: Decide) -> OutboxRow | None:
        told = tables.OutboxReceipt.objects.using(using).filter(row_id=row.id)
        revision = decide(row, [read_receipt(each) for each in told])
        if revision is None:
            return None
        self._write(using, revision, row)
        return revision.row

    def _write(self, using: str, revision: Revision, before: OutboxRow | None) -> None:
        row = revision.row
        values = values_of(row.to_columns())
        if before is None:
            # A conclusion changes nothing that the caller of add() has said.
            values = {name: value for name, value in values.items() if name != "recipients"}
        self._rows(using).filter(pk=row.id).update(
            **values, key_digest=None if row.key is None else digest_of(row.key)
        )
        if before is not None and before.recipients != row.recipients:
            tables.OutboxRecipient.objects.using(using).filter(row_id=row.id).delete()
            tables.OutboxRecipient.objects.using(using).bulk_create(recipients_of(row))
        if before is None or before.message_ids != row.message_ids:
            self._write_ids(using, row.id, row.provider, row.message_ids)
        if revision.attempt is not None:
            self._write_attempt(using, revision.attempt)
        if revision.forgotten:
            told = tables.OutboxReceipt.objects.using(using).filter(row_id=row.id)
            told.filter(recipient=as_text(revision.forgotten)).update(recipient="")

    def _write_attempt(self, using: str, attempt: OutboxAttempt) -> None:
        values = values_of(attempt.to_columns())
        tables.OutboxAttempt.objects.using(using).update_or_create(
            row_id=attempt.row_id, number=attempt.number, defaults=values
        )
        self._write_ids(using, attempt.row_id, attempt.provider, attempt.message_ids)

    def _write_ids(self, using: str, row_id: str, provider: str, ids: Iterable[str]) -> None:
        rows = ids_of(row_id, as_text(provider), ids)
        if rows:
            tables.OutboxMessageId.objects.using(using).bulk_create(rows, ignore_conflicts=True)

    def prune(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """
        Delete rows with their attempts and receipts; how many.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> int:
            old = self._over(using, before, states).order_by("changed_at")
            keys = list(old.values_list("pk", flat=True)[:limit])
            for some in in_pieces(keys):
                self._rows(using).filter(pk__in=some).delete()
            return len(keys)

        return self._tables.write(work)

    def prune_bodies(self, *, before: datetime, states: Sequence[OutboxState], limit: int) -> int:
        """
        Forget the messages themselves, and keep what became of them; how many.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> int:
            old = self._over(using, before, states).exclude(document=None).order_by("changed_at")
            keys = list(old.values_list("pk", flat=True)[:limit])
            for some in in_pieces(keys):
                self._rows(using).filter(pk__in=some).update(document=None)
            return len(keys)

        return self._tables.write(work)

    def _over(
        self, using: str, before: datetime, states: Sequence[OutboxState]
    ) -> QuerySet[tables.OutboxMessage]:
        over = [each.value for each in states if each.is_over]
        rows = self._rows(using).filter(state__in=over, changed_at__lt=as_utc(before))
        return self._locked(rows)


def in_pieces(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Some at a time: older releases of SQLite take 999 parameters."""
    for begin in range(0, len(keys), _AT_ONCE):
        yield keys[begin : begin + _AT_ONCE]
