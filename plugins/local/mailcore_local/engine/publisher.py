"""
Delivery of events to webhooks, in the background, with retries.
"""

from __future__ import annotations

import base64
import contextlib
import heapq
import http.client
import itertools
import socket
import ssl
import threading
import time

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from mailcore_local.engine.faults import Fault
from mailcore_local.engine.records import DeliveryRecord, DeliveryState


RecordT = TypeVar("RecordT", bound=DeliveryRecord)

_KEPT_ANSWER_BYTES = 2_000


@dataclass(frozen=True, kw_only=True)
class Delivery(ABC, Generic[RecordT]):
    """
    One request for one endpoint, before it is signed.

    Attributes:
        record: What is known of it.
        tampered: Whether it is changed after signing (a fault).
    """

    record: RecordT
    tampered: bool = False

    @property
    def method(self) -> str:
        """
        The HTTP method in capitals; a request by HEAD has no body.
        """
        return "POST"

    @abstractmethod
    def sealed(self) -> str:
        """
        The body, signed as the provider signs.

        Called once, in the thread of the publisher: it may take its time.
        """

    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """
        The headers of the request.
        """


DeliveryT = TypeVar("DeliveryT", bound=Delivery[Any])


class _Answer(NamedTuple):
    """
    What came of one attempt.
    """

    outcome: str
    location: str | None = None
    text: str = ""


def apply_fault(deliveries: Sequence[DeliveryT], fault: Fault) -> list[DeliveryT]:
    """
    The deliveries of one message's events as `fault` leaves them.
    """
    if fault.name == "duplicate":
        return [delivery for delivery in deliveries for _ in range(2)]
    if fault.name == "out_of_order":
        return list(reversed(deliveries))
    if fault.name == "tamper":
        return [replace(delivery, tampered=True) for delivery in deliveries]
    if fault.name == "drop":
        return [replace(d, record=replace(d.record, state="dropped")) for d in deliveries]
    return list(deliveries)


