"""``manage.py mailcore work``, ``status``, ``show``, ``retry`` and ``cancel``: the outbox."""

from __future__ import annotations

import argparse
import json
import sys

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import connections
from django.utils import timezone

from mailcore.outbox import (
    NewerDocument,
    OutboxFilter,
    OutboxRow,
    OutboxState,
    OutboxStore,
    OutboxWorker,
    cancel,
    retry,
)
from mailcore_django.outbox.keeping import outbox_databases
from mailcore_django.outbox.store import DatabaseOutboxStore
from mailcore_django.outbox.working import made_workers, orphans, work_off, work_until_told


__all__ = ["COMMANDS"]

_AT_ONCE = 500
_MINUTES = timedelta(minutes=1)


class _Writer(Protocol):
    def write(self, msg: str, /) -> object: ...


def parser_of(command: str, what: str) -> argparse.ArgumentParser:
    """
    A parser of the arguments of a command.

    Args:
        command: The name of the command.
        what: What it does, in a sentence.
    """
    return argparse.ArgumentParser(
        prog=f"manage.py mailcore {command}", description=what, allow_abbrev=False
    )


def stores() -> Iterator[DatabaseOutboxStore]:
    """The outbox of each database that mail is kept in."""
    for using in outbox_databases():
        yield DatabaseOutboxStore(using=using)


def work_command(arguments: Sequence[str], out: _Writer) -> int:
    """
    Send what the outbox has, until the process is told to stop.

    Raises:
        ConfigurationError: If a mailer is wrong, or a database does not have the tables.
    """
    parser = parser_of(
        "work", "Send the mail that is kept in the outbox, until SIGTERM or SIGINT comes."
    )
    parser.add_argument("--once", action="store_true", help="end when nothing is due any more")
    parser.add_argument(
        "--mailer", action="append", default=[], metavar="ALIAS", help="only these mailers"
    )
    parser.add_argument(
        "--database",
        action="append",
        choices=list(connections),
        default=[],
        metavar="ALIAS",
        help="only these databases",
    )
    parser.add_argument(
        "--concurrency", type=int, default=4, help="calls of each mailer at once (%(default)s)"
    )
    parser.add_argument(
        "--poll-seconds", type=float, default=1.0, help="how often to look (%(default)s)"
    )
    parser.add_argument(
        "--lease-seconds",
        type=float,
        default=60.0,
        help="when others take over from a worker that has died (%(default)s)",
    )
    given = parser.parse_args(arguments)
    workers = made_workers(
        mailers=given.mailer,
        databases=given.database,
        concurrency=given.concurrency,
        poll_seconds=given.poll_seconds,
        lease_seconds=given.lease_seconds,
    )
    for alias, count in orphans(given.database).items():
        out.write(f"{count} messages wait for {alias!r}, and no mailer has that alias\n")
    if given.once:
        worked = work_off(workers)
    else:
        worked = work_until_told(workers, on_begin=lambda: _begun(workers, out))
    told = ", ".join(f"{count} {name}" for name, count in vars(worked).items() if count)
    out.write(f"{told or 'nothing was due'}\n")
    return 0


def _begun(workers: Sequence[OutboxWorker], out: _Writer) -> None:
    for each in workers:
        out.write(f"{each!r} has begun\n")
    flush = getattr(out, "flush", None)
    if flush is not None:
        flush()


def status_command(arguments: Sequence[str], out: _Writer) -> int:
    """
    Say how full the outbox is.

    Returns:
        0; 1 if something waits that should have been sent a minute ago, or if a worker did not come
        back: there seems to be none.
    """
    parser = parser_of("status", "Say how full the outbox is. Exit code 1: nobody seems to work.")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args(arguments)
    now = timezone.now()
    told, waits = {}, False
    for store in stores():
        counts = store.counts(now=now)
        waiting_seconds = _seconds(now, counts.oldest_due_at)
        told[store.using] = {
            **{state.value: count for state, count in counts.by_state.items()},
            "due": counts.due,
            "oldest_due_seconds": waiting_seconds,
            "expired_claims": counts.expired,
            "kept_by_newer_release": counts.newer,
        }
        waits = waits or counts.expired > 0 or waiting_seconds > _MINUTES.total_seconds()
    if given.json:
        out.write(json.dumps(told, indent=2) + "\n")
        return int(waits)
    for using, numbers in told.items():
        out.write(f"{using}\n")
        for name, count in numbers.items():
            out.write(f"  {name.replace('_', ' '):<20} {count}\n")
    if waits:
        out.write("Mail waits: is `manage.py mailcore work` running?\n")
    return int(waits)


def _seconds(now: datetime, then: datetime | None) -> int:
    return 0 if then is None else max(0, int((now - then).total_seconds()))


def show_command(arguments: Sequence[str], out: _Writer) -> int:
    """
    Show messages with their attempts and receipts.

    Returns:
        0; 1 if there is no such message, or if one was kept by a newer release.
    """
    parser = parser_of("show", "Show messages, with what became of them.")
    parser.add_argument("what", help="an id, a key, or an address")
    parser.add_argument("--body", action="store_true", help="the message itself as well")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--limit", type=int, default=20, help="how many at most (%(default)s)")
    given = parser.parse_args(arguments)
    told = [
        _document(store, row, has_body=given.body)
        for store in stores()
        for row in _found(store, given.what, given.limit)
    ]
    newer = sum(_newer(store, given.what) for store in stores())
    _tell_of_newer(newer)
    if not told and not newer:
        out.write("There is no such message in the outbox.\n")
        return 1
    if given.json:
        out.write(json.dumps(told, indent=2) + "\n")
    else:
        for each in told:
            _write(out, each)
    return int(bool(newer))


