"""Deleting messages that were handled, and keeping those hidden that are being handled."""

from __future__ import annotations

import logging
import queue
import threading

from collections.abc import Callable, Mapping

from mailcore.errors import SendError
from mailcore_ses.intake.in_flight import InFlight
from mailcore_ses.intake.sqs_queue import (
    MAX_BATCH,
    MessageFailure,
    QueueError,
    QueueMessage,
    SqsQueue,
)


logger = logging.getLogger("mailcore_ses.consumer")

LINGER_SECONDS = 0.05
"""How long a message that was handled waits for others to be deleted with it."""
RETRY_SECONDS = 0.5
LAST_ATTEMPTS = 3


class Keeper:
    """
    A thread that talks to the queue about messages in flight.

    A third of the visibility timeout after a message was last hidden it is hidden again, so that
    two calls may fail before somebody else gets it.

    Args:
        messages: The queue that messages are taken from.
        in_flight: The messages that are held.
        visibility_timeout_seconds: How many seconds messages are hidden each time.
        clock: A function that returns seconds, from any start.
        deleted: Told how many messages were deleted.
        crashed: Told what ended the thread, if something did that nobody thought of.
    """

    def __init__(
        self,
        messages: SqsQueue,
        in_flight: InFlight,
        *,
        visibility_timeout_seconds: int,
        clock: Callable[[], float],
        deleted: Callable[[int], object],
        crashed: Callable[[BaseException], object],
    ) -> None:
        self._queue = messages
        self._in_flight = in_flight
        self._visibility_timeout_seconds = visibility_timeout_seconds
        self._interval_seconds = visibility_timeout_seconds / 3
        self._clock = clock
        self._deleted = deleted
        self._crashed = crashed
        self._done: queue.SimpleQueue[QueueMessage | None] = queue.SimpleQueue()
        self._undeleted: list[QueueMessage] = []
        self._thread = threading.Thread(target=self._run, name="mailcore-keeper")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def delete(self, message: QueueMessage) -> None:
        """Have a message deleted soon."""
        self._done.put(message)

    def finish(self) -> None:
        """Delete what is left, and end."""
        self._done.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._keep()
        except BaseException as error:  # noqa: BLE001  # the consumer raises it
            self._crashed(error)

    def _keep(self) -> None:
        going_on = True
        beat_at = self._clock() + self._interval_seconds / 2
        while going_on:
            timeout_seconds = max(0.0, beat_at - self._clock())
            if self._undeleted:
                timeout_seconds = min(timeout_seconds, RETRY_SECONDS)
            going_on = self._collect(timeout_seconds)
            self._delete_all()
            if self._clock() >= beat_at:
                self._hide_again()
                beat_at = self._clock() + self._interval_seconds / 2
        for _ in range(LAST_ATTEMPTS - 1):
            if self._undeleted:
                self._delete_all()
        if self._undeleted:
            logger.error(
                "%d messages were handled but not deleted: they will come again",
                len(self._undeleted),
            )

    def _collect(self, timeout_seconds: float) -> bool:
        """Wait for messages to delete, and a moment for more; False if there will be none."""
        try:
            message = self._done.get(timeout=timeout_seconds)
            while message is not None:
                self._undeleted.append(message)
                if len(self._undeleted) >= MAX_BATCH:
                    return True
                message = self._done.get(timeout=LINGER_SECONDS)
        except queue.Empty:
            return True
        return False

    def _delete_all(self) -> None:
        if not self._undeleted:
            return
        try:
            failed = self._queue.delete(self._undeleted)
        except (QueueError, SendError) as error:
            logger.warning("cannot delete messages, trying again: %s", error)
            return
        again = [m for m in self._undeleted if _may_pass(failed, m)]
        for failure in failed.values():
            text = "a message that was handled cannot be deleted: %s"
            if not failure.is_final:
                text = "a message that was handled cannot be deleted, trying again: %s"
            logger.warning(text, failure.code)
        self._deleted(len(self._undeleted) - len(failed))
        self._in_flight.drop([m for m in self._undeleted if not _may_pass(failed, m)])
        self._undeleted = again

    def _hide_again(self) -> None:
        held = self._in_flight.hidden_longer_than(self._interval_seconds)
        if not held:
            return
        now = self._clock()
        try:
            failed = self._queue.set_visibility(held, self._visibility_timeout_seconds)
        except (QueueError, SendError) as error:
            logger.warning("cannot keep messages hidden, trying again: %s", error)
            return
        for failure in failed.values():
            text = "a message cannot be kept hidden, and may be handled twice: %s"
            if not failure.is_final:
                text = "a message cannot be kept hidden, trying again: %s"
            logger.warning(text, failure.code)
        self._in_flight.hidden_again([m for m in held if not _may_pass(failed, m)], now)


def _may_pass(failed: Mapping[str, MessageFailure], message: QueueMessage) -> bool:
    """Whether SQS failed with a message, and may not the next time."""
    failure = failed.get(message.receipt_handle)
    return failure is not None and not failure.is_final
