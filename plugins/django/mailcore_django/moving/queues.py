"""
Mail that waits in the queue of django-mailer or django-post_office: it is moved into the outbox.

Each message is written here and deleted there in one transaction; if the queues are in two
databases, it has a key of its own meanwhile, so that it is not kept twice if the process dies.
What cannot be moved stays where it is, and is told with the reason. Nothing else may send from the
old queue meanwhile.

Sources: django-mailer 2.3.2 and django-post_office 3.12.0, their code
(https://github.com/pinax/django-mailer, https://github.com/ui/django-post_office; read 2026-11-30).
"""

from __future__ import annotations

import argparse

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timezone as zones
from typing import Any, Protocol

from django.apps import apps
from django.core.mail import EmailMessage
from django.db import connections, router, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from mailcore import ConfigurationError, MailcoreError
from mailcore_django.configured import DEFAULT_ALIAS, known_aliases
from mailcore_django.moving.left_in_code import has_django_mailer
from mailcore_django.outbox.keeping import keep, outbox_databases


__all__ = ["Moved", "Waiting", "move", "queues", "take_over_command"]

# The priorities of each package, and what they are here; mail is sent in the same order.
_MAILER_PRIORITIES = {1: 10, 2: 0, 3: -10, 4: 0}
_POST_OFFICE_PRIORITIES = {None: 0, 0: -10, 1: 0, 2: 10, 3: 20}
_POST_OFFICE_QUEUED = (2, 3)


class _Writer(Protocol):
    def write(self, msg: str, /) -> object: ...


class CannotMove(MailcoreError):
    """A message cannot be moved; it stays in the old queue."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """
    A message of an old queue.

    Args:
        message: The message as Django has it.
        priority: Which messages are sent first here.
        not_before: When it is to be sent at the earliest; None if at once.
        mailer: The alias that it was to be sent with; empty for the default one.
    """

    message: EmailMessage
    priority: int
    not_before: datetime | None = None
    mailer: str = ""


@dataclass(kw_only=True)
class Moved:
    """
    What became of a queue.

    Attributes:
        queue: The name of the package.
        count: How many messages were moved.
        left: How many messages stay, by the number of the row and with the reason.
    """

    queue: str
    count: int = 0
    left: list[tuple[int, str]]


class _Queue:
    """One of the packages, whose app is installed."""

    name: str
    model: type[Model]

    def waiting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Rows that are to be sent, in the order in which they were."""
        raise NotImplementedError

    def read(self, row: Any) -> Waiting:
        """
        Read a row.

        Raises:
            CannotMove: If it cannot be read, or says what an outbox does not know.
        """
        raise NotImplementedError


class _DjangoMailer(_Queue):
    name = "django-mailer"

    def __init__(self) -> None:
        self.model = apps.get_model("mailer", "Message")

    def waiting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        found: QuerySet[Any] = rows.order_by("priority", "when_added", "pk")
        return found

    def read(self, row: Any) -> Waiting:
        # A pickle, which django-mailer itself reads before it sends.
        message = row.email
        if not isinstance(message, EmailMessage):
            raise CannotMove("its pickle cannot be read any more")
        return Waiting(message=message, priority=_MAILER_PRIORITIES.get(row.priority, 0))


class _PostOffice(_Queue):
    name = "django-post_office"

    def __init__(self) -> None:
        self.model = apps.get_model("post_office", "Email")

    def waiting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        queued = rows.filter(status__in=_POST_OFFICE_QUEUED)
        found: QuerySet[Any] = queued.order_by("-priority", "pk")
        return found

    def read(self, row: Any) -> Waiting:
        if row.expires_at is not None and row.expires_at <= timezone.now():
            raise CannotMove("it has expired")
        if row.expires_at is not None:
            raise CannotMove("it expires at a time of its own, which no outbox knows")
        try:
            message = row.email_message()
        except Exception as error:
            # Templates and files of the project: anything may go wrong with them.
            name = type(error).__name__
            raise CannotMove(
                f"it cannot be rendered ({name}): repair its template or attachments, or delete it"
            ) from error
        return Waiting(
            message=message,
            priority=_POST_OFFICE_PRIORITIES.get(row.priority, 0),
            not_before=_aware(row.scheduled_time),
            mailer=row.backend_alias,
        )


