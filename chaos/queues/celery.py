"""The tasks of mailcore-celery, on a Redis."""

from __future__ import annotations

import os
import sys

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis

from chaos.queues.celery_app import mail_of
from chaos.queues.queue import Queue
from chaos.servers import redis_server
from mailcore import Message
from mailcore.outbox import OutboxState
from mailcore_celery import BrokerUnavailable


class CeleryQueue(Queue):
    """
    A Celery app on a Redis.

    Args:
        url: The URL of the Redis.
        mailer_url: What workers make their mailer of.
    """

    children = True
    # Its workers start in two or three seconds.
    pause_seconds = (2.0, 8.0)

    def __init__(self, url: str, mailer_url: str) -> None:
        self._url = url
        self._environment = {"CHAOS_REDIS_URL": url, "CHAOS_MAILER_URL": mailer_url}
        self._mail = mail_of(url, mailer_url)
        self._redis = redis.Redis.from_url(url)
        self._messages: dict[str, Message] = {}
        self._tasks: dict[str, str] = {}
        self._outcomes: dict[str, str] = {}

    @property
    def command(self) -> Sequence[str]:
        return [
            *(sys.executable, "-m", "celery", "-A", "chaos.queues.celery_app", "worker"),
            *("-c", "1", "-l", "warning", "--without-gossip", "--without-mingle"),
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        return self._environment

    def put(self, messages: Sequence[Message]) -> None:
        for message in messages:
            name = str(message.subject)
            self._messages[name] = message.replace(idempotency_key=name)
            self._queue(name)

    def _queue(self, name: str) -> None:
        while True:
            try:
                self._tasks[name] = self._mail.send_later(self._messages[name]).id
            except BrokerUnavailable:
                # Its connections were cut. Whether it was queued or not: the key is the same.
                continue
            return

    def unfinished(self) -> int:
        for name, task_id in self._tasks.items():
            if name in self._outcomes:
                continue
            try:
                outcome = self._mail.outcome(task_id)
            except redis.RedisError:
                continue
            if outcome is not None:
                self._outcomes[name] = str(outcome.state)
        return len(self._tasks) - len(self._outcomes)

    def outcomes(self) -> Mapping[str, str]:
        return {name: self._outcomes.get(name, OutboxState.PENDING) for name in self._tasks}

    def cut(self) -> bool:
        for kind in ("normal", "pubsub"):
            self._redis.client_kill_filter(_type=kind, skipme=True)
        return True

    def remind(self) -> int:
        # A worker that takes a task from a Redis notes in a second step that it has it. Of one that
        # was killed in between nobody knows any more (kombu/transport/redis.py).
        forgotten = [name for name in self._tasks if name not in self._outcomes]
        for name in forgotten:
            self._queue(name)
        return len(forgotten)

    def close(self) -> None:
        """Close the connections of this process."""
        self._mail.app.close()
        self._redis.close()


@contextmanager
def open_celery(folder: Path, mailer_url: str) -> Iterator[Queue]:
    """A Celery app on a Redis of its own."""
    with redis_server(folder) as url:
        os.environ.update(CHAOS_REDIS_URL=url, CHAOS_MAILER_URL=mailer_url)
        queue = CeleryQueue(url, mailer_url)
        try:
            yield queue
        finally:
            queue.close()
