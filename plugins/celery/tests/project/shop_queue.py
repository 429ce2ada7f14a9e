"""The Celery app of a shop, as its web processes and its workers import it."""

from __future__ import annotations

import os

from datetime import timedelta

from celery import Celery

from mailcore import Event, RateLimited
from mailcore.outbox import OutboxPolicy
from mailcore.stores import RedisIdempotencyStore
from mailcore_celery import MailcoreCelery


URL = os.environ["SHOP_REDIS_URL"]

app = Celery("shop", broker=URL, backend=URL)
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": float(os.environ.get("SHOP_VISIBILITY_SECONDS", "3600")),
        # How often kombu looks for tasks of workers that did not come back.
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
    worker_prefetch_multiplier=1,
)


def on_event(event: Event) -> None:
    """Write down what came; the first time one is said to come later, be throttled."""
    count = app.backend.client.rpush(f"events {event.event_id}", event.message_id or "")
    if event.description == "later" and count == 1:
        raise RateLimited("not now", provider="shop", retry_after_seconds=0.1)


mail = MailcoreCelery(
    app,
    mailer=os.environ["SHOP_MAILER_URL"],
    store=RedisIdempotencyStore(URL),
    policy=OutboxPolicy(first_wait_seconds=0.2, longest_wait_seconds=1, attempts=20),
    lease_seconds=float(os.environ.get("SHOP_LEASE_SECONDS", "300")),
    on_event=on_event,
)
DAY = timedelta(days=1)
