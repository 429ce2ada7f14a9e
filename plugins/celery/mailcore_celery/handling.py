"""What the task of an event does: the handler, once, and again later if it failed."""

from __future__ import annotations

import logging

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailcore import (
    Event,
    FetchError,
    MessageError,
    SendError,
    SerializationError,
    event_from_dict,
)
from mailcore.outbox import OutboxPolicy
from mailcore.webhook import Handler, SeenStore, blocking, hand_over


logger = logging.getLogger("mailcore.celery")


@dataclass(frozen=True, kw_only=True)
class Handling:
    """
    How events are handled in a worker.

    Args:
        handler: What takes an event; None if the worker has none.
        seen: What remembers events that were handled; None to handle each as often as it comes.
        policy: How often a handler that failed is asked again, and when.
    """

    handler: Handler | None
    seen: SeenStore | None
    policy: OutboxPolicy

    def handle(self, document: Mapping[str, object], failed: int) -> float | None:
        """
        Hand an event to the handler.

        Args:
            document: The event as JSON.
            failed: How many times that was tried before.

        Returns:
            After how many seconds it is to be tried again; None if it is done.

        Raises:
            Exception: What the handler raised, if it is not to be asked again.
        """
        try:
            event = event_from_dict(document)
            hand_over([event], self._required(), seen=self.seen)
        except Exception as error:
            wait = self._wait_seconds(error, failed + 1)
            if wait is None:
                raise
            # Its text may hold anything.
            logger.warning(
                "the handler of an event failed (%s); again in %.0f s", type(error).__name__, wait
            )
            return wait
        return None

    def _required(self) -> Callable[[Event], None]:
        return blocking(self.handler) if self.handler is not None else _nothing

    def _wait_seconds(self, error: Exception, failed: int) -> float | None:
        if failed >= self.policy.attempts or not _may_succeed(error):
            return None
        asked = getattr(error, "retry_after_seconds", None) or 0.0
        return self.policy.wait_seconds(failed) + asked


def _may_succeed(error: Exception) -> bool:
    """Whether the same may succeed later without anybody doing anything."""
    if isinstance(error, SerializationError):
        # A newer release may be on its way to the workers.
        return True
    if isinstance(error, SendError):
        return error.retryable and not error.maybe_accepted
    if isinstance(error, FetchError):
        return error.retryable
    return not isinstance(error, MessageError)


def _nothing(event: Event) -> None:
    """Extensions observe it all the same."""
