"""How far a message has come, as a task carries it from one attempt to the next: plain JSON."""

from __future__ import annotations

import json

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from mailcore import Message, SerializationError
from mailcore.outbox import NewerDocument, OutboxRow, new_row


VERSION = 1
"""The version of what a task carries beside the message. Newer ones are left to newer workers."""

# What the message says itself, and what only a table needs.
_LEFT_OUT = ("document", "subject", "tags", "fingerprint", "claimed_by", "claimed_until")
_TIMES = (
    "created_at",
    "not_before",
    "due_at",
    "changed_at",
    "tries_until",
    "began_at",
    "unsure_since",
)


class NewerTask(SerializationError):
    """A task, or its last word, that a newer release has written: it waits for workers of that."""


def keyed(message: Message, key: str) -> Message:
    """
    A message with an `idempotency_key`: its own, or another one.

    Args:
        message: The message that is to be queued.
        key: The key, if it has none.
    """
    own = message.idempotency_key
    return message if own is not None else message.replace(idempotency_key=key)


def written(row: OutboxRow) -> dict[str, object]:
    """
    The arguments of the task that carries a row.

    Returns:
        ``message``, as :meth:`mailcore.Message.to_dict` returned it, and ``course``: all else that
        the next attempt has to know. Both are plain JSON.
    """
    course: dict[str, object] = {**row.to_columns(), "version": VERSION}
    for name in _LEFT_OUT:
        del course[name]
    for name in _TIMES:
        moment = course[name]
        course[name] = moment.isoformat() if isinstance(moment, datetime) else None
    assert row.document is not None
    return {"message": json.loads(row.document), "course": course}


def read(message: object, course: object, *, key: str) -> OutboxRow:
    """
    The row that a task carries.

    Args:
        message: The document of a message.
        course: What :func:`written` made; None in a task of somebody who has no row, and has put a
            message into the queue by the task's name.
        key: What such a message is known by, if it does not say itself.

    Raises:
        MessageError: If the message cannot be read, or has nobody to be sent to.
        NewerTask: If a newer release has put it into the queue.
        SerializationError: If what comes with it is damaged.
    """
    if course is None:
        if not isinstance(message, Mapping):
            raise SerializationError("the task has no message")
        return new_row(keyed(Message.from_dict(message), key))
    if not isinstance(course, Mapping):
        raise SerializationError("what the task carries beside the message is no mapping")
    version = course.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerTask(
            "the task was put into the queue by a newer release of mailcore-celery: run a worker "
            "of that release"
        )
    try:
        columns: dict[str, Any] = {**course, **dict.fromkeys(_LEFT_OUT)}
        for name in _TIMES:
            columns[name] = _moment(course[name])
        columns |= {"document": json.dumps(message), "tags": "[]"}
        columns |= dict.fromkeys(("subject", "fingerprint", "claimed_by"), "")
        return OutboxRow.from_columns(columns)
    except NewerDocument as error:
        raise NewerTask(error.problems) from None
    except (KeyError, TypeError, ValueError):
        raise SerializationError("what the task carries beside the message is damaged") from None


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    return datetime.fromisoformat(str(text)).astimezone(timezone.utc)
