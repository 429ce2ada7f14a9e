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

from mailcore import Mailer, MailcoreError, Message, OutcomeUnknown, SendResult
from mailcore.outbox import (
    OutboxPolicy,
    OutboxRow,
    OutboxState,
    Rules,
    addressees,
    concluded,
    held_back,
    message_to,
)


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

    def attempt(self, row: OutboxRow, task_id: str) -> OutboxRow | Again:
        """
        Send a message once.

        Args:
            row: The row of the message, waiting.
            task_id: The id of the task that carries it.

        Returns:
            The row, if its course is over, or what is to be put back.
        """
        now = self.now()
        rules = Rules(policy=self.policy, provider=row.provider)
        claimed = dataclasses.replace(row, state=OutboxState.SENDING, claimed_by=task_id)
        mailer: Mailer[Any] | None = None
        outcome: SendResult | MailcoreError
        try:
            mailer = self.mailer()
        except MailcoreError as error:
            outcome = error
        else:
            name, is_native = mailer.provider.name, mailer.provider.idempotency == "native"
            rules = dataclasses.replace(rules, provider=name, is_native=is_native)
            held = held_back(claimed, (), now=now, rules=rules)
            if held is not None:
                return held.row
        begun = dataclasses.replace(
            claimed, began_at=now, attempts=row.attempts + 1, provider=rules.provider
        )
        if mailer is not None:
            outcome = _sent(mailer, begun, addressees(begun, now=now, rules=rules))
        if isinstance(outcome, OutcomeUnknown) and outcome.under_way_seconds is not None:
            left = self.lease_seconds - outcome.under_way_seconds
            if left > 0:
                # Who has begun it may be about to end it: that is looked at again, and not counted.
                return Again(row=row, wait_seconds=min(max(left, _SOONEST_SECONDS), _LATEST_SECONDS))
        over = concluded(begun, outcome, now=self.now(), rules=rules).row
        if over.state is not OutboxState.PENDING:
            return over
        wait = (over.due_at - self.now()).total_seconds()
        return Again(row=over, wait_seconds=max(0.0, wait))


def _sent(
    mailer: Mailer[Any], row: OutboxRow, addresses: tuple[str, ...]
) -> SendResult | MailcoreError:
    """What the mailer says of one attempt, whatever else is raised within it."""
    try:
        message = message_to(row, addresses, mailer)
    except MailcoreError as error:
        return error
    # Unlike send(), it knows of a fault of a hook or of middleware whether the mail may be gone.
    (outcome,) = mailer.send_many([message])
    return outcome
