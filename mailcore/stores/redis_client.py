"""
What stores in a Redis server share: the client, and its errors.

It needs redis-py: ``pip install 'mailcore-esp[redis]'``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailcore.errors import ConfigurationError, StoreError
from mailcore.foundation.redaction import shown_size


if TYPE_CHECKING:
    from redis import Redis

_TIMEOUT_SECONDS = 5.0


def connected(redis: str | Redis, timeout_seconds: float = _TIMEOUT_SECONDS) -> Redis:
    """
    A client: connections are made when they are first needed, and belong to one process.

    Args:
        redis: A URL such as ``redis://localhost:6379/0``, which may hold a password, or a client of
            redis-py of your own.
        timeout_seconds: How many seconds the client that is made of a URL waits for an answer.

    Raises:
        ConfigurationError: If redis-py is not installed, or the URL is not one of Redis.
    """
    try:
        from redis import Redis
    except ImportError as error:
        raise ConfigurationError(
            "a store in Redis needs redis-py: pip install 'mailcore-esp[redis]'"
        ) from error
    if isinstance(redis, Redis):
        return redis
    if not isinstance(redis, str):
        kind = type(redis).__name__
        raise ConfigurationError(f"redis must be a URL or a client of redis-py, not {kind}")
    try:
        return Redis.from_url(
            redis, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds
        )
    except ValueError:
        raise ConfigurationError(
            "the URL of Redis is none: write redis://HOST:6379/0, or rediss:// with TLS"
        ) from None


def checked_prefix(prefix: object) -> str:
    """
    What the names of a store's keys begin with.

    Raises:
        ConfigurationError: If it is empty, or has braces, which would take a cluster's keys apart.
    """
    if not isinstance(prefix, str) or not prefix or {"{", "}"} & set(prefix):
        raise ConfigurationError(f"prefix must be a text without braces, not {shown_size(prefix)}")
    return prefix


@contextmanager
def telling() -> Iterator[None]:
    """
    Tell what a client raises as what stores raise.

    Raises:
        StoreError: With the name of what went wrong; its text may hold a password.
    """
    from redis.exceptions import RedisError

    try:
        yield
    except RedisError as error:
        name, hint = type(error).__name__, _hint_for(error)
        raise StoreError(f"the store in Redis cannot be used: {name}: {hint}") from error


def _hint_for(error: Exception) -> str:
    from redis import exceptions

    if isinstance(error, (exceptions.AuthenticationError, exceptions.NoPermissionError)):
        return "check the user and the password of its URL, and what they may do"
    if isinstance(error, exceptions.ReadOnlyError):
        return "it is a replica that takes no changes: give the URL of the primary"
    if isinstance(error, exceptions.BusyLoadingError):
        return "it reads its data, and can be used in a while"
    if isinstance(error, (exceptions.ConnectionError, exceptions.TimeoutError)):
        return "check that it runs, that it can be reached, and its URL"
    return "what Redis said is the cause of this error"


def text_of(value: bytes | str) -> str:
    """A value as text, whether the client decodes answers or not."""
    return value if isinstance(value, str) else value.decode()
