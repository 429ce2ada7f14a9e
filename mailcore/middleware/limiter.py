"""
Who may send when: turns at a rate, counted in recipients, for those who share an account.

Each asks for a turn, and gets the time until it comes: a turn that begins later is taken as well,
so nobody asks twice, and turns are in the order in which they were asked for (the generic cell rate
algorithm, with the waiting time as its answer). The rate falls by half when the provider throttles
all the same, and rises again by a constant amount in each second.
"""

from __future__ import annotations

import math
import time

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from mailcore.foundation.forking import ForkSafeLock


BURST_SECONDS = 0.05
"""How far a turn may come early after a pause, so that sleeping a little too long costs nothing: in
no second there are more than 5 % above the rate, and one recipient."""
DAY_SECONDS = 24 * 3600
BUCKET_SECONDS = 900
"""How exactly the past 24 hours are known: recipients count a quarter of an hour too long."""
DECREASE = 0.5
"""What is left of the rate after the provider throttled."""
LEAST_PACE = 0.05
"""What is left of it at least, so that it can be found out that the provider takes more again."""
INCREASE_PER_SECOND = 0.02
"""How much of the full rate comes back in each second."""
ONE_EVENT_SECONDS = 1.0
"""Refusals within this time are one: those of messages that were under way together."""


@dataclass(frozen=True)
class Limits:
    """
    How much may be sent, in recipients.

    Args:
        per_second: The rate; None if there is none but what throttling teaches.
        per_day: How many in any 24 hours; None if there is no such limit.
        longest_wait_seconds: A turn that comes later is refused.
    """

    per_second: float | None = None
    per_day: float | None = None
    longest_wait_seconds: float = math.inf


@dataclass(frozen=True)
class Turn:
    """
    The answer to who asks for a turn.

    Args:
        wait_seconds: How long until it comes; of one that was refused, how long until there may be
            one.
        refused: Why there is none: ``wait`` if it would come too late, ``day`` if the 24 hours are
            used up; empty if there is one.
    """

    wait_seconds: float = 0.0
    refused: Literal["", "wait", "day"] = ""


class Limiter(Protocol):
    """
    Gives turns to all who share it.

    ``blocks`` says whether its methods wait for something, as a database's do: they are called in a
    thread then, in event loops.
    """

    @property
    def blocks(self) -> bool:
        """Whether its methods may wait for I/O."""
        ...

    def take(self, key: str, recipients: int, limits: Limits) -> Turn:
        """
        Take the next turn.

        Args:
            key: Whose rate it is: turns of different keys have nothing to do with each other.
            recipients: How many recipients the request has.
            limits: How much may be sent.
        """
        ...

    def throttled(self, key: str, pause_seconds: float) -> None:
        """
        Go slower: the provider refused, although all kept to the rate.

        Args:
            key: Whose rate it is.
            pause_seconds: How long the provider asks everybody to wait; 0 if it does not.
        """
        ...

    def used(self, key: str) -> int:
        """How many recipients had a turn in the past 24 hours."""
        ...


class _Rate:
    """The state of one key; :mod:`mailcore.middleware.redis_limiter` has the same in Redis."""

    def __init__(self) -> None:
        self.next_turn = -math.inf
        self.paused_until = -math.inf
        self.pace = 1.0
        self.paced_at = -math.inf
        self.learned: float | None = None
        self.second = -math.inf
        self.in_second = 0
        self.in_last_second = 0
        self.buckets: deque[list[float]] = deque()
        self.total = 0

    def pace_at(self, now: float) -> float:
        """Which part of the rate is used."""
        return min(1.0, self.pace + (now - self.paced_at) * INCREASE_PER_SECOND)

    def rate_at(self, now: float, per_second: float | None) -> float | None:
        """Recipients per second; None if there is no limit."""
        pace = self.pace_at(now)
        if per_second is not None:
            return per_second * pace
        if self.learned is None or pace >= 1.0:
            return None
        return self.learned * pace

    def forget_before(self, now: float) -> None:
        """Leave out what is older than a day."""
        while self.buckets and self.buckets[0][0] <= now - DAY_SECONDS - BUCKET_SECONDS:
            self.total -= int(self.buckets.popleft()[1])

    def count(self, now: float, recipients: int) -> None:
        """Count a turn."""
        start = now - now % BUCKET_SECONDS
        if not self.buckets or self.buckets[-1][0] != start:
            self.buckets.append([start, 0])
        self.buckets[-1][1] += recipients
        self.total += recipients
        if now - self.second >= 1.0:
            self.in_last_second = self.in_second if now - self.second < 2.0 else 0
            self.second, self.in_second = now, 0
        self.in_second += recipients

    def until_room(self, now: float, recipients: int, per_day: float) -> float:
        """How long until so many have left the past 24 hours that there is room."""
        left = self.total
        for start, counted in self.buckets:
            left -= int(counted)
            if left + recipients <= per_day:
                return max(0.0, start + BUCKET_SECONDS + DAY_SECONDS - now)
        return float(DAY_SECONDS)


class MemoryLimiter:
    """
    Turns for the threads and tasks of one process.

    Args:
        clock: A function that gives the time in seconds, as :func:`time.monotonic` does.
    """

    blocks: bool = False

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rates: dict[str, _Rate] = {}
        self._lock = ForkSafeLock()

    def take(self, key: str, recipients: int, limits: Limits) -> Turn:
        """Take the next turn: see :meth:`Limiter.take`."""
        with self._lock:
            now = self._clock()
            rate = self._rate(key)
            rate.forget_before(now)
            if limits.per_day is not None and rate.total + recipients > limits.per_day:
                return Turn(rate.until_room(now, recipients, limits.per_day), "day")
            per_second = rate.rate_at(now, limits.per_second)
            start = max(now if per_second is None else now - BURST_SECONDS, rate.paused_until)
            if per_second is not None:
                start = max(start, rate.next_turn)
            wait = max(0.0, start - now)
            if wait > limits.longest_wait_seconds:
                return Turn(wait, "wait")
            if per_second is not None:
                rate.next_turn = start + recipients / per_second
            rate.count(now, recipients)
            return Turn(wait) if wait else _AT_ONCE

    def throttled(self, key: str, pause_seconds: float) -> None:
        """Go slower: see :meth:`Limiter.throttled`."""
        with self._lock:
            now = self._clock()
            rate = self._rate(key)
            rate.paused_until = max(rate.paused_until, now + pause_seconds)
            if now - rate.paced_at < ONE_EVENT_SECONDS:
                return
            pace = rate.pace_at(now)
            if pace >= 1.0:
                rate.learned = float(max(rate.in_last_second, rate.in_second, 1))
            rate.pace = max(LEAST_PACE, pace * DECREASE)
            rate.paced_at = now

    def used(self, key: str) -> int:
        """How many recipients had a turn in the past 24 hours."""
        with self._lock:
            rate = self._rate(key)
            rate.forget_before(self._clock())
            return rate.total

    def _rate(self, key: str) -> _Rate:
        found = self._rates.get(key)
        if found is None:
            found = self._rates[key] = _Rate()
        return found


_AT_ONCE = Turn()
