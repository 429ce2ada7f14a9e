"""The worker of an outbox: claims rows, sends them through a mailer, writes down what became."""

from __future__ import annotations

import os
import signal
import socket
import threading

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import FrameType
from typing import Any
from uuid import uuid4

from mailcore.errors import ConfigurationError
from mailcore.mailer import Mailer
from mailcore.middleware.settings import checked_count, checked_number
from mailcore.outbox.crew import Crew
from mailcore.outbox.machine import Rules
from mailcore.outbox.policy import OutboxPolicy
from mailcore.outbox.sending import METADATA_KEY, RowSender
from mailcore.outbox.store import OutboxStore, require_outbox_store
from mailcore.outbox.working import Manner, Run, Worked


_LOOK_SECONDS = 0.25


class OutboxWorker:
    """
    Sends what is due in an outbox.

    As many of them as you like may work on one store, in threads, processes and on machines whose
    clocks agree within a part of the lease. What each message goes through:

    1. It is *claimed*, with others: no other worker gets it until the claim ends.
    2. That its send *begins* is written down.
    3. It is given to the mailer, with all of the mailer's own policies.
    4. What became of it is *concluded*: :func:`~mailcore.outbox.machine.concluded` decides.

    A worker that dies before 2 has sent nothing, and the row is sent by another. One that dies
    after 2 may have: the row becomes ``UNKNOWN``, unless the provider drops what it has had.

    The mailer's policy :class:`~mailcore.middleware.retry.Retry` sends again within one attempt,
    within seconds; what it gives up goes back into the table. No
    :class:`~mailcore.middleware.idempotency.Idempotency` is needed: the outbox is what sends a
    message once.

    Args:
        store: What keeps the rows.
        mailer: The mailer that sends them; each worker may have another one.
        policy: How to send again, and what to keep.
        concurrency: How many calls of the provider are under way at once, each in a thread.
        messages_per_call: How many messages one call carries at most, where the provider's API
            takes several. If the answer to such a call is lost, all of them are ``UNKNOWN``.
        claim_size: How many rows are claimed at once.
        lease_seconds: After how many seconds a claim ends by itself. A worker that lives extends
            its claims; this is how long the others wait before they take over from a dead one.
        poll_seconds: How many seconds to wait before the store is asked again, if nothing was due.
        grace_seconds: How many seconds to wait for what is under way when the worker stops.
        metadata_key: The name of the metadata under which the id of the row travels, so that
            events find it.
        worker_id: The id that its claims have; made of host, process and chance if None. No two
            runs may have the same.
        now: A function that returns the time, with time zone.

    Raises:
        ConfigurationError: If an argument is wrong.

    Example:
        >>> from mailcore import Mailer, Message
        >>> from mailcore.outbox import MemoryOutbox
        >>> outbox = MemoryOutbox()
        >>> row = outbox.add(Message(from_email="a@example.com", to=["b@example.net"], text="Hi"))
        >>> worker = OutboxWorker(outbox, Mailer("memory"))
        >>> worker.run_once().sent
        1
        >>> kept = outbox.get(row.id)
        >>> kept and str(kept.state)
        'sent'
    """

    def __init__(
        self,
        store: OutboxStore,
        mailer: Mailer[Any],
        *,
        policy: OutboxPolicy | None = None,
        concurrency: int = 4,
        messages_per_call: int = 1,
        claim_size: int | None = None,
        lease_seconds: float = 60.0,
        poll_seconds: float = 1.0,
        grace_seconds: float = 30.0,
        metadata_key: str = METADATA_KEY,
        worker_id: str | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        require_outbox_store(store, "a worker")
        if not isinstance(mailer, Mailer):
            kind = type(mailer).__name__
            raise ConfigurationError(f"a worker takes a mailcore.Mailer, not {kind}")
        provider = mailer.provider
        checked_count("concurrency", concurrency)
        checked_count("messages_per_call", messages_per_call)
        lease = checked_number("lease_seconds", lease_seconds, least=1)
        per_call = min(messages_per_call, provider.max_messages_per_call)
        size = claim_size if claim_size is not None else max(50, 4 * concurrency * per_call)
        self._store = store
        self._concurrency = concurrency
        self._sender = RowSender(mailer, metadata_key)
        self._manner = Manner(
            worker_id=worker_id if worker_id is not None else _new_worker_id(),
            rules=Rules(
                policy=policy if policy is not None else OutboxPolicy(),
                provider=provider.name,
                is_native=provider.idempotency == "native",
            ),
            claim_size=checked_count("claim_size", size),
            rows_per_call=per_call,
            lease=timedelta(seconds=lease),
            longest_wait_seconds=lease / 8,
            poll_seconds=checked_number("poll_seconds", poll_seconds),
            grace_seconds=checked_number("grace_seconds", grace_seconds),
            now=now if now is not None else _clock,
        )
        self._stopping = threading.Event()
        self._crew: Crew | None = None

    @property
    def worker_id(self) -> str:
        """The id that its claims have."""
        return self._manner.worker_id

    def run_once(self) -> Worked:
        """
        Send what is due, until nothing is; for a scheduler that calls it, and for tests.

        It returns earlier where the provider asks for a pause, or :meth:`stop` is called.

        Raises:
            StoreError: If the store cannot be used.
            ConfigurationError: If its tables are missing, or of another version.
        """
        with self._working(None) as run:
            run.until_idle()
        return run.worked

    def run(self, stop: threading.Event | None = None) -> Worked:
        """
        Send what is due, and wait for more, until the worker is told to stop.

        While the store cannot be used, it waits and asks again. A worker that stops gives back what
        has not begun, and waits for what has.

        Args:
            stop: Ends the run when it is set, as :meth:`stop` does.

        Raises:
            ConfigurationError: If the tables of the store are missing, or of another version.
        """
        with self._working(stop) as run:
            run.until_stopped()
        return run.worked

    def run_forever(self) -> Worked:
        """
        Do as :meth:`run` does, until the process gets SIGTERM or SIGINT; a second one ends it hard.

        It has to be called in the main thread, which Python hands signals to.
        """
        before: dict[signal.Signals, Any] = {}

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            put_back()
            self.stop()

        def put_back() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        for each in (signal.SIGTERM, signal.SIGINT):
            before[each] = signal.signal(each, on_signal)
        try:
            return self.run()
        finally:
            put_back()

    def stop(self) -> None:
        """
        Have a run end, from any thread or from a signal handler; nothing more begins.

        Called between two runs, it ends the next one at once.
        """
        self._stopping.set()
        crew = self._crew
        if crew is not None:
            crew.wake()

    def wake(self) -> None:
        """Have a run look at once whether something is due, from any thread."""
        crew = self._crew
        if crew is not None:
            crew.wake()

    @contextmanager
    def _working(self, stop: threading.Event | None) -> Iterator[Run]:
        if self._crew is not None:
            raise ConfigurationError("this worker is at work already: make another one")
        crew = self._crew = Crew(self._sender, self._concurrency)
        manner = self._manner
        if stop is not None:
            # Nobody tells the run that it was set.
            manner = replace(manner, longest_wait_seconds=_LOOK_SECONDS)
        run = Run(self._store, crew, manner, lambda: self._is_stopped(stop))
        try:
            yield run
        finally:
            try:
                run.leave()
            finally:
                self._crew = None
                self._stopping.clear()
                crew.dismiss()

    def _is_stopped(self, stop: threading.Event | None) -> bool:
        return self._stopping.is_set() or (stop is not None and stop.is_set())

    def __repr__(self) -> str:
        return f"<OutboxWorker {self.worker_id} through {self._manner.rules.provider}>"


def _clock() -> datetime:
    return datetime.now(timezone.utc)


def _new_worker_id() -> str:
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid4().hex[:12]}"
