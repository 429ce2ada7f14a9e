"""The Celery app of a run, as its workers import it."""

from __future__ import annotations

import os

from celery import Celery

from chaos.queues.queue import (
    ATTEMPTS,
    FIRST_WAIT_SECONDS,
    LEASE_SECONDS,
    LONGEST_WAIT_SECONDS,
)
from mailcore.outbox import OutboxPolicy
from mailcore.stores import RedisIdempotencyStore
from mailcore_celery import MailcoreCelery


def mail_of(url: str, mailer_url: str) -> MailcoreCelery:
    """
    An app on a Redis, and its mail.

    Args:
        url: The URL of the Redis.
        mailer_url: What workers make their mailer of.
    """
    made = Celery("chaos", broker=url, backend=url)
    made.conf.update(
        broker_connection_retry_on_startup=True,
        # Those of workers that were killed come again soon.
        broker_transport_options={
            "visibility_timeout": LEASE_SECONDS,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        },
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    return MailcoreCelery(
        made,
        mailer=mailer_url,
        store=RedisIdempotencyStore(url),
        policy=OutboxPolicy(
            attempts=ATTEMPTS,
            first_wait_seconds=FIRST_WAIT_SECONDS,
            longest_wait_seconds=LONGEST_WAIT_SECONDS,
        ),
        lease_seconds=LEASE_SECONDS,
    )


if "CHAOS_REDIS_URL" in os.environ:
    app = mail_of(os.environ["CHAOS_REDIS_URL"], os.environ["CHAOS_MAILER_URL"]).app