class Publisher(Generic[RecordT]):
    """
    A worker thread that posts deliveries in order and tries failed ones again.

    A delivery that waits for its next attempt does not hold up the others, so order is not
    guaranteed, as with the providers.

    Args:
        retry_delays_seconds: The pauses before the retries.
        timeout_seconds: How many seconds one attempt may take.
        may_retry: Whether an outcome is worth another attempt: a status as text, or the name of a
            network error.
        observe: Called with the record after each attempt, in the worker thread.
        max_records: How many records are kept, about; the first finished ones are forgotten.
    """

    def __init__(
        self,
        *,
        retry_delays_seconds: Sequence[float],
        timeout_seconds: float,
        may_retry: Callable[[str], bool],
        observe: Callable[[RecordT], None] = lambda _: None,
        max_records: int = 10_000,
    ) -> None:
        self._retry_delays_seconds = tuple(retry_delays_seconds)
        self._timeout_seconds = timeout_seconds
        self._may_retry = may_retry
        self._observe = observe
        self._max_records = max_records
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int, int, Delivery[RecordT]]] = []
        self._sequence = itertools.count()
        self._records: dict[int, RecordT] = {}
        self._unfinished = 0
        self._stopping = False
        self._connection: http.client.HTTPConnection | None = None
        self._thread = threading.Thread(
            target=self._run, name="mailcore-local-publisher", daemon=True
        )

    def start(self) -> None:
        """
        Start the worker.
        """
        self._thread.start()

    def stop(self) -> None:
        """
        Give up what is not delivered, break off an attempt in flight, and end the worker.
        """
        with self._changed:
            self._stopping = True
            connection = self._connection
            self._changed.notify_all()
        sock = connection.sock if connection is not None else None
        if sock is not None:
            # Closing does not wake a thread that is reading; shutting down does. The peer may have
            # gone already.
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        if self._thread.ident is not None:
            self._thread.join()

    def submit(self, deliveries: Iterable[Delivery[RecordT]]) -> None:
        """
        Queue deliveries, in order.
        """
        with self._changed:
            for delivery in deliveries:
                number = next(self._sequence)
                self._records[number] = delivery.record
                if delivery.record.state == "pending":
                    self._unfinished += 1
                    heapq.heappush(self._queue, (time.monotonic(), number, number, delivery))
            self._forget_the_first()
            self._changed.notify_all()

    @property
    def records(self) -> list[RecordT]:
        """
        Everything submitted so far, in order, with its present state.
        """
        with self._changed:
            return list(self._records.values())

    def clear(self) -> None:
        """
        Forget what is finished. What is still on its way stays.
        """
        with self._changed:
            self._records = {n: r for n, r in self._records.items() if r.state == "pending"}

    def wait_for(self, count: int, timeout_seconds: float) -> list[RecordT]:
        """
        Wait until `count` events were delivered; other requests of the provider do not count.

        Raises:
            TimeoutError: Fewer were delivered in time.
        """

        def delivered() -> list[RecordT]:
            return [r for r in self._records.values() if r.is_event and r.state == "delivered"]

        with self._changed:
            if not self._changed.wait_for(lambda: len(delivered()) >= count, timeout_seconds):
                raise TimeoutError(
                    f"{len(delivered())} of {count} notifications were delivered"
                    f" in {timeout_seconds:g} seconds ({_states(self._records.values())})"
                )
            return delivered()

    def drain(self, timeout_seconds: float) -> None:
        """
        Wait until nothing is on its way.

        Raises:
            TimeoutError: Something still is.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._unfinished, timeout_seconds):
                raise TimeoutError(
                    f"{self._unfinished} notifications still on their way"
                    f" after {timeout_seconds:g} seconds"
                )

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopping and not self._due():
                    self._changed.wait(self._pause_seconds())
                if self._stopping:
                    return
                _, _, number, delivery = heapq.heappop(self._queue)
            body = delivery.record.body or delivery.sealed()
            self._conclude(number, delivery, body, self._post(delivery, body))

    def _forget_the_first(self) -> None:
        # Not each time one is too many: all of them are looked at for it.
        too_many = len(self._records) - self._max_records
        if too_many <= self._max_records // 10:
            return
        finished = [n for n, record in self._records.items() if record.state != "pending"]
        for number in finished[:too_many]:
            del self._records[number]

    def _due(self) -> bool:
        return bool(self._queue) and self._queue[0][0] <= time.monotonic()

    def _pause_seconds(self) -> float | None:
        return max(self._queue[0][0] - time.monotonic(), 0) if self._queue else None

    def _conclude(
        self,
        number: int,
        delivery: Delivery[RecordT],
        body: str,
        answer: _Answer,
    ) -> None:
        outcome = answer.outcome
        attempts = (*delivery.record.attempts, outcome)
        retries = len(attempts) - 1
        state: DeliveryState = "failed"
        if outcome.startswith("2"):
            state = "delivered"
        elif retries < len(self._retry_delays_seconds) and self._may_retry(outcome):
            state = "pending"
        record = replace(
            delivery.record,
            attempts=attempts,
            state=state,
            body=body,
            redirected_to=answer.location,
            answer=answer.text,
        )
        # First, so that who waits for the delivery finds what was made of it.
        self._observe(record)
        with self._changed:
            self._records[number] = record
            if state == "pending":
                due = time.monotonic() + self._retry_delays_seconds[retries]
                again = replace(delivery, record=record)
                heapq.heappush(self._queue, (due, next(self._sequence), number, again))
            else:
                self._unfinished -= 1
            self._changed.notify_all()

    def _post(self, delivery: Delivery[RecordT], body: str) -> _Answer:
        try:
            connection = self._connect(delivery.record.endpoint)
        except (OSError, http.client.HTTPException) as error:
            return _Answer(type(error).__name__)
        try:
            target, authorization = _target(delivery.record.endpoint)
            headers = {**delivery.headers(), **authorization}
            octets = body.encode("utf-8", "surrogateescape")
            sent = None if delivery.method == "HEAD" else octets
            connection.request(delivery.method, target, body=sent, headers=headers)
            response = connection.getresponse()
            text = response.read(65536)[:_KEPT_ANSWER_BYTES].decode(errors="replace")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return _Answer(type(error).__name__)
        else:
            return _Answer(str(response.status), response.getheader("Location"), text)
        finally:
            connection.close()

    def _connect(self, endpoint: str) -> http.client.HTTPConnection:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(
                host,
                parts.port,
                timeout=self._timeout_seconds,
                context=ssl.create_default_context(),
            )
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=self._timeout_seconds)
        with self._changed:
            self._connection = connection
        return connection


def _states(records: Iterable[DeliveryRecord]) -> str:
    states = [record.state for record in records]
    return ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states)) or "none submitted"


def _target(endpoint: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(endpoint)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.username is None:
        return target, {}
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    encoded = base64.b64encode(credentials.encode()).decode("ascii")
    return target, {"Authorization": f"Basic {encoded}"}
