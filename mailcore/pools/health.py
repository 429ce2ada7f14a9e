"""
Who of a pool works: members that fail rest for a while, then one message tries them again.

A circuit breaker for each member. It is *closed* while the member works; after several failures in
a row it *opens*, and the member rests; when the rest is over it is *half open*: one message, the
probe, is sent through the member, and decides for all others.
"""

from __future__ import annotations

import logging

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mailcore.errors import AuthenticationFailed, QuotaExceeded, SendError
from mailcore.foundation.forking import ForkSafeLock
from mailcore.pools.composite import Member


logger = logging.getLogger("mailcore.pools")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """
    When a member rests, and for how long.

    Args:
        faults_before_rest: How many failures in a row, with no success in between.
        rest_seconds: The first rest. A probe that fails doubles the next one.
        longest_rest_seconds: No rest is longer, whatever the provider asks for.
    """

    faults_before_rest: int = 3
    rest_seconds: float = 30.0
    longest_rest_seconds: float = 600.0

    def problems(self) -> Iterator[str]:
        """What is wrong with them, a sentence each."""
        if self.faults_before_rest < 1:
            yield "faults_before_rest must be at least 1"
        if not 0 < self.rest_seconds <= self.longest_rest_seconds:
            yield "rest_seconds must be above 0, and not above longest_rest_seconds"


@dataclass
class _Record:
    faults: int = 0
    rests: int = 0
    rests_since: float | None = None
    rests_until: float = 0.0
    is_probed: bool = False


class Health:
    """
    What is known of each member, shared by all threads that send through the pool.

    Args:
        members: The members, each of which is taken to work at first.
        rules: When a member rests, and for how long.
        clock: A function that returns the time in seconds, which never goes back.
    """

    def __init__(self, members: Iterable[Member], rules: Rules, clock: Callable[[], float]) -> None:
        self._records = {id(member): _Record() for member in members}
        self._rules = rules
        self._clock = clock
        self._lock = ForkSafeLock()

    def rests(self, member: Member) -> bool:
        """Whether a send would leave a member out now, unless all rest."""
        with self._lock:
            return self._rests(self._records[id(member)])

    def awake_first(self, members: Sequence[Member]) -> list[Member]:
        """
        The members that work, in the order given; then those that rest, the longest-resting first.
        """
        with self._lock:
            awake = [each for each in members if not self._rests(self._records[id(each)])]
            resting = [each for each in members if self._rests(self._records[id(each)])]
            resting.sort(key=lambda each: self._records[id(each)].rests_since or 0.0)
        return awake + resting

    def claim(self, member: Member) -> bool:
        """
        Take a member for a send; False if it rests, or another send is the probe already.

        Who gets True says :meth:`worked`, :meth:`failed` or :meth:`let_go` afterwards.
        """
        with self._lock:
            record = self._records[id(member)]
            if self._rests(record):
                return False
            record.is_probed = record.rests_since is not None
            return True

    def worked(self, member: Member) -> None:
        """The provider took a message, or understood and refused it: it is there."""
        with self._lock:
            record = self._records[id(member)]
            rested = record.rests_since is not None
            self._records[id(member)] = _Record()
        if rested:
            logger.info("%s works again", member.provider.name)

    def failed(self, member: Member, error: SendError) -> None:
        """The provider failed: the member may have to rest, or to rest again."""
        with self._lock:
            record = self._records[id(member)]
            record.faults += 1
            if record.is_probed or record.rests_since is None:
                if not (record.is_probed or self._is_enough(record, error)):
                    return
                # A failure of a send that began before the rest does not make it longer.
                record.rests += 1
            record.is_probed = False
            now = self._clock()
            seconds = self._rest_after(record, error)
            record.rests_since, record.rests_until = now, now + seconds
        logger.warning("%s rests for %g seconds: %s", member.provider.name, seconds, error.category)

    def let_go(self, member: Member) -> None:
        """The send ended without a word on the provider: the next one may be the probe."""
        with self._lock:
            self._records[id(member)].is_probed = False

    def _rests(self, record: _Record) -> bool:
        if record.rests_since is None:
            return False
        return record.is_probed or self._clock() < record.rests_until

    def _is_enough(self, record: _Record, error: SendError) -> bool:
        # What waiting alone will not mend, or the provider says how long it takes.
        lasts = isinstance(error, (AuthenticationFailed, QuotaExceeded))
        asked_to_wait = error.retry_after_seconds is not None
        return lasts or asked_to_wait or record.faults >= self._rules.faults_before_rest

    def _rest_after(self, record: _Record, error: SendError) -> float:
        longest = self._rules.longest_rest_seconds
        if error.retry_after_seconds is not None:
            return min(max(error.retry_after_seconds, 0.0), longest)
        # The exponent is bounded, because a float is.
        return min(self._rules.rest_seconds * 2.0 ** min(record.rests - 1, 64), longest)
