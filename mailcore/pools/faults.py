"""What a failed send says of a member of a pool: is it the provider that fails, or the message?"""

from __future__ import annotations

from typing import NamedTuple

from mailcore.errors import MessageRejected, RecipientsRefused, SendError


class Judgement(NamedTuple):
    """
    What follows from one failure.

    Attributes:
        hurts: Whether it counts against the health of the member.
        may_go_on: Whether another member may take the message: a refusal of the message itself is
            the last word on it, unless the pool is told otherwise.
    """

    hurts: bool
    may_go_on: bool


def judged(error: SendError) -> Judgement:
    """
    Tell the provider's faults from the message's.

    A message that was understood and refused (:class:`~mailcore.errors.MessageRejected`, or
    :class:`~mailcore.errors.RecipientsRefused` without a failure of another kind) says nothing
    against the provider, which works. Everything else does: it could not be reached, is down, asks
    to wait, has no quota left, does not accept its credentials, answers what nobody understands.
    """
    if isinstance(error, RecipientsRefused):
        faults = [each for each in error.errors if not isinstance(each, MessageRejected)]
        return Judgement(hurts=bool(faults), may_go_on=bool(faults) or error.retryable)
    if isinstance(error, MessageRejected):
        return Judgement(hurts=False, may_go_on=error.retryable)
    return Judgement(hurts=True, may_go_on=True)
