"""When a worker pauses: a provider that fails for everybody is not asked with every row."""

from __future__ import annotations

from collections.abc import Callable

from mailcore.errors import MailcoreError, SendError
from mailcore.middleware.waits import wait_bound_seconds
from mailcore.pools.faults import judged
from mailcore.result import SendResult


_PATIENCE = 3
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


class Pace:
    """
    Counts failures of the provider, as pools judge them, and says until when to pause.

    A row that fails costs it an attempt. So after three failures in a row nothing begins for a
    while, which doubles with each further one; and whoever is told by the provider how long to
    wait begins nothing before that, up to a minute.

    Args:
        clock: A function that gives the time in seconds, as :func:`time.monotonic` does.
        jitter: A function that gives a random number from 0 to 1.
    """

    def __init__(self, clock: Callable[[], float], jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._until = 0.0

    def note(self, outcome: SendResult | MailcoreError) -> None:
        """Take an outcome into account."""
        if not isinstance(outcome, (SendResult, SendError)):
            # The provider was not asked.
            return
        if isinstance(outcome, SendResult) or not judged(outcome).hurts:
            self._failures = 0
            return
        self._failures += 1
        pause = min(outcome.retry_after_seconds or 0.0, _LONGEST_PAUSE_SECONDS)
        if self._failures >= _PATIENCE:
            bound = wait_bound_seconds(
                self._failures - _PATIENCE + 1, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS
            )
            pause = max(pause, bound * self._jitter())
        self._until = max(self._until, self._clock() + pause)

    def pause_seconds(self) -> float:
        """How many seconds nothing is to begin; 0 if there is no pause."""
        return max(0.0, self._until - self._clock())