def _aware(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    made = timezone.make_aware(time) if timezone.is_naive(time) else time
    return made.astimezone(zones.utc)


def queues() -> list[_Queue]:
    """The queues whose apps are installed; another app that is called `mailer` is none."""
    found: list[_Queue] = []
    if has_django_mailer():
        found.append(_DjangoMailer())
    if apps.is_installed("post_office"):
        found.append(_PostOffice())
    return found


def move(queue: _Queue, *, using: str = DEFAULT_ALIAS, is_trial: bool = False) -> Moved:
    """
    Move all that waits in a queue.

    Args:
        queue: One of :func:`queues`.
        using: The alias of the mailer for messages that name none.
        is_trial: Whether to leave everything where it is, and only to say what would be done.

    Returns:
        How many messages were moved, and what stays with the reasons.
    """
    moved = Moved(queue=queue.name, left=[])
    source = router.db_for_write(queue.model)
    databases = outbox_databases()
    target = source if source in databases else databases[0]
    for key in list(_rows(queue, source).values_list("pk", flat=True)):
        try:
            # Committed in this order: a message may be in both, and never in none.
            with transaction.atomic(using=source), transaction.atomic(using=target):
                moved.count += _move_one(queue, source, target, key, using)
                if is_trial:
                    transaction.set_rollback(True, using=target)
                    transaction.set_rollback(True, using=source)
        except MailcoreError as error:
            moved.left.append((key, str(error)))
    return moved


def _rows(queue: _Queue, source: str) -> QuerySet[Any]:
    return queue.waiting(queue.model._base_manager.using(source))


def _move_one(queue: _Queue, source: str, target: str, key: int, using: str) -> bool:
    rows = _rows(queue, source).filter(pk=key)
    if connections[source].features.has_select_for_update:
        rows = rows.select_for_update()
    row = rows.first()
    if row is None:
        # Sent, or moved, by somebody else.
        return False
    found = queue.read(row)
    alias = found.mailer or using
    if alias not in known_aliases():
        raise CannotMove(f"no mailer has its alias {alias!r}")
    keep(
        found.message,
        using=alias,
        key=f"{queue.name}-{key}",
        not_before=found.not_before,
        priority=found.priority,
        database=target,
    )
    row.delete()
    return True


def take_over_command(arguments: Sequence[str], out: _Writer) -> int:
    """
    Move mail that waits in the queue of another package into the outbox.

    Returns:
        0; 1 if something stays in the old queue.

    Raises:
        ConfigurationError: If neither package is there.
    """
    parser = argparse.ArgumentParser(
        prog="manage.py mailcore take-over",
        description="Move mail that waits in the queue of django-mailer or django-post_office "
        "into the outbox. Stop what sends from there before.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--mailer", default=DEFAULT_ALIAS, metavar="ALIAS", help="for mail that names none"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    given = parser.parse_args(arguments)
    found = queues()
    if not found:
        raise ConfigurationError(
            "there is no queue: INSTALLED_APPS has neither 'mailer' of django-mailer nor "
            "'post_office'"
        )
    all_left = 0
    for queue in found:
        moved = move(queue, using=given.mailer, is_trial=given.dry_run)
        done = "would be moved" if given.dry_run else "moved"
        out.write(f"{moved.queue}: {moved.count} {done}, {len(moved.left)} left\n")
        for key, reason in moved.left:
            out.write(f"  {key}: {reason}\n")
        all_left += len(moved.left)
    return int(all_left > 0)
