"""What databases keep, and in which form: texts and times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import Error, connections
from django.utils import timezone

from mailcore.errors import StoreError


__all__ = ["as_text", "as_time", "read_time", "telling", "usable"]


def as_text(text: str | None) -> str:
    """A text that every database keeps: PostgreSQL has no NUL, and none has surrogates."""
    return (text or "").replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def as_time(time: datetime | None) -> datetime | None:
    """A time as the setting USE_TZ has it: without it, databases take no time zone."""
    if time is None or settings.USE_TZ or timezone.is_naive(time):
        return time
    return timezone.make_naive(time)


def read_time(time: datetime) -> datetime:
    """A time as it was before :func:`as_time`, in the zone of the project."""
    return time if timezone.is_aware(time) else timezone.make_aware(time)


def usable(using: str) -> None:
    """
    Leave a connection that the server has closed; the next question makes a new one.

    In a request Django does that. A thread of an event loop has a connection too, and no request.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


@contextmanager
def telling(what: str) -> Iterator[None]:
    """
    Tell what a database raises as what stores raise.

    Args:
        what: What the store keeps, for the text.

    Raises:
        StoreError: With the name of what went wrong; its text may hold an address.
    """
    try:
        yield
    except Error as error:
        name = type(error).__name__
        raise StoreError(
            f"the table of {what} cannot be used: {name}: what the database said is the cause of "
            "this error"
        ) from error
