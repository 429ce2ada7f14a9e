"""
The mails that were accepted, in SQLite.
"""

from __future__ import annotations

import os

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from mailcore_local.mailbox import tables
from mailcore_local.mailbox.changes import Change, ChangeLog
from mailcore_local.mailbox.database import open_database
from mailcore_local.mailbox.mail import CapturedMail, MailEvent, NotKept, WebhookOutcome
from mailcore_local.mailbox.query import MailQuery
from mailcore_local.mailbox.stored import StoredMails
from mailcore_local.mailbox.timeline import record_events


if TYPE_CHECKING:
    from typing_extensions import Self

IN_MEMORY_MESSAGES = 1_000
IN_MEMORY_BYTES = 500_000_000
ON_DISK_MESSAGES = 1_000_000


class MailStore(StoredMails):
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
        super().__init__(open_database(self.path))
        (self._bytes,) = self._database.execute(
            "SELECT coalesce(sum(kept), 0) FROM mails"
        ).fetchone()
        self._changes = ChangeLog()
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

    @property
    def version(self) -> int:
        """
        The number of the last change; 0 before the first one.
        """
        with self._changed:
            return self._changes.version

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
                self._changes.note("deleted", each)
            self._changes.note("added", mail.id)

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
            record_events(self._database, number, events)
            self._changes.note("updated", mail_id)
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
            self._changes.note("updated", mail_id)
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
            self._changes.note("deleted", mail_id)
            return True

    def clear(self) -> None:
        """
        Forget all mails.
        """
        with self._transaction():
            for table in ("mails", "contents", "recipients", "words", "events", "posts"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - of constants
            self._count = self._bytes = 0
            self._changes.note("cleared")

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
            if seen != self._changes.version:
                seen = self._changes.version
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
            return self._changes.since(version)

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
                self._changes.remove_listener(listener)

    def listen(self, listener: Callable[[Change], None]) -> None:
        """
        Have a function called with each change from now on, as `listening` does.
        """
        with self._changed:
            self._changes.add_listener(listener)

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
                self._count, self._bytes = count, size
                self._changes.forget()
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            self._changes.tell()
            self._changed.notify_all()
