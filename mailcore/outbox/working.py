"""
One run of a worker: what is claimed, begun and concluded, in which order.

All calls of the store come from the thread of the run; sends run in threads of their own. One turn
concludes all that has ended, has others begin in the same transaction, and starts these. So with
many sends at once a transaction serves several of them, and none begins that is not written down.
"""

from __future__ import annotations

import logging
import random
import time

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from mailcore.errors import MailcoreError, SerializationError, StoreError
from mailcore.middleware.waits import wait_bound_seconds
from mailcore.outbox.crew import Crew
from mailcore.outbox.machine import (
    Rules,
    begun,
    concluded,
    concluded_late,
    given_back,
    must_narrow,
    narrowed,
)
from mailcore.outbox.pace import Pace
from mailcore.outbox.rows import OutboxRow
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import OutboxStore, Revision
from mailcore.result import SendResult


logger = logging.getLogger("mailcore.outbox")

Clock: TypeAlias = Callable[[], datetime]
"""Gives the time, with time zone."""

_MOST_EXPIRED = 100
_SHORTEST_WAIT_SECONDS = 0.01
_SHORT_POLL_SECONDS = 1.0
_FIRST_STORE_WAIT_SECONDS = 0.5
_LONGEST_STORE_WAIT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Worked:
    """
    What a worker did.

    Args:
        sent: How many messages were taken by the provider, for some recipients at least.
        failed: How many were given up.
        unknown: How many ended without anybody knowing whether they are on their way.
        cancelled: How many were called off by a hook.
        postponed: How many times a message was put back, for a later attempt.
        recovered: How many claims of workers were given back that did not come back themselves.
    """

    sent: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: int = 0
    postponed: int = 0
    recovered: int = 0

    @property
    def attempts(self) -> int:
        """How many sends ended."""
        return self.sent + self.failed + self.unknown + self.cancelled + self.postponed


_COUNTED_AS = {
    OutboxState.SENT: "sent",
    OutboxState.FAILED: "failed",
    OutboxState.UNKNOWN: "unknown",
    OutboxState.CANCELLED: "cancelled",
    OutboxState.PENDING: "postponed",
}


@dataclass(frozen=True, kw_only=True)
class Manner:
    """
    How a worker works.

    Args:
        worker_id: The id that its claims have.
        rules: What decides about outcomes.
        claim_size: How many rows are claimed at once.
        rows_per_call: How many rows go into one call of the provider.
        lease: After how long a claim ends by itself.
        longest_wait_seconds: How long to wait at most before the claims are seen to.
        poll_seconds: How long to wait before the store is asked again, if nothing was due.
        grace_seconds: How long to wait for what is under way, once the worker is to stop.
        now: The time, with time zone.
    """

    worker_id: str
    rules: Rules
    claim_size: int
    rows_per_call: int
    lease: timedelta
    longest_wait_seconds: float
    poll_seconds: float
    grace_seconds: float
    now: Clock


