"""
Keys of messages that were sent: what keeps them, so that a message is not sent twice.

The policy :class:`~mailcore.middleware.idempotency.Idempotency` says what is kept: a text for each
key, which a store does not look into. A store has to do two things at once and in one step: look
whether there is a text, and write one if there is none.
"""

from __future__ import annotations

import time

from collections.abc import Callable
from hashlib import blake2b
from typing import Protocol

from mailcore.errors import ConfigurationError
from mailcore.foundation.forking import ForkSafeLock


class IdempotencyStore(Protocol):
    """
    What keeps a text for each key, for a time; used by several threads and processes at once.

    Every method raises :class:`~mailcore.errors.StoreError` if the store cannot be used. One that
    answers from the memory of this process has an attribute ``blocks`` that is False: then event
    loops ask it without a thread.
    """

    def claim(self, key: str, record: str, life_seconds: float) -> str | None:
        """
        Keep a text, unless there is one: then that is returned, and nothing changes.

        Of several that do so at the same moment, one gets None. When it is returned, it is kept so
        that a process that dies afterwards leaves it there.

        Args:
            key: The key, a text of any length and content.
            record: The text that is kept.
            life_seconds: How many seconds the claim holds; after that it is as if it had never been
                there.
        """
        ...

    def replace(self, key: str, old: str, new: str) -> bool:
        """Put a text in place of another, whose life goes on; False if it is not there."""
        ...

    def release(self, key: str, old: str) -> bool:
        """Forget a text; False if it is not there."""
        ...

    def forget(self, key: str) -> bool:
        """Forget whatever is there, for people who know what became of it; False if nothing is."""
        ...


def digest_of_key(key: str) -> bytes:
    """What stores keep instead of a key, in which an address may stand: BLAKE2b of 16 octets."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class MemoryIdempotencyStore:
    """
    Keys in the memory of this process: other processes know nothing of them.

    Args:
        max_keys: How many keys it keeps; beyond that the oldest are forgotten, however young.
        now: A function that returns the time, in seconds.

    Raises:
        ConfigurationError: If the number is not above 0.
    """

    blocks = False

    def __init__(
        self, max_keys: int = 100_000, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        if max_keys <= 0:
            raise ConfigurationError("max_keys must be above 0")
        self._max_keys = max_keys
        self._now = now
        self._lock = ForkSafeLock()
        self._kept: dict[bytes, tuple[str, float]] = {}

    def claim(self, key: str, record: str, life_seconds: float) -> str | None:
        """Keep a text, unless there is one: then that is returned."""
        digest = digest_of_key(key)
        with self._lock:
            found = self._alive(digest)
            if found is not None:
                return found[0]
            self._kept.pop(digest, None)
            self._kept[digest] = (record, self._now() + life_seconds)
            if len(self._kept) > self._max_keys:
                del self._kept[next(iter(self._kept))]
        return None

    def replace(self, key: str, old: str, new: str) -> bool:
        """Put a text in place of another, whose life goes on; False if it is not there."""
        digest = digest_of_key(key)
        with self._lock:
            found = self._alive(digest)
            if found is None or found[0] != old:
                return False
            self._kept[digest] = (new, found[1])
        return True

    def release(self, key: str, old: str) -> bool:
        """Forget a text; False if it is not there."""
        digest = digest_of_key(key)
        with self._lock:
            found = self._alive(digest)
            if found is None or found[0] != old:
                return False
            del self._kept[digest]
        return True

    def forget(self, key: str) -> bool:
        """Forget whatever is there; False if nothing is."""
        digest = digest_of_key(key)
        with self._lock:
            was_there = self._alive(digest) is not None
            self._kept.pop(digest, None)
        return was_there

    def __len__(self) -> int:
        return len(self._kept)

    def _alive(self, digest: bytes) -> tuple[str, float] | None:
        found = self._kept.get(digest)
        return found if found is not None and self._now() < found[1] else None
