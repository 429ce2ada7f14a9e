"""A worker of an outbox, as a program of one's own would have it."""

from __future__ import annotations

import os

from chaos.queues.queue import (
    ATTEMPTS,
    FIRST_WAIT_SECONDS,
    LEASE_SECONDS,
    LONGEST_WAIT_SECONDS,
)
from mailcore import Mailer
from mailcore.outbox import OutboxPolicy, OutboxWorker
from mailcore_outbox import Outbox


def main() -> None:
    """Send until SIGTERM comes."""
    outbox = Outbox(os.environ["CHAOS_DATABASE_URL"])
    with Mailer.from_url(os.environ["CHAOS_MAILER_URL"]) as mailer:
        OutboxWorker(
            outbox.store,
            mailer,
            policy=OutboxPolicy(
                attempts=ATTEMPTS,
                first_wait_seconds=FIRST_WAIT_SECONDS,
                longest_wait_seconds=LONGEST_WAIT_SECONDS,
            ),
            lease_seconds=LEASE_SECONDS,
            poll_seconds=0.2,
        ).run_forever()


if __name__ == "__main__":
    main()
