"""
The mails that were accepted, as they are asked for.
"""

from __future__ import annotations

import sqlite3
import threading

from collections.abc import Sequence
from typing import Any

from mailcore_local.mailbox import tables
from mailcore_local.mailbox.database import has_full_text
from mailcore_local.mailbox.mail import CapturedMail, MailSummary
from mailcore_local.mailbox.query import MailQuery
from mailcore_local.mailbox.searching import select


class StoredMails:
    """
    The mails of a database, by their ids and by what is looked for.

    Args:
        database: The database, as `open_database` opens it.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._full_text = has_full_text(database)
        self._changed = threading.Condition(threading.RLock())
        (self._count,) = database.execute("SELECT count(*) FROM mails").fetchone()

    def __len__(self) -> int:
        with self._changed:
            return int(self._count)

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

    def _select(
        self, query: MailQuery, before: int | None, limit: int
    ) -> Sequence[tuple[Any, ...]]:
        statement, values = select(query, before, full_text=self._full_text)
        return self._database.execute(f"{statement} LIMIT ?", (*values, limit)).fetchall()

    def _number(self, mail_id: str) -> int | None:
        row = self._database.execute("SELECT number FROM mails WHERE id = ?", (mail_id,)).fetchone()
        return None if row is None else int(row[0])
