"""
What the task of a message does: one attempt, and what follows from it.

A task carries a row as an outbox has them, and the same functions decide what becomes of it
(:mod:`mailcore.outbox.machine`). What an outbox writes into its table stands in two places here:
the row is in the broker, and that a send has begun is in the store of the policy
:class:`~mailcore.middleware.idempotency.Idempotency`, before the provider is asked. So a task that
is handed out a second time, because its worker died or took too long, finds out there what is
known.
"""

from __future__ import annotations

import dataclasses

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailcore import MailcoreError, Mailer, OutcomeUnknown
from mailcore.outbox import (
    OutboxPolicy,
    OutboxRow,
    OutboxState,
    RowSender,
    Rules,
    begun,
    concluded,
    narrowed,
)
from mailcore_celery.course import NewerTask
from mailcore_celery.mailers import keys_of
from mailcore_celery.outcome import MailOutcome
from mailcore_celery.turns import take


_SOONEST_SECONDS, _LATEST_SECONDS = 1.0, 10.0


@dataclass(frozen=True, kw_only=True)
class Again:
    """
    A task that is to be put back.

    Args:
        row: The row that it is to carry then.
        wait_seconds: After how many seconds it may be handed out.
    """

    row: OutboxRow
    wait_seconds: float


@dataclass(frozen=True, kw_only=True)
class Sending:
    """
    How messages are sent in a worker.

    Args:
        mailer: A function that gives the mailer of this process.
        policy: How often a message is given to it, and when.
        lease_seconds: How many seconds a send may take: one that was begun earlier and has not
            ended is taken for lost.
        now: A function that tells the time, with time zone.
    """

    mailer: Callable[[], Mailer[Any]]
    policy: OutboxPolicy
    lease_seconds: float
    now: Callable[[], datetime]

    def attempt(self, row: OutboxRow) -> MailOutcome | Again:
        """
        Send a message once, unless another task of it is at that, or its course is over.

        Args:
            row: The row of the message, waiting.

        Returns:
            What became of the message, or what is to be put back.

        Raises:
            NewerTask: If its course is over, as a newer release says in words of its own.
        """
        try:
            store = keys_of(self.mailer())
            began = self.now().timestamp()
            turn = take(store, row, now=began, lease_seconds=self.lease_seconds)
        except NewerTask:
            raise
        except MailcoreError as error:
            done = self._concluded(row, error)
            return done if isinstance(done, Again) else MailOutcome.of(done)
        if isinstance(turn, MailOutcome):
            return turn
        if isinstance(turn, float):
            return Again(row=row, wait_seconds=_bounded(turn))
        done = self._attempted(row)
        outcome = None if isinstance(done, Again) else MailOutcome.of(done)
        try:
            is_ours = turn.end(outcome)
        except MailcoreError:
            # What the store does not know, another task may find out otherwise.
            return Again(row=row, wait_seconds=_LATEST_SECONDS)
        if outcome is None:
            assert isinstance(done, Again)
            return done
        # Who has taken the turn over has the last word.
        return outcome if is_ours else Again(row=row, wait_seconds=_LATEST_SECONDS)

    def _concluded(self, row: OutboxRow, error: MailcoreError) -> OutboxRow | Again:
        """What follows from an error before anything was sent."""
        now = self.now()
        sending = begun(row, provider=row.provider, now=now, until=now)
        return self._next(concluded(sending, error, now=now, rules=Rules(policy=self.policy)).row)

    def _attempted(self, row: OutboxRow) -> OutboxRow | Again:
        """
        Send a message once.

        Args:
            row: The row of the message, waiting.

        Returns:
            The row, if its course is over, or what is to be put back.
        """
        mailer = self.mailer()
        now = self.now()
        provider = mailer.provider
        is_native = provider.idempotency == "native"
        rules = Rules(policy=self.policy, provider=provider.name, is_native=is_native)
        claimed = dataclasses.replace(row, state=OutboxState.SENDING)
        revision = narrowed(claimed, (), now=now, rules=rules)
        if revision is not None and revision.row.state is not OutboxState.SENDING:
            return revision.row
        claimed = revision.row if revision is not None else claimed
        # Whose turn it is stands with the keys: nobody looks at a claim.
        sending = begun(claimed, provider=provider.name, now=now, until=now)
        # An id in the metadata would make two tasks of one message differ.
        (outcome,) = RowSender(mailer, None).send([sending])
        if isinstance(outcome, OutcomeUnknown) and outcome.under_way_seconds is not None:
            left = self.lease_seconds - outcome.under_way_seconds
            if left > 0:
                # Who has begun it may be about to end it: that is looked at again, and not counted.
                return Again(row=row, wait_seconds=_bounded(left))
        return self._next(concluded(sending, outcome, now=self.now(), rules=rules).row)

    def _next(self, row: OutboxRow) -> OutboxRow | Again:
        if row.state is not OutboxState.PENDING:
            return row
        wait = (row.due_at - self.now()).total_seconds()
        return Again(row=row, wait_seconds=max(0.0, wait))


def _bounded(seconds: float) -> float:
    return min(max(seconds, _SOONEST_SECONDS), _LATEST_SECONDS)
