"""
What workers tell the signals of: each message that was sent, given up, or of which nobody knows.

A message that is tried again later is no news. The message of Django's that a signal has is made of
the one that was kept, and the result is that of all attempts; answers of the provider are not kept.
It is told after it is written down: a process that dies between the two tells nobody.
"""

from __future__ import annotations

import logging

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.dispatch import Signal

from mailcore import MailcoreError, Message, RecipientsRefused, SendError, SendResult, SendStatus
from mailcore.outbox import Advanced, Decide, OutboxRow, OutboxState, Receipt, Revision
from mailcore.provider import Provider
from mailcore_django.backend import EmailBackend
from mailcore_django.outbox.store import DatabaseOutboxStore
from mailcore_django.rebuilding import to_django
from mailcore_django.signals import post_send, send_failed
from mailcore_django.status import AnymailStatus


__all__ = ["TellingStore"]

logger = logging.getLogger("mailcore.django")

_REFUSED = frozenset({SendStatus.REJECTED, SendStatus.INVALID})


class TellingStore(DatabaseOutboxStore):
    """
    The outbox as one worker has it, whose news go to Django's signals.

    Args:
        using: Alias of the database.
        mailer: The alias of the mailer whose rows are claimed.
        provider: The provider of that mailer.
    """

    def __init__(self, *, using: str, mailer: str, provider: Provider[Any, Any]) -> None:
        super().__init__(using=using, mailer=mailer)
        self._provider = provider
        # Claimed, and not concluded: what is written down has no document any more.
        self._claimed: dict[str, OutboxRow] = {}

    def claim(
        self, worker_id: str, *, limit: int, now: datetime, until: datetime
    ) -> Sequence[OutboxRow]:
        """Take rows that are due, and remember their messages."""
        rows = super().claim(worker_id, limit=limit, now=now, until=until)
        self._claimed.update((row.id, row) for row in rows)
        return rows

    def advance(
        self,
        worker_id: str,
        *,
        conclusions: Sequence[Revision],
        begin: Sequence[str],
        provider: str,
        now: datetime,
        until: datetime,
    ) -> Advanced:
        """Write what became of sends, then tell of it."""
        advanced = super().advance(
            worker_id,
            conclusions=conclusions,
            begin=begin,
            provider=provider,
            now=now,
            until=until,
        )
        for row_id in begin:
            if row_id not in advanced.begun:
                # Another worker has it, or somebody has called it off.
                self._claimed.pop(row_id, None)
        for each in conclusions:
            if each.row.id in advanced.concluded:
                self._tell(self._claimed.pop(each.row.id, None), each.row)
        return advanced

    def release(self, worker_id: str, *, row_ids: Sequence[str] | None, now: datetime) -> int:
        """Give claims back."""
        count = super().release(worker_id, row_ids=row_ids, now=now)
        for row_id in list(self._claimed) if row_ids is None else row_ids:
            self._claimed.pop(row_id, None)
        return count

    def revise(self, row_id: str, decide: Decide) -> OutboxRow | None:
        """Write what a function decides, then tell of it if it is news."""
        found: list[OutboxRow] = []

        def noting(row: OutboxRow, receipts: Sequence[Receipt]) -> Revision | None:
            found[:] = [row]
            return decide(row, receipts)

        written = super().revise(row_id, noting)
        if written is None:
            self._claimed.pop(row_id, None)
        elif written.state is not found[0].state and written.state.is_over:
            claimed = self._claimed.pop(row_id, None)
            self._tell(found[0] if claimed is None else claimed, written)
        return written

    def _tell(self, before: OutboxRow | None, row: OutboxRow) -> None:
        if row.state in (OutboxState.PENDING, OutboxState.CANCELLED):
            return
        try:
            self._told(before, row)
        except Exception:
            logger.exception("row %s: nobody was told what became of it", row.id)

    def _told(self, before: OutboxRow | None, row: OutboxRow) -> None:
        result = SendResult(provider=row.provider, recipients=row.statuses)
        error = _error_of(row, result)
        has_result = error is None or isinstance(error, RecipientsRefused)
        mail = _message_of(row if before is None else replace(row, document=before.document))
        message: Any = to_django(Message() if mail is None else mail)
        message.mailcore_outbox_id = row.id
        message.mailcore_result = result if has_result else None
        message.anymail_status = AnymailStatus(message.mailcore_result)
        named: dict[str, Any] = {
            "sender": EmailBackend,
            "message": message,
            "provider": self._provider.name,
            "esp_name": self._provider.label,
            "using": self._mailer,
            "mail": mail,
        }
        if has_result:
            _send(post_send, row.id, **named, result=result, status=message.anymail_status)
        if error is not None:
            # What handlers of django-anymail's errors look at.
            raised: Any = error
            raised.email_message, raised.esp_name = message, self._provider.label
            raised.backend = raised.response = None
            _send(send_failed, row.id, **named, error=error)


def _error_of(row: OutboxRow, result: SendResult) -> MailcoreError | None:
    """What would have been raised; None if somebody gets the message."""
    if row.state is OutboxState.SENT:
        return None
    text = row.error_text or row.error_category
    are_refused = all(each.status in _REFUSED for each in row.statuses.values())
    if row.state is OutboxState.FAILED and row.statuses and are_refused:
        return RecipientsRefused(text, result=result)
    return SendError(
        text,
        provider=row.provider,
        category=row.error_category,
        code=row.error_code,
        maybe_accepted=row.state is OutboxState.UNKNOWN,
    )


def _message_of(row: OutboxRow) -> Message | None:
    try:
        return row.message()
    except MailcoreError:
        # That is why it failed.
        return None


def _send(signal: Signal, row_id: str, **named: Any) -> None:
    for receiver, answer in signal.send_robust(**named):
        if isinstance(answer, Exception):
            logger.error(
                "row %s: receiver %r of a signal failed; the message is not concerned",
                row_id,
                getattr(receiver, "__qualname__", type(receiver).__name__),
                exc_info=answer,
            )
