"""
SES events from an SQS queue: for those who cannot miss one.

A message is deleted after its handler succeeded, and only then: whatever happens to the process,
its events come again. The handler must bear that; ``seen`` spares it most repetitions.

The events are believed because the queue's policy lets only the topic write to it; with ``verify``
the signatures of SNS are checked as well.
"""

from __future__ import annotations

import logging
import queue
import signal
import threading
import time

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from mailcore.errors import (
    AuthenticationFailed,
    ConfigurationError,
    SendError,
    UnexpectedResponse,
    WebhookError,
)
from mailcore.foundation import redact
from mailcore.webhook import Handler, blocking, hand_over
from mailcore_ses.intake.consumer_options import ConsumerOptions, ConsumerStats
from mailcore_ses.intake.doors import events_from_sqs_message
from mailcore_ses.intake.in_flight import InFlight
from mailcore_ses.intake.keeper import Keeper
from mailcore_ses.intake.sqs_queue import QueueError, QueueMessage, SqsQueue, open_queue


if TYPE_CHECKING:
    from mailcore.registry import Registry
    from mailcore.webhook import SeenStore
    from mailcore_ses.provider import SesProvider

__all__ = ["ConsumerOptions", "ConsumerStats", "SqsConsumer", "consume"]

logger = logging.getLogger("mailcore_ses.consumer")

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


class SqsConsumer:
    """
    Receives messages, hands their events to a handler, and deletes those that succeeded.

    Args:
        messages: The queue that messages are taken from.
        handler: Called with each event, by several threads at once; a function or a coroutine
            function, which runs in one event loop for all. Returning means done; raising means that
            the message comes again.
        options: How many messages at once, how long they are hidden, and the like.
        seen: Remembers the events that the handler was done with.
        verify: If given, messages are believed only if SNS signed them for a topic of this
            provider.
        registry: Whose hooks observe the events; the default registry if None.
    """

    def __init__(
        self,
        messages: SqsQueue,
        handler: Handler,
        options: ConsumerOptions | None = None,
        *,
        seen: SeenStore | None = None,
        verify: SesProvider | None = None,
        registry: Registry | None = None,
    ) -> None:
        self._queue = messages
        self._handler = blocking(handler)
        self._options = options or ConsumerOptions()
        self._seen = seen
        self._verify = verify
        self._registry = registry
        self._counts: Counter[str] = Counter()
        self._counts_lock = threading.Lock()
        self._stopping = threading.Event()
        # Signal handlers may put into a SimpleQueue; setting an Event there can deadlock.
        self._wake: queue.SimpleQueue[str | BaseException] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[QueueMessage | None] = queue.SimpleQueue()
        self._unstarted: list[QueueMessage] = []
        capacity = self._options.workers + self._options.batch_size
        self._in_flight = InFlight(capacity, time.monotonic)
        self._keeper = Keeper(
            messages,
            self._in_flight,
            visibility_timeout_seconds=self._options.visibility_timeout_seconds,
            clock=time.monotonic,
            deleted=lambda number: self._count("deleted", number),
            crashed=self._wake.put,
        )

    @property
    def stats(self) -> ConsumerStats:
        """What was done so far."""
        with self._counts_lock:
            return ConsumerStats(**self._counts)

    def stop(self, reason: str = "stop() was called") -> None:
        """Have :meth:`run` finish what is running and return; safe in a signal handler."""
        self._wake.put(reason)

    def run(self) -> ConsumerStats:
        """
        Work until :meth:`stop` is called; once only.

        Handlers that run are waited for; messages that none has begun with are given back.

        Raises:
            ConfigurationError: If the queue cannot be read at all.
        """
        self._look_for_dead_letter_queue()
        poller = threading.Thread(target=self._poll, name="mailcore-poller")
        workers = [
            threading.Thread(target=self._work, name=f"mailcore-worker-{number}")
            for number in range(self._options.workers)
        ]
        self._keeper.start()
        for thread in (poller, *workers):
            thread.start()
        try:
            outcome = self._wait()
        except BaseException as error:  # noqa: BLE001  # raised again, after the work is put away
            outcome = error
        self._stopping.set()
        self._in_flight.wake()
        poller.join()
        for _ in workers:
            self._waiting.put(None)
        for thread in workers:
            thread.join()
        self._release()
        self._keeper.finish()
        logger.info("stopped: %s", self.stats)
        if isinstance(outcome, BaseException):
            raise outcome
        return self.stats

    def _wait(self) -> str | BaseException:
        while True:
            try:
                outcome = self._wake.get(timeout=self._options.stats_interval_seconds)
            except queue.Empty:
                logger.info("%s, in flight %d", self.stats, len(self._in_flight))
                continue
            if not isinstance(outcome, BaseException):
                logger.info("stopping: %s", outcome)
            return outcome

    def _look_for_dead_letter_queue(self) -> None:
        try:
            if not self._queue.has_dead_letter_queue():
                logger.warning(
                    "the queue has no dead-letter queue: "
                    "a message that always fails comes again until it expires"
                )
        except (QueueError, SendError) as error:
            # It takes a permission that is not needed otherwise.
            logger.info("cannot see whether there is a dead-letter queue: %s", error)

    def _poll(self) -> None:
        pause_seconds, has_worked = _FIRST_PAUSE_SECONDS, False
        while not self._stopping.is_set():
            room = self._in_flight.wait_for_room(self._stopping.is_set)
            if not room:
                return
            hidden_at = time.monotonic()
            try:
                messages = self._receive(room)
            except (QueueError, SendError) as error:
                if not has_worked and _is_final(error):
                    self._wake.put(ConfigurationError(f"cannot read the queue: {error}"))
                    return
                logger.warning("cannot receive, trying again: %s", error)
                self._stopping.wait(pause_seconds)
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
                continue
            except BaseException as error:  # noqa: BLE001  # run() raises it
                self._wake.put(error)
                return
            pause_seconds, has_worked = _FIRST_PAUSE_SECONDS, True
            self._count("received", len(messages))
            self._in_flight.add(messages, hidden_at)
            for message in messages:
                self._waiting.put(message)

    def _receive(self, room: int) -> list[QueueMessage]:
        wait_seconds = self._options.wait_seconds
        begun_at = time.monotonic()
        messages = self._queue.receive(
            max_messages=min(room, self._options.batch_size),
            wait_seconds=wait_seconds,
            visibility_timeout_seconds=self._options.visibility_timeout_seconds,
        )
        if not messages and time.monotonic() - begun_at < wait_seconds / 10:
            # Asked again at once, whoever answers so would be asked without end.
            raise UnexpectedResponse("no messages, from a queue that did not wait for any")
        return messages

    def _work(self) -> None:
        while (message := self._waiting.get()) is not None:
            if self._stopping.is_set():
                self._unstarted.append(message)
                continue
            try:
                self._handle(message)
            except BaseException as error:  # noqa: BLE001  # run() raises it
                # SystemExit in a handler means that the process is to end.
                self._in_flight.drop([message])
                self._wake.put(error)

    def _handle(self, message: QueueMessage) -> None:
        try:
            events = events_from_sqs_message(message.fields, verify=self._verify)
        except WebhookError as error:
            # Left to the queue, which moves it to its dead-letter queue.
            self._in_flight.drop([message])
            # 503: the signing certificate could not be fetched, which passes.
            self._count("failed" if error.status_code >= 500 else "unreadable")
            logger.error(  # noqa: TRY400  # the text says it all
                "message %s cannot be read: %s", message.message_id, redact(str(error))
            )
            return
        try:
            new = hand_over(events, self._handler, seen=self._seen, registry=self._registry)
        except Exception:
            self._in_flight.drop([message])
            self._count("failed")
            logger.exception(
                "message %s failed, for the %d. time: it will come again",
                message.message_id,
                message.receive_count,
            )
            return
        self._count("handled")
        self._count("events", len(new))
        self._keeper.delete(message)

    def _release(self) -> None:
        if not self._unstarted:
            return
        try:
            failed = self._queue.set_visibility(self._unstarted, 0)
        except (QueueError, SendError) as error:
            logger.warning("cannot give messages back, they come again later: %s", error)
        else:
            for failure in failed.values():
                logger.warning("cannot give a message back, it comes again later: %s", failure.code)
            self._count("released", len(self._unstarted) - len(failed))
        self._in_flight.drop(self._unstarted)

    def _count(self, name: str, number: int = 1) -> None:
        with self._counts_lock:
            self._counts[name] += number


