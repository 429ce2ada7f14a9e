"""How an outbox sends again, for how long, and what it keeps."""

from __future__ import annotations

import random

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from mailcore.errors import ConfigurationError
from mailcore.middleware.settings import checked_count, checked_number
from mailcore.middleware.waits import wait_bound_seconds


Chance: TypeAlias = Callable[[], float]
"""Gives a random number from 0 to 1, as :func:`random.random` does."""

_HOUR_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True)
class OutboxPolicy:
    """
    What is decided after a send, besides what its outcome says.

    The policy :class:`~mailcore.middleware.retry.Retry` of a mailer sends again within seconds and
    holds a thread meanwhile. This one comes after it: what a mailer gave up goes back into the
    table, for minutes and hours.

    Args:
        attempts: How many times a message is given to the mailer at most; 1 and more.
        first_wait_seconds: The bound of the first wait. It doubles with every attempt; the wait is
            a random part of it, and what the provider asks for comes on top.
        longest_wait_seconds: The bound of all waits, without what the provider asks for.
        max_age_seconds: How many seconds to go on, from the moment when a message was due first. A
            wait that would end later is not begun. The first attempt is made however late.
        accept_duplicates: Whether to send again what may be on its way, with any provider: some
            recipients get the message twice.
        repeat_within_seconds: How many seconds a provider whose ``idempotency`` is ``native`` may
            be given again what it may have, from the beginning of the first send of which nobody
            knows: no longer than it remembers a key.
        keep_bodies: Whether the document of a message stays when it was sent. Otherwise only what
            tells of it does: addresses, subject, tags, statuses.
        jitter: A function that gives a random number from 0 to 1, as :func:`random.random` does.

    Raises:
        ConfigurationError: If a number is wrong.
    """

    attempts: int = 12
    first_wait_seconds: float = 10.0
    longest_wait_seconds: float = _HOUR_SECONDS
    max_age_seconds: float = 2 * _DAY_SECONDS
    accept_duplicates: bool = False
    repeat_within_seconds: float = 900.0
    keep_bodies: bool = False
    jitter: Chance = field(default=random.random, compare=False, repr=False)

    def __post_init__(self) -> None:
        checked_count("attempts", self.attempts)
        for name in (
            "first_wait_seconds",
            "longest_wait_seconds",
            "max_age_seconds",
            "repeat_within_seconds",
        ):
            object.__setattr__(self, name, checked_number(name, getattr(self, name)))
        if self.first_wait_seconds > self.longest_wait_seconds:
            raise ConfigurationError("first_wait_seconds is larger than longest_wait_seconds")

    def wait_seconds(self, failed: int) -> float:
        """A random wait after so many attempts, without what a provider asks for."""
        bound = wait_bound_seconds(failed, self.first_wait_seconds, self.longest_wait_seconds)
        return bound * self.jitter()
