"""
Never faster than the provider takes it: every request waits for its turn.

What counts are recipients, since that is what services count, and each request of a message has a
turn of its own: a batch of many requests does not come in one burst.
"""

from __future__ import annotations

import logging
import time

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from mailcore.account.sending_quota import TellsQuota
from mailcore.errors import (
    ConfigurationError,
    QuotaExceeded,
    RateLimited,
    RecipientsRefused,
    SendError,
)
from mailcore.flow import Call, Exchange, Flow, Sleep
from mailcore.middleware.limiter import Limiter, Limits, MemoryLimiter
from mailcore.middleware.policy import Place, Policy, Sender
from mailcore.middleware.quota_keeper import QuotaKeeper
from mailcore.middleware.settings import checked_number
from mailcore.result import SendResult


if TYPE_CHECKING:
    from mailcore.message.message import Message
    from mailcore.sending.delivery import Middleware, Send

__all__ = ["Throttle"]

logger = logging.getLogger("mailcore.throttle")

OWN_RATE = "own_rate"
OWN_DAY = "own_daily_limit"


class Throttle(Policy):
    """
    Has every request wait until the rate allows it; in an event loop nothing blocks meanwhile.

    The rate is the provider's own, where it tells one, less a margin, and asked for again now and
    then; or the one given here; or the smaller one of both. If the provider throttles all the same,
    the rate falls by half, and rises again within a minute. Where nobody knows a rate, that is how
    one is found.

    A request that would wait too long, or that the day has no room for, is not sent:
    :class:`~mailcore.errors.RateLimited` with the category ``own_rate``, or
    :class:`~mailcore.errors.QuotaExceeded` with ``own_daily_limit``; ``retry_after_seconds`` says
    when there is room.

    One object is one rate: mailers that share it share the rate, per provider, and so do threads.
    Processes and hosts share a rate by a limiter that they have in common.

    Args:
        per_second: Recipients per second, for providers that tell no rate, or to be slower than
            they allow.
        per_day: Recipients in any 24 hours, as well.
        margin: The part of the provider's quota that is left to others, and to inexact clocks: 0.1
            is a tenth.
        share: The part of the provider's rate that this process has, where several send with one
            account and have no limiter in common: 0.25 for each of four.
        refresh_seconds: How long the provider's answer is good.
        longest_wait_seconds: A request that would wait longer is not sent.
        limiter: Gives the turns; by default one of this object's own, for this process.
        key: Whose rate it is, for limiters that several accounts share.
        clock: A function that gives the time in seconds, as :func:`time.monotonic` does.

    Raises:
        ConfigurationError: If a number is wrong.
    """

    place: ClassVar[Place] = Place.THROTTLE

    def __init__(
        self,
        *,
        per_second: float | None = None,
        per_day: float | None = None,
        margin: float = 0.1,
        share: float = 1.0,
        refresh_seconds: float = 300.0,
        longest_wait_seconds: float = 600.0,
        limiter: Limiter | None = None,
        key: str = "default",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_second: float | None = _above_zero("per_second", per_second)
        self.per_day: float | None = _above_zero("per_day", per_day)
        self.margin: float = checked_number("margin", margin)
        self.share: float = checked_number("share", share)
        self.refresh_seconds: float = checked_number("refresh_seconds", refresh_seconds, least=1)
        self.longest_wait_seconds: float = checked_number(
            "longest_wait_seconds", longest_wait_seconds
        )
        self.key = key
        self.limiter: Limiter = limiter if limiter is not None else MemoryLimiter(clock=clock)
        self.clock = clock
        if self.margin >= 1:
            raise ConfigurationError(f"margin is a part of the quota, less than 1, not {margin}")
        if not 0 < self.share <= 1:
            raise ConfigurationError(f"share is a part of the rate, up to 1, not {share}")

    def attach(self, sender: Sender) -> Middleware:
        """Make the middleware for one mailer."""
        gate = _Gate(self, sender)

        def throttling(message: Message, send: Send) -> Flow[SendResult]:
            failure: SendError | None = None
            try:
                result = yield from gate.through(send(message))
            except SendError as error:
                failure = error
            if failure is not None:
                yield from gate.learn(failure)
                raise failure
            for each in result.errors:
                yield from gate.learn(each)
            return result

        return throttling

    def advice(self, sender: Sender) -> Iterable[str]:
        """Say where there is no rate, and what others do not know of it."""
        provider: object = sender.provider
        if self.per_second is None and not isinstance(provider, TellsQuota):
            yield (
                f"{sender.provider.name} does not tell how much may be sent, and per_second is not "
                "given: Throttle learns a rate when the provider throttles"
            )
        if not self.limiter.blocks and self.share == 1:
            yield (
                "Throttle counts in this process alone: where several send with one account, give "
                "them a RedisLimiter, or each a share"
            )

    def describe(self) -> str:
        """Say in one line what it does."""
        own = [
            f"at most {self.per_second:g} recipients per second" if self.per_second else "",
            f"at most {self.per_day:g} in 24 hours" if self.per_day else "",
            f"the provider's own quota less {self.margin:.0%}, where it tells one",
            f"of the rate a share of {self.share:.0%}" if self.share < 1 else "",
            f"shared by {type(self.limiter).__name__}" if self.limiter.blocks else "",
        ]
        return ", ".join(each for each in own if each)


class _Gate:
    """Where the requests of one mailer wait."""

    def __init__(self, policy: Throttle, sender: Sender) -> None:
        self._policy = policy
        self._limiter = policy.limiter
        self._key = f"{policy.key}:{sender.provider.name}"
        self._provider = sender.provider.name
        self._keeper = QuotaKeeper(
            sender,
            refresh_seconds=policy.refresh_seconds,
            clock=policy.clock,
            counted=lambda: self._done(partial(self._limiter.used, self._key)),
        )

    def through(self, flow: Flow[SendResult]) -> Flow[SendResult]:
        """The flow, each request that has recipients after its turn came."""
        try:
            effect = next(flow)
            while True:
                failure: Exception | None = None
                outcome: Any = None
                if isinstance(effect, Exchange):
                    recipients = cost_of(effect.request)
                    if recipients:
                        failure = yield from self._turn(recipients)
                if failure is None:
                    try:
                        outcome = yield effect
                    except Exception as error:  # noqa: BLE001  # the flow handles it, or raises it
                        failure = error
                effect = flow.send(outcome) if failure is None else flow.throw(failure)
        except StopIteration as stop:
            result: SendResult = stop.value
            return result
        finally:
            flow.close()

    def learn(self, error: SendError) -> Flow[None]:
        """Go slower if the provider throttled."""
        errors = error.errors if isinstance(error, RecipientsRefused) else ()
        for each in (error, *errors):
            if isinstance(each, RateLimited) and each.category != OWN_RATE:
                pause = min(each.retry_after_seconds or 0.0, self._policy.longest_wait_seconds)
                logger.info("%s throttles: slower from now on", self._provider)
                yield from self._done(partial(self._limiter.throttled, self._key, pause))
            elif isinstance(each, QuotaExceeded) and each.category != OWN_DAY:
                self._keeper.expire()

    def _turn(self, recipients: int) -> Flow[SendError | None]:
        if self._keeper.is_due:
            yield from self._keeper.refreshed()
        limits = self._limits()
        limiter, key = self._limiter, self._key
        if limiter.blocks:
            turn = yield Call(lambda: limiter.take(key, recipients, limits))
        else:
            turn = limiter.take(key, recipients, limits)
        if turn.refused:
            return self._refusal(turn.refused, turn.wait_seconds)
        if turn.wait_seconds:
            yield Sleep(turn.wait_seconds)
        return None

    def _limits(self) -> Limits:
        policy, quota = self._policy, self._keeper.quota
        per_second, per_day = policy.per_second, policy.per_day
        if quota is not None and quota.per_second is not None:
            own = quota.per_second * (1 - policy.margin) * policy.share
            per_second = own if per_second is None else min(per_second, own)
        if quota is not None and quota.per_day is not None:
            own = max(0.0, quota.per_day * (1 - policy.margin) - self._keeper.used_elsewhere)
            per_day = own if per_day is None else min(per_day, own)
        return Limits(per_second, per_day, policy.longest_wait_seconds)

    def _refusal(self, reason: str, wait_seconds: float) -> SendError:
        if reason == "day":
            return QuotaExceeded(
                "not sent: the recipients of 24 hours are used up (per_day of Throttle, or the "
                "provider's quota)",
                provider=self._provider,
                category=OWN_DAY,
                retry_after_seconds=wait_seconds,
            )
        return RateLimited(
            f"not sent: its turn would come in {wait_seconds:.0f} s (longest_wait_seconds of "
            f"Throttle)",
            provider=self._provider,
            category=OWN_RATE,
            retry_after_seconds=wait_seconds - self._policy.longest_wait_seconds,
        )

    def _done(self, function: Callable[[], Any]) -> Flow[Any]:
        """Call a method of the limiter, in a thread where it may block."""
        if self._limiter.blocks:
            return (yield Call(function))
        return function()


def cost_of(request: Any) -> int:
    """
    How many mails a request asks for.

    Args:
        request: A request of any transport; what has no recipients costs nothing.
    """
    recipients = getattr(request, "recipients", ())
    copied = getattr(request, "copied", ())
    if not copied:
        return len(recipients)
    copies = set(copied)
    mails = sum(1 for recipient in recipients if recipient not in copies)
    return mails * (1 + len(copies))


def _above_zero(name: str, given: float | None) -> float | None:
    if given is None:
        return None
    number = checked_number(name, given)
    if number == 0:
        raise ConfigurationError(f"{name} must be above 0: to send nothing, take the policy away")
    return number
