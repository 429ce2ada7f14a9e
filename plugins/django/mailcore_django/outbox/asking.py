"""What the outbox answers: the part of the store that changes nothing."""

from __future__ import annotations

import json

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import Error, connections
from django.db.models import Count, Min, Q, QuerySet

from mailcore import EventType
from mailcore.address import address_key
from mailcore.outbox import (
    DOCUMENT_VERSION,
    RECEIPT_COLUMNS,
    Happening,
    OutboxAttempt,
    OutboxCounts,
    OutboxFilter,
    OutboxRow,
    OutboxState,
    Receipt,
)
from mailcore_django.columns import as_text
from mailcore_django.configured import DEFAULT_ALIAS
from mailcore_django.outbox import models as tables
from mailcore_django.outbox.columns import (
    as_utc,
    digest_of,
    read_attempt,
    read_receipt,
    read_row,
    utc_of,
)
from mailcore_django.outbox.transactions import Tables, told


__all__ = ["KNOWN", "PENDING", "SENDING", "OutboxQuestions"]

PENDING, SENDING = OutboxState.PENDING.value, OutboxState.SENDING.value
KNOWN = {"document_version__lte": DOCUMENT_VERSION}
"""Rows of a newer release are left to its workers."""
_LENGTH_OF_ID = 32
_AT_ONCE = 500


