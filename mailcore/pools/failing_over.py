"""What pools have in common that ask another member where one fails."""

from __future__ import annotations

import dataclasses

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Literal

from mailcore.errors import (
    ConfigurationError,
    FailoverError,
    MailcoreError,
    RecipientsRefused,
    SendError,
    UnsupportedFeature,
)
from mailcore.flow import Flow
from mailcore.message.message import Message
from mailcore.pools.collecting import Collected
from mailcore.pools.composite import CompositeProvider, Member, Via, nobody_can
from mailcore.pools.faults import judged
from mailcore.pools.health import Health, Rules
from mailcore.result import RecipientStatus, RecipientStatuses, SendResult
from mailcore.sending.copies import likelihood
from mailcore.sending.failed import failed_for


class FailingOver(CompositeProvider):
    """
    Sends through one member, and through the next where the provider fails.

    Args:
        collected: The members, and those that were made of names and URLs.
        rules: When a member rests, and for how long.
        accept_duplicates: Whether a message that may be accepted is sent through another member.
        rejected: What to do with a message that a member refuses.
        clock: A function that returns the time in seconds, which never goes back.
    """

    def __init__(
        self,
        collected: Collected,
        *,
        rules: Rules,
        accept_duplicates: bool,
        rejected: Literal["raise", "next"],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(collected.members, made=collected.made)
        problems = list(rules.problems())
        if rejected not in ("raise", "next"):
            problems.append("rejected must be 'raise' or 'next'")
        if problems:
            raise ConfigurationError(f"{self.name}: {'; '.join(problems)}")
        self._accepts_duplicates = accept_duplicates
        self._rejected = rejected
        self._health = Health(self.members, rules, clock)

    @abstractmethod
    def _turn(self, awake: Sequence[Member]) -> Sequence[Member]:
        """Put those that work into the order in which to ask them, and note whose turn it was."""

    @abstractmethod
    def _next_turn(self, awake: Sequence[Member]) -> Sequence[Member]:
        """The same order, without noting anything."""

    @property
    def resting(self) -> tuple[Member, ...]:
        """Members that are left out at the moment, because their provider failed."""
        return tuple(member for member in self.members if self._health.rests(member))

    def order(self, message: Message) -> Sequence[Member]:
        """Whom a send would ask now: those that work, then those that rest."""
        awake = [member for member in self.members if not self._health.rests(member)]
        resting = [member for member in self.members if member not in awake]
        return [*self._next_turn(awake), *self._health.awake_first(resting)]

    def sending(self, message: Message, via: Via) -> Flow[SendResult]:
        """
        Send through the first member that takes the message.

        Members that work are asked in turn. If none of them takes the message, one that rests is
        asked as well, the longest-resting.

        Raises:
            UnsupportedFeature: If no member can express the message.
            FailoverError: If nobody took it.
            SendError: What a member said, if it is the last word: the message may be accepted, or
                was refused for what it is. Its ``attempts`` have what was tried before.
        """
        tried: list[SendError | UnsupportedFeature] = []
        resting: list[Member] = []
        awake = [member for member in self.members if not self._health.rests(member)]
        for member in (*self._turn(awake), *(each for each in self.members if each not in awake)):
            if not self._health.claim(member):
                resting.append(member)
                continue
            result = yield from self._asking(member, message, via, tried)
            if result is not None:
                return result
        for member in self._health.awake_first(resting):
            result = yield from self._asking(member, message, via, tried)
            if result is not None:
                return result
            if isinstance(tried[-1], SendError):
                break
        raise self._exhausted(tried)

    def _asking(
        self,
        member: Member,
        message: Message,
        via: Via,
        tried: list[SendError | UnsupportedFeature],
    ) -> Flow[SendResult | None]:
        """The result of a send through a member; None if the next one is to be asked."""
        try:
            result = yield from via.send(member, message)
        except UnsupportedFeature as error:
            self._health.let_go(member)
            tried.append(error)
            return None
        except SendError as error:
            judgement = judged(error)
            if judgement.hurts:
                self._health.failed(member, error)
            else:
                self._health.worked(member)
            may_go_on = judgement.may_go_on or self._rejected == "next"
            if not may_go_on or (error.maybe_accepted and not self._accepts_duplicates):
                _tell_attempts(error, tried)
                raise
            via.failed(message, error)
            tried.append(error)
            return None
        except BaseException as error:
            self._health.let_go(member)
            unsure = _unsure(tried)
            if not (unsure and isinstance(error, MailcoreError)):
                raise
            # Not what says that nothing was sent.
            _tell_attempts(unsure[-1], [each for each in tried if each is not unsure[-1]])
            raise unsure[-1] from error
        # Of several requests some may have failed: the others are on their way, and stay there.
        fault = next((each for each in result.errors if judged(each).hurts), None)
        if fault is None:
            self._health.worked(member)
        else:
            self._health.failed(member, fault)
        return _with_attempts(result, tried) if tried else result

    def _exhausted(
        self, tried: Sequence[SendError | UnsupportedFeature]
    ) -> FailoverError | UnsupportedFeature:
        errors = [error for error in tried if isinstance(error, SendError)]
        if not errors:
            return nobody_can(self, [e for e in tried if isinstance(e, UnsupportedFeature)])
        waits = [error.retry_after_seconds for error in errors if error.retryable]
        known = [seconds for seconds in waits if seconds is not None]
        exhausted = FailoverError(
            f"nobody took the message: {', '.join(map(_told, tried))}",
            attempts=tried,
            provider=self.name,
            retryable=any(error.retryable for error in errors),
            maybe_accepted=any(error.maybe_accepted for error in errors),
            # Who names no time may be asked again at any.
            retry_after_seconds=min(known) if known and len(known) == len(waits) else None,
        )
        exhausted.__cause__ = errors[-1]
        return exhausted


def _told(error: SendError | UnsupportedFeature) -> str:
    if isinstance(error, UnsupportedFeature):
        return f"{error.provider} cannot express it"
    return f"{error.provider} failed ({error.category})"


def _unsure(tried: Sequence[SendError | UnsupportedFeature]) -> list[SendError]:
    """Failures after which the message may have been on its way."""
    return [each for each in tried if isinstance(each, SendError) and each.maybe_accepted]


def _tell_attempts(error: SendError, tried: Sequence[SendError | UnsupportedFeature]) -> None:
    if not tried:
        return
    error.attempts = (*tried, *error.attempts)
    if _unsure(tried):
        # Of a member before it nobody knows, whatever the last one says.
        error.maybe_accepted, error.retryable = True, False
    if isinstance(error, RecipientsRefused) and error.result is not None:
        error.result = _with_attempts(error.result, tried)


def _with_attempts(
    result: SendResult, tried: Sequence[SendError | UnsupportedFeature]
) -> SendResult:
    """The result with what failed before it; whom this member did not take may have it of those."""
    may_have_it: dict[str, RecipientStatus] = {}
    for error in _unsure(tried):
        told = error.result if isinstance(error, RecipientsRefused) else None
        statuses = failed_for(tuple(result.recipients), error) if told is None else told.recipients
        may_have_it |= {
            address: dataclasses.replace(status, retryable=False)
            for address, status in statuses.items()
            if likelihood(status)
        }
    before = RecipientStatuses(may_have_it)
    recipients = {
        address: status if likelihood(status) else before.get(address, status)
        for address, status in result.recipients.items()
    }
    return dataclasses.replace(
        result,
        recipients=RecipientStatuses(recipients),
        attempts=(*tried, *result.attempts),
    )