class Run:
    """
    A worker at work.

    Args:
        store: What keeps the rows.
        crew: Whose threads send them.
        manner: How it works.
        is_stopped: Says whether nothing more is to begin.
    """

    def __init__(
        self, store: OutboxStore, crew: Crew, manner: Manner, is_stopped: Callable[[], bool]
    ) -> None:
        self._store = store
        self._crew = crew
        self._manner = manner
        self._is_stopped = is_stopped
        self._pace = Pace(time.monotonic, random.random)
        self._claimed: deque[OutboxRow] = deque()
        self._unsaved: list[Revision] = []
        self._doubtful: list[str] = []
        self._is_confused = False
        self._is_leaving = False
        self._was_full = False
        self._counts = dict.fromkeys(vars(Worked()), 0)
        self._store_failures = 0
        self._tended_at = float("-inf")

    @property
    def worked(self) -> Worked:
        """What was done so far."""
        return Worked(**self._counts)

    @property
    def _is_busy(self) -> bool:
        """Whether sends are under way, or ended and are not written down."""
        return bool(self._crew.under_way or self._unsaved)

    def until_idle(self) -> None:
        """
        Send what is due, until nothing is, or the provider asks for a pause.

        Raises:
            StoreError: If the store fails while nothing is under way.
        """
        while True:
            try:
                self._tend()
                self._turn()
                self._store_failures = 0
            except StoreError as error:
                if not self._is_busy:
                    raise
                self._wait_for_store(error)
                continue
            if not self._crew.under_way and not self._claimed and not self._was_full:
                return
            if not self._crew.under_way and (self._pace.pause_seconds() or self._is_stopped()):
                return
            wait = self._manner.longest_wait_seconds if self._crew.under_way else 0.0
            self._take_in(self._crew.ended(wait))

    def until_stopped(self) -> None:
        """Send what is due, and wait for more, until the worker is told to stop."""
        while not self._is_stopped():
            try:
                self._tend()
                self._turn()
                wait = self._wait()
                self._store_failures = 0
            except StoreError as error:
                self._wait_for_store(error)
                continue
            self._take_in(self._crew.ended(wait))

    def leave(self) -> None:
        """Give back what has not begun, wait for what has, and write down what became of it."""
        deadline = time.monotonic() + self._manner.grace_seconds
        # All that has not begun is given back by the first turn.
        self._is_leaving = self._is_confused = True
        while True:
            try:
                self._turn()
                if not self._is_busy:
                    return
                self._tend()
                wait = min(deadline - time.monotonic(), self._manner.longest_wait_seconds)
            except StoreError as error:
                if not self._is_busy:
                    logger.warning("%s; claims are not given back, and end by themselves", error)
                    return
                # The error says it all: a traceback would tell nothing more.
                logger.error("%s; what became of sends is not written down so far", error)  # noqa: TRY400
                self._store_failures += 1
                self._is_confused = True
                wait = min(deadline - time.monotonic(), self._store_wait())
            if wait <= 0:
                self._tell_what_is_left()
                return
            self._take_in(self._crew.ended(wait))

    def _turn(self) -> None:
        """Conclude what has ended, have others begin, and start these."""
        self._repair()
        self._claim()
        manner = self._manner
        now = manner.now()
        until = now + manner.lease
        beginners = self._next(now)
        if not self._unsaved and not beginners:
            return
        certain = [each for each in self._unsaved if each.row.state is not OutboxState.UNKNOWN]
        # Until it is known that they did not begin, they may have.
        self._doubtful = [row.id for row in beginners]
        advanced = self._store.advance(
            manner.worker_id,
            conclusions=certain,
            begin=self._doubtful,
            provider=manner.rules.provider,
            now=now,
            until=until,
        )
        self._doubtful = []
        started = [
            begun(row, provider=manner.rules.provider, now=now, until=until)
            for row in beginners
            if row.id in advanced.begun
        ]
        for position in range(0, len(started), manner.rows_per_call):
            self._crew.begin(started[position : position + manner.rows_per_call])
        self._saved(advanced.concluded)

    def _saved(self, concluded_ids: frozenset[str]) -> None:
        """Write those conclusions by themselves that need a look at the row."""
        policy = self._manner.rules.policy
        for revision in self._unsaved:
            if revision.row.id in concluded_ids:
                self._count(revision.row)
        self._unsaved = [each for each in self._unsaved if each.row.id not in concluded_ids]
        while self._unsaved:
            revision = self._unsaved[-1]
            decide = partial(concluded_late, conclusion=revision, policy=policy)
            try:
                written = self._store.revise(revision.row.id, decide)
            except SerializationError as error:
                # The error says it all: a traceback would tell nothing more.
                logger.error("row %s: %s", revision.row.id, error)  # noqa: TRY400
                written = None
            if written is None:
                logger.warning(
                    "row %s was concluded, claimed or deleted by another while it was being sent; "
                    "its send ended as %s",
                    revision.row.id,
                    revision.row.state,
                )
            self._count(revision.row if written is None else written)
            self._unsaved.pop()

    def _next(self, now: datetime) -> list[OutboxRow]:
        """The rows that are to begin now, as they are in the store."""
        found: list[OutboxRow] = []
        if self._begins_nothing():
            return found
        room = self._crew.idle * self._manner.rows_per_call
        while self._claimed and len(found) < room:
            row = self._claimed.popleft()
            if must_narrow(row, now=now, rules=self._manner.rules):
                decide = partial(narrowed, now=now, rules=self._manner.rules)
                changed = self._store.revise(row.id, decide)
                if changed is None or changed.state is not OutboxState.SENDING:
                    continue
                row = changed
            found.append(row)
        return found

    def _claim(self) -> None:
        if self._claimed or not self._crew.idle or self._begins_nothing():
            return
        manner = self._manner
        now = manner.now()
        found = self._store.claim(
            manner.worker_id, limit=manner.claim_size, now=now, until=now + manner.lease
        )
        self._claimed += found
        self._was_full = len(found) == manner.claim_size

    def _begins_nothing(self) -> bool:
        return self._is_leaving or self._is_stopped() or self._pace.pause_seconds() > 0

    def _take_in(self, ended: Sequence[tuple[OutboxRow, SendResult | MailcoreError]]) -> None:
        manner = self._manner
        for row, outcome in ended:
            self._pace.note(outcome)
            revision = concluded(row, outcome, now=manner.now(), rules=manner.rules)
            _tell(revision)
            self._unsaved.append(revision)

    def _tend(self) -> None:
        """Keep the claims, and give back those of workers that are gone."""
        now = time.monotonic()
        if now - self._tended_at < self._manner.lease.total_seconds() / 4:
            return
        at = self._manner.now()
        if self._claimed or self._crew.under_way:
            self._store.extend(self._manner.worker_id, until=at + self._manner.lease)
        decide = partial(given_back, now=at, rules=self._manner.rules)
        expired = self._store.expired(now=at, limit=_MOST_EXPIRED)
        for row_id in expired:
            row = self._store.revise(row_id, decide)
            if row is not None:
                self._counts["recovered"] += 1
                logger.warning("row %s: its worker did not come back; it is %s", row_id, row.state)
        if len(expired) < _MOST_EXPIRED:
            self._tended_at = now

    def _repair(self) -> None:
        """
        After a failure of the store, give back what is claimed and not under way.

        Of a claim the answer may have been lost: nobody else would get those rows as long as this
        worker lives. What may have been written down as begun, was not begun.
        """
        if not self._is_confused:
            return
        manner = self._manner
        if self._doubtful:
            self._store.release(manner.worker_id, row_ids=self._doubtful, now=manner.now())
            self._doubtful = []
        self._claimed.clear()
        self._store.release(manner.worker_id, row_ids=None, now=manner.now())
        self._is_confused = False

    def _wait_for_store(self, error: StoreError) -> None:
        """Wait a while, longer with each failure; what ends meanwhile is taken in."""
        self._store_failures += 1
        self._is_confused = True
        wait = self._store_wait()
        logger.error("%s; the store is asked again in %.1f s", error, wait)
        self._take_in(self._crew.ended(wait))

    def _store_wait(self) -> float:
        bound = wait_bound_seconds(
            self._store_failures, _FIRST_STORE_WAIT_SECONDS, _LONGEST_STORE_WAIT_SECONDS
        )
        return bound * random.uniform(0.5, 1.0)  # noqa: S311  # it is no secret

    def _wait(self) -> float:
        """How long to wait for what is under way, or for rows that become due."""
        longest, pause = self._manner.longest_wait_seconds, self._pace.pause_seconds()
        if pause:
            return min(longest, max(pause, _SHORTEST_WAIT_SECONDS))
        if not self._crew.idle:
            return longest
        if self._claimed or self._was_full:
            return 0.0
        return min(longest, self._idle_wait())

    def _idle_wait(self) -> float:
        poll = self._manner.poll_seconds
        if poll > _SHORT_POLL_SECONDS and not self._crew.under_way:
            due_at = self._store.next_due_at()
            if due_at is not None:
                poll = min(poll, (due_at - self._manner.now()).total_seconds())
        return max(poll, _SHORTEST_WAIT_SECONDS)

    def _count(self, row: OutboxRow) -> None:
        self._counts[_COUNTED_AS[row.state]] += 1

    def _tell_what_is_left(self) -> None:
        for revision in self._unsaved:
            logger.error(
                "row %s: that its send ended as %s could not be written down; it will count as "
                "unknown (message ids %s)",
                revision.row.id,
                revision.row.state,
                ", ".join(revision.row.message_ids) or "none",
            )
        if self._crew.under_way:
            logger.error(
                "%d sends are under way still; they will count as unknown", self._crew.under_way
            )


def _tell(revision: Revision) -> None:
    row = revision.row
    if row.state is OutboxState.SENT:
        logger.info("row %s is sent through %s", row.id, row.provider)
    elif row.state is OutboxState.PENDING:
        logger.info(
            "row %s: %s; attempt %d is due at %s",
            row.id,
            row.error_text or row.error_category,
            row.attempts + 1,
            row.due_at.isoformat(timespec="seconds"),
        )
    else:
        logger.warning("row %s is %s: %s", row.id, row.state, row.error_text or row.error_category)
