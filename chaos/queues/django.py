"""The outbox of mailcore-django, in PostgreSQL."""

from __future__ import annotations

import os
import sys

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from chaos.queues.queue import LEASE_SECONDS, Queue
from chaos.servers import postgresql_server
from mailcore import Message


_WORKER = "chaos worker"


class DjangoQueue(Queue):
    """
    A Django project whose mail is kept; there can be one in a process.

    Args:
        environment: What its settings are made of.
    """

    # Its workers start in two or three seconds.
    pause_seconds = (2.0, 8.0)

    def __init__(self, environment: Mapping[str, str]) -> None:
        import django

        from django.core.management import call_command

        self._environment = {**environment, "CHAOS_APPLICATION": _WORKER}
        os.environ.update(environment)
        django.setup()
        call_command("migrate", verbosity=0)

    @property
    def command(self) -> Sequence[str]:
        return [
            *(sys.executable, "-m", "django", "mailcore", "work"),
            *("--lease-seconds", str(LEASE_SECONDS), "--poll-seconds", "0.2"),
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        return self._environment

    def put(self, messages: Sequence[Message]) -> None:
        from django.db import transaction

        from mailcore_django.outbox.keeping import keep

        with transaction.atomic():
            for message in messages:
                keep(message, key=message.subject)

    def unfinished(self) -> int:
        from mailcore_django.outbox.models import OutboxMessage

        return int(OutboxMessage.objects.filter(state__in=("pending", "sending")).count())

    def outcomes(self) -> Mapping[str, str]:
        from mailcore_django.outbox.models import OutboxMessage

        return dict(OutboxMessage.objects.values_list("key", "state"))

    def cut(self) -> bool:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = %s",
                [_WORKER],
            )
        # It is called by a thread of its own, whose connection nobody else closes.
        connection.close()
        return True

    def close(self) -> None:
        """Close the connections of this process."""
        from django.db import connections

        connections.close_all()


@contextmanager
def open_django(folder: Path, mailer_url: str) -> Iterator[Queue]:
    """A Django project on a PostgreSQL of its own."""
    with postgresql_server(folder) as socket:
        queue = DjangoQueue(
            {
                "DJANGO_SETTINGS_MODULE": "chaos.queues.django_settings",
                "CHAOS_POSTGRESQL": str(socket),
                "CHAOS_MAILER_URL": mailer_url,
            }
        )
        try:
            yield queue
        finally:
            queue.close()
