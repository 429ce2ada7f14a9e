"""What deletes messages and keeps them hidden: when, and what it does about failures."""

from __future__ import annotations

import threading
import time

from typing import Any

import pytest

from mailcore import NetworkError
from mailcore_ses.aws import AwsResponse
from mailcore_ses.intake.in_flight import InFlight
from mailcore_ses.intake.keeper import Keeper
from mailcore_ses.intake.sqs_queue import MessageFailure, QueueError, QueueMessage


DEADLINE_SECONDS = 30
A, B, C, D = (QueueMessage(message_id=name, receipt_handle=f"handle-{name}") for name in "abcd")
REFUSED = QueueError("DeleteMessageBatch", AwsResponse(status_code=503))


def last(code: str, message: QueueMessage, *, is_final: bool) -> dict[str, MessageFailure]:
    """The answer of SQS to a call in which one message failed."""
    return {message.receipt_handle: MessageFailure(code=code, is_final=is_final)}


class Queue:
    """A queue that notes its calls; each takes an answer of the script, or works."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.changed = threading.Condition()
        self.deleted: list[str] = []
        self.hidden: list[tuple[float, str, int]] = []
        self.to_deletions: list[Any] = []
        self.to_hiding: list[Any] = []

    def delete(self, messages: list[QueueMessage]) -> Any:
        """Note who is deleted, one string for each call."""
        with self.changed:
            self.deleted.append("".join(message.message_id for message in messages))
            self.changed.notify_all()
            return answer_of(self.to_deletions)

    def set_visibility(self, messages: list[QueueMessage], seconds: int) -> Any:
        """Note who is hidden for how long."""
        with self.changed:
            names = "".join(message.message_id for message in messages)
            self.hidden.append((self.clock(), names, seconds))
            self.changed.notify_all()
            return answer_of(self.to_hiding)

    def wait_for(self, condition: Any) -> None:
        """Wait until the calls are such."""
        with self.changed:
            assert self.changed.wait_for(condition, DEADLINE_SECONDS)


def answer_of(script: list[Any]) -> Any:
    """The next answer; whatever is an error is raised."""
    answer = script.pop(0) if script else {}
    if isinstance(answer, Exception):
        raise answer
    return answer


class Looking(InFlight):
    """Messages in flight, and when somebody looked whether some are to be hidden again."""

    def __init__(self, clock: Any) -> None:
        super().__init__(100, clock)
        self.clock = clock
        self.looked: list[float] = []

    def hidden_longer_than(self, seconds: float) -> list[QueueMessage]:
        """Look."""
        self.looked.append(self.clock())
        return super().hidden_longer_than(seconds)


class Kept:
    """A keeper with all that it needs; its time stands still unless a test sets it."""

    def __init__(self, visibility_timeout_seconds: Any = 60, clock: Any = None) -> None:
        self.now = 100.0
        clock = clock or (lambda: self.now)
        self.queue = Queue(clock)
        self.in_flight = Looking(clock)
        self.count = 0
        self.crashes: list[BaseException] = []
        self.keeper = Keeper(
            self.queue,
            self.in_flight,
            visibility_timeout_seconds=visibility_timeout_seconds,
            clock=clock,
            deleted=self._deleted,
            crashed=self.crashes.append,
        )

    def _deleted(self, number: int) -> None:
        self.count += number

    def __enter__(self):
        self.keeper.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.keeper.finish()

    def pass_until(self, now: float) -> None:
        """Let time pass, and the keeper do what there is to do then."""
        self.now = now
        for name in ("first", "second"):
            # Once the second is deleted, the turn of the first is over.
            called = f"{name} at {now}"
            self.keeper.delete(QueueMessage(message_id=called, receipt_handle=called))
            self.queue.wait_for(lambda called=called: called in self.queue.deleted)


@pytest.fixture
def at_once(monkeypatch):
    """What was handled is deleted without waiting for more."""
    monkeypatch.setattr("mailcore_ses.intake.keeper.LINGER_SECONDS", 0.0)


@pytest.fixture
def together(monkeypatch):
    """What was handled waits for more, until nothing more can come."""
    monkeypatch.setattr("mailcore_ses.intake.keeper.LINGER_SECONDS", DEADLINE_SECONDS)


@pytest.mark.usefixtures("at_once")
def test_messages_are_hidden_again_in_time():
    """After a third of their timeout, which is looked at twice as often; until they are done."""
    kept = Kept(60)
    kept.in_flight.add([A, D], 80.0)
    kept.in_flight.add([B], 100.0)
    kept.in_flight.add([C], 109.0)
    with kept:
        for now in (109.9, 110.0, 119.0, 120.0, 129.9, 130.0, 139.9):
            kept.pass_until(now)
        kept.in_flight.drop([A, B, D])
        for now in (140.0, 150.0):
            kept.pass_until(now)

    assert [(110.0, "ad", 60), (120.0, "b", 60), (130.0, "adc", 60), (150.0, "c", 60)] == (
        kept.queue.hidden
    )
    assert [110.0, 120.0, 130.0, 140.0, 150.0] == kept.in_flight.looked
    assert [] == kept.crashes


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("answer", "again_at", "told"),
    [
        (NetworkError("no route"), 130.0, "cannot keep messages hidden, trying again"),
        (REFUSED, 130.0, "cannot keep messages hidden, trying again"),
        (last("InternalError", A, is_final=False), 130.0, "kept hidden, trying again: Internal"),
        (last("ReceiptHandleIsInvalid", A, is_final=True), 140.0, "twice: ReceiptHandleIsInvalid"),
        (last("InternalError", B, is_final=False), 140.0, "kept hidden, trying again: Internal"),
    ],
)
def test_hiding_that_fails(answer, again_at, told, caplog):
    """What may work the next time is tried again soon, before the message is anybody else's."""
    kept = Kept(60)
    kept.queue.to_hiding = [answer]
    kept.in_flight.add([A], 100.0)
    with kept:
        for now in (120.0, 130.0, 140.0):
            kept.pass_until(now)

    assert [(120.0, "a", 60), (again_at, "a", 60)] == kept.queue.hidden[:2]
    assert told in caplog.text


