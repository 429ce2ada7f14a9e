"""Events that were handled, in a Redis server: for many machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailcore.errors import ConfigurationError
from mailcore.stores.idempotency import digest_of_key
from mailcore.stores.redis_client import checked_prefix, connected, telling
from mailcore.webhook.dedupe import DEFAULT_MAX_AGE_SECONDS


if TYPE_CHECKING:
    from redis import Redis


class RedisSeenStore:
    """
    Keys in a Redis server, each with its time to live; the server holds digests and no addresses.

    What the server loses or evicts is handled again if it comes again.

    Args:
        redis: The URL of the server, or a client of redis-py.
        max_age_seconds: How many seconds a key is remembered; 1 and more.
        prefix: What the names of its keys in Redis begin with.

    Raises:
        ConfigurationError: If redis-py is not installed, or an argument is wrong.
    """

    def __init__(
        self,
        redis: str | Redis,
        *,
        max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS,
        prefix: str = "mailcore:seen",
    ) -> None:
        if max_age_seconds < 1:
            raise ConfigurationError("max_age_seconds must be at least 1")
        self._redis: Any = connected(redis)
        self._prefix = checked_prefix(prefix)
        self._life_seconds = int(max_age_seconds)

    def seen(self, key: str) -> bool:
        """
        Whether the event of this key was handled, and is still remembered.

        Raises:
            StoreError: If the server cannot be asked.
        """
        with telling():
            return bool(self._redis.exists(self._name(key)))

    def mark(self, key: str) -> None:
        """
        Remember that it was.

        Raises:
            StoreError: If the server cannot be asked.
        """
        with telling():
            self._redis.set(self._name(key), b"", ex=self._life_seconds)

    def close(self) -> None:
        """Close the connections; the next use makes new ones."""
        self._redis.close()

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{digest_of_key(key).hex()}"
