"""Many messages: sent as they come, at once or one by one, and what is told of them meanwhile."""

from __future__ import annotations

import logging

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mailcore.errors import MailcoreError
from mailcore.result import SendResult
from mailcore.sending.combining import agroups_of, groups_of


if TYPE_CHECKING:
    from mailcore.message.message import Message


logger = logging.getLogger("mailcore.mailer")

Outcome: TypeAlias = "SendResult | MailcoreError"
"""What became of one of many messages."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """
    One of many messages, and what became of it.

    Args:
        number: The place of the message among all, from 0.
        message: The message as it was given.
        outcome: The result of the message, or its error.
    """

    number: int
    message: Message
    outcome: Outcome

    @property
    def result(self) -> SendResult | None:
        """The result of the send; None if there is an error."""
        return self.outcome if isinstance(self.outcome, SendResult) else None

    @property
    def error(self) -> MailcoreError | None:
        """The error of the send; None if there is a result."""
        return self.outcome if isinstance(self.outcome, MailcoreError) else None


@dataclass(frozen=True, kw_only=True)
class Tally:
    """
    How far the sending of many messages is.

    Args:
        done: How many messages have an outcome.
        accepted: How many were accepted for everybody.
        partly: How many were accepted for some of their recipients.
        maybe_accepted: How many may have been accepted: nobody knows.
        failed: How many were accepted for nobody.
    """

    done: int = 0
    accepted: int = 0
    partly: int = 0
    maybe_accepted: int = 0
    failed: int = 0


OnProgress: TypeAlias = Callable[[Tally], object]
"""Is called after each outcome, in the thread or the loop that asks for the outcomes."""


class Counting:
    """
    Counts outcomes, and tells the count.

    Args:
        on_progress: Whom to tell; what it raises is logged, and the sending goes on.
    """

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._counts = dict.fromkeys(("accepted", "partly", "maybe_accepted", "failed"), 0)

    def count(self, outcome: Outcome) -> None:
        """Count one."""
        if self._on_progress is None:
            return
        self._counts[_kind(outcome)] += 1
        try:
            self._on_progress(Tally(done=sum(self._counts.values()), **self._counts))
        except Exception:
            logger.exception("on_progress failed")


def _kind(outcome: Outcome) -> str:
    if isinstance(outcome, SendResult):
        if not outcome.refused:
            return "accepted"
        return "partly" if outcome.accepted else "failed"
    return "maybe_accepted" if getattr(outcome, "maybe_accepted", False) else "failed"


@dataclass(frozen=True, kw_only=True)
class Manner:
    """
    How many messages are sent.

    Args:
        concurrency: How many calls may be under way at once.
        messages_per_call: How many messages one call may carry.
        ordered: Whether outcomes come in the order of the messages, or as they are there.
        on_progress: Whom to tell how far it is.
    """

    concurrency: int
    messages_per_call: int
    ordered: bool
    on_progress: OnProgress | None


def sent(
    outcomes_of: Callable[[Sequence[Message]], Sequence[Outcome]],
    messages: Iterable[Message],
    manner: Manner,
) -> Iterator[Sent]:
    """
    Send messages in this thread, or in several.

    Args:
        outcomes_of: Sends the messages of one call; raises nothing.
        messages: Taken as they are needed; what they raise is raised when the others are done.
        manner: How they are sent, and who is told.
    """
    failures: list[Exception] = []
    counting = Counting(manner.on_progress)
    groups = groups_of(enumerate(messages), manner.messages_per_call, failures)

    def work(group: Sequence[tuple[int, Message]]) -> Sequence[Sent]:
        return _paired(group, outcomes_of([message for _, message in group]))

    several: Generator[Sent, None, None]
    if manner.concurrency == 1:
        several = (each for group in groups for each in work(group))
    else:
        from mailcore.sending.concurrency import in_threads

        several = in_threads(work, groups, manner.concurrency, ordered=manner.ordered)
    with closing(several):
        for each in several:
            counting.count(each.outcome)
            yield each
    if failures:
        raise failures[0]


async def asent(
    outcomes_of: Callable[[Sequence[Message]], Awaitable[Sequence[Outcome]]],
    messages: Iterable[Message] | AsyncIterable[Message],
    manner: Manner,
) -> AsyncGenerator[Sent, None]:
    """The same as :func:`sent`, in the tasks of a loop."""
    from mailcore.sending.concurrency import in_tasks

    failures: list[Exception] = []
    counting = Counting(manner.on_progress)
    size = manner.messages_per_call
    groups: Iterable[list[tuple[int, Message]]] | AsyncIterable[list[tuple[int, Message]]]
    if isinstance(messages, AsyncIterable):
        groups = agroups_of(_numbered(messages), size, failures)
    else:
        groups = groups_of(enumerate(messages), size, failures)

    async def work(group: Sequence[tuple[int, Message]]) -> Sequence[Sent]:
        return _paired(group, await outcomes_of([message for _, message in group]))

    several = in_tasks(work, groups, manner.concurrency, ordered=manner.ordered)
    try:
        async for each in several:
            counting.count(each.outcome)
            yield each
    finally:
        await several.aclose()
    if failures:
        raise failures[0]


async def _numbered(
    messages: AsyncIterable[Message],
) -> AsyncGenerator[tuple[int, Message], None]:
    number = 0
    async for message in messages:
        yield number, message
        number += 1


def _paired(group: Sequence[tuple[int, Message]], outcomes: Sequence[Outcome]) -> Sequence[Sent]:
    return [
        Sent(number=number, message=message, outcome=outcome)
        for (number, message), outcome in zip(group, outcomes, strict=True)
    ]
