"""
Sending again what was not taken, as long as nobody gets a message twice.

Between two attempts the policy waits: a random time below a bound that doubles with each attempt
("full jitter"), so that those who were refused together do not come back together, and on top of it
what the provider asks for.
"""

from __future__ import annotations

import logging
import random
import time
import uuid

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from mailcore.errors import (
    ConfigurationError,
    MailcoreError,
    NetworkError,
    ProviderUnavailable,
    RecipientsRefused,
    SendError,
    UnsupportedFeature,
)
from mailcore.flow import Flow, Sleep
from mailcore.message.message import Message
from mailcore.middleware.outcomes import Outcomes, with_attempts
from mailcore.middleware.policy import Place, Policy, Sender
from mailcore.middleware.remaining import Remaining, only_for
from mailcore.middleware.settings import checked_count, checked_number
from mailcore.middleware.waits import wait_bound_seconds
from mailcore.result import SendResult


if TYPE_CHECKING:
    from mailcore.sending.delivery import Middleware, Send

__all__ = ["Retry"]

logger = logging.getLogger("mailcore.retry")


class Retry(Policy):
    """
    Sends again what a provider refused for now, and only that.

    A message, or of a message with several outcomes the recipients that were refused for now
    (``retryable``). What is ``maybe_accepted`` is sent again only where that cannot deliver it
    twice: where the provider's ``idempotency`` is ``native``. A message without a key is given a
    random one there, so that a time-out can be followed by a second attempt.

    Who observes is told of every attempt that is not the last: ``mailcore_message_failed`` with
    ``final=False``. ``attempts`` of the result, or of the error, has all that failed before.

    Args:
        attempts: How many times a message is sent at most, the first time included; 1 and more.
        first_wait_seconds: The bound of the first wait. It doubles with every attempt.
        longest_wait_seconds: The bound of all waits, without what the provider asks for.
        total_seconds: How long to go on, in seconds from the first failure on. A wait that would
            end later is not begun: the error is raised at once.
        accept_duplicates: Whether to send again what may be on its way, with any provider: some
            recipients will get the message twice.
        clock: A function that gives the time in seconds, as :func:`time.monotonic` does.
        jitter: A function that gives a random number from 0 to 1, as :func:`random.random` does.

    Raises:
        ConfigurationError: If a number is wrong.
    """

    place: ClassVar[Place] = Place.RETRY

    def __init__(
        self,
        *,
        attempts: int = 5,
        first_wait_seconds: float = 0.5,
        longest_wait_seconds: float = 20.0,
        total_seconds: float = 60.0,
        accept_duplicates: bool = False,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.attempts: int = checked_count("attempts", attempts)
        self.first_wait_seconds: float = checked_number("first_wait_seconds", first_wait_seconds)
        self.longest_wait_seconds: float = checked_number(
            "longest_wait_seconds", longest_wait_seconds
        )
        self.total_seconds: float = checked_number("total_seconds", total_seconds)
        self.accept_duplicates: bool = accept_duplicates
        self._clock = clock
        self._jitter = jitter
        if self.first_wait_seconds > self.longest_wait_seconds:
            raise ConfigurationError("first_wait_seconds is larger than longest_wait_seconds")

    def attach(self, sender: Sender) -> Middleware:
        """Make the middleware for one mailer."""

        def retrying(message: Message, send: Send) -> Flow[SendResult]:
            course = _Course(self, sender, message)
            while True:
                outcome = yield from course.attempt(send)
                if isinstance(outcome, SendResult):
                    return outcome
                yield Sleep(outcome)

        return retrying

    def describe(self) -> str:
        """Say in one line what it does."""
        repeats = ", also what may be on its way" if self.accept_duplicates else ""
        return (
            f"up to {self.attempts} attempts within {self.total_seconds:g} s, "
            f"waits of up to {self.longest_wait_seconds:g} s{repeats}"
        )

    def advice(self, sender: Sender) -> Iterable[str]:
        """Say what is not sent again."""
        if sender.provider.idempotency != "native" and not self.accept_duplicates:
            yield (
                f"{sender.provider.name} knows no idempotency keys, so Retry does not send again "
                "what may be on its way (maybe_accepted): look at the events of such a message"
            )

    def wait_seconds(self, failed: int) -> float:
        """A random wait after so many failed attempts, without what a provider asks for."""
        bound = wait_bound_seconds(failed, self.first_wait_seconds, self.longest_wait_seconds)
        return bound * self._jitter()

    def now(self) -> float:
        """The time, in seconds."""
        return self._clock()


class _Course:
    """One message on its way through all of its attempts."""

    def __init__(self, policy: Retry, sender: Sender, message: Message) -> None:
        self._policy = policy
        self._sender = sender
        native = sender.provider.idempotency == "native"
        if native and message.idempotency_key is None:
            message = message.replace(idempotency_key=str(uuid.uuid4()))
        self._may_repeat = native or policy.accept_duplicates
        self._keeps_key = native
        self._whole = message
        self._next = message
        self._outcomes: Outcomes | None = None
        self._failures: list[SendError | UnsupportedFeature] = []
        self._deadline = 0.0

    def attempt(self, send: Send) -> Flow[SendResult | float]:
        """
        Send once.

        Returns:
            The result, if it is the last word, or how many seconds to wait before the next attempt.

        Raises:
            MailcoreError: If it is the last word.
        """
        failure: MailcoreError | None = None
        try:
            result = yield from send(self._next)
        except MailcoreError as error:
            failure = error
        except AssertionError:
            # A test's own word.
            raise
        except Exception as fault:
            if self._outcomes is None:
                raise
            # What others were accepted for must not be lost to it.
            logger.exception("%s: a fault in attempt %s", self._provider, self._number)
            failure = SendError(
                f"{type(fault).__name__} while sending again",
                provider=self._provider,
                category="fault",
                maybe_accepted=True,
            )
        if failure is not None:
            return self._failed(failure)
        if self._outcomes is None and not self._leaves_somebody(result):
            return with_attempts(result, self._failures)
        return self._partly(result)

    def _leaves_somebody(self, result: SendResult) -> bool:
        """Whether there may be recipients to send to again."""
        if result.retryable:
            return True
        statuses = result.recipients.values()
        return self._may_repeat and any(status.maybe_accepted for status in statuses)

    @property
    def _provider(self) -> str:
        return self._sender.provider.name

    @property
    def _number(self) -> int:
        return len(self._failures) + 1

    def _failed(self, error: MailcoreError) -> SendResult | float:
        if not isinstance(error, SendError):
            return self._stopped(error)
        if isinstance(error, RecipientsRefused) and error.result is not None:
            return self._partly(error.result, error)
        if self._outcomes is not None:
            self._outcomes.add_failure(self._next.recipients, error)
        wait = self._wait(error) if self._is_worth_it(error) else None
        if wait is not None:
            return self._again(error, self._next, wait)
        if self._outcomes is not None:
            return self._end(error)
        raise self._last(error)

    def _stopped(self, error: MailcoreError) -> SendResult:
        """What it comes to when the message, or what is left of it, is wrong or called off."""
        if self._outcomes is not None:
            return self._end(error)
        unsure = self._unsure()
        if unsure:
            # Not what says that nothing was sent.
            raise self._last(unsure[-1]) from error
        raise error

    def _is_worth_it(self, error: SendError) -> bool:
        if not error.maybe_accepted:
            return error.retryable
        passes = isinstance(error, (NetworkError, ProviderUnavailable))
        return self._may_repeat and (error.retryable or passes)

    def _partly(
        self, result: SendResult, error: RecipientsRefused | None = None
    ) -> SendResult | float:
        """Go on with those recipients that were refused for now."""
        if self._outcomes is None:
            self._outcomes = Outcomes(self._whole.recipients)
            for earlier in self._unsure():
                self._outcomes.add_failure(self._whole.recipients, earlier)
        self._outcomes.add(result)
        left = Remaining.of(result, self._outcomes, may_repeat=self._may_repeat)
        if not left.addresses:
            return self._end(error)
        failure = error if error is not None else left.refusal(result)
        if left.is_open and self._keeps_key:
            following: Message | None = self._next
        else:
            features = self._sender.provider.features
            following = only_for(self._next, left.addresses, features)
        wait = self._wait(failure) if following is not None else None
        if following is None or wait is None:
            return self._end(error)
        return self._again(failure, following, wait)

    def _wait(self, error: SendError) -> float | None:
        """Seconds until the next attempt; None if there is none."""
        failed = self._number
        if failed >= self._policy.attempts:
            return None
        now = self._policy.now()
        if not self._failures:
            self._deadline = now + self._policy.total_seconds
        wait = self._policy.wait_seconds(failed) + (error.retry_after_seconds or 0.0)
        return wait if now + wait <= self._deadline else None

    def _again(self, error: SendError, following: Message, wait: float) -> float:
        self._sender.registry.hooks.message_failed(self._next, error, final=False)
        logger.info(
            "%s; attempt %d of %d in %.2f s",
            error,
            self._number + 1,
            self._policy.attempts,
            wait,
        )
        self._failures.append(error)
        self._next = following
        return wait

    def _end(self, error: MailcoreError | None) -> SendResult:
        """The result of all attempts; *error* is what the last one ended with, if it did."""
        assert self._outcomes is not None
        if self._outcomes.nobody and (error is not None or self._outcomes.all_known):
            if isinstance(error, RecipientsRefused) and not self._failures:
                raise error
            refusal = self._outcomes.refusal(_errors_of(error))
            refusal.attempts = tuple(self._failures)
            raise refusal from error
        if isinstance(error, (SendError, UnsupportedFeature)):
            self._failures.append(error)
        return with_attempts(self._outcomes.result(), self._failures)

    def _last(self, error: SendError) -> SendError:
        """The error of the last attempt, which knows of those before it."""
        before = [each for each in self._failures if each is not error]
        error.attempts = (*before, *error.attempts)
        if self._unsure():
            # Of an attempt before it nobody knows, whatever the last one says.
            error.maybe_accepted, error.retryable = True, False
        return error

    def _unsure(self) -> list[SendError]:
        """Failures after which the message may have been on its way."""
        sends = [each for each in self._failures if isinstance(each, SendError)]
        return [each for each in sends if each.maybe_accepted]


def _errors_of(error: MailcoreError | None) -> Sequence[SendError]:
    if isinstance(error, RecipientsRefused):
        return error.errors
    return [error] if isinstance(error, SendError) else []
