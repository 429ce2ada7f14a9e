"""
Delivery of SNS messages to HTTP endpoints, in the background, with retries.
"""

from __future__ import annotations

import base64
import contextlib
import heapq
import http.client
import itertools
import json
import socket
import ssl
import threading
import time

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from mailcore_local.ses.faults import Fault
from mailcore_local.ses.records import NotificationRecord, NotificationState
from mailcore_local.ses.signing import Signer


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """
    One SNS message for one endpoint, before signing.

    Attributes:
        record: What is known of it.
        envelope: The unsigned envelope.
        raw: Whether the endpoint gets the message without the envelope (raw message delivery).
        tampered: Whether the message is changed after signing (a fault).
    """

    record: NotificationRecord
    envelope: dict[str, str]
    raw: bool = False
    tampered: bool = False


def apply_fault(deliveries: Sequence[Delivery], fault: Fault) -> list[Delivery]:
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


class Publisher:
    """
    A worker thread that posts deliveries in order and tries failed ones again.

    As with SNS, a server error (5xx, 429), a timeout and a refused connection are tried again, any
    other 4xx is final (Amazon SNS Developer Guide, "Amazon SNS message delivery retries", read
    2026-11-21: three retries). A delivery that waits for its next attempt does not hold up the
    others, so order is not guaranteed, as with SNS.

    Args:
        signer: Signs the envelopes.
        retry_delays_seconds: The pauses before the retries; SNS waits 20 seconds each.
        timeout_seconds: For one attempt; SNS waits 15 seconds.
    """

    def __init__(
        self, signer: Signer, *, retry_delays_seconds: Sequence[float], timeout_seconds: float
    ) -> None:
        self._signer = signer
        self._retry_delays_seconds = tuple(retry_delays_seconds)
        self._timeout_seconds = timeout_seconds
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int, int, Delivery]] = []
        self._sequence = itertools.count()
        self._records: dict[int, NotificationRecord] = {}
        self._unfinished = 0
        self._stopping = False
        self._connection: http.client.HTTPConnection | None = None
        self._thread = threading.Thread(target=self._run, name="local-ses-publisher", daemon=True)

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
        self._thread.join()

    def submit(self, deliveries: Iterable[Delivery]) -> None:
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
            self._changed.notify_all()

    @property
    def records(self) -> list[NotificationRecord]:
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

    def wait_for(self, count: int, timeout_seconds: float) -> list[NotificationRecord]:
        """
        Wait until `count` notifications (confirmations do not count) were delivered.

        Raises:
            TimeoutError: Fewer were delivered in time.
        """

        def delivered() -> list[NotificationRecord]:
            return [
                r
                for r in self._records.values()
                if r.type == "Notification" and r.state == "delivered"
            ]

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
            body = self._body(delivery)
            outcome = self._post(delivery, body)
            self._conclude(number, delivery, body, outcome)

    def _due(self) -> bool:
        return bool(self._queue) and self._queue[0][0] <= time.monotonic()

    def _pause_seconds(self) -> float | None:
        return max(self._queue[0][0] - time.monotonic(), 0) if self._queue else None

    def _conclude(self, number: int, delivery: Delivery, body: str, outcome: str) -> None:
        attempts = (*delivery.record.attempts, outcome)
        retries = len(attempts) - 1
        state: NotificationState = "failed"
        if outcome.startswith("2"):
            state = "delivered"
        elif retries < len(self._retry_delays_seconds) and _may_retry(outcome):
            state = "pending"
        record = replace(delivery.record, attempts=attempts, state=state, body=body)
        with self._changed:
            self._records[number] = record
            if state == "pending":
                due = time.monotonic() + self._retry_delays_seconds[retries]
                again = replace(delivery, record=record)
                heapq.heappush(self._queue, (due, next(self._sequence), number, again))
            else:
                self._unfinished -= 1
            self._changed.notify_all()

    def _body(self, delivery: Delivery) -> str:
        if delivery.record.body:
            return delivery.record.body
        if delivery.raw:
            return delivery.record.message
        signed = {**delivery.envelope, "Signature": self._signer.sign(delivery.envelope)}
        if delivery.tampered:
            signed["Message"] += " "
        return json.dumps(signed, indent=2)

    def _post(self, delivery: Delivery, body: str) -> str:
        try:
            connection = self._connect(delivery.record.endpoint)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        try:
            target, headers = _request_line(delivery)
            connection.request("POST", target, body=body.encode(), headers=headers)
            response = connection.getresponse()
            response.read(65536)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return type(error).__name__
        else:
            return str(response.status)
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


def _may_retry(outcome: str) -> bool:
    return outcome == "429" or not outcome.startswith("4")


def _states(records: Iterable[NotificationRecord]) -> str:
    states = [record.state for record in records]
    return ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states)) or "none submitted"


def _request_line(delivery: Delivery) -> tuple[str, dict[str, str]]:
    parts = urlsplit(delivery.record.endpoint)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    record = delivery.record
    headers = {
        "x-amz-sns-message-type": record.type,
        "x-amz-sns-message-id": record.message_id,
        "x-amz-sns-topic-arn": record.topic_arn,
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "Accept-Encoding": "gzip,deflate",
    }
    if record.type != "SubscriptionConfirmation":
        headers["x-amz-sns-subscription-arn"] = record.subscription_arn
    if delivery.raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    if parts.username is not None:
        headers["Authorization"] = _basic(unquote(parts.username), unquote(parts.password or ""))
    return target, headers


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
