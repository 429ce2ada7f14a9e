"""The outbox in a database: what it takes, what it gives, and that its stores are the core's."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from typing_extensions import assert_type

from mailcore import Mailer, Message
from mailcore.middleware import Idempotency, Suppression
from mailcore.outbox import OutboxEvents, OutboxRow, OutboxStore, OutboxWorker
from mailcore.stores import IdempotencyStore, SuppressionStore
from mailcore.webhook import SeenStore
from mailcore_outbox import Outbox


def added(outbox: Outbox, connection: Connection, session: Session, message: Message) -> None:
    assert_type(outbox.add(connection, message), OutboxRow)
    assert_type(outbox.add(session, message, key="order-17", priority=1), OutboxRow)


async def added_in_a_loop(outbox: Outbox, session: AsyncSession, message: Message) -> None:
    assert_type(await outbox.aadd(session, message), OutboxRow)
    outbox.add(session, message)  # E: arg-type, reportArgumentType


def stores(outbox: Outbox, mailer: Mailer) -> None:
    store: OutboxStore = outbox.store
    suppressions: SuppressionStore = outbox.suppressions
    keys: IdempotencyStore = outbox.idempotency
    seen: SeenStore = outbox.seen
    OutboxWorker(store, mailer)
    OutboxEvents(store)
    Suppression(suppressions)
    Idempotency(keys)
    seen.mark("a")
