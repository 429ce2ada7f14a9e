"""What the tables of the outbox keep, and in which form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from datetime import timezone as zones
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import models

from mailcore.address import address_key
from mailcore.outbox import (
    ATTEMPT_COLUMNS,
    RECEIPT_COLUMNS,
    ROW_COLUMNS,
    OutboxAttempt,
    OutboxRow,
    Receipt,
)
from mailcore_django.columns import as_text
from mailcore_django.outbox import models as tables


__all__ = [
    "as_utc",
    "digest_of",
    "ids_of",
    "read_attempt",
    "read_receipt",
    "read_row",
    "recipients_of",
    "utc_of",
    "values_of",
]


def as_utc(time: datetime) -> datetime:
    """
    A time as the tables have it: in UTC, without its zone if ``USE_TZ`` is off.

    Local times would come twice in the hour in which summer ends, and claims depend on their order.
    """
    in_utc = time.astimezone(zones.utc)
    return in_utc if settings.USE_TZ else in_utc.replace(tzinfo=None)


def utc_of(time: datetime) -> datetime:
    """A time as it was before :func:`as_utc`, in UTC."""
    return time.replace(tzinfo=zones.utc) if time.tzinfo is None else time.astimezone(zones.utc)


def values_of(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What the core wrote, as the fields of a model take it."""
    return {name: _written(value) for name, value in columns.items()}


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return as_utc(value)
    return as_text(value) if isinstance(value, str) else value


def _read(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    return {
        name: utc_of(value) if isinstance(value, datetime) else value
        for name, value in found.items()
    }


def read_row(row: tables.OutboxMessage, *, has_document: bool = True) -> OutboxRow:
    """A row of the table as the core has it; without its document if that was not fetched."""
    names = ROW_COLUMNS if has_document else [each for each in ROW_COLUMNS if each != "document"]
    columns = _read(row, names)
    return OutboxRow.from_columns({"document": None, **columns})


def read_attempt(row: tables.OutboxAttempt) -> OutboxAttempt:
    """An attempt as the core has it."""
    return OutboxAttempt.from_columns(_read(row, ATTEMPT_COLUMNS))


def read_receipt(row: tables.OutboxReceipt) -> Receipt:
    """A receipt as the core has it."""
    return Receipt.from_columns(_read(row, RECEIPT_COLUMNS))


def digest_of(text: str) -> str:
    """What a text is found by: BLAKE2b of 16 octets."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def recipients_of(row: OutboxRow) -> list[tables.OutboxRecipient]:
    """What a message is found by: one for each mailbox."""
    digests = dict.fromkeys(digest_of(address_key(each)) for each in row.recipients)
    return [tables.OutboxRecipient(row_id=row.id, digest=each) for each in digests]


def ids_of(row_id: str, provider: str, ids: Iterable[str]) -> list[tables.OutboxMessageId]:
    """What events find a message by: one for each id of a provider."""
    return [
        tables.OutboxMessageId(row_id=row_id, digest=digest_of(each), provider=provider)
        for each in ids
    ]
