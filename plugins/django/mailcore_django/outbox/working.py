"""Workers of a project: one for each mailer and each database that mail is kept in."""

from __future__ import annotations

import signal
import threading

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from types import FrameType
from typing import Any

from django.db import connections
from django.db.models import Count

from mailcore import ConfigurationError
from mailcore.outbox import OutboxWorker, Worked
from mailcore_django.aliases import our_mailers
from mailcore_django.configured import get_mailer
from mailcore_django.outbox.asking import PENDING, SENDING
from mailcore_django.outbox.keeping import outbox_databases, outbox_settings
from mailcore_django.outbox.models import OutboxMessage
from mailcore_django.outbox.telling import TellingStore
from mailcore_django.outbox.transactions import Tables


__all__ = ["made_workers", "orphans", "work_off", "work_until_told"]


def made_workers(
    *,
    mailers: Sequence[str] = (),
    databases: Sequence[str] = (),
    concurrency: int = 4,
    poll_seconds: float = 1.0,
    lease_seconds: float = 60.0,
) -> list[OutboxWorker]:
    """
    Make the workers of a process.

    Args:
        mailers: The aliases of the mailers to send with; all that are mailcore's if empty.
        databases: The aliases of the databases to look into; all that mail is kept in if empty.
        concurrency: How many calls each mailer may have under way at once.
        poll_seconds: How long to wait before the database is asked again, if nothing was due.
        lease_seconds: After how many seconds others take over from a worker that has died.

    Raises:
        ConfigurationError: If a mailer cannot be made, or there is none.
    """
    aliases = list(mailers) or list(dict.fromkeys(alias for alias, _, _ in our_mailers()))
    if not aliases:
        raise ConfigurationError("no mailer of the settings is mailcore_django.EmailBackend")
    return [
        OutboxWorker(
            TellingStore(using=using, mailer=alias, provider=mailer.provider),
            mailer,
            policy=outbox_settings().policy,
            concurrency=concurrency,
            poll_seconds=poll_seconds,
            lease_seconds=lease_seconds,
        )
        for using in (list(databases) or outbox_databases())
        for alias, mailer in ((alias, get_mailer(alias)) for alias in aliases)
    ]


def orphans(databases: Iterable[str] = ()) -> dict[str, int]:
    """
    Mail that no worker sends, since the settings do not have its mailer any more.

    Args:
        databases: The aliases of the databases to look into; all that mail is kept in if empty.

    Returns:
        How many messages wait, by the alias that is missing.

    Raises:
        StoreError: If a database cannot be used.
        ConfigurationError: If one does not have the tables.
    """
    known = {alias for alias, _, _ in our_mailers()}

    def work(using: str) -> list[tuple[str, int]]:
        rows = OutboxMessage._base_manager.using(using).filter(state__in=(PENDING, SENDING))
        counted = rows.exclude(mailer__in=known).order_by().values_list("mailer")
        return list(counted.annotate(Count("pk")))

    found: dict[str, int] = {}
    for using in list(databases) or outbox_databases():
        for alias, count in Tables(using).read(work):
            found[alias] = found.get(alias, 0) + count
    return found


def work_off(workers: Iterable[OutboxWorker]) -> Worked:
    """
    Send what is due, until nothing is.

    Returns:
        What all of them did.

    Raises:
        StoreError: If a database cannot be used.
        ConfigurationError: If one does not have the tables.
    """
    return _summed([worker.run_once() for worker in workers])


def work_until_told(workers: Sequence[OutboxWorker], *, on_begin: Callable[[], object]) -> Worked:
    """
    Send what is due, and wait for more, until the process gets SIGTERM or SIGINT.

    It has to be called in the main thread, which Python hands signals to. What is under way is
    waited for; a second signal ends the process hard.

    Args:
        workers: Each works in a thread of its own.
        on_begin: Is called when signals are listened to, and the workers have begun.

    Returns:
        What all of them did.

    Raises:
        ConfigurationError: If a database does not have the tables.
    """
    done: list[Worked] = []
    failed: list[BaseException] = []
    is_over = threading.Event()

    def run(worker: OutboxWorker) -> None:
        try:
            done.append(worker.run(is_over))
        except BaseException as error:  # noqa: BLE001  # raised in the main thread
            failed.append(error)
            stop()
        finally:
            connections.close_all()

    def stop() -> None:
        # The event for those that have not begun to listen, stop() for those that wait.
        is_over.set()
        for each in workers:
            each.stop()

    threads = [threading.Thread(target=run, args=(each,)) for each in workers]
    with _Signals(stop):
        for thread in threads:
            thread.start()
        on_begin()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
    return _summed(done)


class _Signals:
    """Calls a function at the first SIGTERM or SIGINT; the second one does what it did before."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._told)

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _told(self, number: int, frame: FrameType | None) -> None:
        self._restore()
        self._stop()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _summed(all_of_it: Iterable[Worked]) -> Worked:
    done = list(all_of_it)
    names = [each.name for each in fields(Worked)]
    return Worked(**{name: sum(getattr(each, name) for each in done) for name in names})