def test_messages_are_hidden_again_by_itself():
    """Nothing has to happen meanwhile."""
    kept = Kept(0.003, time.monotonic)
    kept.in_flight.add([A], time.monotonic())
    with kept:
        # So often that a pause of a second between them would be too long.
        kept.queue.wait_for(lambda: len(kept.queue.hidden) >= 40)

    assert {("a", 0.003)} == {call[1:] for call in kept.queue.hidden}
    assert [] == kept.crashes


@pytest.mark.usefixtures("together")
def test_ten_are_deleted_with_one_call():
    """As many as SQS takes; who is left goes with the last call."""
    kept = Kept()
    messages = [QueueMessage(message_id=f"{n} ", receipt_handle=f"{n}") for n in range(23)]
    kept.in_flight.add(messages, 100.0)
    with kept:
        for message in messages:
            kept.keeper.delete(message)

    assert [10, 10, 3] == [call.count(" ") for call in kept.queue.deleted]
    assert [message.message_id for message in messages] == [
        f"{each} " for call in kept.queue.deleted for each in call.split()
    ]
    assert (23, 0) == (kept.count, len(kept.in_flight))


@pytest.mark.usefixtures("at_once")
def test_what_is_done_after_a_pause_is_deleted():
    """Time without any message ends nothing."""
    kept = Kept()
    with kept:
        for message in (A, B, C):
            kept.keeper.delete(message)
            kept.queue.wait_for(lambda name=message.message_id: name in kept.queue.deleted)

    assert (["a", "b", "c"], 3) == (kept.queue.deleted, kept.count)


@pytest.mark.usefixtures("together")
@pytest.mark.parametrize(
    ("answers", "calls", "count", "told"),
    [
        ([], ["ab"], 2, None),
        ([NetworkError("no route")] * 2, ["ab"] * 3, 2, "cannot delete messages, trying again"),
        ([REFUSED] * 3, ["ab"] * 3, 0, "2 messages were handled but not deleted"),
        ([last("Gone", A, is_final=True)], ["ab"], 1, "handled cannot be deleted: Gone"),
        ([last("Failed", A, is_final=False)], ["ab", "a"], 2, "deleted, trying again: Failed"),
        (
            [last("Failed", B, is_final=False)] * 3,
            ["ab", "b", "b"],
            1,
            "1 messages were handled but not deleted",
        ),
    ],
)
def test_deletions_that_fail(answers, calls, count, told, caplog):
    """At the end they are tried three times; what SQS itself failed with, and nothing else."""
    kept = Kept()
    kept.queue.to_deletions = list(answers)
    kept.in_flight.add([A, B], 100.0)
    with kept:
        kept.keeper.delete(A)
        kept.keeper.delete(B)

    assert (calls, count) == (kept.queue.deleted, kept.count)
    assert 2 - len(kept.in_flight) == count + ("Gone" in str(told))
    assert told is None or told in caplog.text


def test_deletions_are_tried_again_by_itself(monkeypatch):
    """Nothing has to happen meanwhile."""
    monkeypatch.setattr("mailcore_ses.intake.keeper.RETRY_SECONDS", 0.01)
    kept = Kept()
    kept.queue.to_deletions = [NetworkError("no route"), last("Failed", A, is_final=False)]
    kept.in_flight.add([A], 100.0)
    with kept:
        kept.keeper.delete(A)
        kept.queue.wait_for(lambda: len(kept.queue.deleted) == 3)

    assert (["a"] * 3, 1, 0) == (kept.queue.deleted, kept.count, len(kept.in_flight))


@pytest.mark.usefixtures("at_once")
def test_faults_that_nobody_thought_of():
    """They are told, rather than that messages are kept no more and nobody knows."""
    kept = Kept()
    kept.queue.to_deletions = [ZeroDivisionError()]
    with kept:
        kept.keeper.delete(A)

    assert [ZeroDivisionError] == [type(error) for error in kept.crashes]
