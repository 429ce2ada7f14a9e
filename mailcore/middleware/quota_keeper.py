"""What a provider lets an account send, asked for now and then."""

from __future__ import annotations

import logging

from collections.abc import Callable
from typing import Any

from mailcore.account.sending_quota import SendingQuota, TellsQuota
from mailcore.errors import MailcoreError
from mailcore.flow import Exchange, Flow, Sleep
from mailcore.foundation.forking import ForkSafeLock
from mailcore.middleware.policy import Sender


logger = logging.getLogger("mailcore.throttle")

_LOOK_SECONDS = 0.05
"""How often it is looked whether somebody else's question was answered."""
_AGAIN_SECONDS = 60.0
"""When a provider is asked again that did not answer, at most."""


class QuotaKeeper:
    """
    The quota of the account behind one mailer: asked for by the first who needs it.

    Args:
        sender: The provider that is asked, over its transport.
        refresh_seconds: How old the answer may be.
        clock: A function that gives the time in seconds.
        counted: A function that says how many recipients were counted here in the past 24 hours.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        refresh_seconds: float,
        clock: Callable[[], float],
        counted: Callable[[], Flow[int]],
    ) -> None:
        provider: object = sender.provider
        self._provider = provider if isinstance(provider, TellsQuota) else None
        self._sender = sender
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._counted = counted
        self._lock = ForkSafeLock()
        self._due = float("-inf")
        self._asking = False
        self._failed = False
        self.quota: SendingQuota | None = None
        self.used_elsewhere = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the provider tells a quota, and is to be asked."""
        return self._provider is not None and self._clock() >= self._due

    def expire(self) -> None:
        """Have the next who needs it ask."""
        self._due = float("-inf")

    def refreshed(self) -> Flow[None]:
        """Ask, or wait until somebody else was answered if nothing is known yet."""
        with self._lock:
            is_first = not self._asking
            self._asking = True
        if not is_first:
            while self.quota is None and self._asking:
                yield Sleep(_LOOK_SECONDS)
            return
        try:
            yield from self._asked()
        finally:
            self._asking = False

    def _asked(self) -> Flow[None]:
        assert self._provider is not None
        try:
            quota = yield from _over(self._sender, self._provider.sending_quota())
        except MailcoreError as error:
            self._due = self._clock() + min(_AGAIN_SECONDS, self._refresh_seconds)
            if not self._failed:
                known = "goes on with the last one" if self.quota else "sends without"
                logger.warning("cannot ask for the quota, and %s: %s", known, error)
            self._failed = True
            return
        counted = yield from self._counted()
        self.used_elsewhere = max(0.0, quota.used_today - counted)
        self.quota = quota
        self._failed = False
        self._due = self._clock() + self._refresh_seconds


def _over(sender: Sender, flow: Flow[SendingQuota]) -> Flow[SendingQuota]:
    """The flow, with the mailer's transport for those exchanges that name none."""
    try:
        effect = next(flow)
        while True:
            if isinstance(effect, Exchange) and effect.transport is None:
                effect = Exchange(effect.request, sender.transport())
            failure: Exception | None = None
            outcome: Any = None
            try:
                outcome = yield effect
            except Exception as error:  # noqa: BLE001  # the flow handles it, or raises it
                failure = error
            effect = flow.send(outcome) if failure is None else flow.throw(failure)
    except StopIteration as stop:
        quota: SendingQuota = stop.value
        return quota
    finally:
        flow.close()
