"""Keys of messages that were sent, in a Redis server: for many machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailcore.stores.idempotency import digest_of_key
from mailcore.stores.redis_client import checked_prefix, connected, telling, text_of


if TYPE_CHECKING:
    from redis import Redis

# Scripts run as one step. What is there is looked at and changed without anybody between.
_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', math.max(redis.call('PTTL', KEYS[1]), 1))
return 1
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
_CLAIM = """
local found = redis.call('GET', KEYS[1])
if found then return found end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
"""


class RedisIdempotencyStore:
    """
    Keys in a Redis server, each with its time to live.

    Redis holds digests of keys. Have it write to disk at once (``appendonly yes``,
    ``appendfsync always``), and evict nothing (``maxmemory-policy noeviction``): what it loses may
    be sent twice, and so may what a replica had not got when it took over.

    Args:
        redis: The URL of the server, or a client of redis-py.
        prefix: What the names of its keys in Redis begin with.

    Raises:
        ConfigurationError: If redis-py is not installed, or an argument is wrong.
    """

    def __init__(self, redis: str | Redis, *, prefix: str = "mailcore:idempotency") -> None:
        self._redis: Any = connected(redis)
        self._prefix = checked_prefix(prefix)

    def claim(self, key: str, record: str, life_seconds: float) -> str | None:
        """
        Keep a text, unless there is one: then that is returned.

        Raises:
            StoreError: If the server cannot be asked.
        """
        life = max(1, int(life_seconds * 1000))
        with telling():
            found = self._redis.eval(_CLAIM, 1, self._name(key), record, life)
        return None if found is None else text_of(found)

    def replace(self, key: str, old: str, new: str) -> bool:
        """
        Put a text in place of another, whose life goes on; False if it is not there.

        Raises:
            StoreError: If the server cannot be asked.
        """
        with telling():
            return bool(self._redis.eval(_REPLACE, 1, self._name(key), old, new) == 1)

    def release(self, key: str, old: str) -> bool:
        """
        Forget a text; False if it is not there.

        Raises:
            StoreError: If the server cannot be asked.
        """
        with telling():
            return bool(self._redis.eval(_RELEASE, 1, self._name(key), old) == 1)

    def forget(self, key: str) -> bool:
        """
        Forget whatever is there; False if nothing is.

        Raises:
            StoreError: If the server cannot be asked.
        """
        with telling():
            return bool(self._redis.delete(self._name(key)) == 1)

    def close(self) -> None:
        """Close the connections; the next use makes new ones."""
        self._redis.close()

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{digest_of_key(key).hex()}"
