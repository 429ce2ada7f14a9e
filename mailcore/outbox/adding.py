"""The row of a message that is put into an outbox."""

from __future__ import annotations

import os

from datetime import datetime, timedelta, timezone

from mailcore.errors import (
    ConfigurationError,
    IdempotencyKeyReused,
    InvalidMessage,
    InvalidMessageType,
    Problem,
)
from mailcore.message.message import Message
from mailcore.outbox.documents import digest_of_document, written_message
from mailcore.outbox.outcomes import kept_text
from mailcore.outbox.rows import OutboxRow


LONGEST_KEY = 200
"""How many characters a key has at most."""
LONGEST_SUBJECT = 200
"""How many characters of a subject stand beside the document."""
HIGHEST_PRIORITY = 100
"""The largest priority; the smallest is as far below 0."""


def new_row(
    message: Message,
    *,
    key: str | None = None,
    not_before: datetime | timedelta | None = None,
    priority: int = 0,
    now: datetime | None = None,
) -> OutboxRow:
    """
    Make the row that keeps a message. Everything is checked that can be without a provider.

    Args:
        message: The message as it will be given to the worker's mailer, whose defaults apply then.
        key: The caller's own name for it, up to 200 characters; the `idempotency_key` of the
            message if None. A second message with it is not kept: see :func:`same_message`.
        not_before: When it may be sent at the earliest: a datetime with time zone, or how long from
            now. It is claimed at the first look after that. (The `send_at` of a message has the
            provider wait.)
        priority: A number from -100 to 100. What is due with a larger number is sent first.
        now: The time; None to look at the clock.

    Raises:
        InvalidMessage: If the message has nobody to be sent to.
        InvalidMessageType: If it is no message.
        SerializationError: If JSON cannot hold a value of it.
        ConfigurationError: If another argument is wrong.
    """
    if not isinstance(message, Message):
        reason = f"an outbox takes a mailcore.Message, not {type(message).__name__}"
        raise InvalidMessageType([Problem("message", reason, kind="type")])
    recipients = message.recipients
    if not recipients:
        reason = "the message has no recipients"
        raise InvalidMessage([Problem("to", reason, "give it to, cc or bcc before it is kept")])
    key = checked_key(key if key is not None else message.idempotency_key)
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise ConfigurationError(f"priority must be a whole number, not {type(priority).__name__}")
    if abs(priority) > HIGHEST_PRIORITY:
        bounds = f"from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}"
        raise ConfigurationError(f"priority must be {bounds}, not {priority}")
    now = datetime.now(timezone.utc) if now is None else now
    earliest = _earliest(not_before, now)
    document = written_message(message)
    return OutboxRow(
        id=new_id(now),
        key=key,
        fingerprint=digest_of_document(document) if key is not None else "",
        priority=priority,
        created_at=now,
        not_before=earliest,
        due_at=now if earliest is None else earliest,
        changed_at=now,
        document=document,
        recipients=recipients,
        subject=kept_text(message.subject or "", LONGEST_SUBJECT),
        tags=message.tags,
    )


def checked_key(key: object) -> str | None:
    """
    A key as it is kept; None if there is none.

    Raises:
        ConfigurationError: If it is no text, empty, too long, or not printable.
    """
    if key is None:
        return None
    if not isinstance(key, str):
        raise ConfigurationError(f"key must be a text, not {type(key).__name__}")
    if not key or len(key) > LONGEST_KEY or not key.isprintable() or key != key.strip():
        raise ConfigurationError(
            f"key must be a printable text of 1 to {LONGEST_KEY} characters without spaces around "
            f"it, not one of {len(key)} characters: give a digest of what is longer"
        )
    return key


def same_message(kept: OutboxRow, given: OutboxRow) -> OutboxRow:
    """
    The row that was kept under a key, for who gives a message with the same one.

    Args:
        kept: The row that has the key.
        given: The row that was made of the message.

    Returns:
        The row that was kept, since the message is the same.

    Raises:
        IdempotencyKeyReused: If it is another message.
    """
    if kept.fingerprint == given.fingerprint:
        return kept
    reason = "another message is in the outbox with this key"
    raise IdempotencyKeyReused([Problem("key", reason, "a key stands for one message")])


def new_id(now: datetime) -> str:
    """
    An id that no other row has, and that is larger than those made before it, to the microsecond.

    A UUID of version 7 with parts of a millisecond (RFC 9562, sections 5.7 and 6.2, method 3),
    without hyphens: ids that grow keep the index of a table compact, where random ones would touch
    all of it.
    """
    milliseconds, rest = divmod(int(now.timestamp() * 1_000_000), 1000)
    chance = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76
    value |= (rest * 4096 // 1000) << 64 | 0b10 << 62 | chance
    return f"{value:032x}"


def _earliest(not_before: object, now: datetime) -> datetime | None:
    if not_before is None:
        return None
    if isinstance(not_before, timedelta):
        return now + not_before
    if isinstance(not_before, datetime) and not_before.utcoffset() is not None:
        return not_before.astimezone(timezone.utc)
    if isinstance(not_before, datetime):
        raise ConfigurationError("not_before must have a time zone: datetime.now(timezone.utc)")
    kind = type(not_before).__name__
    raise ConfigurationError(f"not_before must be a datetime or a timedelta, not {kind}")
