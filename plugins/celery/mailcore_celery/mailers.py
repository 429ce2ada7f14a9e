"""The mailer of a worker: made in each of its processes, and with keys that all of them share."""

from __future__ import annotations

import os

from collections.abc import Callable
from typing import Any

from mailcore import ConfigurationError, Mailer
from mailcore.foundation import ForkSafeLock
from mailcore.middleware import Idempotency, production
from mailcore.stores import IdempotencyStore


KEYS_LIFE_SECONDS = 7 * 86_400.0
"""How long a key lives: longer than a task may wait, be tried again and be handed out again."""
KEYS_WAIT_SECONDS = 1.0
"""A process waits no longer for one that is sending the same message: its task is put back."""
_HINT = (
    "give its mailer Idempotency(RedisIdempotencyStore(url)), or another store that all processes "
    "of all workers share"
)


class Mailers:
    """
    The mailer that a process of a worker sends through.

    Args:
        source: A mailer, a function that makes one, a URL, or None for that in ``MAILCORE_URL``.
        store: Where the keys of messages are kept, for a mailer that is made of a URL.

    Raises:
        ConfigurationError: If a store is given for a mailer that has policies of its own, or none
            for one that is made of a URL.
    """

    def __init__(
        self,
        source: Mailer[Any] | Callable[[], Mailer[Any]] | str | None,
        store: IdempotencyStore | None,
    ) -> None:
        is_url = source is None or isinstance(source, str)
        if not is_url and not isinstance(source, Mailer) and not callable(source):
            kind = type(source).__name__
            raise ConfigurationError(
                f"mailer must be a Mailer, a function that makes one, or a URL, not {kind}"
            )
        if store is not None and not is_url:
            raise ConfigurationError(
                "store= is for a mailer that is made of a URL: one of your own has it in its "
                "policy, Idempotency(store)"
            )
        self._source = source
        self._store = store
        self._lock = ForkSafeLock()
        self._made: tuple[int, Mailer[Any]] | None = None

    def get(self, *, one_process: bool) -> Mailer[Any]:
        """
        The mailer of this process; it is made when it is first asked for.

        Args:
            one_process: Whether tasks run where they are called, as in tests: then keys may be kept
                in its memory.

        Raises:
            ConfigurationError: If it cannot be made, or has no keys that other processes see.
        """
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():
                mailer = self._make()
                _require_keys(mailer, one_process=one_process)
                self._made = (os.getpid(), mailer)
            return self._made[1]

    def _make(self) -> Mailer[Any]:
        source = self._source
        if isinstance(source, Mailer):
            return source
        if source is not None and not isinstance(source, str):
            made: object = source()
            if not isinstance(made, Mailer):
                kind = type(made).__name__
                raise ConfigurationError(f"the function for mailers returned {kind}, not a Mailer")
            return made
        if self._store is None:
            raise ConfigurationError(
                "a mailer that is made of a URL needs store=, where the keys of messages are kept: "
                "RedisIdempotencyStore(url), or another one that all processes share"
            )
        keys = Idempotency(
            self._store, life_seconds=KEYS_LIFE_SECONDS, wait_seconds=KEYS_WAIT_SECONDS
        )
        # What is refused for now is tried again by Celery, which keeps no process waiting.
        policies = production(idempotency=keys, retry=None)
        if source is None:
            return Mailer.from_env(policies=policies)
        return Mailer.from_url(source, policies=policies)


def keys_of(mailer: Mailer[Any]) -> IdempotencyStore:
    """
    The store of the keys of a mailer.

    Raises:
        ConfigurationError: If it has none.
    """
    found = [each for each in mailer.middleware if isinstance(each, Idempotency)]
    if not found:
        raise ConfigurationError(
            f"a task may be handed out twice, and this mailer would send its message twice: {_HINT}"
        )
    return found[0].store


def _require_keys(mailer: Mailer[Any], *, one_process: bool) -> None:
    store = keys_of(mailer)
    # What its own documentation says of a store in the memory of a process.
    if not getattr(store, "blocks", True) and not one_process:
        kind = type(store).__name__
        raise ConfigurationError(f"{kind} is the memory of one process: {_HINT}")