def _tell_of_newer(count: int) -> None:
    if count:
        sys.stderr.write(
            f"{count} more, kept by a newer release of mailcore: run this command of that release\n"
        )


def _newer(store: DatabaseOutboxStore, what: str) -> int:
    """How many messages of an id, a key or an address this release cannot read."""
    try:
        store.get(what)
    except NewerDocument:
        return 1
    return store.newer(OutboxFilter(key=what)) or store.newer(OutboxFilter(address=what))


def _found(store: DatabaseOutboxStore, what: str, limit: int) -> list[OutboxRow]:
    try:
        row = store.get(what)
    except NewerDocument:
        return []
    if row is not None:
        return [row]
    by_key = store.find(OutboxFilter(key=what), limit=1)
    return list(by_key or store.find(OutboxFilter(address=what), limit=limit))


def _document(store: DatabaseOutboxStore, row: OutboxRow, *, has_body: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.id,
        "database": store.using,
        "state": row.state.value,
        "subject": row.subject,
        "key": row.key,
        "kept_at": row.created_at.isoformat(),
        "due_at": row.due_at.isoformat() if row.state is OutboxState.PENDING else None,
        "priority": row.priority,
        "provider": row.provider,
        "message_ids": list(row.message_ids),
        "error": " ".join(filter(None, (row.error_category, row.error_code, row.error_text))),
        "recipients": {
            address: str(row.statuses[address].status) if address in row.statuses else None
            for address in row.recipients
        },
        "attempts": [
            {
                "number": each.number,
                "began_at": each.began_at.isoformat(),
                "ended_at": None if each.ended_at is None else each.ended_at.isoformat(),
                "status": each.status.value,
                "error": " ".join(filter(None, (each.error_category, each.error_text))),
            }
            for each in store.attempts(row.id)
        ],
        "receipts": [
            {
                "happened_at": each.happened_at.isoformat(),
                "event": each.event_type.value,
                "recipient": each.recipient,
                "why": " ".join(filter(None, (each.bounce_class, each.reject_reason, each.detail))),
            }
            for each in store.receipts(row.id)
        ],
    }
    if has_body:
        whole = store.get(row.id)
        kept = None if whole is None else whole.document
        shown["message"] = None if kept is None else json.loads(kept)
    return shown


def _write(out: _Writer, shown: dict[str, Any]) -> None:
    out.write(f"{shown['id']} {shown['state']}\n")
    for name, value in shown.items():
        if name in ("id", "state") or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            out.write(f"  {name}\n")
            for key, each in value.items():
                out.write(f"    {key}: {each if each is not None else 'nothing so far'}\n")
        elif isinstance(value, list) and isinstance(value[0], dict):
            out.write(f"  {name}\n")
            for each in value:
                out.write(f"    {' '.join(str(part) for part in each.values() if part)}\n")
        else:
            told = ", ".join(value) if isinstance(value, list) else value
            out.write(f"  {name.replace('_', ' ')}: {told}\n")


def retry_command(arguments: Sequence[str], out: _Writer) -> int:
    """Have messages sent again that are over: to everybody who is not known to have them."""
    parser = parser_of(
        "retry", "Have messages sent again, to everybody who is not known to have them."
    )
    _add_choice(parser, ("failed", "unknown", "cancelled"))
    given = parser.parse_args(arguments)
    return _revised(parser, given, retry, out, "sent again")


def cancel_command(arguments: Sequence[str], out: _Writer) -> int:
    """Call messages off that wait."""
    parser = parser_of("cancel", "Call messages off that wait.")
    _add_choice(parser, ("pending",))
    given = parser.parse_args(arguments)
    return _revised(parser, given, cancel, out, "cancelled")


def _add_choice(parser: argparse.ArgumentParser, states: Sequence[str]) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="the ids of messages")
    parser.add_argument("--state", choices=states, help="all that have this state")
    parser.add_argument("--category", help="of these, those whose last error has this category")
    parser.add_argument("--tag", help="of these, those with this tag")


def _revised(
    parser: argparse.ArgumentParser,
    given: argparse.Namespace,
    revise: Callable[[OutboxStore, str], OutboxRow | None],
    out: _Writer,
    done: str,
) -> int:
    if bool(given.ids) == bool(given.state):
        parser.error("give ids, or --state")
    wanted = None
    if given.state:
        wanted = OutboxFilter(
            states=(OutboxState(given.state),), error_category=given.category, tag=given.tag
        )
    count = left = newer = 0
    missing = set(given.ids)
    for store in stores():
        for row_id in _ids(store, wanted) if wanted else given.ids:
            try:
                if wanted is None and store.get(row_id) is None:
                    continue
                missing.discard(row_id)
                written = revise(store, row_id)
            except NewerDocument:
                missing.discard(row_id)
                newer += 1
                continue
            count += written is not None
            left += written is None
        newer += 0 if wanted is None else store.newer(wanted)
    _tell_of_newer(newer)
    out.write(f"{count} {done}\n")
    if left:
        out.write(f"{left} left as they are: not in their state, or without their bodies\n")
    for row_id in sorted(missing):
        out.write(f"there is no message {row_id}\n")
    return int(bool(left or missing or newer))


def _ids(store: DatabaseOutboxStore, wanted: OutboxFilter) -> Iterator[str]:
    after = ""
    while rows := store.find(wanted, limit=_AT_ONCE, after=after):
        for row in rows:
            yield row.id
        after = rows[-1].id


COMMANDS: dict[str, Callable[[Sequence[str], _Writer], int]] = {
    "work": work_command,
    "status": status_command,
    "show": show_command,
    "retry": retry_command,
    "cancel": cancel_command,
}
"""The commands by name."""
