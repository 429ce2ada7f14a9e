"""
The mails that were accepted, in SQLite.
"""

from __future__ import annotations

import os
import sqlite3
import threading

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from mailcore_local.mailbox import tables
from mailcore_local.mailbox.mail import CapturedMail, MailEvent, MailSummary, WebhookOutcome
from mailcore_local.mailbox.query import MailQuery
from mailcore_local.mailbox.searching import select
from mailcore_local.mailbox.states import state_after


if TYPE_CHECKING:
    from typing_extensions import Self

IN_MEMORY_MESSAGES = 1_000
IN_MEMORY_BYTES = 500_000_000
ON_DISK_MESSAGES = 1_000_000

# https://wire.phall.io/magic/sqlite, which quotes the database header (read 2026-11-30).
_HEAD = b"SQLite format 3\0"
_KEPT_CHANGES = 10_000
# Webhooks and timelines of one mail, so that no loop of a caller fills the memory.
MAX_EVENTS_OF_A_MAIL = 1_000


ChangeKind = Literal["added", "updated", "deleted", "cleared"]


class NotKept(Exception):
    """
    The store cannot take this; nothing of it was kept.
    """


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One change of the store.

    Attributes:
        version: The number of the change; each has the next one.
        kind: ``added``, ``updated`` (an event, or what a webhook answered), ``deleted``, or
            ``cleared`` if all were deleted.
        mail_id: The id of the mail; empty if all were deleted.
    """

    version: int
    kind: ChangeKind
    mail_id: str = ""


class MailStore:
    """
    Mails in order, bounded: the first one goes when another one does not fit.

    All methods may be called from any thread.

    Args:
        path: The file to keep them in, which is made if it is not there; `None` keeps them in
            memory. One process at a time.
        max_messages: How many mails are kept; by default 1,000 in memory, and a million on disk.
        max_bytes: How many bytes of mails and requests are kept; by default 500 MB in memory, and
            no limit on disk.

    Raises:
        ValueError: A bound is not positive, or the file is none of this version's.
        OSError: The file cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        max_messages: int | None = None,
        max_bytes: int | None = None,
    ) -> None:
        if any(bound is not None and bound < 1 for bound in (max_messages, max_bytes)):
            raise ValueError("max_messages and max_bytes are positive numbers")
        self.path = None if path is None else Path(path)
        in_memory = path is None
        self.max_messages = max_messages or (IN_MEMORY_MESSAGES if in_memory else ON_DISK_MESSAGES)
        self.max_bytes = max_bytes or (IN_MEMORY_BYTES if in_memory else None)
        self._changed = threading.Condition(threading.RLock())
        self._database = _opened(self.path)
        self._full_text = _has_full_text(self._database)
        self._count, self._bytes = self._database.execute(
            "SELECT count(*), coalesce(sum(kept), 0) FROM mails"
        ).fetchone()
        self._version = 0
        self._changes: deque[Change] = deque(maxlen=_KEPT_CHANGES)
        self._noted: list[tuple[ChangeKind, str]] = []
        self._listeners: list[Callable[[Change], None]] = []
        self._closed = False

    def close(self) -> None:
        """
        Close the file. Closing twice is fine; whoever waits is told that nothing comes any more.
        """
        with self._changed:
            if not self._closed:
                self._closed = True
                self._database.close()
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """
        Whether it was closed.
        """
        return self._closed

    def __len__(self) -> int:
        with self._changed:
            return int(self._count)

    @property
    def version(self) -> int:
        """
        The number of the last change; 0 before the first one.
        """
        with self._changed:
            return self._version

    def add(self, mail: CapturedMail) -> None:
        """
        Keep a mail, and forget the first ones as far as it needs their place.

        Raises:
            NotKept: It alone is larger than the store may be.
        """
        size = mail.size_bytes + len(mail.request.body)
        if self.max_bytes is not None and size > self.max_bytes:
            raise NotKept(f"the mail has {size} bytes, and the store keeps {self.max_bytes}")
        with self._transaction():
            gone = self._make_room(size)
            tables.insert_mail(self._database, mail, size)
            self._count += 1
            self._bytes += size
            for each in gone:
                self._note("deleted", each)
            self._note("added", mail.id)

    def get(self, mail_id: str) -> CapturedMail | None:
        """
        The mail with a number and its timeline, or `None`.
        """
        with self._changed:
            number = self._number(mail_id)
            return None if number is None else tables.read_mail(self._database, number)

    def by_message_id(self, message_id: str, *, face: str | None = None) -> CapturedMail | None:
        """
        The last mail that the provider gave this id to, or `None`.

        Args:
            message_id: The id as the caller got it.
            face: The name of the provider; any by default.
        """
        with self._changed:
            row = self._database.execute(
                "SELECT mails.number FROM recipients JOIN mails ON mails.number = recipients.mail"
                " WHERE recipients.message_id = ? AND (? IS NULL OR mails.face = ?)"
                " ORDER BY mails.number DESC LIMIT 1",
                (message_id, face, face),
            ).fetchone()
            return None if row is None else tables.read_mail(self._database, row[0])

    def id_by_message_id(self, message_id: str, *, face: str) -> str | None:
        """
        The id of the last mail that the provider gave this id to, or `None`.
        """
        with self._changed:
            row = self._database.execute(
                "SELECT mails.id FROM recipients JOIN mails ON mails.number = recipients.mail"
                " WHERE recipients.message_id = ? AND mails.face = ?"
                " ORDER BY mails.number DESC LIMIT 1",
                (message_id, face),
            ).fetchone()
            return None if row is None else str(row[0])

    def list(
        self, query: MailQuery | None = None, *, before: str | None = None, limit: int = 50
    ) -> Sequence[MailSummary]:
        """
        The mails that fit, the last one first.

        Args:
            query: What is looked for; everything by default.
            before: The id of a mail: only those that were accepted before it.
            limit: How many mails are given at most.

        Raises:
            KeyError: There is no mail `before`.
        """
        with self._changed:
            number = None
            if before is not None:
                number = self._number(before)
                if number is None:
                    raise KeyError(before)
            rows = self._select(query or MailQuery(), number, limit)
            return [tables.read_summary(row[1:]) for row in rows]

    def mails(
        self, query: MailQuery | None = None, *, limit: int = 1_000
    ) -> Sequence[CapturedMail]:
        """
        The mails that fit, whole, the first one first: for tests.

        Args:
            query: What is looked for; everything by default.
            limit: How many mails are given at most, the last ones.
        """
        with self._changed:
            rows = self._select(query or MailQuery(), None, limit)
            return [tables.read_mail(self._database, number) for number, *_ in reversed(rows)]

    def latest(self, query: MailQuery | None = None) -> CapturedMail | None:
        """
        The last mail that fits, or `None`.
        """
        return next(iter(self.mails(query, limit=1)), None)

    def count(self, query: MailQuery | None = None, *, up_to: int = 10_000) -> int:
        """
        How many fit; counting ends at `up_to`.
        """
        if query is None or query.is_empty:
            return min(len(self), up_to)
        statement, values = select(query, None, full_text=self._full_text)
        with self._changed:
            row = self._database.execute(
                f"SELECT count(*) FROM ({statement} LIMIT ?)",  # noqa: S608 - of constants
                (*values, up_to),
            ).fetchone()
            return int(row[0])

    def record(self, mail_id: str, events: Sequence[MailEvent]) -> bool:
        """
        Add events to the timeline of a mail, and change the states of their recipients.

        Returns:
            Whether the mail is still there.

        Raises:
            NotKept: The timeline is full.
        """
        with self._transaction():
            number = self._number(mail_id)
            if number is None:
                return False
            (there,) = self._database.execute(
                "SELECT count(*) FROM events WHERE mail = ?", (number,)
            ).fetchone()
            (recipients,) = self._database.execute(
                "SELECT count(*) FROM recipients WHERE mail = ?", (number,)
            ).fetchone()
            most = max(MAX_EVENTS_OF_A_MAIL, 10 * recipients)
            if there + len(events) > most:
                raise NotKept(f"the timeline of a mail ends after {most} events")
            for event in events:
                tables.insert_event(self._database, number, event)
            self._update_states(number, events)
            self._note("updated", mail_id)
            return True

    def record_post(
        self, mail_id: str, post_id: str, event_ids: Sequence[str], outcome: WebhookOutcome
    ) -> bool:
        """
        Keep what came of a request to a webhook; again, when more came of it.

        Args:
            mail_id: The id of the mail.
            post_id: The id of the request.
            event_ids: The ids of the events that it told of.
            outcome: What is known of it now.

        Returns:
            Whether the mail is still there.
        """
        with self._transaction():
            number = self._number(mail_id)
            if number is None:
                return False
            tables.put_post(self._database, number, post_id, event_ids, outcome)
            self._note("updated", mail_id)
            return True

    def delete(self, mail_id: str) -> bool:
        """
        Forget one mail.

        Returns:
            Whether it was there.
        """
        with self._transaction():
            number = self._number(mail_id)
            if number is None:
                return False
            self._remove([number])
            self._note("deleted", mail_id)
            return True

    def clear(self) -> None:
        """
        Forget all mails.
        """
        with self._transaction():
            for table in ("mails", "contents", "recipients", "words", "events", "posts"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - of constants
            self._count = self._bytes = 0
            self._note("cleared")

    def wait_for(
        self,
        matches: Callable[[CapturedMail], bool] | MailQuery,
        timeout_seconds: float,
    ) -> CapturedMail:
        """
        Wait for a mail, which may be there already.

        Args:
            matches: A query, or a function that says of a mail whether it is the one.
            timeout_seconds: How long to wait.

        Returns:
            The last one that fits.

        Raises:
            TimeoutError: None came in time, or the store was closed.
        """
        found: list[CapturedMail] = []
        seen = -1

        def look() -> bool:
            nonlocal seen
            if self._closed:
                return True
            if seen != self._version:
                seen = self._version
                found.extend(self._found(matches))
            return bool(found)

        with self._changed:
            self._changed.wait_for(look, timeout_seconds)
            if found:
                return found[0]
            raise TimeoutError(
                f"no mail that fits came in {timeout_seconds:g} seconds; {self._count} others are"
                " there"
            )

    def changes_since(self, version: int) -> Sequence[Change] | None:
        """
        What changed after a version, in order.

        Returns:
            The changes; `None` if some are forgotten, so that everything is to be read anew.
        """
        with self._changed:
            if version > self._version or (
                self._version > version
                and (not self._changes or self._changes[0].version > version + 1)
            ):
                return None
            return [change for change in self._changes if change.version > version]

    @contextmanager
    def listening(self, listener: Callable[[Change], None]) -> Iterator[None]:
        """
        Have a function called with each change while the block runs.

        Args:
            listener: Called in the thread that makes the change, with the store locked: it may not
                wait for anything.
        """
        self.listen(listener)
        try:
            yield
        finally:
            with self._changed:
                self._listeners.remove(listener)

    def listen(self, listener: Callable[[Change], None]) -> None:
        """
        Have a function called with each change from now on, as `listening` does.
        """
        with self._changed:
            self._listeners.append(listener)

    def _found(self, matches: Callable[[CapturedMail], bool] | MailQuery) -> Sequence[CapturedMail]:
        if isinstance(matches, MailQuery):
            latest = self.latest(matches)
            return [] if latest is None else [latest]
        statement = "SELECT number FROM mails ORDER BY number DESC"
        for (number,) in self._database.execute(statement).fetchall():
            mail = tables.read_mail(self._database, number)
            if matches(mail):
                return [mail]
        return []

    def _select(
        self, query: MailQuery, before: int | None, limit: int
    ) -> Sequence[tuple[Any, ...]]:
        statement, values = select(query, before, full_text=self._full_text)
        return self._database.execute(f"{statement} LIMIT ?", (*values, limit)).fetchall()

    def _number(self, mail_id: str) -> int | None:
        row = self._database.execute("SELECT number FROM mails WHERE id = ?", (mail_id,)).fetchone()
        return None if row is None else int(row[0])

    def _update_states(self, number: int, events: Sequence[MailEvent]) -> None:
        rows = self._database.execute(
            "SELECT position, address, state FROM recipients WHERE mail = ? ORDER BY position",
            (number,),
        ).fetchall()
        states = [state for _, _, state in rows]
        by_address = {address.casefold(): index for index, (_, address, _) in enumerate(rows)}
        for event in events:
            index = by_address.get(event.recipient.casefold())
            if index is not None:
                states[index] = state_after(states[index], event.kind)
        changed = [
            (state, number, position)
            for (position, _, before), state in zip(rows, states, strict=True)
            if state != before
        ]
        if changed:
            self._database.executemany(
                "UPDATE recipients SET state = ? WHERE mail = ? AND position = ?", changed
            )
            self._database.execute(
                "UPDATE mails SET states = ? WHERE number = ?", (tables.as_json(states), number)
            )

    def _make_room(self, size: int) -> Sequence[str]:
        gone: list[str] = []
        while self._count and (
            self._count >= self.max_messages
            or (self.max_bytes is not None and self._bytes + size > self.max_bytes)
        ):
            number, mail_id = self._database.execute(
                "SELECT number, id FROM mails ORDER BY number LIMIT 1"
            ).fetchone()
            self._remove([number])
            gone.append(mail_id)
        return gone

    def _remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            (kept,) = self._database.execute(
                "SELECT kept FROM mails WHERE number = ?", (number,)
            ).fetchone()
            self._count -= 1
            self._bytes -= kept
        tables.delete_mails(self._database, numbers)

    def _note(self, kind: ChangeKind, mail_id: str = "") -> None:
        self._noted.append((kind, mail_id))

    def _tell(self) -> None:
        noted, self._noted = self._noted, []
        for kind, mail_id in noted:
            self._version += 1
            change = Change(version=self._version, kind=kind, mail_id=mail_id)
            self._changes.append(change)
            for listener in self._listeners:
                listener(change)
        self._changed.notify_all()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise NotKept("the store is closed")
            count, size = self._count, self._bytes
            self._database.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._count, self._bytes, self._noted = count, size, []
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            self._tell()


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        # For this user only: mails are nobody else's business.
        with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "rb") as file:
            head = file.read(len(_HEAD))
        # SQLite itself would write over a file that is shorter than its own head.
        if head not in (b"", _HEAD):
            raise ValueError(f"{path} is no mailbox of mailcore-local: name another file")
    database = sqlite3.connect(
        ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(database)
    except sqlite3.DatabaseError as error:
        database.close()
        raise ValueError(f"{path} is no mailbox of mailcore-local: {error}") from None
    except ValueError as error:
        database.close()
        raise ValueError(f"{path}: {error}") from None
    return database


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == tables.VERSION:
        return
    (others,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version or others:
        raise ValueError("the file is of another version or another program; name another file")
    database.execute("BEGIN")
    for statement in tables.SCHEMA.split(";"):
        database.execute(statement)
    try:
        database.execute(tables.WORDS_TABLE)
    except sqlite3.OperationalError:
        database.execute(tables.PLAIN_WORDS_TABLE)
    database.execute(f"PRAGMA user_version = {tables.VERSION:d}")
    database.execute("COMMIT")


def _has_full_text(database: sqlite3.Connection) -> bool:
    (statement,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'words'").fetchone()
    return "fts5" in statement