class OutboxQuestions:
    """
    Answers about rows; :class:`~mailcore_django.outbox.store.DatabaseOutboxStore` changes them.

    Args:
        using: Alias of the database; by default the one that the project's routers name.
        mailer: The alias of the mailer whose rows a worker wants.
    """

    def __init__(self, *, using: str | None = None, mailer: str = DEFAULT_ALIAS) -> None:
        self._tables = Tables(using)
        self._mailer = mailer

    @property
    def using(self) -> str:
        """The alias of the database."""
        return self._tables.using

    def locate(self, *, row_id: str, provider: str, message_id: str) -> str | None:
        """
        The id of the row that an event is about.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> str | None:
            if len(row_id) == _LENGTH_OF_ID and row_id.isascii() and row_id.isprintable():
                found = self._rows(using).filter(pk=row_id).values_list("pk", flat=True).first()
                if found is not None:
                    return str(found)
            if not message_id:
                return None
            rows = tables.OutboxMessageId.objects.using(using).filter(digest=digest_of(message_id))
            both = rows.values_list("provider", "row_id")
            return max(((own == provider, key) for own, key in both), default=(False, None))[1]

        return self._tables.read(work)

    def get(self, row_id: str) -> OutboxRow | None:
        """
        A row, by its id.

        Raises:
            NewerDocument: If a newer release has kept the row.
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> OutboxRow | None:
            row = self._rows(using).filter(pk=as_text(row_id)).first()
            return None if row is None else read_row(row)

        return self._tables.read(work)

    def find(self, wanted: OutboxFilter, *, limit: int, after: str = "") -> Sequence[OutboxRow]:
        """
        Rows in the order of their ids, without their documents; none of a newer release.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> list[OutboxRow]:
            rows = self._rows(using).filter(_condition(wanted, using), **KNOWN).order_by("pk")
            found: list[OutboxRow] = []
            last = after
            while len(found) < limit:
                page = rows.defer("document").filter(pk__gt=last)[: limit - len(found)]
                read = [read_row(each, has_document=False) for each in page]
                # Databases compare texts in their own ways.
                found += [each for each in read if wanted.tag is None or wanted.tag in each.tags]
                if not read:
                    break
                last = read[-1].id
            return found

        return self._tables.read(work)

    def newer(self, wanted: OutboxFilter) -> int:
        """
        How many rows of a newer release :meth:`find` passes over.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> int:
            rows = self._rows(using).filter(_condition(wanted, using)).exclude(**KNOWN)
            return int(rows.count())

        return self._tables.read(work)

    def attempts(self, row_id: str) -> Sequence[OutboxAttempt]:
        """
        The attempts of a row, in order.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> list[OutboxAttempt]:
            rows = tables.OutboxAttempt.objects.using(using).filter(row_id=as_text(row_id))
            return [read_attempt(each) for each in rows]

        return self._tables.read(work)

    def receipts(self, row_id: str) -> Sequence[Receipt]:
        """
        The receipts of a row, in the order in which things happened.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> list[Receipt]:
            rows = tables.OutboxReceipt.objects.using(using).filter(row_id=as_text(row_id))
            return [read_receipt(each) for each in rows]

        return self._tables.read(work)

    def counts(self, *, now: datetime) -> OutboxCounts:
        """
        How full the outbox is.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> OutboxCounts:
            rows = self._rows(using)
            # Without the order of the model, which would be among what is grouped by.
            states = rows.order_by().values_list("state").annotate(Count("pk"))
            by_state = dict.fromkeys(OutboxState, 0)
            by_state |= {OutboxState(state): count for state, count in states}
            due = rows.filter(state=PENDING, due_at__lte=as_utc(now))
            found = due.aggregate(count=Count("pk"), oldest=Min("due_at"))
            expired = rows.filter(state=SENDING, claimed_until__lt=as_utc(now), **KNOWN).count()
            newer = rows.filter(state__in=(PENDING, SENDING)).exclude(**KNOWN).count()
            return OutboxCounts(
                by_state=by_state,
                due=found["count"],
                oldest_due_at=None if found["oldest"] is None else utc_of(found["oldest"]),
                expired=expired,
                newer=newer,
            )

        return self._tables.read(work)

    def next_due_at(self) -> datetime | None:
        """
        When the next row is due, or the next claim ends; None if there is neither.

        Raises:
            StoreError: If the database cannot be used.
        """

        def work(using: str) -> datetime | None:
            times = [each.aggregate(Min("due_at"))["due_at__min"] for each in self._waiting(using)]
            # Those that its worker gives back, by `expired`: for others it would wake for nothing.
            claims = self._rows(using).filter(state=SENDING, mailer=self._mailer, **KNOWN)
            times.append(claims.aggregate(Min("claimed_until"))["claimed_until__min"])
            return min((utc_of(each) for each in times if each is not None), default=None)

        return self._tables.read(work)

    def happenings(self, *, since: datetime, until: datetime) -> Iterator[Happening]:
        """
        What is counted in figures, fetched as it is wanted.

        Raises:
            StoreError: If the database cannot be used.
        """
        begin, end, using = as_utc(since), as_utc(until), self.using
        try:
            rows = self._rows(using).filter(state=OutboxState.SENT.value)
            rows = rows.filter(changed_at__gte=begin, changed_at__lt=end).defer("document")
            for found in rows.filter(**KNOWN).iterator(chunk_size=_AT_ONCE):
                row = read_row(found, has_document=False)
                for address, status in row.statuses.items():
                    if status.accepted:
                        yield Happening(
                            row_id=row.id,
                            event_type=EventType.SENT,
                            happened_at=row.changed_at,
                            recipient=address_key(address),
                            provider=row.provider,
                            tags=row.tags,
                        )
            told_of = tables.OutboxReceipt.objects.using(using).select_related("row")
            told_of = told_of.filter(happened_at__gte=begin, happened_at__lt=end)
            told_of = told_of.only(*RECEIPT_COLUMNS, "row__tags")
            for each in told_of.iterator(chunk_size=_AT_ONCE):
                receipt = read_receipt(each)
                yield Happening(
                    row_id=receipt.row_id,
                    event_type=receipt.event_type,
                    happened_at=receipt.happened_at,
                    recipient=receipt.recipient,
                    provider=receipt.provider,
                    tags=tuple(json.loads(each.row.tags)),
                )
        except Error as error:
            raise told(error) from error

    def _rows(self, using: str) -> QuerySet[tables.OutboxMessage]:
        rows: QuerySet[tables.OutboxMessage] = tables.OutboxMessage._base_manager.using(using)
        return rows

    def _claims(self, using: str, worker_id: str) -> QuerySet[tables.OutboxMessage]:
        rows = self._rows(using)
        claims: QuerySet[tables.OutboxMessage] = rows.filter(
            state=SENDING, claimed_by=as_text(worker_id)
        )
        return claims

    def _one(self, using: str, row_id: str) -> OutboxRow | None:
        """A row, locked."""
        row = self._locked(self._rows(using).filter(pk=as_text(row_id))).first()
        return None if row is None else read_row(row)

    def _locked(
        self, rows: QuerySet[tables.OutboxMessage], *, skips: bool = False
    ) -> QuerySet[tables.OutboxMessage]:
        """The same, locked until the transaction ends; SQLite has locked everything before."""
        features = connections[rows.db].features
        if not features.has_select_for_update:
            return rows
        locked: QuerySet[tables.OutboxMessage] = rows.select_for_update(
            skip_locked=skips and features.has_select_for_update_skip_locked
        )
        return locked

    def _waiting(self, using: str) -> Iterator[QuerySet[tables.OutboxMessage]]:
        """
        Rows that wait for the mailer, of each priority that there is, the largest first.

        In one question, what is not due and has a larger priority would be read each time to its
        end.
        """
        rows = self._rows(using).filter(state=PENDING, mailer=self._mailer, **KNOWN)
        left = rows
        while True:
            priority = left.order_by("-priority").values_list("priority", flat=True).first()
            if priority is None:
                return
            yield rows.filter(priority=priority)
            left = rows.filter(priority__lt=priority)


def _condition(wanted: OutboxFilter, using: str) -> Q:
    """What the database can find; tags are looked at once more."""
    found = Q()
    if wanted.states:
        found &= Q(state__in=[each.value for each in wanted.states])
    if wanted.key is not None:
        found &= Q(key_digest=digest_of(wanted.key))
    if wanted.address is not None:
        digest = digest_of(address_key(wanted.address.strip()))
        mine = tables.OutboxRecipient.objects.using(using).filter(digest=digest)
        found &= Q(pk__in=mine.values("row_id"))
    if wanted.error_category is not None:
        found &= Q(error_category=as_text(wanted.error_category))
    if wanted.provider is not None:
        found &= Q(provider=as_text(wanted.provider))
    if wanted.tag is not None:
        found &= Q(tags__contains=json.dumps(wanted.tag))
    if wanted.changed_before is not None:
        found &= Q(changed_at__lt=as_utc(wanted.changed_before))
    if wanted.changed_since is not None:
        found &= Q(changed_at__gte=as_utc(wanted.changed_since))
    return found