def consume(
    queue_url: str,
    handler: Handler,
    *,
    options: ConsumerOptions | None = None,
    region_name: str | None = None,
    seen: SeenStore | None = None,
    verify: SesProvider | None = None,
    registry: Registry | None = None,
    stop_signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
) -> ConsumerStats:
    """
    Hand the SES events of a queue to a handler, until the process is told to stop.

    Called in the main thread, it stops on SIGTERM and SIGINT: handlers that run are waited for,
    messages that none has begun with are given back. A second signal does what it always did.

    Args:
        queue_url: The URL of the queue, such as
            ``https://sqs.eu-west-1.amazonaws.com/123456789012/ses-events``.
        handler: The function that is called with each event, as in :class:`SqsConsumer`.
        options: How many messages at once, how long they are hidden, and the like.
        region_name: The region of the queue, if the URL does not tell it.
        seen: Remembers the events that the handler was done with.
        verify: If given, messages are believed only if SNS signed them for a topic of this
            provider.
        registry: Whose hooks observe the events; the default registry if None.
        stop_signals: Which signals stop it; none leaves all of them alone.

    Returns:
        What was done.

    Raises:
        ConfigurationError: If the queue cannot be read at all.
    """
    chosen = options or ConsumerOptions()
    messages = open_queue(queue_url, region_name=region_name, wait_seconds=chosen.wait_seconds)
    consumer = SqsConsumer(messages, handler, chosen, seen=seen, verify=verify, registry=registry)
    with ExitStack() as afterwards:
        afterwards.callback(messages.close)
        if threading.current_thread() is threading.main_thread():
            for number in stop_signals:
                afterwards.callback(_stop_on(number, consumer))
        return consumer.run()


def _stop_on(number: signal.Signals, consumer: SqsConsumer) -> Callable[[], Any]:
    """Have a signal stop a consumer, once; what undoes that."""

    def stop(*_: object) -> None:
        signal.signal(number, before)
        consumer.stop(f"signal {number.name}")

    found = signal.getsignal(number)
    # None: a handler that was not installed from Python, which cannot be put back.
    before = signal.SIG_DFL if found is None else found
    signal.signal(number, stop)
    return lambda: signal.signal(number, before)


def _is_final(error: QueueError | SendError) -> bool:
    if isinstance(error, QueueError):
        return error.is_final
    if isinstance(error, UnexpectedResponse):
        # A proxy's page, half an answer: the next one may be whole.
        return False
    return isinstance(error, AuthenticationFailed) or not (error.retryable or error.maybe_accepted)
