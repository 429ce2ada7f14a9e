"""
What becomes of a row: every transition of an outbox, as functions without I/O.

========================  ==========================  =============================================
What happened             Function                    The row is then
========================  ==========================  =============================================
a send is about to begin  :func:`narrowed`            for fewer recipients; ``UNKNOWN`` if nobody
                                                      may be sent to again
a send ended              :func:`concluded`           ``SENT``, ``FAILED``, ``UNKNOWN``, or
                                                      ``PENDING`` until the next attempt
it ended too late         :func:`concluded_late`      the same, unless somebody decided meanwhile
a worker did not come     :func:`given_back`          ``PENDING`` if no send had begun, else
back                                                  ``UNKNOWN``
an event came             :func:`resolved`            ``SENT`` or ``FAILED`` if it was ``UNKNOWN``
                                                      and nothing is open any more
a person says so          :func:`retried`,            ``PENDING``; ``CANCELLED``
                          :func:`cancelled`
========================  ==========================  =============================================

The rule behind all of them: a recipient that may have got the mail is not sent to again, unless the
provider drops what it has had (``idempotency`` is ``native``), a policy accepts duplicates, or a
person says so. :mod:`mailcore.outbox.erasing` has the transition that forgets an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailcore.address.domain import address_key
from mailcore.errors import CancelSend, MailcoreError, SendError
from mailcore.middleware.outcomes import Outcomes
from mailcore.outbox.evidence import is_unsure, told_by
from mailcore.outbox.outcomes import LONGEST_CODE, LONGEST_ID, Cause, plain_text, read_outcome
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.rows import OutboxAttempt, OutboxRow, Receipt, is_erased
from mailcore.outbox.states import OutboxState
from mailcore.outbox.store import Revision
from mailcore.result import RecipientStatuses, SendResult


LOST = "worker_lost"
"""The category of a row whose worker did not come back after it had begun to send."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """
    What decides beside a row and an outcome.

    Args:
        policy: How to send again, and what to keep.
        provider: The name of the provider that the worker sends through.
        is_native: Whether that provider drops what it has had (its ``idempotency``).
    """

    policy: OutboxPolicy
    provider: str = ""
    is_native: bool = False

    def may_repeat(self, row: OutboxRow, when: datetime) -> bool:
        """
        Whether recipients that may have the mail may be sent to again at a time.

        Args:
            row: The row, given to a provider before.
            when: When the send would begin.
        """
        if self.policy.accept_duplicates or row.unsure_since is None:
            return True
        if not self.is_native or row.provider != self.provider:
            return False
        return (when - row.unsure_since).total_seconds() < self.policy.repeat_within_seconds


def narrowed(
    row: OutboxRow, receipts: Sequence[Receipt], *, now: datetime, rules: Rules
) -> Revision | None:
    """
    Take out of a claimed row whom this worker must not send to again.

    A row that waits for a repetition may be claimed too late for it, or by a worker that sends
    through another provider, which knows nothing of the first send.

    Args:
        row: The row as it is now.
        receipts: What providers reported of it.
        now: The time to decide at, in UTC.
        rules: The policy, and what the provider can do.

    Returns:
        The row for the others, or as ``UNKNOWN`` if there are none. None if its send has begun, or
        all may be sent to.
    """
    if not can_cancel(row) or not must_narrow(row, now=now, rules=rules):
        return None
    left = tuple(
        each for each in _unreached(row, _asked(row)) if not is_unsure(row.statuses.get(each))
    )
    if left:
        return Revision(row=replace(row, remaining=left))
    over = _over(_unclaimed(row), now, rules.policy)
    return resolved(over, receipts, now=now, policy=rules.policy) or Revision(row=over)


def must_narrow(row: OutboxRow, *, now: datetime, rules: Rules) -> bool:
    """Whether somebody whom the next send is for may have the mail, and must not get it again."""
    if row.unsure_since is None or rules.may_repeat(row, now):
        return False
    return any(is_unsure(row.statuses.get(each)) for each in _asked(row))


def begun(row: OutboxRow, *, provider: str, now: datetime, until: datetime) -> OutboxRow:
    """A claimed row as it is once its send may begin: what a store writes by `advance()`."""
    return replace(
        row, began_at=now, attempts=row.attempts + 1, provider=provider, claimed_until=until
    )


def concluded(
    row: OutboxRow, outcome: SendResult | MailcoreError, *, now: datetime, rules: Rules
) -> Revision:
    """
    Decide what becomes of a row whose send ended.

    Args:
        row: The row as it was when the send began.
        outcome: What the mailer returned or raised.
        now: The time of this moment.
        rules: The policy, and what the provider can do.

    Returns:
        The row as it is to be, with the attempt.
    """
    assert row.began_at is not None
    asked = _asked(row)
    result, cause = read_outcome(outcome, asked)
    unsure_since = row.unsure_since
    if any(is_unsure(status) for status in result.recipients.values()):
        unsure_since = unsure_since or row.began_at
    taken_by = plain_text(result.provider or row.provider, LONGEST_CODE)
    ids = tuple(plain_text(each, LONGEST_ID) for each in result.message_ids)
    sent = replace(
        row,
        statuses=_joined(row, result),
        unsure_since=unsure_since,
        tries_until=row.tries_until
        or row.began_at + timedelta(seconds=rules.policy.max_age_seconds),
        message_ids=tuple(dict.fromkeys((*row.message_ids, *ids))),
        error_category=cause.category,
        error_code=cause.code,
        error_text=cause.text,
    )
    attempt = OutboxAttempt(
        row_id=row.id,
        number=row.attempts,
        worker_id=row.claimed_by,
        provider=taken_by,
        began_at=row.began_at,
        ended_at=now,
        status=result.status,
        message_ids=ids,
        error_category=cause.category,
        error_code=cause.code,
        error_text=cause.text,
    )
    if isinstance(outcome, CancelSend):
        over = _over(sent, now, rules.policy, OutboxState.CANCELLED)
        return Revision(row=over, attempt=attempt)
    due_at = _next_due_at(sent, cause, now, rules.policy)
    left = _left(sent, result, cause, due_at, rules) if due_at else ()
    if due_at is None or not left:
        over = _over(sent, now, rules.policy)
        return Revision(row=replace(over, provider=taken_by), attempt=attempt)
    # Its provider stays that of the mailer, whose idempotency decides about repeating.
    return Revision(row=_waiting(sent, left, now, due_at), attempt=attempt)


def concluded_late(
    row: OutboxRow, receipts: Sequence[Receipt], *, conclusion: Revision, policy: OutboxPolicy
) -> Revision | None:
    """
    Decide what the end of a send means for a row that may have changed meanwhile.

    For conclusions that :meth:`~mailcore.outbox.store.OutboxStore.advance` did not write, and for
    those that end ``UNKNOWN``, about which events may be there already.

    Args:
        row: The row as it is now.
        receipts: What providers reported of it.
        conclusion: What :func:`concluded` said.
        policy: What to keep.

    Returns:
        What is to be written; None if the row was claimed or sent again meanwhile.
    """
    ours, attempt = conclusion.row, conclusion.attempt
    assert attempt is not None
    if row.claimed_by != attempt.worker_id or row.attempts != ours.attempts or row.began_at is None:
        return None
    if row.state not in (OutboxState.SENDING, OutboxState.UNKNOWN):
        # Settled meanwhile: written before, by an event, or by a person. How it ended is kept.
        return Revision(row=row, attempt=attempt)
    if row.recipients != ours.recipients:
        ours = _without_erased(ours, row, policy)
    known = resolved(ours, receipts, now=ours.changed_at, policy=policy)
    return Revision(row=known.row if known else ours, attempt=attempt)


def given_back(
    row: OutboxRow, receipts: Sequence[Receipt], *, now: datetime, rules: Rules
) -> Revision | None:
    """
    Decide what becomes of a row whose claim has run out.

    Args:
        row: The row as it is now.
        receipts: What providers reported of it.
        now: The time of this moment.
        rules: The policy, and what the provider can do.

    Returns:
        What is to be written; None if the claim goes on after all, or was concluded.
    """
    if row.state is not OutboxState.SENDING:
        return None
    if row.claimed_until is not None and row.claimed_until >= now:
        return None
    if row.began_at is None:
        return Revision(row=replace(_unclaimed(row), state=OutboxState.PENDING, changed_at=now))
    lost = SendError(
        "the worker did not come back after it had begun to send",
        provider=row.provider,
        category=LOST,
        maybe_accepted=True,
    )
    revision = concluded(row, lost, now=now, rules=rules)
    assert revision.attempt is not None
    known = resolved(revision.row, receipts, now=now, policy=rules.policy)
    attempt = replace(revision.attempt, ended_at=None)
    return Revision(row=known.row if known else revision.row, attempt=attempt)


def resolved(
    row: OutboxRow, receipts: Sequence[Receipt], *, now: datetime, policy: OutboxPolicy
) -> Revision | None:
    """
    Decide what events say of recipients of whom nobody knew.

    That the provider sent, delivered, deferred or bounced the mail, or that it was opened, says
    that it was accepted; ``REJECTED`` and ``FAILED`` say that it was not sent. An event that does
    not say for sure whom it is about counts for a message to one recipient only.

    Args:
        row: The row as it is now.
        receipts: What providers reported of it.
        now: The time of this moment.
        policy: What to keep.

    Returns:
        What is to be written; None if nothing follows, since the row is neither ``UNKNOWN`` nor
        waiting to be sent again, or the receipts say nothing new. A claim whose send has not begun
        is taken away, since the worker knows the row as it was.
    """
    is_waiting = can_cancel(row)
    if row.state is not OutboxState.UNKNOWN and not is_waiting:
        return None
    open_ones = [address for address, status in row.statuses.items() if is_unsure(status)]
    # Whom it was sent to: those whom the mailer's defaults add as well, and none that was erased.
    told = told_by(receipts, tuple(row.statuses))
    changed = {
        address: told[address_key(address)] for address in open_ones if address_key(address) in told
    }
    if not changed:
        return None
    ids = dict.fromkeys((*row.message_ids, *(each.message_id for each in changed.values())))
    found = replace(
        row,
        statuses=RecipientStatuses({**row.statuses, **changed}),
        message_ids=tuple(each for each in ids if each is not None),
    )
    if is_waiting:
        found = replace(_unclaimed(found), state=OutboxState.PENDING)
        left = _unreached(found, _asked(row))
        is_repeated = any(is_unsure(found.statuses.get(each)) for each in left)
        if is_repeated and row.unsure_since is not None:
            # As it was sent, or not at all.
            return Revision(row=found)
        return Revision(row=replace(found, remaining=left) if left else _over(found, now, policy))
    over = _over(found, now, policy)
    is_open = over.state is OutboxState.UNKNOWN
    return Revision(row=replace(over, changed_at=row.changed_at) if is_open else over)


def retried(row: OutboxRow, _receipts: Sequence[Receipt], *, now: datetime) -> Revision | None:
    """
    Send again what is over, because a person says so: to everybody who is not known to have it.

    Args:
        row: The row as it is now.
        _receipts: What providers reported of it, which decides nothing here.
        now: The time of this moment.

    Returns:
        What is to be written; None if the row is not ``FAILED``, ``UNKNOWN`` or ``CANCELLED``, its
        body is not there any more, or nobody is left to send to: all others have it, or were
        erased.
    """
    left = tuple(each for each in _unreached(row, row.recipients) if not is_erased(each))
    if not can_retry(row) or row.document is None or not left:
        return None
    fresh = replace(row, earlier_attempts=row.attempts, tries_until=None, unsure_since=None)
    return Revision(row=_waiting(fresh, left, now, now))


def can_retry(row: OutboxRow) -> bool:
    """Whether a person may have a row sent again; the document is not looked at."""
    return row.state in (OutboxState.FAILED, OutboxState.UNKNOWN, OutboxState.CANCELLED)


def cancelled(
    row: OutboxRow, _receipts: Sequence[Receipt], *, now: datetime, policy: OutboxPolicy
) -> Revision | None:
    """
    Call a row off that waits, or that is claimed and whose send has not begun.

    Args:
        row: The row as it is now.
        _receipts: What providers reported of it, which decides nothing here.
        now: The time of this moment.
        policy: What to keep.

    Returns:
        What is to be written; None if it is too late. A row that was sent to some before is
        ``SENT``, and one that may have been ``UNKNOWN``.
    """
    if not can_cancel(row):
        return None
    return Revision(row=_over(_unclaimed(row), now, policy, OutboxState.CANCELLED))


def can_cancel(row: OutboxRow) -> bool:
    """Whether a row can be called off."""
    if row.state is OutboxState.SENDING:
        return row.began_at is None
    return row.state is OutboxState.PENDING


def _asked(row: OutboxRow) -> tuple[str, ...]:
    return row.recipients if row.remaining is None else row.remaining


def _unreached(row: OutboxRow, addresses: Sequence[str]) -> tuple[str, ...]:
    """Those of some addresses that are not known to have been accepted."""
    statuses = row.statuses
    return tuple(each for each in addresses if each not in statuses or not statuses[each].accepted)


def _joined(row: OutboxRow, result: SendResult) -> RecipientStatuses:
    """The statuses of all recipients, over this attempt and those before it."""
    # Not of those whom nobody was asked about, of a row that an address was taken out of. And a
    # mailer's defaults may have added somebody.
    own = [each for each in row.recipients if each in row.statuses or each in result.recipients]
    outcomes = Outcomes((*own, *result.recipients))
    if row.statuses:
        outcomes.add(SendResult(provider=row.provider, recipients=row.statuses))
    outcomes.add(result)
    return outcomes.result().recipients


def _left(
    row: OutboxRow, result: SendResult, cause: Cause, due_at: datetime, rules: Rules
) -> tuple[str, ...]:
    """Those that were asked now, and that the next attempt is for."""
    may_repeat = rules.may_repeat(row, due_at)
    found, is_open = [], False
    for address in _asked(row):
        status, joined = result.recipients[address], row.statuses[address]
        if joined.accepted:
            continue
        may_come_again = is_unsure(status) or status.retryable or cause.spares(address)
        may_have_it = is_unsure(joined) and row.unsure_since is not None
        if may_come_again and (may_repeat or not may_have_it):
            found.append(address)
            is_open |= may_have_it
    if is_open and rules.is_native:
        # The provider knows the key of the message as it was sent, to those who have it as well.
        return _asked(row)
    return tuple(found)


def _next_due_at(
    row: OutboxRow, cause: Cause, now: datetime, policy: OutboxPolicy
) -> datetime | None:
    """When the next attempt is due; None if there is none."""
    made = row.attempts - row.earlier_attempts
    if made >= policy.attempts:
        return None
    own = policy.longest_wait_seconds if cause.is_patient else policy.wait_seconds(made)
    due_at = now + timedelta(seconds=own + cause.wait_seconds)
    assert row.tries_until is not None
    return due_at if due_at <= row.tries_until else None


def _waiting(row: OutboxRow, left: tuple[str, ...], now: datetime, due_at: datetime) -> OutboxRow:
    """The row as it waits for its next attempt."""
    return replace(
        _unclaimed(row),
        state=OutboxState.PENDING,
        remaining=left if len(left) < len(row.recipients) else None,
        due_at=due_at,
        changed_at=now,
    )


def _over(
    row: OutboxRow,
    now: datetime,
    policy: OutboxPolicy,
    otherwise: OutboxState = OutboxState.FAILED,
) -> OutboxRow:
    """The row as no worker looks at it any more, in the state that its statuses say."""
    found = row.statuses.values()
    if any(is_unsure(status) for status in found):
        state = OutboxState.UNKNOWN
    elif any(status.accepted for status in found):
        state = OutboxState.SENT
    else:
        state = otherwise
    is_kept = policy.keep_bodies or state is not OutboxState.SENT
    return replace(
        row,
        state=state,
        # Who claimed it last stays: its own word on the send counts, even if it comes late.
        claimed_until=None,
        changed_at=now,
        document=row.document if is_kept else None,
    )


def _without_erased(ours: OutboxRow, row: OutboxRow, policy: OutboxPolicy) -> OutboxRow:
    """How a send ended, for a row that addresses were taken out of while it was under way."""
    places = zip(map(address_key, ours.recipients), row.recipients, strict=True)
    names = {key: name for key, name in places if is_erased(name)}
    statuses = {
        names.get(address_key(address), address): (
            replace(status, detail="") if address_key(address) in names else status
        )
        for address, status in ours.statuses.items()
    }
    found = replace(
        ours,
        key=row.key,
        document=None,
        recipients=row.recipients,
        remaining=row.remaining,
        statuses=RecipientStatuses(statuses),
        subject=row.subject,
    )
    # Its body went with the address: there is nothing to send again.
    return _over(found, ours.changed_at, policy) if can_cancel(ours) else found


def _unclaimed(row: OutboxRow) -> OutboxRow:
    return replace(row, claimed_by="", claimed_until=None, began_at=None)
